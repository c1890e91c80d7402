#include "learn/best_epoch.h"

#include "analysis/gain.h"
#include "core/words.h"
#include "grid/select.h"
#include "store/sql.h"

#include <math.h>
#include <string.h>

static void forget(struct best_epoch *b) {
    for (int t = 0; t < MAX_TASKS; t++)
        b->now[t] = NAN;
}

void best_epoch_open(struct best_epoch *b, const struct config *c) {
    *b = (struct best_epoch){.config = c};
    config_metrics(c, c->report_metrics, b->metric);
    forget(b);
}

void best_epoch_see(struct best_epoch *b, const struct epoch_row *row) {
    for (int t = 0; t < b->config->n_tasks; t++)
        if (row->part == PART_VALIDATION && row->task == (int)b->config->tasks[t].attribute &&
            b->metric[t] != METRIC_COUNT &&
            strcmp(row->metric, metric_rows[b->metric[t]].name) == 0)
            b->now[t] = row->value;
}

bool best_epoch_end(struct best_epoch *b, int epoch) {
    if (epoch == 1)
        memcpy(b->first, b->now, sizeof b->first);
    double gain = mean_gain(b->metric, b->config->n_tasks, b->now, b->first);
    bool best = b->epoch == 0 || gain > b->gain || (isnan(b->gain) && !isnan(gain));
    if (best) {
        b->epoch = epoch;
        b->gain = gain;
    }
    b->last = epoch;
    forget(b);
    return best;
}

bool best_epoch_restore(
    struct best_epoch *b, struct store *s, int64_t cell, int epochs, struct err *e) {
    sqlite3_stmt *stmt = sql_prepare(store_db(s), e,
        "SELECT x.epoch, x.task, mn.name, x.value FROM epoch x JOIN metric_name mn USING (metric)"
        " WHERE x.cell = ?1 AND x.part = ?2 AND x.epoch <= ?3 ORDER BY x.epoch",
        "lii", (long long)cell, PART_VALIDATION, epochs);
    int found = stmt ? 1 : -1;
    while (found > 0 && (found = sql_step(stmt, e)) > 0) {
        int epoch = sqlite3_column_int(stmt, 0);
        if (b->last + 1 < epoch)
            best_epoch_end(b, epoch - 1);
        best_epoch_see(b, &(struct epoch_row){.epoch = epoch,
                              .part = PART_VALIDATION,
                              .task = sqlite3_column_int(stmt, 1),
                              .metric = sql_text(stmt, 2),
                              .value = sqlite3_column_type(stmt, 3) == SQLITE_NULL
                                           ? NAN
                                           : sqlite3_column_double(stmt, 3)});
    }
    sqlite3_finalize(stmt);
    if (found == 0 && epochs > b->last)
        best_epoch_end(b, epochs);
    return found == 0;
}

bool best_epoch_stops(const struct best_epoch *b) {
    int patience = b->config->early_stop_epochs;
    return patience > 0 && b->last - b->epoch >= patience;
}
