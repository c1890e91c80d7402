#include "report/speed.h"

#include "analysis/percentile.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/version.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *const speed_mode_name[SPEED_MODE_COUNT] = {
    [SPEED_TRAIN] = "train", [SPEED_INFER] = "infer", [SPEED_END_TO_END] = "end-to-end"};

static const double shares[] = {0.5, 0.9, 0.99}; /* p50, p90, p99 */

/* ---- filling ---- */

size_t speed_add(struct speed *s, enum speed_mode mode, const char *who) {
    s->rows = xgrow(s->rows, &s->rows_capacity, s->n_rows + 1, sizeof *s->rows);
    s->rows[s->n_rows] = (struct speed_row){.mode = mode, .who = xstrdup(who)};
    return s->n_rows++;
}

void speed_add_seconds(struct speed_row *r, const double *seconds, size_t n) {
    r->seconds = xgrow(r->seconds, &r->seconds_capacity, r->n_seconds + n, sizeof *r->seconds);
    memcpy(r->seconds + r->n_seconds, seconds, n * sizeof *seconds);
    r->n_seconds += n;
}

void speed_add_rate(struct speed_row *r, double images_per_s) {
    r->rates = xgrow(r->rates, &r->rates_capacity, r->n_rates + 1, sizeof *r->rates);
    r->rates[r->n_rates++] = images_per_s;
}

void speed_free(struct speed *s) {
    for (size_t i = 0; i < s->n_rows; i++) {
        free(s->rows[i].who);
        free(s->rows[i].seconds);
        free(s->rows[i].rates);
    }
    free(s->rows);
    free(s->device);
    free(s->libtorch);
    free(s->blas);
    free(s->skipped);
    free(s->images);
    *s = (struct speed){0};
}

/* ---- statistics ---- */

struct speed_ratio speed_compare(const struct speed_row *a, const struct speed_row *b) {
    assert(a->n_rates > 0 && a->n_rates == b->n_rates);
    struct speed_ratio of = {.ratio = median(a->rates, a->n_rates) / median(b->rates, b->n_rates)};
    for (size_t i = 0; i < a->n_rates; i++) {
        double ratio = a->rates[i] / b->rates[i];
        if (i == 0 || ratio < of.low)
            of.low = ratio;
        if (i == 0 || ratio > of.high)
            of.high = ratio;
    }
    return of;
}

static double *sorted_seconds(const struct speed_row *r) {
    double *sorted = xmalloc(r->n_seconds * sizeof *sorted);
    if (r->n_seconds)
        memcpy(sorted, r->seconds, r->n_seconds * sizeof *sorted);
    sort_ascending(sorted, r->n_seconds);
    return sorted;
}

/* The row that row i is held to, or NULL where it is that one itself. */
static const struct speed_row *base_of(const struct speed *s, size_t i) {
    size_t first = i;
    while (first > 0 && s->rows[first - 1].mode == s->rows[i].mode)
        first--;
    return first == i ? NULL : &s->rows[first];
}

/* In a race the first is ours, and how many times as fast as the others it is counts; end to end the
 * first is the rate in memory, and what is left of it counts. */
static struct speed_ratio ratio_of(const struct speed_row *row, const struct speed_row *base) {
    return row->mode == SPEED_END_TO_END ? speed_compare(row, base) : speed_compare(base, row);
}

/* ---- for people ---- */

static bool on_device(const struct speed *s) {
    for (size_t i = 0; i < s->n_rows; i++)
        if (s->rows[i].peak_device_bytes)
            return true;
    return false;
}

static void add_peak(struct str *out, const struct speed *s, const struct speed_row *r) {
    int64_t bytes = on_device(s) ? r->peak_device_bytes : r->peak_rss_bytes;
    if (bytes)
        str_addf(out, "%9.2f GB", (double)bytes / 1e9);
    else
        str_addf(out, "%12s", "-");
}

static void add_row(struct str *out, const struct speed *s, const struct speed_row *r, int width) {
    str_addf(out, "  %-*s %10.1f", width, r->who, median(r->rates, r->n_rates));
    double *sorted = sorted_seconds(r);
    for (size_t i = 0; i < ARRAY_LEN(shares); i++)
        if (r->n_seconds)
            str_addf(out, " %9.2f", 1e3 * percentile(sorted, r->n_seconds, shares[i]));
        else
            str_addf(out, " %9s", "-");
    free(sorted);
    add_peak(out, s, r);
    str_addc(out, '\n');
}

static void add_ratio(struct str *out, const struct speed *s, const struct speed_row *row,
    const struct speed_row *base) {
    struct speed_ratio of = ratio_of(row, base);
    if (row->mode == SPEED_END_TO_END)
        str_addf(out, "  %s has %.3f of the rate %s", row->who, of.ratio, base->who);
    else
        str_addf(out, "  %s is %.2f times as fast as %s", base->who, of.ratio, row->who);
    int digits = row->mode == SPEED_END_TO_END ? 3 : 2;
    if (s->rounds > 1)
        str_addf(out, " (%.*f to %.*f over %d rounds)", digits, of.low, digits, of.high, s->rounds);
    str_addc(out, '\n');
}

static void add_settings(struct str *out, const struct speed *s) {
    str_addf(out, "%s, %d px, batch %d, %s", s->trunk, s->px, s->batch, s->precision);
    if (strcmp(s->train_from, "all"))
        str_addf(out, ", trained from %s", s->train_from);
    if (s->device)
        str_addf(out, "\n%s, %d thread%s, libtorch %s, %s", s->device, s->threads,
            s->threads == 1 ? "" : "s", s->libtorch, s->blas);
    str_addf(out, "\n%d step%s behind %d to warm up", s->steps, s->steps == 1 ? "" : "s", s->warm);
    if (s->rounds > 1)
        str_addf(out, ", in each of %d rounds", s->rounds);
    str_addc(out, '\n');
}

