/* dmtl data synth: a drawn set, in one of the layouts of real ones. */
#include "commands/command.h"
#include "commands/data_verb.h"

#include "core/mem.h"
#include "data/synth.h"

#include <stdio.h>
#include <string.h>

enum { USUAL_FACES = 4000, USUAL_PX = 96 };

static bool draw_utkface(const struct data_verb *v, int px, size_t *n, struct err *e) {
    if (v->folds || v->share > 0)
        return err_usage(e, "data synth: --%s counts for nothing without --layout adience",
            v->folds ? "folds" : "share");
    *n = v->n ? v->n : USUAL_FACES;
    if (v->recipe)
        return synth_write_biased(v->out, v->recipe, *n, px, v->seed, v->threads, n, e);
    return synth_write(v->out, *n, px, v->seed, v->threads, e);
}

static bool draw_adience(const struct data_verb *v, int px, size_t *n, struct err *e) {
    if (!v->folds)
        return err_usage(e,
            "data synth: which rows? expected --folds DIR, the folder with Adience's fold_0_data.txt to "
            "fold_4_data.txt");
    if (v->n)
        return err_usage(
            e, "data synth: --number counts for nothing with --layout adience; expected --share S");
    if (v->recipe)
        return err_usage(e, "data synth: --recipe counts for nothing with --layout adience");
    return synth_adience_write(
        v->out, v->folds, v->share > 0 ? v->share : 1, px, v->seed, v->threads, n, e);
}

static const struct {
    const char *name, *set; /* of --layout, and what it is read as */
    bool (*draw)(const struct data_verb *v, int px, size_t *n, struct err *e);
} layouts[] = {{"utkface", "synthetic", draw_utkface}, {"adience", "adience", draw_adience}};

const struct command_words synth_layouts = {layouts, ARRAY_LEN(layouts), sizeof *layouts};

bool data_synth(const struct data_verb *v, struct err *e) {
    size_t n = 0;
    int at;
    if (!v->out)
        return err_usage(e, "data synth: where to? expected --out DIR");
    if (v->argument)
        return err_usage(e, "data synth: %.200s: one argument too many", v->argument);
    if (!command_word("data synth", "--layout", v->layout, synth_layouts, &at, e) ||
        !layouts[at].draw(v, v->px ? v->px : USUAL_PX, &n, e))
        return false;
    if (!command_quiet())
        fprintf(stderr, "drew %zu faces into %s; use them with --data %s=%s\n", n, v->out,
            layouts[at].set, v->out);
    return true;
}
