/* Runs every suite, cheap ones first, or those that are named. CK_FORK=no for gdb and valgrind. */
#include "check_suites.h"

#include "commands/command.h"
#include "core/mem.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct command commands[] = {{NULL, NULL, NULL}}; /* main.c has the program's */

static const struct {
    const char *name;
    Suite *(*suite)(void);
} suites[] = {
#define SUITE(name) {#name, name##_suite},
#include "suites.inc"
#undef SUITE
};

static bool add_named(SRunner *runner, const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(suites); i++)
        if (strcmp(suites[i].name, name) == 0) {
            srunner_add_suite(runner, suites[i].suite());
            return true;
        }
    fprintf(stderr, "%s: there is no such suite: tests/suites.inc has their names\n", name);
    return false;
}

/* Without libtorch's destructors, which take a tenth of a second in the process of each test. */
static void leave(int status, void *unused) {
    (void)unused;
    fflush(NULL);
    _exit(status);
}

int main(int argc, char **argv) {
    setenv("CK_DEFAULT_TIMEOUT", "60", 0); /* seconds a test: machines are shared */
    on_exit(leave, NULL);
    SRunner *runner = srunner_create(NULL);
    bool known = true;
    for (size_t i = 0; argc == 1 && i < ARRAY_LEN(suites); i++)
        srunner_add_suite(runner, suites[i].suite());
    for (int i = 1; i < argc; i++)
        known = add_named(runner, argv[i]) && known;
    if (known)
        srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return known && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
