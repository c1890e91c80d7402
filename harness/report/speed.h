/* What `dmtl bench` measured, as a table for people and as JSON. */
#ifndef REPORT_SPEED_H
#define REPORT_SPEED_H

#include "core/str.h"

#include <stddef.h>
#include <stdint.h>

enum speed_mode { SPEED_TRAIN, SPEED_INFER, SPEED_END_TO_END, SPEED_MODE_COUNT };
extern const char *const speed_mode_name[SPEED_MODE_COUNT]; /* train, infer, end-to-end */

struct speed_row { /* one contender in one mode; texts and arrays owned */
    enum speed_mode mode;
    char *who;       /* "dmtl", "PyTorch 2.1, eager", "held in memory" */
    double *seconds; /* of single steps, of all rounds; none where only rates are known */
    size_t n_seconds, seconds_capacity;
    double *rates; /* images a second of each round */
    size_t n_rates, rates_capacity;
    int64_t peak_rss_bytes;    /* of the process, the highest of all rounds; 0: not known */
    int64_t peak_device_bytes; /* of the device's allocator; 0: a CPU */
};

struct speed {
    const char *trunk, *precision, *train_from; /* not owned */
    int px, batch, steps, warm, rounds;
    int threads;                    /* as libtorch had them */
    char *device, *libtorch, *blas; /* as libtorch names them; owned, NULL: not known */
    char *skipped;          /* why there was no race; NULL: there was, or none was asked for */
    char *images;           /* what was trained on end to end: "drawn faces"; NULL: nothing */
    struct speed_row *rows; /* a mode's stand together, the one that others are held to first */
    size_t n_rows, rows_capacity;
};

/* Appends a row and returns its index; `who` is copied. */
size_t speed_add(struct speed *s, enum speed_mode mode, const char *who);
void speed_add_seconds(struct speed_row *r, const double *seconds, size_t n); /* of one round */
void speed_add_rate(struct speed_row *r, double images_per_s);
void speed_free(struct speed *s);

/* Ratio of medians over rounds, and the least and greatest of single rounds' ratios. */
struct speed_ratio {
    double ratio, low, high;
};
/* Rates of `a` over those of `b`, which had as many rounds (at least one). */
struct speed_ratio speed_compare(const struct speed_row *a, const struct speed_row *b);

void speed_table(struct str *out, const struct speed *s);
void speed_json(struct str *out, const struct speed *s);

#endif