static void add_footnotes(struct str *out, const struct speed *s) {
    str_addf(out, "\npeak memory: %s\n",
        on_device(s) ? "of the device's allocator" : "of the process, resident");
    if (s->images)
        str_addf(out,
            "end to end: an epoch of `dmtl run` on %s (steps from the pixel cache, flips and\n"
            "shifts); there the first, cold step counts, and so it does held in memory\n",
            s->images);
    if (s->skipped)
        str_addf(out, "race skipped: %s\n", s->skipped);
}

void speed_table(struct str *out, const struct speed *s) {
    int width = 14;
    for (size_t i = 0; i < s->n_rows; i++)
        if ((int)strlen(s->rows[i].who) > width)
            width = (int)strlen(s->rows[i].who);
    add_settings(out, s);
    for (size_t i = 0; i < s->n_rows; i++) {
        if (!base_of(s, i))
            str_addf(out, "\n%-*s %10s %9s %9s %9s %11s\n", width + 2,
                speed_mode_name[s->rows[i].mode], "images/s", "p50 ms", "p90 ms", "p99 ms",
                "peak memory");
        add_row(out, s, &s->rows[i], width);
        bool last = i + 1 == s->n_rows || s->rows[i + 1].mode != s->rows[i].mode;
        for (size_t k = 0; last && k <= i; k++)
            if (s->rows[k].mode == s->rows[i].mode && base_of(s, k))
                add_ratio(out, s, &s->rows[k], base_of(s, k));
    }
    add_footnotes(out, s);
}

/* ---- for programs ---- */

static void put_text(cJSON *o, const char *name, const char *text) {
    cJSON_AddItemToObject(o, name, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void put_bytes(cJSON *o, const char *name, int64_t bytes) {
    cJSON_AddItemToObject(o, name, bytes ? cJSON_CreateNumber((double)bytes) : cJSON_CreateNull());
}

static cJSON *row_json(const struct speed_row *r) {
    static const char *const names[] = {"p50_s", "p90_s", "p99_s"};
    cJSON *o = cJSON_CreateObject();
    put_text(o, "mode", speed_mode_name[r->mode]);
    put_text(o, "who", r->who);
    cJSON_AddNumberToObject(o, "images_per_s", median(r->rates, r->n_rates));
    cJSON_AddItemToObject(
        o, "images_per_s_of_rounds", cJSON_CreateDoubleArray(r->rates, (int)r->n_rates));
    double *sorted = sorted_seconds(r), sum = 0;
    for (size_t i = 0; i < r->n_seconds; i++)
        sum += sorted[i];
    cJSON_AddNumberToObject(o, "steps", (double)r->n_seconds);
    if (r->n_seconds) {
        for (size_t i = 0; i < ARRAY_LEN(shares); i++)
            cJSON_AddNumberToObject(o, names[i], percentile(sorted, r->n_seconds, shares[i]));
        cJSON_AddNumberToObject(o, "mean_s", sum / (double)r->n_seconds);
        cJSON_AddNumberToObject(o, "min_s", sorted[0]);
        cJSON_AddNumberToObject(o, "max_s", sorted[r->n_seconds - 1]);
    }
    free(sorted);
    put_bytes(o, "peak_rss_bytes", r->peak_rss_bytes);
    put_bytes(o, "peak_device_bytes", r->peak_device_bytes);
    return o;
}

static cJSON *ratio_json(const struct speed_row *row, const struct speed_row *base) {
    bool race = row->mode != SPEED_END_TO_END;
    struct speed_ratio of = ratio_of(row, base);
    cJSON *o = cJSON_CreateObject();
    put_text(o, "mode", speed_mode_name[row->mode]);
    put_text(o, "of", race ? base->who : row->who);
    put_text(o, "to", race ? row->who : base->who);
    cJSON_AddNumberToObject(o, "ratio", of.ratio);
    cJSON_AddNumberToObject(o, "low", of.low);
    cJSON_AddNumberToObject(o, "high", of.high);
    return o;
}

void speed_json(struct str *out, const struct speed *s) {
    cJSON *o = cJSON_CreateObject(), *rows, *ratios;
    put_text(o, "program", DMTL_VERSION);
    put_text(o, "commit", version_commit());
    put_text(o, "trunk", s->trunk);
    cJSON_AddNumberToObject(o, "px", s->px);
    cJSON_AddNumberToObject(o, "batch", s->batch);
    put_text(o, "precision", s->precision);
    put_text(o, "train_from", s->train_from);
    put_text(o, "device", s->device);
    cJSON_AddNumberToObject(o, "threads", s->threads);
    put_text(o, "libtorch", s->libtorch);
    put_text(o, "blas", s->blas);
    cJSON_AddNumberToObject(o, "steps", s->steps);
    cJSON_AddNumberToObject(o, "warm", s->warm);
    cJSON_AddNumberToObject(o, "rounds", s->rounds);
    rows = cJSON_AddArrayToObject(o, "rows");
    ratios = cJSON_AddArrayToObject(o, "ratios");
    for (size_t i = 0; i < s->n_rows; i++) {
        cJSON_AddItemToArray(rows, row_json(&s->rows[i]));
        if (base_of(s, i))
            cJSON_AddItemToArray(ratios, ratio_json(&s->rows[i], base_of(s, i)));
    }
    put_text(o, "race_skipped", s->skipped);
    put_text(o, "end_to_end_images", s->images);
    json_pretty(out, o);
    str_addc(out, '\n');
    cJSON_Delete(o);
}
