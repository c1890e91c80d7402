/* Predictions of another system as CSV, checked against a set's manifest.
 *
 * Long form, a line a prediction: `sample` (the manifest's id), `task`, `predicted`, and where they are wanted `truth`,
 * `seed` (0), `fold` (-1: none), `part` (test; or validation), and probabilities. Wide form, without `task`, a line a
 * sample: `sample`, any of `age`, `gender`, `race` (empty: no prediction), and likewise `age_truth`, ... , `seed`,
 * `fold`, `part`. Probabilities: a column `probabilities` (wide: `age_probabilities`, ...) of numbers with spaces or
 * semicolons between, or columns `p0`, `p1`, ... (wide: `age_p0`, ...). As many as the task has classes: they are of
 * these, and sum to 1 within IMPORT_SUM_TOLERANCE. Of age also one fewer: P(age > r_k), which need not.
 *
 * Gender and race: the label's number or its name; age: years, which need be no whole number, or the group's number.
 * Columns that dmtl's export writes for people are passed over. */
#ifndef DATA_PREDICTIONS_CSV_H
#define DATA_PREDICTIONS_CSV_H

#include "core/err.h"
#include "core/sha256.h"
#include "data/manifest.h"

#include <stddef.h>
#include <stdint.h>

#define IMPORT_SUM_TOLERANCE 1e-3

struct imported_row {
    uint32_t sample; /* place in the manifest */
    uint32_t run;    /* of runs[] */
    int8_t task, part;
    double predicted;
    size_t probabilities; /* place in the pool, of `width` numbers; unused where that is 0 */
    long line;
};
struct imported_run {
    long long seed;
    int fold;        /* -1: none */
    size_t first, n; /* of rows[] */
};
struct imported {
    struct imported_run *runs; /* ascending by seed and fold */
    size_t n_runs;
    struct imported_row *rows; /* by run, part, task and sample; each of the four once */
    size_t n, capacity;
    float *pool;
    size_t pool_n, pool_capacity;
    bool has[ATTR_COUNT];     /* predictions of the task */
    int width[ATTR_COUNT];    /* probabilities of a prediction; 0: none */
    bool ordinal[ATTR_COUNT]; /* P(age > r_k) */
    size_t unlabelled;        /* predictions of samples without the label, passed over */
    char content[SHA256_HEX]; /* of the bytes */
};

/* Reads all of it. False (ERR_USAGE) with a message that names file, line and column, as of an unknown or repeated
 * sample, a class out of range, a truth that is not the manifest's, probabilities that do not sum to 1. imported_free
 * on success and failure alike. */
bool imported_parse(struct imported *im, const struct manifest *m, const char *path,
    const char *bytes, size_t n, struct err *e);
void imported_free(struct imported *im);

/* Classes of a task's probabilities: those of its labels, from first to last. */
int imported_classes(const struct manifest *m, enum attribute task);

#endif
