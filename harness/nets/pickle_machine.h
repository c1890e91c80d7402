/* The machine's inside, shared by its opcodes (pickle.c) and what they may call (pickle_calls.c). */
#ifndef NETS_PICKLE_MACHINE_H
#define NETS_PICKLE_MACHINE_H

#include "nets/pickle.h"

struct machine {
    struct pickle *p;
    const unsigned char *bytes;
    size_t at, size, start;
    size_t opcode_at;
    struct err *e;
};

/* Sets the error "at byte N of the pickle: what"; returns false. */
bool pickle_refuse(struct machine *m, const char *what);

/* Pushes a value and takes over its items, also where it fails; may move the values. */
bool pickle_push(struct machine *m, struct pickle_value value);
bool pickle_push_id(struct machine *m, pickle_id id); /* of a value that is there */
void pickle_append(struct pickle_value *list, pickle_id id);

/* The value `below` the top, which is no mark; NULL with the error set otherwise. */
struct pickle_value *pickle_peek(struct machine *m, size_t below);

/* Of the opcodes that would call: REDUCE and NEWOBJ (a global and the tuple of its arguments become
 * what the global makes), BINPERSID (a tuple becomes a storage). */
bool pickle_reduce(struct machine *m, int unused);
bool pickle_persistent(struct machine *m, int unused);

#endif
