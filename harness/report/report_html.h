/* The report of a grid as one HTML page that needs nothing beside itself: no network, no file, no server. What was run
 * and what the gates warned of come first, then findings, tables, figures, groups, cells. */
#ifndef REPORT_REPORT_HTML_H
#define REPORT_REPORT_HTML_H

#include "core/err.h"
#include "core/str.h"
#include "report/comparisons.h"
#include "report/results.h"
#include "report/systems.h"

struct html_source {
    const struct results *results;
    const struct systems *systems; /* of the same grid */
    const struct comparisons
        *comparisons;         /* of its rows against the baseline; NULL: there are none */
    const char *not_compared; /* and then why */
    int threads;              /* of gnuplots and of resampling, side by side */
};

/* Appends the whole page. Figures that cannot be drawn are said in their place. */
bool report_html(struct str *out, const struct html_source *s, struct err *e);

#endif
