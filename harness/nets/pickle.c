#include "nets/pickle_machine.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* Some tens of times what a training script's checkpoint has; each takes some tens of bytes. */
#define MAX_VALUES ((size_t)1 << 19)

bool pickle_refuse(struct machine *m, const char *what) {
    return err_usage(m->e, "at byte %zu of the pickle: %s", m->opcode_at, what);
}

/* ---- values, stack, memo ---- */

bool pickle_push_id(struct machine *m, pickle_id id) {
    struct pickle *p = m->p;
    p->stack = xgrow(p->stack, &p->stack_capacity, p->depth + 1, sizeof *p->stack);
    p->stack[p->depth++] = id;
    return true;
}

bool pickle_push(struct machine *m, struct pickle_value value) {
    struct pickle *p = m->p;
    if (p->n == MAX_VALUES) {
        free(value.items);
        return pickle_refuse(m, "makes more values than a file of tensors has");
    }
    p->values = xgrow(p->values, &p->capacity, p->n + 1, sizeof *p->values);
    p->values[p->n] = value;
    return pickle_push_id(m, (pickle_id)p->n++);
}

static struct pickle_value *value_of(struct machine *m, pickle_id id) {
    return &m->p->values[id];
}

struct pickle_value *pickle_peek(struct machine *m, size_t below) {
    if (m->p->depth <= below) {
        pickle_refuse(m, "takes more from the stack than there is");
        return NULL;
    }
    struct pickle_value *v = value_of(m, m->p->stack[m->p->depth - 1 - below]);
    if (v->kind != PICKLE_MARK)
        return v;
    pickle_refuse(m, "finds a mark where a value should be");
    return NULL;
}

void pickle_append(struct pickle_value *list, pickle_id id) {
    list->items = xgrow(list->items, &list->capacity, list->n + 1, sizeof *list->items);
    list->items[list->n++] = id;
}

/* How many values stand above the last mark. */
static bool above_mark(struct machine *m, size_t *n) {
    struct pickle *p = m->p;
    for (*n = 0; *n < p->depth; ++*n)
        if (value_of(m, p->stack[p->depth - 1 - *n])->kind == PICKLE_MARK)
            return true;
    return pickle_refuse(m, "needs a mark and finds none");
}

/* The top n values become one list (a tuple). */
static bool collect_top(struct machine *m, size_t n) {
    struct pickle_value tuple = {.kind = PICKLE_LIST};
    for (size_t i = n; i > 0; i--) {
        if (!pickle_peek(m, i - 1)) {
            free(tuple.items);
            return false;
        }
        pickle_append(&tuple, m->p->stack[m->p->depth - i]);
    }
    m->p->depth -= n;
    return pickle_push(m, tuple);
}

/* The top n values go into the container below them (and below the mark, if there is one). */
static bool put_into(struct machine *m, enum pickle_kind kind, size_t n, bool mark) {
    struct pickle *p = m->p;
    if (kind == PICKLE_DICT && n % 2)
        return pickle_refuse(m, "gives a dictionary a key without a value");
    struct pickle_value *into =
        p->depth > n + mark ? value_of(m, p->stack[p->depth - 1 - n - mark]) : NULL;
    if (!into || into->kind != kind)
        return pickle_refuse(m, kind == PICKLE_DICT ? "sets an item of what is no dictionary"
                                                    : "appends to what is no list");
    for (size_t i = 0; i < n; i++)
        if (!pickle_peek(m, i))
            return false;
    for (size_t i = n; i > 0; i--)
        pickle_append(into, p->stack[p->depth - i]);
    p->depth -= n + mark;
    return true;
}

/* Picklers number what they memoise from 0, so a number is below the count of bytes before it: the
 * memo grows with what was read, whatever a file says. */
static bool memoise(struct machine *m, uint64_t index) {
    struct pickle *p = m->p;
    if (index >= m->at - m->start)
        return pickle_refuse(m, "memoises under a number that no pickler would have come to");
    if (!pickle_peek(m, 0))
        return false;
    if (index >= p->memo_n) {
        size_t n = index < 1024 ? 1024 : 2 * (size_t)index;
        p->memo = xrealloc(p->memo, n, sizeof *p->memo);
        for (size_t i = p->memo_n; i < n; i++)
            p->memo[i] = UINT32_MAX;
        p->memo_n = n;
    }
    p->memo[index] = p->stack[p->depth - 1];
    return true;
}

