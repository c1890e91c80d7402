/* Sums over resampled or relabelled samples, by group: what bootstrap intervals and permutation tests of any
 * quotient of sums are made of. Each draw is a function of (seed, draw) alone, so that results depend neither on
 * the number of threads nor on what else is drawn. */
#ifndef ANALYSIS_RESAMPLE_H
#define ANALYSIS_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct grouped_rows {
    size_t n;             /* rows: samples that are in a group, group by group */
    int width;            /* numbers of a row that are summed */
    const double *terms;  /* [n][width] */
    const uint32_t *unit; /* [n]: the row's cluster, 0 to units - 1 */
    size_t units;         /* at least 1; every one has a row */
    const size_t *first;  /* [groups + 1]: rows of a group */
    size_t groups;
};

/* Draws that tables of as many units share, for they are functions of seed and numbers alone: how often each unit is
 * drawn by a bootstrap, and whose terms each row is given in a permutation. Begins as {0}; each half is filled by the first
 * table that needs it, anew where seed or numbers are others, and not at all where it would take more than 64 MiB.
 * And what bootstraps of rows summed to, for the baseline's rows are those of many comparisons. */
struct shared_draws {
    struct {
        uint64_t seed;
        size_t n, units;
        uint8_t *times; /* of eight draws side by side: [n / 8][units][8] */
    } bootstrap;
    struct {
        uint64_t seed;
        size_t n, rows, sizes, *units; /* [sizes]: units of as many rows */
        uint16_t *from;                /* [n / 8][rows][8] */
    } permutation;
    struct kept_sums *sums;
    size_t n_sums, sums_capacity;
};
void shared_draws_free(struct shared_draws *d);

struct draws {
    uint64_t seed;
    size_t n;
    int threads;
    struct shared_draws *shared; /* NULL: nothing is kept for the next table */
};

/* What is done with a draw's sums[groups][width]; `worker` is below the number of threads. The array is the
 * worker's own, and has room for one group more. */
typedef void sums_fn(void *context, int worker, size_t draw, double *sums);

/* The sums of the rows as they are. */
void rows_sums(const struct grouped_rows *rows, double *sums);

/* Bootstrap: as many units are drawn with replacement, of all groups together, and each row counts as
 * often as its unit was drawn. A group may so have no row in a draw. */
void resample_units(
    const struct grouped_rows *rows, struct draws draws, sums_fn *each, void *context);

/* The sums of rows of one group in each draw of a bootstrap, [draws.n][width]: as resample_units makes them, or as they were
 * made of equal rows, and kept by draws.shared, which must be there, until other rows are asked for. */
const double *resampled_sums(const struct grouped_rows *rows, struct draws draws);

/* Permutation of groups under the null hypothesis that they do not matter: a unit takes the groups of another
 * with as many rows, row for row, so that groups keep their sizes and units stay whole. A unit that is
 * alone in its size keeps its own. */
void permute_groups(
    const struct grouped_rows *rows, struct draws draws, sums_fn *each, void *context);

/* How often each of `runs` runs is drawn with replacement in a draw; 1 where there is one. `system` tells
 * apart those that are drawn on their own. */
void resample_runs(uint64_t seed, size_t draw, int system, int runs, double *times);

#endif
