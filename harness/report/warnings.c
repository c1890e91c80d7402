#include "report/warnings.h"

#include "core/escape.h"
#include "core/json.h"
#include "core/mem.h"
#include "data/gates.h"
#include "grid/import.h"
#include "store/sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Beside the one max(), bare columns are of the row that has it. */
static const char warnings_sql[] =
    "SELECT gate, attribute, part, against, outcome, max(coalesce(value, 9e999)), bound, text, examples,"
    " count(DISTINCT cell), json_group_array(DISTINCT variant) FROM"
    " (SELECT f.* FROM v_findings f JOIN v_cells c ON c.cell = f.cell AND c.grid = f.grid AND c.variant = f.variant"
    " WHERE f.grid = ?1 AND c.state = 'done' AND f.outcome IN ('warned', 'refused') ORDER BY f.variant)"
    " WHERE gate = ?2 GROUP BY attribute, part, against ORDER BY attribute, part DESC, against DESC";

static bool read_gate(
    struct warnings *w, size_t *capacity, sqlite3 *db, const char *grid, int gate, struct err *e) {
    sqlite3_stmt *row = sql_prepare(db, e, warnings_sql, "ss", grid, gate_name[gate]);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0) {
        double value = sqlite3_column_double(row, 5);
        w->list = xgrow(w->list, capacity, w->n + 1, sizeof *w->list);
        w->list[w->n++] = (struct warning){.gate = xstrdup(sql_text(row, 0)),
            .attribute = xstrdup(sql_text(row, 1)),
            .part = xstrdup(sql_text(row, 2)),
            .against = xstrdup(sql_text(row, 3)),
            .outcome = xstrdup(sql_text(row, 4)),
            .value = isfinite(value) ? value : NAN,
            .bound = sqlite3_column_double(row, 6),
            .text = xstrdup(sql_text(row, 7)),
            .examples = xstrdup(sql_text(row, 8)),
            .cells = (long)sqlite3_column_int64(row, 9),
            .variants = xstrdup(sql_text(row, 10))};
    }
    sqlite3_finalize(row);
    return found == 0;
}

bool warnings_read(struct warnings *w, struct store *s, const char *grid, struct err *e) {
    size_t capacity = 0;
    *w = (struct warnings){0};
    sqlite3 *db = store_db(s);
    w->done = (long)sql_long(db, e, 0,
        "SELECT count(DISTINCT cell) FROM v_cells WHERE grid = ?1 AND state = 'done'", "s", grid);
    /* A file of an older version that is only read has no findings. */
    bool told =
        sql_long(db, e, 0, "SELECT count(*) FROM sqlite_master WHERE name = 'v_findings'", "");
    /* What a system that was imported trained on is not known here, and no gate's business. */
    w->unknown =
        !told ? w->done
              : (long)sql_long(db, e, 0,
                    "SELECT count(DISTINCT cell) FROM v_cells WHERE grid = ?1 AND state = 'done'"
                    " AND leaky IS NULL AND split <> ?2",
                    "ss", grid, IMPORT_SPLIT);
    bool ok = e->kind == ERR_NONE;
    for (int g = 0; ok && told && g < GATE_COUNT; g++)
        ok = read_gate(w, &capacity, db, grid, g, e);
    return ok;
}

void warnings_free(struct warnings *w) {
    for (size_t i = 0; i < w->n; i++) {
        struct warning *x = &w->list[i];
        char *const texts[] = {x->gate, x->attribute, x->part, x->against, x->outcome, x->variants,
            x->text, x->examples};
        for (size_t t = 0; t < ARRAY_LEN(texts); t++)
            free(texts[t]);
    }
    free(w->list);
    *w = (struct warnings){0};
}

void warning_variants(
    struct str *out, const struct warning *w, void (*text)(struct str *out, const char *text)) {
    struct err none = {0};
    cJSON *list = json_parse("variants", w->variants, strlen(w->variants), &none);
    const cJSON *name;
    cJSON_ArrayForEach(name, list) {
        str_add(out, name == list->child ? "" : ", ");
        text(out, name->valuestring);
    }
    cJSON_Delete(list);
}

void warnings_markdown(struct str *out, const struct warnings *w) {
    if (w->n)
        str_add(out,
            "\n## Warnings about the data\n\n"
            "What the gates found of the splits; of several cells, the text of the one that is "
            "farthest from its bound.\n\n"
            "| Gate | Warning | Variants | Cells |\n|---|---|---|---:|\n");
    for (size_t i = 0; i < w->n; i++) {
        str_addf(out, "| %s | ", w->list[i].gate);
        escape_markdown(out, w->list[i].text);
        str_add(out, " | ");
        warning_variants(out, &w->list[i], escape_markdown);
        str_addf(out, " | %ld |\n", w->list[i].cells);
    }
    if (w->unknown)
        str_addf(out,
            "\nNo gate looked at the splits of %ld of %ld done cells: an older dmtl ran them. `dmtl data "
            "check` does now.\n",
            w->unknown, w->done);
}

static void member(struct str *out, const char *name, const char *text) {
    str_addf(out, "\"%s\": ", name);
    json_add_string(out, text);
    str_add(out, ", ");
}

void warnings_json(struct str *out, const struct warnings *w) {
    str_addc(out, '[');
    for (size_t i = 0; i < w->n; i++) {
        const struct warning *x = &w->list[i];
        str_add(out, i ? ",\n    {" : "\n    {");
        member(out, "gate", x->gate);
        member(out, "outcome", x->outcome);
        member(out, "attribute", x->attribute);
        member(out, "part", x->part);
        member(out, "against", x->against);
        str_add(out, "\"value\": ");
        json_add_number(out, x->value);
        str_add(out, ", \"bound\": ");
        json_add_number(out, x->bound);
        str_addf(out, ", \"cells\": %ld, \"variants\": %s, \"examples\": %s, \"text\": ", x->cells,
            x->variants, x->examples);
        json_add_string(out, x->text);
        str_addc(out, '}');
    }
    str_add(out, w->n ? "\n  ]" : "]");
}
