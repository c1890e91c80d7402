#include "report/choices.h"

#include "core/escape.h"
#include "core/json.h"
#include "core/mem.h"
#include "report/setting.h"
#include "store/sql.h"

#include <stdlib.h>
#include <string.h>

static const char choices_sql[] =
    "SELECT variant, axes, max(iif(best, selected, NULL)), max(iif(best, gain, NULL)), count(*),"
    " count(*) - count(gain), split_seed, fold"
    " FROM v_choices WHERE grid = ?1 GROUP BY variant, axes, split_seed, fold, cell"
    " ORDER BY variant, axes, split_seed, fold";

static void row_free(struct choice_row *row) {
    free(row->variant);
    free(row->setting);
    free(row->selected);
}

static bool same(const struct choice_row *a, const struct choice_row *b) {
    return strcmp(a->variant, b->variant) == 0 && strcmp(a->setting, b->setting) == 0 &&
           a->split_seed == b->split_seed && a->fold == b->fold;
}

/* Seeds share a choice, and stand together but for other axes. */
static bool is_known(const struct choices *c, const struct choice_row *row) {
    for (size_t i = 0; i < c->n; i++)
        if (same(&c->rows[i], row))
            return true;
    return false;
}

bool choices_read(struct choices *c, struct store *s, const char *grid, struct err *e) {
    size_t capacity = 0;
    *c = (struct choices){0};
    sqlite3 *db = store_db(s);
    /* A file of version 1 that is only read has no choices. */
    if (!sql_long(db, e, 0, "SELECT count(*) FROM sqlite_master WHERE name = 'v_choices'", ""))
        return e->kind == ERR_NONE;
    sqlite3_stmt *stmt = sql_prepare(db, e, choices_sql, "s", grid);
    int found = stmt ? 1 : -1;
    while (found > 0 && (found = sql_step(stmt, e)) > 0) {
        struct choice_row row = {.variant = xstrdup(sql_text(stmt, 0)),
            .setting = setting_text(sql_text(stmt, 1)),
            .selected = setting_text(sql_text(stmt, 2)),
            .gain = sqlite3_column_double(stmt, 3),
            .tried = (long)sqlite3_column_int64(stmt, 4),
            .failed = (long)sqlite3_column_int64(stmt, 5),
            .split_seed = sqlite3_column_int64(stmt, 6),
            .fold = sqlite3_column_int(stmt, 7)};
        if (is_known(c, &row)) {
            row_free(&row);
            continue;
        }
        c->rows = xgrow(c->rows, &capacity, c->n + 1, sizeof *c->rows);
        c->rows[c->n++] = row;
    }
    sqlite3_finalize(stmt);
    return found == 0;
}

void choices_free(struct choices *c) {
    for (size_t i = 0; i < c->n; i++)
        row_free(&c->rows[i]);
    free(c->rows);
    *c = (struct choices){0};
}

static void approach(struct str *out, const struct choice_row *row) {
    escape_markdown(out, row->variant);
    if (*row->setting) {
        str_add(out, ", ");
        escape_markdown(out, row->setting);
    }
}

void choices_markdown(struct str *out, const struct choices *c) {
    if (!c->n)
        return;
    str_add(out,
        "\n## Chosen on the validation part\n\n"
        "Gain: the mean over tasks of the relative gain against the first candidate that did not diverge.\n\n"
        "| Variant | Split seed | Fold | Chosen | Gain (%) | Candidates | Diverged |\n"
        "|---|---:|---:|---|---:|---:|---:|\n");
    for (size_t i = 0; i < c->n; i++) {
        const struct choice_row *row = &c->rows[i];
        str_add(out, "| ");
        approach(out, row);
        str_addf(out, " | %lld | ", (long long)row->split_seed);
        if (row->fold >= 0)
            str_addf(out, "%d", row->fold);
        else
            str_add(out, "–");
        str_add(out, " | ");
        escape_markdown(out, row->selected);
        str_addf(out, " | %.2f | %ld | %ld |\n", 100 * row->gain, row->tried, row->failed);
    }
}

static void member(struct str *out, const char *name, const char *text) {
    str_addf(out, "\"%s\": ", name);
    json_add_string(out, text);
    str_add(out, ", ");
}

void choices_json(struct str *out, const struct choices *c) {
    str_addc(out, '[');
    for (size_t i = 0; i < c->n; i++) {
        const struct choice_row *row = &c->rows[i];
        str_add(out, i ? ",\n    {" : "\n    {");
        member(out, "variant", row->variant);
        member(out, "setting", row->setting);
        member(out, "selected", row->selected);
        str_addf(out, "\"split_seed\": %lld, \"fold\": %d, \"gain\": ", (long long)row->split_seed,
            row->fold);
        json_add_number(out, row->gain);
        str_addf(out, ", \"candidates\": %ld, \"diverged\": %ld}", row->tried, row->failed);
    }
    str_add(out, c->n ? "\n  ]" : "]");
}
