#include "commands/run_gates.h"

#include "commands/data_splits.h"
#include "core/cores.h"
#include "core/escape.h"
#include "grid/split_gates.h"
#include "grid/split_words.h"

#include <stdio.h>

struct look {
    const struct grid *grid;
    const struct grid_options *options;
    bool quiet;
};

static bool chosen(void *context, const struct cell *cell) {
    const struct look *l = context;
    return grid_options_choose(l->options, cell->variant);
}

/* One line a gate, with how many more findings there are. */
static void warn(const struct config *c, const struct findings *f, bool quiet) {
    struct str line = {0};
    for (int g = 0; g < GATE_COUNT; g++) {
        const struct finding *worst = findings_worst(f, (enum gate)g);
        size_t n = 0;
        if (!worst || worst->verdict != VERDICT_WARNED || (quiet && !gate_leaks((enum gate)g)))
            continue;
        for (size_t i = 0; i < f->n; i++)
            n += (int)f->list[i].gate == g && f->list[i].verdict == VERDICT_WARNED;
        str_add(&line, "warning (");
        struct str words = {0};
        split_words(&words, c);
        escape_line(&line, words.text);
        str_free(&words);
        str_addf(&line, "): %s: ", gate_name[g]);
        escape_line(&line, worst->text);
        if (n > 1)
            str_addf(&line, " (and %zu more)", n - 1);
        str_addc(&line, '\n');
    }
    if (line.len)
        fputs(line.text, stderr);
    str_free(&line);
}

static bool look_at(void *context, const struct data_split *d, struct err *e) {
    const struct look *l = context;
    struct findings f = {0};
    split_gates(&f, d->config, d->manifest, d->split, d->task, &l->grid->gates);
    bool ok = split_gates_allow(&f, d->config, e);
    if (ok)
        warn(d->config, &f, l->quiet);
    findings_free(&f);
    return ok;
}

bool run_gates(const struct grid *g, const struct grid_options *options,
    const struct data_options *data, const char *cache_dir, bool quiet, struct err *e) {
    struct look look = {g, options, quiet};
    return data_splits_walk(&(struct data_splits){.grid = g,
                                .data = data,
                                .cache_dir = cache_dir,
                                .threads = cores_usable(),
                                .chosen = chosen,
                                .fn = look_at,
                                .context = &look},
        e);
}
