/* Runs the real program, as a user does: the dmtl beside this test program (make builds both). */
#ifndef CHECK_RUN_H
#define CHECK_RUN_H

struct ran {
    int code;        /* exit code, -1: ended by a signal */
    char *out, *err; /* all of stdout and stderr */
};

/* `command` is a shell line in which $DMTL is the program; it runs in the folder `dir`. */
struct ran run_shell(const char *dir, const char *command);
char *dmtl_path(void); /* the caller frees */
void ran_free(struct ran *r);

#endif
