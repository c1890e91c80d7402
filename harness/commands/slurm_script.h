/* The two scripts of `dmtl slurm`, as text: the array's tasks, each of which runs a part of a grid into a database of
 * its own, and the job that joins these databases when all tasks have ended. */
#ifndef COMMANDS_SLURM_SCRIPT_H
#define COMMANDS_SLURM_SCRIPT_H

#include "commands/grid_option.h"
#include "core/err.h"
#include "core/str.h"

struct slurm_job {
    const char *name;            /* the grid's */
    const char *program;         /* dmtl; this path and those below are absolute */
    const char *folder;          /* where relative paths in the grid file begin */
    const char *grid, *db, *out; /* the grid's file, the joined database, the folder for all else */
    struct option_texts cells;   /* words that choose cells: "--only=full" */
    struct option_texts run;     /* further words of dmtl run: "--threads=2" */
    int parts;                   /* that all the grid's cells are dealt out to */
    const char *array;           /* the parts that want a task: "1-4,7" */
    const char *known;           /* a database with results that tasks would repeat; "": none */
    int limit;                   /* tasks that run at a time; 0: no limit of ours */
    int cpus;
    long time_s;                                        /* 0: the partition's default */
    const char *mem, *gpus, *partition, *account, *qos; /* NULL: Slurm's default */
    struct option_texts task_options, join_options;     /* of sbatch, a line each, as they are */
};

/* Seconds of a time limit as Slurm writes it (a number alone is minutes; M:S, H:M:S, D-H, D-H:M, D-H:M:S) or a number
 * with s, m, h or d; ERR_USAGE where it is neither. */
bool slurm_time_parse(const char *text, long *seconds, struct err *e);

/* Whether lines for sbatch can hold these texts; ERR_USAGE names one that they cannot. */
bool slurm_job_check(const struct slurm_job *j, struct err *e);

void slurm_array_script(struct str *out, const struct slurm_job *j);
void slurm_join_script(struct str *out, const struct slurm_job *j);

#endif
