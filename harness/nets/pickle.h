/* A pickle machine that knows only tensors: protocol 2's opcodes as far as a dictionary of tensors needs
 * them. It makes values, never calls: a global is a name, and only the few named in pickle_calls.c
 * may be "called", each by making a value of ours. No recursion; memory grows with the bytes read.
 */
#ifndef NETS_PICKLE_H
#define NETS_PICKLE_H

#include "core/err.h"
#include "nets/tensor_file.h"

#include <stddef.h>
#include <stdint.h>

enum pickle_kind {
    PICKLE_NONE,
    PICKLE_INT,  /* number; booleans too */
    PICKLE_LONG, /* text: little-endian bytes of a number over 64 bits, or its magic */
    PICKLE_FLOAT,
    PICKLE_TEXT,   /* text, length: in the file; may hold NULs */
    PICKLE_GLOBAL, /* text, length: "module name", as a line break between them */
    PICKLE_LIST,   /* items: tuples too */
    PICKLE_DICT,   /* items: key, value, key, value ... */
    PICKLE_MARK,
    PICKLE_STORAGE, /* type, text: its key, number: elements */
    PICKLE_OTHER,   /* an object that may stand beside tensors; nothing of it is kept */
    PICKLE_TENSOR, /* items[0]: storage, number: offset, then sizes (items[1], a list) and strides */
};

typedef uint32_t pickle_id; /* of a value in the machine */

struct pickle_value {
    enum pickle_kind kind;
    enum tensor_type type;
    int64_t number;
    const char *text;
    size_t length;
    pickle_id *items;
    size_t n, capacity;
};

struct pickle {
    struct pickle_value *values;
    size_t n, capacity;
    pickle_id *stack, *memo;
    size_t depth, stack_capacity, memo_n;
};

/* Runs one pickle from bytes[*at] to its STOP; *at moves behind it and *top is its value. Values of
 * earlier pickles stay. Errors (ERR_USAGE) name the place and the opcode or the global. */
bool pickle_run(struct pickle *p, const unsigned char *bytes, size_t size, size_t *at,
    pickle_id *top, struct err *e);
void pickle_free(struct pickle *p);

#endif
