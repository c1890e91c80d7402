/* Runs every suite, cheap ones first. CK_RUN_SUITE=name runs one; CK_FORK=no for gdb and valgrind. */
#include "check_suites.h"

#include "commands/command.h"

#include <stdlib.h>

const struct command commands[] = {{NULL, NULL, NULL}}; /* main.c has the program's */

int main(void) {
    setenv("CK_DEFAULT_TIMEOUT", "60", 0); /* seconds a test: machines are shared */
    static Suite *(*const suites[])(void) = {
#define SUITE(name) name##_suite,
#include "suites.inc"
#undef SUITE
    };
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
