/* Reliability diagrams of one approach: how often predictions of a confidence are right, in the bins of the expected
 * calibration error, and below how many there are. Numbers are those of `dmtl audit --calibration`. */
#include "report/figure.h"

#include "analysis/calibration.h"
#include "core/mem.h"
#include "report/figure_audit.h"
#include "report/figure_page.h"
#include "store/sql.h"

#include <math.h>
#include <stdlib.h>

static const char script_gp[] =
#include "plots/common.gp.inc"
#include "plots/calibration.gp.inc"
    ;

struct tasks {
    struct calibration of[ATTR_COUNT];
    enum attribute task[ATTR_COUNT];
    int n;
};

/* Whether the first of the row's done cells has probabilities: they are stored for all of a cell, or not at all. */
static bool has_probabilities(
    const struct systems *s, int system, int task, enum part part, struct err *e) {
    const struct store_member **members;
    size_t done, planned;
    system_members(s, (size_t)system, (enum attribute)task, &members, &done, &planned);
    long long has =
        done ? sql_long(store_db(s->store), e, 0,
                   "SELECT EXISTS (SELECT 1 FROM probability WHERE cell = ?1 AND part = ?2 "
                   "AND task = ?3)",
                   "lii", (long long)members[0]->cell, (int)part, task)
             : 0;
    free(members);
    return has;
}

static bool read_task(
    struct tasks *t, const struct systems *s, int system, int task, enum part part, struct err *e) {
    const struct prediction_choice choice = {.part = part, .terms = true};
    struct system_predictions predictions;
    bool ok = read_predictions(&predictions, s, (size_t)system, (enum attribute)task, &choice, e);
    if (ok && predictions.p.n) {
        t->task[t->n] = (enum attribute)task;
        calibration_of(&t->of[t->n++], &predictions.p, NULL, 0);
    }
    system_predictions_free(&predictions);
    return ok;
}

/* ---- layout ---- */

enum {
    SLOT_PX = 370,
    LEFT_PX = 74,
    GAP_PX = 20,
    HEAD_PX = 28,
    CURVE_PX = 230,
    COLUMN_CURVE_PX = 200,
    BETWEEN_PX = 12,
    COUNT_PX = 62,
    FOOT_PX = 58
};

struct layout {
    int columns, width, height, first, end;
    struct page_box box[2 * ATTR_COUNT]; /* curve and counts of each panel */
};

static bool lay_out(struct layout *at, struct figure *f, const struct tasks *t,
    const struct figure_options *o, const char *title, struct err *e) {
    int width = page_width(o), columns = o->width == WIDTH_COLUMN ? 1 : t->n;
    int curve = o->width == WIDTH_COLUMN ? COLUMN_CURVE_PX : CURVE_PX;
    int each = HEAD_PX + curve + BETWEEN_PX + COUNT_PX + FOOT_PX;
    *at = (struct layout){.columns = columns, .width = width ? width : SLOT_PX * columns};
    int slot = at->width / columns, top = page_title_px(o, title, at->width);
    int rows = (page_height(o) - top) / each;
    if (!page_panels(f, o, t->n, rows * columns, &at->first, &at->end, e))
        return false;
    for (int i = 0; i < at->end - at->first; i++) {
        int left = (i % columns) * slot + LEFT_PX, right = (i % columns + 1) * slot - GAP_PX;
        int y = top + (i / columns) * each + HEAD_PX;
        at->box[2 * i] = (struct page_box){left, right, y, y + curve};
        y += curve + BETWEEN_PX;
        at->box[2 * i + 1] = (struct page_box){left, right, y, y + COUNT_PX};
        at->height = y + COUNT_PX + FOOT_PX;
    }
    return true;
}

/* ---- script ---- */

static void add_data(struct figure *f, const struct tasks *t, const struct layout *at) {
    str_add(&f->csv, "panel,low,high,x,y,n\r\n");
    str_add(&f->script, "$data << END_OF_DATA\n");
    for (int i = at->first; i < at->end; i++) {
        for (int b = 0; b < CALIBRATION_BINS; b++) {
            const struct calibration_bin *bin = &t->of[i].bin[b];
            double low = 100.0 * b / CALIBRATION_BINS, high = 100.0 * (b + 1) / CALIBRATION_BINS;
            if (!bin->n)
                continue;
            str_addf(&f->script, "%.6g %.10g %.10g %zu\n", (low + high) / 2, 100 * bin->confidence,
                100 * bin->accuracy, bin->n);
            figure_csv(&f->csv, "sggggd", attribute_name[t->task[i]], low, high,
                100 * bin->confidence, 100 * bin->accuracy, (long)bin->n);
        }
        str_add(&f->script, "\n\n");
    }
    str_add(&f->script, "END_OF_DATA\n");
}

static bool draw(struct figure *f, const struct tasks *t, const struct figure_options *o,
    const char *title, struct err *e) {
    static const char *const titles[ATTR_COUNT] = {"Age", "Gender", "Race"};
    struct str *script = &f->script;
    struct layout at;
    if (!lay_out(&at, f, t, o, title, e))
        return false;
    int panels = at.end - at.first;
    page_terminal(script, o, at.width, at.height);
    page_title(script, o, title, at.width);
    add_data(f, t, &at);
    page_boxes(script, at.box, 2 * panels, at.width, at.height);
    str_addf(script, "panels = %d\nbins = %d\nfew = %d\narray panel_title[%d]\narray most[%d]\n",
        panels, CALIBRATION_BINS, AUDIT_TINY, panels, panels);
    for (int i = 0; i < panels; i++) {
        const struct calibration *c = &t->of[at.first + i];
        char *text = xasprintf("%s: ECE %.2f %%", titles[t->task[at.first + i]], 100 * c->error);
        text_set(script, "panel_title", i + 1, text, at.width / at.columns / LABEL_PX);
        free(text);
        size_t most = 0;
        for (int b = 0; b < CALIBRATION_BINS; b++)
            most = c->bin[b].n > most ? c->bin[b].n : most;
        str_addf(script, "most[%d] = %zu\n", i + 1, most);
    }
    str_add(script, script_gp);
    return true;
}

bool figure_calibration(struct figure *f, const struct results *r, struct store *store,
    const struct figure_options *o, struct err *e) {
    const struct result_row *row = figure_one_row(r, o);
    struct systems own = {0};
    struct tasks tasks = {.n = 0};
    if (!row || !figure_row_done(r, row, o))
        return true;
    const struct systems *systems = figure_systems(&own, r, store, o, e);
    int system = systems ? figure_system(systems, r, row, e) : -1;
    bool ok = system >= 0;
    for (int t = 0; ok && t < ATTR_COUNT; t++)
        if ((o->task < 0 || o->task == t) && has_probabilities(systems, system, t, r->part, e))
            ok = read_task(&tasks, systems, system, t, r->part, e);
    ok = ok && e->kind == ERR_NONE;
    if (ok && tasks.n) {
        char *row_name = figure_row_name(r, row), *name = page_title_name(row_name);
        free(row_name);
        char *what = xasprintf(
            "%s: confidence and accuracy, runs pooled; ECE: expected calibration error; hollow: fewer than %d "
            "predictions",
            name, AUDIT_TINY);
        char *title = figure_title(r, what);
        ok = draw(f, &tasks, o, title, e);
        free(title);
        free(what);
        free(name);
    }
    systems_free(&own);
    return ok;
}
