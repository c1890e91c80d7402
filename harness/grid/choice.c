#include "grid/choice.h"

#include "analysis/gain.h"
#include "analysis/readout.h"
#include "core/escape.h"
#include "core/mem.h"
#include "grid/catalogue.h"
#include "grid/register.h"
#include "grid/select.h"
#include "grid/set_samples.h"
#include "store/sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char suffix[] = ":select";

char *choice_grid(const char *grid) {
    return xasprintf("%s%s", grid, suffix);
}

size_t choice_name_length(const char *grid) {
    return strlen(grid) - (str_ends(grid, suffix) ? strlen(suffix) : 0);
}

bool choice_cells(
    struct store *s, const char *grid, struct cell_record **cells, size_t *n, struct err *e) {
    char *candidates = choice_grid(grid);
    struct cell_record *own = NULL;
    size_t n_own = 0;
    bool ok = store_cells(s, candidates, cells, n, e);
    if (ok && (ok = store_cells(s, grid, &own, &n_own, e))) {
        *cells = xrealloc(*cells, *n + n_own + 1, sizeof **cells);
        if (n_own)
            memcpy(*cells + *n, own, n_own * sizeof *own);
        *n += n_own;
        free(own);
    } else {
        store_cells_free(*cells, *n);
        *cells = NULL;
        *n = 0;
    }
    free(candidates);
    return ok;
}

int choice_cell(
    struct store *s, const char *grid, int64_t cell, struct cell_record *r, struct err *e) {
    char *candidates = choice_grid(grid);
    int found = store_cell(s, candidates, cell, r, e);
    if (found == 0)
        found = store_cell(s, grid, cell, r, e);
    free(candidates);
    return found;
}

bool choice_check_data(struct store *s, const char *grid, const struct manifest *m, struct err *e) {
    struct store_sample *samples = set_samples(m);
    const struct store_source source = {.dataset = dataset_names[m->set].name,
        .age_labels = age_labels_names[m->reading.age_labels].name,
        .repeated_rows = repeated_rows_names[m->reading.repeated_rows].name,
        .crop = crop_names[m->reading.crop].name,
        .ages = ages_names[m->reading.ages].name,
        .races = races_names[m->reading.races].name,
        .corrections = reading_corrections(m->reading),
        .fingerprint = m->fingerprint,
        .folder = m->root,
        .samples = samples,
        .n = m->n};
    char *candidates = choice_grid(grid);
    bool ok = store_check_data(s, candidates, &source, e) && store_check_data(s, grid, &source, e);
    free(candidates);
    free(samples);
    return ok;
}

bool choice_check_weights(struct store *s, const char *grid, const char *trunk, const char *weights,
    const char *sha256, struct err *e) {
    char *candidates = choice_grid(grid);
    bool ok = store_check_weights(s, candidates, trunk, weights, sha256, e) &&
              store_check_weights(s, grid, trunk, weights, sha256, e);
    free(candidates);
    return ok;
}

bool choice_check_lists(
    struct store *s, const char *grid, const struct config *c, const char *content, struct err *e) {
    if (c->split.kind != SPLIT_BY_LISTS)
        return true;
    char *candidates = choice_grid(grid);
    bool ok = store_check_lists(s, candidates, c->split.lists, content, e) &&
              store_check_lists(s, grid, c->split.lists, content, e);
    free(candidates);
    return ok;
}

bool choice_open(const struct cell_record *cell) {
    struct err none = {0};
    struct config c;
    bool open = config_parse_text(&c, cell->config, "configuration", &none) && config_selects(&c);
    config_free(&c);
    return open;
}

/* ---- what the candidates reached ---- */

struct question {
    struct config config;
    struct candidate *candidates;
    struct store_candidate *stored;
    enum metric_id metric[MAX_TASKS];
    double *score, *gain; /* [n][tasks], [n] */
    size_t n;
};

static void question_free(struct question *q) {
    select_free(q->candidates, q->n);
    config_free(&q->config);
    free(q->stored);
    free(q->score);
    free(q->gain);
}

static bool question_read(struct question *q, const struct cell_record *cell, struct err *e) {
    bool ok = config_parse_text(&q->config, cell->config, "the stored configuration", e);
    if (!ok || !config_selects(&q->config) ||
        !select_candidates(&q->config, "the stored configuration", &q->candidates, &q->n, e))
        return ok && e->kind == ERR_NONE;
    config_metrics(&q->config, q->config.select.metrics, q->metric);
    q->stored = xcalloc(q->n, sizeof *q->stored);
    q->score = xcalloc(q->n * (size_t)q->config.n_tasks, sizeof *q->score);
    q->gain = xcalloc(q->n, sizeof *q->gain);
    return true;
}

static bool find_cell(struct store *s, const char *id, int64_t *row, enum cell_state *state,
    bool *diverged, struct err *e) {
    sqlite3_stmt *stmt = sql_prepare(
        store_db(s), e, "SELECT cell, state, diverged FROM cell WHERE id = ?1", "s", id);
    int found = stmt ? sql_step(stmt, e) : -1;
    if (found > 0) {
        *row = sqlite3_column_int64(stmt, 0);
        *state = (enum cell_state)sqlite3_column_int(stmt, 1);
        *diverged = sqlite3_column_int(stmt, 2) != 0;
    }
    sqlite3_finalize(stmt);
    if (found == 0)
        return err_set(
            e, "the candidate %.12s is not planned in %s; run the grid again", id, store_path(s));
    return found > 0;
}

