#include "report/measure_text.h"

#include <math.h>

void add_measure(struct str *out, bool share, double x, const char *none) {
    if (isnan(x))
        str_add(out, none);
    else
        str_addf(out, share ? "%.2f" : "%.3f", share ? 100 * x : x);
}

void add_chance(struct str *out, double p) {
    if (isnan(p))
        str_add(out, "–");
    else
        str_addf(out, p < 0.001 ? "%.1g" : "%.3f", p);
}
