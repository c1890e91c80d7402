#include "report/progress_line.h"

#include "core/mem.h"
#include "report/duration.h"
#include "report/terminal.h"

#include <math.h>
#include <string.h>

static void add_done(struct str *out, const struct progress_totals *t, bool brief) {
    str_addf(out, brief ? "%zu/%zu done" : "%zu of %zu cells done", t->done, t->cells);
}

static void add_running(struct str *out, const struct progress_totals *t, bool brief) {
    (void)brief;
    if (t->running)
        str_addf(out, "%zu running", t->running);
}

static void add_epochs(struct str *out, const struct progress_totals *t, bool brief) {
    str_addf(out, brief ? "%.0f/%.0f epochs" : "%.0f of %.0f epochs", floor(t->work_done + 1e-6),
        t->work);
}

static void add_percent(struct str *out, const struct progress_totals *t, bool brief) {
    (void)brief;
    str_addf(out, "%.0f%%", t->work > 0 ? floor(100 * t->work_done / t->work + 1e-6) : 100);
}

static void add_failed(struct str *out, const struct progress_totals *t, bool brief) {
    (void)brief;
    if (t->failed)
        str_addf(out, "%zu failed", t->failed);
}

static void add_pace(struct str *out, const struct progress_totals *t, bool brief) {
    if (t->running && t->images_per_s > 0)
        str_addf(out, brief ? "%.0f img/s" : "%.0f images/s", t->images_per_s);
}

static void add_left(struct str *out, const struct progress_totals *t, bool brief) {
    if (t->left_s < 0)
        return;
    str_add(out, brief ? "" : "about ");
    if (t->left_s < 10) /* tenths would be a pretence */
        str_addf(out, "%.0f s", fmax(1, t->left_s));
    else
        duration_add(out, t->left_s);
    str_add(out, " left");
}

/* In the order of the line; those of the highest rank go first. */
static const struct part {
    void (*add)(struct str *out, const struct progress_totals *t, bool brief);
    int rank;
} parts[] = {{add_done, 1}, {add_running, 4}, {add_epochs, 6}, {add_percent, 0}, {add_failed, 2},
    {add_pace, 5}, {add_left, 3}};
enum { ALL_RANKS = 7 };

static void compose(struct str *out, const struct progress_totals *t, bool brief, int ranks) {
    struct str text = {0};
    str_clear(out);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].rank >= ranks)
            continue;
        str_clear(&text);
        parts[i].add(&text, t, brief);
        if (text.len)
            str_addf(out, "%s%s", out->len ? ", " : "", text.text);
    }
    str_free(&text);
}

void progress_line(struct str *out, const struct progress_totals *t, int columns) {
    struct str line = {0};
    compose(&line, t, false, ALL_RANKS);
    for (int ranks = ALL_RANKS; ranks > 0 && text_columns(line.text) > columns; ranks--)
        compose(&line, t, true, ranks);
    if (text_columns(line.text) <= columns)
        str_add(out, line.text);
    str_free(&line);
}
