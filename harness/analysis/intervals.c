#include "analysis/intervals.h"

#include "analysis/distributions.h"
#include "analysis/percentile.h"

#include <assert.h>
#include <math.h>

static const struct interval none = {NAN, NAN};

struct interval interval_wilson(double share, double n, double confidence) {
    if (!(n > 0) || isnan(share))
        return none;
    double z = normal_quantile(0.5 + confidence / 2), zz = z * z;
    double centre = (share + zz / (2 * n)) / (1 + zz / n);
    double half = z / (1 + zz / n) * sqrt(share * (1 - share) / n + zz / (4 * n * n));
    return (struct interval){
        share <= 0 ? 0 : fmax(0, centre - half), share >= 1 ? 1 : fmin(1, centre + half)};
}

struct interval interval_exact(double share, double n, double confidence) {
    if (!(n > 0) || isnan(share))
        return none;
    double tail = (1 - confidence) / 2, count = share * n, others = n - count;
    return (struct interval){count > 0 ? beta_quantile(tail, count, others + 1) : 0,
        others > 0 ? beta_quantile(1 - tail, count + 1, others) : 1};
}

struct interval interval_of_mean(
    const double *values, size_t n, double overlap, double confidence) {
    if (n < 2)
        return none;
    double mean = 0, squares = 0, count = (double)n;
    for (size_t i = 0; i < n; i++)
        mean += values[i] / count;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    double error = sqrt(squares / (count - 1) * (1 / count + overlap));
    double half = student_t_quantile(0.5 + confidence / 2, count - 1) * error;
    return (struct interval){mean - half, mean + half};
}

struct interval interval_percentile(
    const double *sorted, size_t n, double units, double confidence) {
    assert(n > 0);
    if (!(units >= 2))
        return none;
    double t = student_t_quantile(0.5 - confidence / 2, units - 1);
    double cut = normal_cdf(sqrt(units / (units - 1)) * t);
    return (struct interval){percentile(sorted, n, cut), percentile(sorted, n, 1 - cut)};
}
