/* dmtl-torch: what needs tensors. `dmtl` executes it as git does its helpers; people rarely type it. */
#include "core/err.h"
#include "core/mem.h"
#include "core/version.h"
#include "torch/th.h"
#include "worker/bench.h"
#include "worker/work.h"

#include <stdio.h>
#include <string.h>

static const struct verb {
    const char *name, *help;
    bool (*run)(int argc, char **argv, struct err *e); /* argv[0] is the verb */
} verbs[] = {
    {"work", "run a grid's cells until none is left", worker_work},
    {"bench", "time a trunk's steps in training or inference", worker_bench},
};

static void usage(FILE *to) {
    fprintf(to, "usage: dmtl-torch VERB [OPTIONS]   (a helper of dmtl)\n");
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        fprintf(to, "  %-6s %s\n", verbs[i].name, verbs[i].help);
}

static bool run(int argc, char **argv, struct err *e) {
    for (size_t i = 0; argc > 1 && i < ARRAY_LEN(verbs); i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1, e);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("dmtl-torch %s, libtorch %s\n", DMTL_VERSION, th_version()) > 0;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return true;
    }
    usage(stderr);
    return err_usage(e, argc < 2 ? "a verb is missing" : "unknown verb: %s", argv[1]);
}

int main(int argc, char **argv) {
    struct err e = {0};
    if (run(argc, argv, &e))
        return 0;
    fprintf(stderr, "dmtl-torch: %s\n", e.msg);
    return e.kind == ERR_NO_SPACE ? WORKER_EXIT_NO_SPACE : err_exit_code(&e);
}
