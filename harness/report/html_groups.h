/* The groups of the HTML report: what an audit says of every cell of the crossings, with its confusion matrix. */
#ifndef REPORT_HTML_GROUPS_H
#define REPORT_HTML_GROUPS_H

#include "core/str.h"
#include "report/audits.h"

/* The audits of a grid's approaches, `first` the one that is shown first, as the JSON that html_page.js reads:
 * {"confidence", "small", "first", "measures": [{"task", "unit", "metric"}], "crossings": ["age_group", ...],
 *  "systems": [{"title", "measures": [null or {"share", "crossings": [null or {"all": CELL, "cells": [CELL...]}]}],
 *               "classes": {"age": [...]}, "matrices": {"age": [null or [COUNTS...]]}}]}
 * with CELL {"group", "n", "clusters", "value", "low", "high", "rank", "q"} (null: none) and COUNTS a list
 * [truth, predicted, n, ...] of those above 0. */
void html_groups_json(struct str *out, const struct audits *audits, size_t n, size_t first);

#endif
