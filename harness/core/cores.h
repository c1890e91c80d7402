/* How many processors there are for us. */
#ifndef CORE_CORES_H
#define CORE_CORES_H

/* Those that this process may run on, at least 1: a batch system or taskset may leave it a part of the
 * machine's. */
int cores_usable(void);

#endif
