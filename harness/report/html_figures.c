#include "report/html_figures.h"

#include "core/escape.h"
#include "core/mem.h"
#include "core/parallel.h"
#include "report/audits.h"
#include "report/comparisons.h"
#include "report/figure.h"
#include "report/html.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct drawing {
    struct figure figure;
    struct str picture;
    struct err made, drawn; /* the store's and gnuplot's */
};

static void draw(struct drawing *d) {
    if (d->made.kind == ERR_NONE && !d->figure.missing)
        figure_draw(&d->figure, PICTURE_SVG, &d->picture, &d->drawn);
}

/* "Cumulative scores of age" */
static void heading(struct str *out, const struct figure_row *row) {
    str_addc(out, (char)toupper((unsigned char)row->help[0]));
    escape_html(out, row->help + 1);
}

static void notes(struct str *out, const struct figure *f) {
    if (!f->paging.len && !f->notes.len)
        return;
    str_add(out, "<figcaption>");
    escape_html(out, f->paging.len ? f->paging.text : "");
    escape_html(out, f->notes.len ? f->notes.text : "");
    str_add(out, "</figcaption>");
}

static void add_figure(struct str *out, const struct drawing *d, const struct figure_row *row) {
    const struct figure *f = &d->figure;
    if (f->missing) {
        str_add(out, "<p class=\"faint\">");
        heading(out, row);
        str_add(out, ": ");
        escape_html(out, f->missing);
        str_add(out, ".</p>\n");
        return;
    }
    str_addf(out, "<figure id=\"figure-%s\"><h3>", row->name);
    heading(out, row);
    str_add(out, "</h3>");
    if (d->picture.len) {
        str_add(out, "<img alt=\"");
        heading(out, row);
        str_add(out, "\" src=\"");
        html_data_address(out, "image/svg+xml", d->picture.text, d->picture.len);
        str_add(out, "\">");
    } else {
        str_add(out, "<p class=\"note\">Not drawn: ");
        escape_html(out, d->drawn.msg);
        str_add(out, "</p>");
    }
    notes(out, f);
    str_addf(out, "<p class=\"screen\"><a download=\"%s.csv\" href=\"", row->name);
    html_data_address(out, "text/csv;charset=utf-8", f->csv.text, f->csv.len);
    str_add(out, "\">Its numbers as CSV</a></p></figure>\n");
}

/* ---- all of them ---- */

struct html_figures {
    const struct results *r;
    const struct systems *systems; /* the caller's */
    struct figure_options options;
    struct drawing drawings[FIGURE_COUNT];
    struct pipeline *early; /* those that wait for nothing, in their order */
    struct store *store;    /* theirs: a connection serves one thread at a time */
    struct systems own;     /* of it, read by the first of them */
    struct err unread;      /* why it is not */
    pthread_mutex_t reading;
};

/* Whether a figure shows what the page's audit and tests are. */
static bool waits(size_t kind) {
    return kind == FIGURE_GAPS || kind == FIGURE_DIFFERENCES;
}

static void make(struct html_figures *f, size_t kind, struct store *store) {
    struct drawing *d = &f->drawings[kind];
    figure_make(&d->figure, (enum figure_kind)kind, f->r, store, &f->options, &d->made);
}

static void do_early(void *context, int worker, size_t kind, int slot) {
    struct html_figures *f = context;
    (void)worker;
    (void)slot;
    if (waits(kind))
        return;
    pthread_mutex_lock(&f->reading);
    if (!f->own.store && f->unread.kind == ERR_NONE &&
        systems_read(&f->own, f->store, f->r->grid.name, &f->unread))
        systems_share_kept(&f->own, f->systems);
    if (f->unread.kind == ERR_NONE)
        make(f, kind, f->store);
    else
        f->drawings[kind].made = f->unread;
    pthread_mutex_unlock(&f->reading);
    draw(&f->drawings[kind]);
}

static void do_late(void *context, int worker, size_t kind) {
    struct html_figures *f = context;
    (void)worker;
    if (waits(kind))
        draw(&f->drawings[kind]);
}

struct html_figures *html_figures_begin(
    const struct results *r, const struct systems *systems, int threads, struct err *e) {
    struct html_figures *f = xcalloc(1, sizeof *f);
    f->r = r;
    f->systems = systems;
    f->options = (struct figure_options){.task = -1,
        .convention = CS_LT,
        .format = PICTURE_SVG,
        .statistics = {.confidence = RESULT_CONFIDENCE,
            .min_clusters = AUDIT_SMALL,
            .draws = COMPARISON_DRAWS,
            .seed = COMPARISON_SEED,
            .threads = threads},
        .systems = &f->own};
    pthread_mutex_init(&f->reading, NULL);
    f->store = store_open(store_path(systems->store), STORE_READ, e);
    if (f->store) {
        f->early = pipeline_open(0, FIGURE_COUNT, threads, FIGURE_COUNT, do_early, f);
        return f;
    }
    html_figures_free(f);
    return NULL;
}

bool html_figures_end(struct str *out, struct html_figures *f, const struct row_audits *audits,
    const struct row_tests *tests, struct err *e) {
    bool same_bins = audits->baseline.bins != NULL; /* else figures have decades */
    size_t kind;
    int slot;
    while (pipeline_next(f->early, &kind, &slot))
        continue;
    f->options.systems = f->systems;
    f->options.audit = audits->resampled && same_bins ? &audits->list[audits->first] : NULL;
    f->options.comparisons = tests && tests->why.kind == ERR_NONE ? &tests->comparisons : NULL;
    for (kind = 0; kind < FIGURE_COUNT; kind++)
        if (waits(kind))
            make(f, kind, f->systems->store);
    parallel_for(FIGURE_COUNT, f->options.statistics.threads, do_late, f);
    for (kind = 0; kind < FIGURE_COUNT; kind++) {
        if (f->drawings[kind].made.kind != ERR_NONE) {
            *e = f->drawings[kind].made;
            return false;
        }
        add_figure(out, &f->drawings[kind], &figure_rows[kind]);
    }
    return true;
}

void html_figures_free(struct html_figures *f) {
    if (!f)
        return;
    pipeline_close(f->early);
    for (int kind = 0; kind < FIGURE_COUNT; kind++) {
        figure_free(&f->drawings[kind].figure);
        str_free(&f->drawings[kind].picture);
    }
    systems_free(&f->own);
    store_close(f->store);
    pthread_mutex_destroy(&f->reading);
    free(f);
}