static bool recall(struct machine *m, uint64_t index) {
    if (index >= m->p->memo_n || m->p->memo[index] == UINT32_MAX)
        return pickle_refuse(m, "asks for a value that was never memoised");
    return pickle_push_id(m, m->p->memo[index]);
}

/* ---- operands ---- */

static bool take(struct machine *m, size_t n, const unsigned char **bytes) {
    if (m->size - m->at < n)
        return pickle_refuse(m, "ends before its operand does; the file is cut short");
    *bytes = m->bytes + m->at;
    m->at += n;
    return true;
}

static bool take_number(struct machine *m, int n, uint64_t *number) {
    const unsigned char *b = m->bytes;
    *number = 0;
    if (!take(m, (size_t)n, &b))
        return false;
    for (int i = n; i > 0; i--)
        *number = *number << 8 | b[i - 1];
    return true;
}

/* ---- opcodes: each takes its row's number ---- */

static bool check_protocol(struct machine *m, int bytes) {
    uint64_t protocol;
    if (!take_number(m, bytes, &protocol))
        return false;
    return protocol == 2 ||
           pickle_refuse(m, "is of another protocol than 2, torch.save's own; save it with "
                            "pickle_protocol=2");
}

static bool push_empty(struct machine *m, int kind) {
    return pickle_push(m, (struct pickle_value){.kind = (enum pickle_kind)kind});
}

static bool push_truth(struct machine *m, int truth) {
    return pickle_push(m, (struct pickle_value){.kind = PICKLE_INT, .number = truth});
}

static bool push_integer(struct machine *m, int bytes) {
    uint64_t number;
    if (!take_number(m, bytes, &number))
        return false;
    int64_t value = bytes == 4 ? (int32_t)(uint32_t)number : (int64_t)number;
    return pickle_push(m, (struct pickle_value){.kind = PICKLE_INT, .number = value});
}

/* A number of up to 255 bytes: as an integer where it fits. */
static bool push_long(struct machine *m, int bytes) {
    uint64_t n, number = 0;
    const unsigned char *b = m->bytes;
    if (!take_number(m, bytes, &n) || !take(m, n, &b))
        return false;
    if (n > 8)
        return pickle_push(
            m, (struct pickle_value){.kind = PICKLE_LONG, .text = (const char *)b, .length = n});
    for (size_t i = n; i > 0; i--)
        number = number << 8 | b[i - 1];
    if (n > 0 && n < 8 && b[n - 1] & 0x80)
        number |= ~UINT64_C(0) << (8 * n);
    return pickle_push(m, (struct pickle_value){.kind = PICKLE_INT, .number = (int64_t)number});
}

static bool push_float(struct machine *m, int bytes) {
    const unsigned char *ignored;
    return take(m, (size_t)bytes, &ignored) && push_empty(m, PICKLE_FLOAT);
}

static bool push_text(struct machine *m, int bytes) {
    uint64_t n;
    const unsigned char *b = m->bytes;
    if (!take_number(m, bytes, &n) || !take(m, n, &b))
        return false;
    return pickle_push(
        m, (struct pickle_value){.kind = PICKLE_TEXT, .text = (const char *)b, .length = n});
}

static bool push_global(struct machine *m, int lines) { /* module and name */
    const unsigned char *from = m->bytes + m->at, *line = from, *end = from;
    for (int i = 0; i < lines; i++) {
        end = memchr(line, '\n', m->size - (size_t)(line - m->bytes));
        if (!end)
            return pickle_refuse(m, "ends inside a name; the file is cut short");
        line = end + 1;
    }
    m->at = (size_t)(line - m->bytes);
    return pickle_push(
        m, (struct pickle_value){
               .kind = PICKLE_GLOBAL, .text = (const char *)from, .length = (size_t)(end - from)});
}

static bool memo_put(struct machine *m, int bytes) {
    uint64_t index;
    return take_number(m, bytes, &index) && memoise(m, index);
}

static bool memo_get(struct machine *m, int bytes) {
    uint64_t index;
    return take_number(m, bytes, &index) && recall(m, index);
}

static bool collect(struct machine *m, int n) {
    return collect_top(m, (size_t)n);
}

static bool collect_to_mark(struct machine *m, int unused) {
    (void)unused;
    size_t n;
    if (!above_mark(m, &n) || !collect_top(m, n))
        return false;
    m->p->stack[m->p->depth - 2] = m->p->stack[m->p->depth - 1]; /* over the mark */
    m->p->depth--;
    return true;
}

