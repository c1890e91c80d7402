/* Hands scripts to Slurm's sbatch, which is started as it is, by no shell. */
#ifndef COMMANDS_SLURM_SUBMIT_H
#define COMMANDS_SLURM_SUBMIT_H

#include "core/err.h"

/* Submits `script` behind the job `after` (whatever becomes of it; NULL: at once). The job's number, with ";CLUSTER"
 * behind it where Slurm names one; the caller frees. NULL on failure: what sbatch says of it goes to stderr. */
char *slurm_submit(const char *script, const char *after, struct err *e);

#endif
