#include "commands/time_limit.h"

#include "core/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MARGIN_SHARE 0.1
#define MARGIN_MAX_S 60.0

/* Digits, moving *text past them; -1 where there are none or more than nine. */
static double read_digits(const char **text) {
    size_t n = strspn(*text, "0123456789");
    double value = n >= 1 && n <= 9 ? atof(*text) : -1;
    *text += n;
    return value;
}

/* "90", "1.5h". */
static bool read_unit(const char *text, double *seconds) {
    static const struct {
        const char *unit;
        double s;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    size_t n = strspn(text, "0123456789.");
    const char *point = strchr(text, '.');
    if (n == 0 || n > 12 || (point && (point == text || strchr(point + 1, '.'))))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(text + n, units[i].unit) == 0) {
            *seconds = atof(text) * units[i].s;
            return true;
        }
    return false;
}

/* As Slurm reads them: 3:20 is minutes and seconds, 1:00:00 hours first, and behind days hours come first too. */
static bool read_clock(const char *text, double *seconds) {
    double days = -1, part[3] = {0};
    int n = 0;
    if (strchr(text, '-')) {
        days = read_digits(&text);
        if (days < 0 || *text++ != '-')
            return false;
    }
    while (n < 3) {
        part[n] = read_digits(&text);
        if (part[n] < 0)
            return false;
        n++;
        if (*text != ':' || n == 3)
            break;
        text++;
    }
    if (*text || (n < 2 && days < 0))
        return false;
    bool hours_first = n == 3 || days >= 0;
    *seconds = fmax(days, 0) * 86400 +
               (hours_first ? part[0] * 3600 + part[1] * 60 + part[2] : part[0] * 60 + part[1]);
    return true;
}

bool time_limit_parse(const char *text, double *seconds, struct err *e) {
    if ((read_unit(text, seconds) || read_clock(text, seconds)) && *seconds > 0)
        return true;
    char *shown = str_quoted(text);
    err_usage(e, "--time-limit: %.200s: expected a span such as 90m, 12h or 1-12:00:00", shown);
    free(shown);
    return false;
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Infinite where there is no such job, or it says no number. */
static double slurm_seconds(void) {
    const char *end = getenv("SLURM_JOB_END_TIME");
    if (!end || strspn(end, "0123456789") != strlen(end) || !*end)
        return INFINITY;
    return atof(end) - (double)time(NULL);
}

void time_limit_start(struct time_limit *t, double seconds) {
    double left = fmin(seconds > 0 ? seconds : INFINITY, slurm_seconds());
    t->stop_at_s = now_s() + left - fmin(MARGIN_SHARE * fmax(left, 0), MARGIN_MAX_S);
    if (isinf(left))
        t->stop_at_s = INFINITY;
}

bool time_limit_near(const struct time_limit *t) {
    return isfinite(t->stop_at_s) && now_s() >= t->stop_at_s;
}
