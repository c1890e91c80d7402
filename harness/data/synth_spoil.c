#include "data/synth_spoil.h"

#include "core/mem.h"

#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979323846

/* ---- blur ---- */

/* One direction: `lines` lines of n pixels, `step` values from one pixel of a line to the next. */
static void blur_lines(uint8_t *rgb, int lines, size_t line_step, int n, size_t step,
    const float *weights, int reach, float *line) {
    for (int l = 0; l < lines; l++, rgb += line_step)
        for (int c = 0; c < 3; c++) {
            for (int i = 0; i < n; i++) {
                float sum = 0;
                for (int d = -reach; d <= reach; d++) {
                    int at = i + d < 0 ? 0 : i + d >= n ? n - 1 : i + d;
                    sum += weights[d + reach] * (float)rgb[(size_t)at * step + c];
                }
                line[i] = sum;
            }
            for (int i = 0; i < n; i++)
                rgb[(size_t)i * step + c] = (uint8_t)(line[i] + .5f);
        }
}

void spoil_blur(struct image *im, double sigma_px) {
    int reach = (int)ceil(3 * sigma_px), longest = im->width > im->height ? im->width : im->height;
    float *weights = xcalloc((size_t)2 * reach + 1, sizeof *weights),
          *line = xcalloc((size_t)longest, sizeof *line);
    double sum = 0;
    for (int d = -reach; d <= reach; d++)
        sum += exp(-d * d / (2 * sigma_px * sigma_px));
    for (int d = -reach; d <= reach; d++)
        weights[d + reach] = (float)(exp(-d * d / (2 * sigma_px * sigma_px)) / sum);
    size_t row = (size_t)3 * im->width;
    blur_lines(im->rgb, im->height, row, im->width, 3, weights, reach, line);
    blur_lines(im->rgb, im->width, 3, im->height, row, weights, reach, line);
    free(weights);
    free(line);
}

/* ---- occlusion ---- */

/* The share of a circle of radius 1 that lies above the height y, which runs from -1 at its top to 1. */
static double share_above(double y) {
    return .5 + (y * sqrt(1 - y * y) + asin(y)) / PI;
}

static double height_at(double share) {
    double low = -1, high = 1;
    for (int i = 0; i < 50; i++) {
        double middle = (low + high) / 2;
        if (share_above(middle) < share)
            low = middle;
        else
            high = middle;
    }
    return high;
}

void spoil_cover(struct image *im, const struct face_place *p, double share, struct rng *r) {
    double begin = rng_uniform(r) * (1 - share);
    double top = height_at(begin), bottom = height_at(begin + share);
    double cosine = cos(p->turn), sine = sin(p->turn);
    uint8_t tone = (uint8_t)(40 + rng_below(r, 120));
    for (int j = 0; j < im->height; j++)
        for (int i = 0; i < im->width; i++) {
            double dx = i + .5 - p->x, dy = j + .5 - p->y;
            double u = (dx * cosine + dy * sine) / p->half_width,
                   v = (dy * cosine - dx * sine) / p->half_height;
            if (u < -1.2 || u > 1.2 || v < top || v > bottom)
                continue;
            uint8_t *to = im->rgb + 3 * ((size_t)j * im->width + i);
            to[0] = to[1] = to[2] = tone;
        }
}
