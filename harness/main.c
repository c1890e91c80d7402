/* dmtl: the table of verbs, and the one place where an error becomes a message and an exit code. */
#include "commands/command.h"

#include "core/mem.h"
#include "core/str.h"
#include "core/version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

const struct command commands[] = {
    {"plan", "show a grid's cells, what each changes and how far it is", command_plan},
    {"run", "run the cells of a grid that are not done", command_run},
    {"slurm", "write or submit a grid as a job array for Slurm", command_slurm},
    {"status", "how far a grid is, what fails, how long it takes yet", command_status},
    {"report", "print a grid's tables", command_report},
    {"plot", "draw a figure of a grid", command_plot},
    {"audit", "how errors differ between groups of age, gender and race", command_audit},
    {"compare", "whether systems differ by more than chance, on the samples they share",
        command_compare},
    {"import", "another system's predictions, from CSV, into the store", command_import},
    {"export", "a grid's predictions as CSV", command_export},
    {"pack", "a trained network as one file", command_pack},
    {"predict", "what a packed network says about images", command_predict},
    {"verify", "run stored cells again: does the same come out?", command_verify},
    {"merge", "join results databases, such as the shards of a job array", command_merge},
    {"bench", "how fast a trunk trains and infers here, also against PyTorch", command_bench},
    {"data", "what an image set holds, a drawn set, the pixel cache", command_data},
    {"manual", "write the manual pages, a page a verb and one on grid files", command_manual},
    {"completion", "print what makes bash or zsh complete dmtl's words", command_completion},
    {NULL, NULL, NULL},
};

static void print_help(void) {
    printf(
        "Usage: dmtl VERB [OPTION...]\n\n"
        "Runs grids of face-attribute experiments into a results database, and turns it into tables\n"
        "and figures.\n\n");
    for (const struct command *c = commands; c->name; c++)
        printf("  %-10s %s\n", c->name, c->help);
    printf(
        "\n`dmtl VERB --help` says more; `dmtl --version` prints the version. Exit: 0 done, 1 failed,\n"
        "2 wrong usage or a wrong file, 75 interrupted: the same command goes on.\n");
}

static bool run(int argc, char **argv, struct err *e) {
    const char *verb = argc > 1 ? argv[1] : "--help";
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0) {
        print_help();
        return true;
    }
    if (strcmp(verb, "--version") == 0) {
        printf("dmtl %s (commit %.12s%s)\n", DMTL_VERSION, version_commit(),
            version_dirty() ? ", with changes" : "");
        return true;
    }
    for (const struct command *c = commands; c->name; c++)
        if (strcmp(c->name, verb) == 0)
            return c->run(argc - 1, argv + 1, e);
    const char *near = str_nearest(verb, commands, ARRAY_LEN(commands) - 1, sizeof commands[0]);
    return err_usage(e, "%.200s: unknown %s%s%s%s (`dmtl --help` lists the verbs)", verb,
        *verb == '-' ? "option" : "verb", near ? "; did you mean " : "", near ? near : "",
        near ? "?" : "");
}

/* Results that did not reach a full disk or a closed pipe are a failure like any other. */
static void finish_output(struct err *e) {
    if (fflush(stdout) != 0 || ferror(stdout))
        err_sys(e, errno, "the output cannot be written");
}

int main(int argc, char **argv) {
    struct err e = {0};
    signal(
        SIGXFSZ, SIG_IGN); /* a limit on the size of files is an error with a remedy, not the end */
    run(argc, argv, &e);
    finish_output(&e);
    err_print(&e, "dmtl");
    return err_exit_code(&e);
}
