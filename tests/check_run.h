/* Runs the real program, as a user does: the dmtl beside this test program (make builds both). */
#ifndef CHECK_RUN_H
#define CHECK_RUN_H

#include <stdbool.h>
#include <sys/types.h>

struct ran {
    int code;        /* exit code, -1: ended by a signal */
    char *out, *err; /* all of stdout and stderr */
};

/* `command` is a shell line in which $DMTL is the program; it runs in the folder `dir`. */
struct ran run_shell(const char *dir, const char *command);
/* The same, with its exit code and what stands in its stdout and stderr; NULL: whatever. */
void expect_shell(
    const char *dir, const char *command, int code, const char *in_out, const char *in_err);

/* Starts the program of `command` in the background, in a process group of its own, so that what it starts is
 * signalled with it. Its output goes to out.txt and err.txt. */
pid_t start_group(const char *dir, const char *command);
void wait_ms(long ms);
double seconds_now(void); /* of the monotonic clock */

bool test_full(void);  /* DMTL_FULL=1: campaigns at their full length (`make test-kills`) */
char *dmtl_path(void); /* the caller frees */
void ran_free(struct ran *r);

#endif
