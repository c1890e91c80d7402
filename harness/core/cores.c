#define _GNU_SOURCE /* sched_getaffinity */

#include "core/cores.h"

#include <sched.h>
#include <unistd.h>

int cores_usable(void) {
    cpu_set_t mine; /* of 1024: a larger machine's mask does not fit, and the call fails */
    if (sched_getaffinity(0, sizeof mine, &mine) == 0)
        return CPU_COUNT(&mine);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}