static bool put_one(struct machine *m, int kind) {
    return put_into(m, (enum pickle_kind)kind, kind == PICKLE_DICT ? 2 : 1, false);
}

static bool put_to_mark(struct machine *m, int kind) {
    size_t n;
    return above_mark(m, &n) && put_into(m, (enum pickle_kind)kind, n, true);
}

/* Attributes of an object (a state dictionary carries versions of its modules): not wanted. */
static bool drop_state(struct machine *m, int unused) {
    (void)unused;
    if (!pickle_peek(m, 0) || !pickle_peek(m, 1))
        return false;
    m->p->depth--;
    return true;
}

/* Named as in Python's pickletools; STOP ('.') ends pickle_run. */
static const struct {
    bool (*run)(struct machine *m, int n);
    int n;
} opcodes[256] = {
    [0x80] = {check_protocol, 1},       /* PROTO */
    ['('] = {push_empty, PICKLE_MARK},  /* MARK */
    ['}'] = {push_empty, PICKLE_DICT},  /* EMPTY_DICT */
    [']'] = {push_empty, PICKLE_LIST},  /* EMPTY_LIST */
    [')'] = {push_empty, PICKLE_LIST},  /* EMPTY_TUPLE */
    ['N'] = {push_empty, PICKLE_NONE},  /* NONE */
    [0x88] = {push_truth, 1},           /* NEWTRUE */
    [0x89] = {push_truth, 0},           /* NEWFALSE */
    ['K'] = {push_integer, 1},          /* BININT1 */
    ['M'] = {push_integer, 2},          /* BININT2 */
    ['J'] = {push_integer, 4},          /* BININT */
    [0x8a] = {push_long, 1},            /* LONG1 */
    ['G'] = {push_float, 8},            /* BINFLOAT */
    ['X'] = {push_text, 4},             /* BINUNICODE */
    ['c'] = {push_global, 2},           /* GLOBAL */
    ['q'] = {memo_put, 1},              /* BINPUT */
    ['r'] = {memo_put, 4},              /* LONG_BINPUT */
    ['h'] = {memo_get, 1},              /* BINGET */
    ['j'] = {memo_get, 4},              /* LONG_BINGET */
    [0x85] = {collect, 1},              /* TUPLE1 */
    [0x86] = {collect, 2},              /* TUPLE2 */
    [0x87] = {collect, 3},              /* TUPLE3 */
    ['t'] = {collect_to_mark, 0},       /* TUPLE */
    ['a'] = {put_one, PICKLE_LIST},     /* APPEND */
    ['e'] = {put_to_mark, PICKLE_LIST}, /* APPENDS */
    ['s'] = {put_one, PICKLE_DICT},     /* SETITEM */
    ['u'] = {put_to_mark, PICKLE_DICT}, /* SETITEMS */
    ['R'] = {pickle_reduce, 0},         /* REDUCE */
    [0x81] = {pickle_reduce, 0},        /* NEWOBJ */
    ['Q'] = {pickle_persistent, 0},     /* BINPERSID */
    ['b'] = {drop_state, 0},            /* BUILD */
};

bool pickle_run(struct pickle *p, const unsigned char *bytes, size_t size, size_t *at,
    pickle_id *top, struct err *e) {
    struct machine m = {.p = p, .bytes = bytes, .at = *at, .size = size, .start = *at, .e = e};
    p->depth = 0;
    for (size_t i = 0; i < p->memo_n; i++)
        p->memo[i] = UINT32_MAX;
    for (;;) {
        m.opcode_at = m.at;
        if (m.at == size)
            return pickle_refuse(&m, "it has no end; the file is cut short");
        unsigned char opcode = bytes[m.at++];
        if (opcode == '.')
            break;
        if (!opcodes[opcode].run)
            return err_usage(e,
                "at byte %zu of the pickle: opcode 0x%02x is none that tensors need; "
                "the file is not read",
                m.opcode_at, opcode);
        if (!opcodes[opcode].run(&m, opcodes[opcode].n))
            return false;
    }
    if (!pickle_peek(&m, 0))
        return false;
    *top = p->stack[p->depth - 1];
    *at = m.at;
    return true;
}

void pickle_free(struct pickle *p) {
    for (size_t i = 0; i < p->n; i++)
        free(p->values[i].items);
    free(p->values);
    free(p->stack);
    free(p->memo);
    *p = (struct pickle){0};
}
