#include "data/synth_mark.h"

#include "core/file.h"
#include "core/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The mark's first line; the text behind it is for people. The number goes up whenever the drawing changes. */
#define UTKFACE_FORMAT "dmtl synthetic 1 n=%zu px=%d seed=%" PRIu64 " %s\n"
#define BIASED_FORMAT "dmtl synthetic 1 recipe=%s n=%zu px=%d seed=%" PRIu64 " %s\n"
#define ADIENCE_FORMAT "dmtl synthetic 1 adience folds=%s share=%.17g px=%d seed=%" PRIu64 " %s\n"
#define MARK_TEXT                                                                                  \
    "The faces in this folder were drawn by `dmtl data synth`: nobody real is in it. Results on "  \
    "them say nothing about people.\n"

static bool parse(struct recipe *r, const char *text, char state[16]) {
    *r = (struct recipe){.layout = SYNTH_UTKFACE};
    if (sscanf(text, "dmtl synthetic 1 n=%zu px=%d seed=%" SCNu64 " %15s", &r->n, &r->side_px,
            &r->seed, state) == 4)
        return r->n <= SYNTH_MAX_IMAGES;
    if (sscanf(text, "dmtl synthetic 1 recipe=%64s n=%zu px=%d seed=%" SCNu64 " %15s", r->bias,
            &r->n, &r->side_px, &r->seed, state) == 5)
        return r->n <= SYNTH_MAX_IMAGES;
    *r = (struct recipe){.layout = SYNTH_ADIENCE};
    return sscanf(text, "dmtl synthetic 1 adience folds=%16s share=%lf px=%d seed=%" SCNu64 " %15s",
               r->folds, &r->share, &r->side_px, &r->seed, state) == 5;
}

bool mark_read(struct recipe *r, const char *dir, bool *marked, struct err *e) {
    char *path = path_join(dir, SYNTH_MARK), *text = NULL, state[16] = "";
    bool ok = true;
    *r = (struct recipe){0};
    *marked = file_exists(path);
    if (*marked) {
        text = file_read(path, 4096, NULL, e);
        ok = text != NULL;
    }
    if (text && !parse(r, text, state))
        ok = err_usage(
            e, "%s: is no mark of this version; remove the folder and draw it again", path);
    r->finished = strcmp(state, "finished") == 0;
    free(text);
    free(path);
    return ok;
}

bool mark_write(const struct recipe *r, const char *dir, struct err *e) {
    const char *state = r->finished ? "finished" : "unfinished";
    char *path = path_join(dir, SYNTH_MARK);
    char *text;
    if (r->layout == SYNTH_ADIENCE)
        text = xasprintf(ADIENCE_FORMAT MARK_TEXT, r->folds, r->share, r->side_px, r->seed, state);
    else if (*r->bias)
        text = xasprintf(BIASED_FORMAT MARK_TEXT, r->bias, r->n, r->side_px, r->seed, state);
    else
        text = xasprintf(UTKFACE_FORMAT MARK_TEXT, r->n, r->side_px, r->seed, state);
    bool ok = file_write(path, text, strlen(text), e);
    free(text);
    free(path);
    return ok;
}

bool recipe_equal(const struct recipe *a, const struct recipe *b) {
    return a->layout == b->layout && a->side_px == b->side_px && a->seed == b->seed &&
           a->n == b->n && a->share == b->share && strcmp(a->folds, b->folds) == 0 &&
           strcmp(a->bias, b->bias) == 0;
}

enum synth_state synth_state_of(const char *dir) {
    struct recipe r;
    struct err ignored = {0}; /* a mark that cannot be understood is not finished either */
    bool marked;
    bool ok = mark_read(&r, dir, &marked, &ignored);
    if (!marked)
        return SYNTH_NO_MARK;
    return ok && r.finished ? SYNTH_DRAWN : SYNTH_UNFINISHED;
}
