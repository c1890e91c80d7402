#include "worker/bench.h"

#include "core/interrupt.h"
#include "core/json.h"
#include "core/mem.h"
#include "grid/keys.h"
#include "model/network.h"
#include "worker/bench_steps.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct bench_options {
    const char *mode;   /* train or infer */
    const char *config; /* JSON, as a grid's base */
    const char *device;
    int threads; /* 0: all cores */
    int warm, steps;
};

static bool take_number(const char *name, const char *text, int least, int *value, struct err *e) {
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end || n < least || n > 1000000)
        return err_usage(
            e, "bench: --%s: %s: expected a number from %d to 1000000", name, text, least);
    *value = (int)n;
    return true;
}

static bool parse(struct bench_options *o, int argc, char **argv, struct err *e) {
    static const struct option longs[] = {{"mode", 1, NULL, 'm'}, {"config", 1, NULL, 'c'},
        {"device", 1, NULL, 'd'}, {"threads", 1, NULL, 'n'}, {"warm", 1, NULL, 'w'},
        {"steps", 1, NULL, 's'}, {NULL, 0, NULL, 0}};
    *o = (struct bench_options){.device = "cpu", .steps = 20};
    bool ok = true;
    int c;
    optind = 1;
    while (ok && (c = getopt_long(argc, argv, "", longs, NULL)) != -1)
        switch (c) {
        case 'm':
            o->mode = optarg;
            break;
        case 'c':
            o->config = optarg;
            break;
        case 'd':
            o->device = optarg;
            break;
        case 'n':
            ok = take_number("threads", optarg, 0, &o->threads, e);
            break;
        case 'w':
            ok = take_number("warm", optarg, 0, &o->warm, e);
            break;
        case 's':
            ok = take_number("steps", optarg, 1, &o->steps, e);
            break;
        default:
            ok = err_usage(e, "bench: wrong option");
        }
    if (!ok)
        return false;
    if (!o->mode || (strcmp(o->mode, "train") && strcmp(o->mode, "infer")) || !o->config)
        return err_usage(e, "bench: expected --mode=train or --mode=infer, and --config");
    return true;
}

static bool print(const struct bench_options *o, const struct bench *b, struct th_device device,
    const double *seconds, struct err *e) {
    struct str out = {0};
    struct rusage used = {0};
    char name[128];
    int64_t on_device = th_device_peak_bytes(device);
    getrusage(RUSAGE_SELF, &used);
    th_device_name(device, name);
    str_addf(&out, "{\"threads\": %d, \"libtorch\": ", th_threads());
    json_add_string(&out, th_version());
    str_add(&out, ", \"blas\": ");
    json_add_string(&out, th_blas());
    str_add(&out, ", \"device\": ");
    json_add_string(&out, name);
    str_add(&out, ", \"seconds\": [");
    for (int i = 0; i < o->steps; i++) {
        str_add(&out, i ? ", " : "");
        json_add_number(&out, seconds[i]);
    }
    str_addf(&out, "], \"learned\": %lld, \"peak_rss_bytes\": %lld, \"peak_device_bytes\": ",
        (long long)bench_learned(b), (long long)used.ru_maxrss * 1024);
    if (on_device)
        str_addf(&out, "%lld}\n", (long long)on_device);
    else
        str_add(&out, "null}\n");
    bool ok = fputs(out.text, stdout) >= 0 && fflush(stdout) == 0;
    str_free(&out);
    return ok || err_sys(e, errno, "bench: standard output cannot be written");
}

bool worker_bench(int argc, char **argv, struct err *e) {
    struct bench_options o;
    struct config c = {0};
    struct th_device device;
    struct bench *b = NULL;
    double *seconds = NULL;
    interrupt_catch();
    if (!parse(&o, argc, argv, e))
        return false;
    bool ok = config_parse_text(&c, o.config, "--config", e) && th_setup(o.threads, true, e) &&
              th_device_parse(o.device, &device, e) &&
              th_precision_there(network_precision(&c, device), device, e) &&
              (b = bench_open(&c, device, e));
    if (ok) {
        seconds = xmalloc((size_t)o.steps * sizeof *seconds);
        ok = bench_measure(b, strcmp(o.mode, "train") == 0, o.warm, o.steps, seconds, e) &&
             print(&o, b, device, seconds, e);
    }
    bench_close(b);
    free(seconds);
    config_free(&c);
    return ok;
}
