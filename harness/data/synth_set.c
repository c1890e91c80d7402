/* A drawn set on disk: names, the mark with its recipe, what may be written over. */
#include "data/synth.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/str.h"
#include "data/parallel.h"
#include "data/utkface.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The mark's first line; the text behind it is for people. Images of one recipe and version are the
 * same everywhere, so the number goes up whenever the drawing changes. */
#define MARK_FORMAT "dmtl synthetic 1 n=%zu px=%d seed=%" PRIu64 " %s\n"
#define MARK_TEXT                                                                                  \
    "The faces in this folder were drawn by `dmtl data synth`: nobody real is in it. Results on "  \
    "them say nothing about people.\n"
#define JPEG_QUALITY 92
#define MAX_IMAGES ((size_t)10000000)

struct recipe {
    size_t n;
    int side_px;
    uint64_t seed;
    bool finished;
};

static bool mark_read(struct recipe *r, const char *dir, bool *marked, struct err *e) {
    char *path = path_join(dir, SYNTH_MARK), *text = NULL, state[16] = "";
    bool ok = true;
    *marked = file_exists(path);
    if (*marked) {
        text = file_read(path, 4096, NULL, e);
        ok = text != NULL;
    }
    if (text && (sscanf(text, "dmtl synthetic 1 n=%zu px=%d seed=%" SCNu64 " %15s", &r->n,
                     &r->side_px, &r->seed, state) != 4 ||
                    r->n > MAX_IMAGES))
        ok = err_usage(
            e, "%s: is no mark of this version; remove the folder and draw it again", path);
    r->finished = strcmp(state, "finished") == 0;
    free(text);
    free(path);
    return ok;
}

enum synth_state synth_state_of(const char *dir) {
    struct recipe r = {0};
    struct err ignored = {0}; /* a mark that cannot be understood is not finished either */
    bool marked;
    bool ok = mark_read(&r, dir, &marked, &ignored);
    if (!marked)
        return SYNTH_NO_MARK;
    return ok && r.finished ? SYNTH_DRAWN : SYNTH_UNFINISHED;
}
