/* Corrections of labels that a set's files carry wrongly or not at all, from a file that names the source of
 * each. JSON:
 *
 *   {"corrections": [{"file": "61_1_2017.jpg", "attribute": "race", "value": 3, "source": "who says so"}, ...],
 *    "disputed": [{...}, ...]}
 *
 * Values are those of file names: age in years, gender, race. What sources disagree on stands under "disputed",
 * once for each of them, and is not applied. */
#ifndef DATA_CORRECTIONS_H
#define DATA_CORRECTIONS_H

#include "core/err.h"
#include "core/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct correction {
    char *file; /* a sample's id */
    enum attribute attribute;
    int value;
    bool met; /* the set has the file */
};
struct corrections {
    char *name; /* of the file, for messages */
    struct correction *list;
    size_t n, n_disputed;
};

/* `which`: NULL or "none" for none, "published" for datasets/utkface-corrections.json as it is compiled in, else
 * a file's path. A member that is missing, unknown or out of bounds, and a file's attribute that stands twice or
 * under both, are ERR_USAGE with file and place. corrections_free on success and failure alike. */
bool corrections_load(struct corrections *c, const char *which, struct err *e);
bool corrections_parse(
    struct corrections *c, const char *name, const char *text, size_t n, struct err *e);
void corrections_free(struct corrections *c);

/* Sets the labels of the file called `id`; how many there were. */
int corrections_apply(struct corrections *c, const char *id, int16_t label[ATTR_COUNT]);

/* Whether each correction was of a file that was applied to; else ERR_USAGE with the first that was not. */
bool corrections_all_met(const struct corrections *c, const char *root, struct err *e);

#endif
