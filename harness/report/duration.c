#include "report/duration.h"

#include <math.h>

void duration_add(struct str *out, double seconds) {
    long s = lround(fmax(seconds, 0));
    if (seconds < 9.95)
        str_addf(out, "%.1f s", fmax(seconds, 0));
    else if (s < 60)
        str_addf(out, "%ld s", s);
    else if (s < 3600)
        str_addf(out, "%ld min %02ld s", s / 60, s % 60);
    else if (s < 24 * 3600L)
        str_addf(out, "%ld h %02ld min", s / 3600, s / 60 % 60);
    else
        str_addf(out, "%ld d %02ld h", s / (24 * 3600L), s / 3600 % 24);
}
