/* What a table's reader has to know: what was run, what its marks mean, how many digits it shows. */
#include "core/mem.h"
#include "report/duration.h"
#include "report/table.h"

#include <stdint.h>
#include <stdlib.h>

void table_data_text(struct str *out, const struct results *r) {
    str_addf(out, "Set %s%s", r->dataset, r->drawn ? " (drawn images, no photographs)" : "");
    str_add(out, !r->age_groups ? ""
                 : r->age_years ? "; errors of age count groups in rows with this mark, else years"
                                : "; errors of age count groups");
    for (int p = 0; p < PART_COUNT; p++)
        if (r->samples[p])
            str_addf(out, "; %s %ld", part_name[p], r->samples[p]);
    str_addf(out, "; %zu of %zu cells done", r->cells_done, r->n_cells);
}

void table_machine_text(struct str *out, const struct results *r) {
    const char *const facts[][2] = {{"device", r->device}, {"threads", r->threads},
        {"libtorch", r->libtorch}, {"commit", r->commit}};
    for (size_t i = 0; i < ARRAY_LEN(facts); i++)
        if (*facts[i][1])
            str_addf(out, "%s %s; ", facts[i][0], facts[i][1]);
    str_add(out, "work of all cells ");
    duration_add(out, r->wall_s);
}

static void add(struct table *t, size_t *capacity, const char *lead, char *text, bool caution) {
    t->notes = xgrow(t->notes, capacity, t->n_notes + 1, sizeof *t->notes);
    t->notes[t->n_notes++] = (struct table_note){lead, text, caution};
}

/* "3 cells a number", or "2 to 5 cells a number": those that are planned. */
static char *cells_text(const struct table *t) {
    size_t least = SIZE_MAX, most = 0;
    for (size_t i = 0; i < t->n_rows; i++)
        for (size_t c = 0; c < t->n_columns; c++) {
            size_t n = t->rows[i].cells[c].number.planned;
            least = n && n < least ? n : least;
            most = n > most ? n : most;
        }
    return least < most ? xasprintf("%zu to %zu cells a number", least, most)
                        : xasprintf("%zu cell%s a number", most, most == 1 ? "" : "s");
}

static char *values_text(const struct table *t) {
    char *cells = cells_text(t);
    char *text = xasprintf(
        "Values on the %s part: mean ± sample standard deviation over seeds, split seeds and "
        "folds, %s; bold: the best mean among complete rows%s. A column has %s.",
        part_name[t->results->part], cells, t->n_sources ? " that were run here" : "",
        t->intervals
            ? "as many decimals as show two digits of the half-width of its narrowest interval"
            : "a fixed number of decimals, for none of its numbers has an interval");
    free(cells);
    return text;
}

/* How many numbers were tested, and how many are told apart. */
static void count_tests(const struct table *t, size_t *tested, size_t *significant) {
    *tested = *significant = 0;
    for (size_t i = 0; i < t->n_rows; i++)
        for (size_t c = 0; c < t->n_columns; c++) {
            *tested += t->rows[i].cells[c].tested;
            *significant += t->rows[i].cells[c].test.significant;
        }
}

static bool leaks(const struct table *t) {
    bool leaky = false;
    for (size_t i = 0; i < t->n_rows; i++)
        leaky = leaky || t->rows[i].leaky;
    return leaky;
}

static char *tests_text(const struct table *t, const struct row_tests *tests) {
    size_t tested, significant;
    count_tests(t, &tested, &significant);
    if (!tests)
        return xstrdup("No number was tested against the baseline's (--no-tests).");
    if (tests->why.kind != ERR_NONE || !tested)
        return xasprintf("No number was tested against the baseline's: %s.",
            tests->why.kind != ERR_NONE ? tests->why.msg
                                        : "the grid's family of tests has none of these columns");
    return xasprintf(
        "%s by paired sign flips, p at most %g, corrected by Holm over the %zu tests of the family, and by "
        "an interval of the difference (%g %%) that leaves 0 out. Of the numbers here %zu %s tested; "
        "incomplete rows%s are never marked.",
        significant
            ? "† differs from the baseline in the same setting:"
            : "No number is told apart from the baseline's in the same setting, which † would mark:",
        1 - COMPARISON_CONFIDENCE, tests->comparisons.n, 100 * COMPARISON_CONFIDENCE, tested,
        tested == 1 ? "was" : "were", leaks(t) ? " and leaky splits" : "");
}

void table_notes(struct table *t, const struct row_tests *tests) {
    size_t capacity = 0;
    if (t->results->drawn)
        add(t, &capacity, "Drawn images:",
            xstrdup("these numbers say that the program works, nothing about faces."), true);
    if (leaks(t))
        add(t, &capacity, "Leaky split:",
            xstrdup(
                "rows with this mark were trained on images that are nearly the same as tested ones, or show the "
                "same persons, so that their numbers are too good."),
            true);
    add(t, &capacity, "", values_text(t), false);
    add(t, &capacity, "", tests_text(t, tests), false);
    if (t->n_sources)
        add(t, &capacity, "Published:",
            xstrdup(
                "numbers as their sources give them, not run here and of other test images: they take part "
                "neither in bold nor in tests."),
            false);
}