/* The metric of the whole validation part by the read-out of record. */
static bool read_score(struct store *s, const struct candidate *c, const struct task_config *t,
    enum metric_id metric, double *score, struct err *e) {
    sqlite3_stmt *stmt = sql_prepare(store_db(s), e,
        "SELECT value FROM v_metrics WHERE cell = ?1 AND part = 'validation' AND task = ?2"
        " AND readout = ?3 AND metric = ?4 AND bins = '' AND grouping = 'all'",
        "ssss", c->id, attribute_name[t->attribute],
        readout_name[readout_of_record(t->kind == TASK_ORDINAL)], metric_rows[metric].name);
    int found = stmt ? sql_step(stmt, e) : -1;
    if (found > 0)
        *score = sqlite3_column_double(stmt, 0);
    sqlite3_finalize(stmt);
    if (found == 0)
        return err_set(e, "the candidate %.12s is done, but has no %s of %s on the validation part",
            c->id, metric_rows[metric].name, attribute_name[t->attribute]);
    return found > 0;
}

/* Only a candidate that diverged is left out: it would again. One that failed otherwise may not, so that
 * nothing is chosen without it. */
static bool is_settled(
    const struct candidate *c, enum cell_state state, bool diverged, struct err *e) {
    return state != CELL_FAILED || diverged ||
           err_set(e,
               "its candidate %.12s (%s) failed, so that nothing can be chosen yet: `dmtl status` says "
               "why, and the same command tries it again",
               c->id, c->values);
}

/* CHOICE_NONE here: everything is known. */
static enum choice read_scores(struct store *s, struct question *q, struct err *e) {
    int tasks = q->config.n_tasks;
    for (size_t i = 0; i < q->n; i++) {
        enum cell_state state = CELL_PENDING;
        bool diverged = false;
        if (!find_cell(s, q->candidates[i].id, &q->stored[i].cell, &state, &diverged, e))
            return CHOICE_ERROR;
        if (state != CELL_DONE && state != CELL_FAILED)
            return CHOICE_WAITS;
        if (!is_settled(&q->candidates[i], state, diverged, e))
            return CHOICE_FAILED;
        q->stored[i].selected = q->candidates[i].values;
        for (int t = 0; t < tasks; t++) {
            double *score = &q->score[i * (size_t)tasks + (size_t)t];
            *score = NAN;
            if (state == CELL_DONE && q->metric[t] != METRIC_COUNT &&
                !read_score(s, &q->candidates[i], &q->candidates[i].config.tasks[t], q->metric[t],
                    score, e))
                return CHOICE_ERROR;
        }
    }
    return CHOICE_NONE;
}

/* ---- the answer ---- */

static char *say(const struct cell_record *cell, const struct question *q, size_t best) {
    struct str line = {0};
    size_t failed = 0;
    for (size_t i = 0; i < q->n; i++)
        failed += isnan(q->gain[i]);
    escape_line(&line, cell->variant);
    str_addf(&line, " %.12s: chose %s of %zu candidates on the validation part", cell->id,
        q->candidates[best].values, q->n);
    if (failed)
        str_addf(&line, "; %zu diverged and could not be chosen", failed);
    str_addc(&line, '\n');
    return str_detach(&line);
}

static bool put_answer(struct store *s, const struct cell_record *cell, const struct question *q,
    size_t best, struct err *e) {
    struct config chosen;
    char id[SHA256_HEX];
    int64_t row = 0;
    bool ok = select_apply(&q->config, q->candidates[best].values, &chosen, e) && store_begin(s, e);
    if (ok) {
        config_id(&chosen, id);
        ok = grid_put_config(&chosen, id, s, &row, e) &&
             store_put_choice(s, cell->cell, row, q->stored, q->n, best, e) && store_commit(s, e);
        if (!ok)
            store_rollback(s);
    }
    config_free(&chosen);
    return ok;
}

static enum choice choose(struct store *s, const struct cell_record *cell, struct question *q,
    char **line, struct err *e) {
    enum choice known = read_scores(s, q, e);
    if (known != CHOICE_NONE)
        return known;
    size_t best = best_gain(q->metric, q->config.n_tasks, q->score, q->n, q->gain);
    if (best == q->n) {
        err_set(e,
            "all %zu candidates of its open keys diverged: change the values in /select/keys",
            q->n);
        return CHOICE_FAILED;
    }
    for (size_t i = 0; i < q->n; i++)
        q->stored[i].gain = q->gain[i];
    if (!put_answer(s, cell, q, best, e))
        return CHOICE_ERROR;
    *line = say(cell, q, best);
    return CHOICE_MADE;
}

enum choice choice_make(
    struct store *s, const struct cell_record *cell, char **line, struct err *e) {
    struct question q = {0};
    enum choice made = CHOICE_ERROR;
    *line = NULL;
    if (question_read(&q, cell, e))
        made = q.n ? choose(s, cell, &q, line, e) : CHOICE_NONE;
    question_free(&q);
    return made;
}
