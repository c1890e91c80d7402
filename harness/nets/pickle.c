#include "nets/pickle.h"

#include "core/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VALUES ((size_t)1 << 22)

struct machine {
    struct pickle *p;
    const unsigned char *bytes;
    size_t at, size, start;
    size_t opcode_at;
    struct err *e;
};

static bool refuse(struct machine *m, const char *what) {
    return err_usage(m->e, "at byte %zu of the pickle: %s", m->opcode_at, what);
}

/* ---- values, stack, memo ---- */

static bool push_id(struct machine *m, pickle_id id) {
    struct pickle *p = m->p;
    p->stack = xgrow(p->stack, &p->stack_capacity, p->depth + 1, sizeof *p->stack);
    p->stack[p->depth++] = id;
    return true;
}

static bool push(struct machine *m, struct pickle_value value) {
    struct pickle *p = m->p;
    if (p->n == MAX_VALUES)
        return refuse(m, "more values than a file of tensors has");
    p->values = xgrow(p->values, &p->capacity, p->n + 1, sizeof *p->values);
    p->values[p->n] = value;
    return push_id(m, (pickle_id)p->n++);
}

static struct pickle_value *value_of(struct machine *m, pickle_id id) {
    return &m->p->values[id];
}

/* The value `below` the top, which is no mark; NULL with the error set otherwise. */
static struct pickle_value *peek(struct machine *m, size_t below) {
    if (m->p->depth <= below) {
        refuse(m, "takes more from the stack than there is");
        return NULL;
    }
    struct pickle_value *v = value_of(m, m->p->stack[m->p->depth - 1 - below]);
    if (v->kind != PICKLE_MARK)
        return v;
    refuse(m, "finds a mark where a value should be");
    return NULL;
}

static void append(struct pickle_value *list, pickle_id id) {
    list->items = xgrow(list->items, &list->capacity, list->n + 1, sizeof *list->items);
    list->items[list->n++] = id;
}

/* How many values stand above the last mark. */
static bool above_mark(struct machine *m, size_t *n) {
    struct pickle *p = m->p;
    for (*n = 0; *n < p->depth; ++*n)
        if (value_of(m, p->stack[p->depth - 1 - *n])->kind == PICKLE_MARK)
            return true;
    return refuse(m, "needs a mark and finds none");
}

/* The top n values become one list (a tuple). */
static bool collect(struct machine *m, size_t n) {
    struct pickle_value tuple = {.kind = PICKLE_LIST};
    for (size_t i = n; i > 0; i--) {
        if (!peek(m, i - 1)) {
            free(tuple.items);
            return false;
        }
        append(&tuple, m->p->stack[m->p->depth - i]);
    }
    m->p->depth -= n;
    if (push(m, tuple))
        return true;
    free(tuple.items);
    return false;
}

static bool collect_to_mark(struct machine *m) {
    size_t n;
    if (!above_mark(m, &n) || !collect(m, n))
        return false;
    m->p->stack[m->p->depth - 2] = m->p->stack[m->p->depth - 1]; /* over the mark */
    m->p->depth--;
    return true;
}

/* The top n values go into the container below them (and below the mark, if there is one). */
static bool put_into(struct machine *m, enum pickle_kind kind, size_t n, bool mark) {
    struct pickle *p = m->p;
    if (kind == PICKLE_DICT && n % 2)
        return refuse(m, "gives a dictionary a key without a value");
    struct pickle_value *into =
        p->depth > n + mark ? value_of(m, p->stack[p->depth - 1 - n - mark]) : NULL;
    if (!into || into->kind != kind)
        return refuse(m, kind == PICKLE_DICT ? "sets an item of what is no dictionary"
                                             : "appends to what is no list");
    for (size_t i = 0; i < n; i++)
        if (!peek(m, i))
            return false;
    for (size_t i = n; i > 0; i--)
        append(into, p->stack[p->depth - i]);
    p->depth -= n + mark;
    return true;
}

static bool put_to_mark(struct machine *m, enum pickle_kind kind) {
    size_t n;
    return above_mark(m, &n) && put_into(m, kind, n, true);
}

/* Picklers number what they memoise from 0, so a number is below the count of bytes before it: the
 * memo grows with what was read, whatever a file says. */
static bool memo_put(struct machine *m, uint64_t index) {
    struct pickle *p = m->p;
    if (index >= m->at - m->start)
        return refuse(m, "memoises under a number that no pickler would have come to");
    if (!peek(m, 0))
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

static bool memo_get(struct machine *m, uint64_t index) {
    if (index >= m->p->memo_n || m->p->memo[index] == UINT32_MAX)
        return refuse(m, "asks for a value that was never memoised");
    return push_id(m, m->p->memo[index]);
}

/* ---- what may be "called" ---- */

static bool is_text(const struct pickle_value *v, const char *text) {
    return v->length == strlen(text) && memcmp(v->text, text, v->length) == 0;
}

/* The list's item number i, NULL where it is not of this kind. */
static struct pickle_value *item(
    struct machine *m, const struct pickle_value *list, size_t i, enum pickle_kind kind) {
    struct pickle_value *v = i < list->n ? value_of(m, list->items[i]) : NULL;
    return v && v->kind == kind ? v : NULL;
}

static bool make_tensor(struct machine *m, const struct pickle_value *arguments) {
    struct pickle_value *offset;
    if (!item(m, arguments, 0, PICKLE_STORAGE) || !(offset = item(m, arguments, 1, PICKLE_INT)) ||
        !item(m, arguments, 2, PICKLE_LIST) || !item(m, arguments, 3, PICKLE_LIST))
        return refuse(
            m, "makes a tensor of something else than storage, offset, sizes and strides");
    struct pickle_value tensor = {.kind = PICKLE_TENSOR, .number = offset->number};
    pickle_id parts[] = {arguments->items[0], arguments->items[2], arguments->items[3]};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        append(&tensor, parts[i]);
    if (push(m, tensor))
        return true;
    free(tensor.items);
    return false;
}

static bool make_dict(struct machine *m, const struct pickle_value *arguments) {
    return arguments->n == 0 ? push(m, (struct pickle_value){.kind = PICKLE_DICT})
                             : refuse(m, "makes a dictionary from arguments");
}

/* A parameter is its tensor. */
static bool make_parameter(struct machine *m, const struct pickle_value *arguments) {
    return item(m, arguments, 0, PICKLE_TENSOR) ? push_id(m, arguments->items[0])
                                                : refuse(m, "makes a parameter of no tensor");
}

static const struct callable {
    const char *name;
    bool (*make)(struct machine *m, const struct pickle_value *arguments);
} callables[] = {
    {"collections\nOrderedDict", make_dict},
    {"torch._utils\n_rebuild_tensor_v2", make_tensor},
    {"torch._utils\n_rebuild_parameter", make_parameter},
};

static bool refuse_global(struct machine *m, const struct pickle_value *v) {
    char name[96];
    size_t n = v->length < sizeof name ? v->length : sizeof name - 1;
    for (size_t i = 0; i < n; i++)
        name[i] = isgraph((unsigned char)v->text[i]) ? v->text[i] : '.';
    name[n] = '\0';
    return err_usage(m->e,
        "at byte %zu of the pickle: asks for %s, which is nothing that tensors need; "
        "the file is not read",
        m->opcode_at, name);
}

static bool reduce(struct machine *m) {
    struct pickle_value *arguments = peek(m, 0), *callable = peek(m, 1);
    if (!arguments || !callable)
        return false;
    if (callable->kind != PICKLE_GLOBAL || arguments->kind != PICKLE_LIST)
        return refuse(m, "calls what is no function");
    struct pickle_value copy = *arguments; /* pushing may move the values */
    m->p->depth -= 2;
    for (size_t i = 0; i < ARRAY_LEN(callables); i++)
        if (is_text(callable, callables[i].name))
            return callables[i].make(m, &copy);
    return refuse_global(m, callable);
}

static const struct {
    const char *name;
    enum tensor_type type;
} storages[] = {
    {"torch\nFloatStorage", TENSOR_F32},
    {"torch\nDoubleStorage", TENSOR_F64},
    {"torch\nLongStorage", TENSOR_I64},
    {"torch\nByteStorage", TENSOR_U8},
};

/* ('storage', torch.FloatStorage, key, location, elements, view) */
static bool persistent(struct machine *m) {
    struct pickle_value *id = peek(m, 0);
    if (!id)
        return false;
    struct pickle_value *word, *class, *key, *count;
    if (id->kind != PICKLE_LIST || id->n < 5 || !(word = item(m, id, 0, PICKLE_TEXT)) ||
        !is_text(word, "storage") || !(class = item(m, id, 1, PICKLE_GLOBAL)) ||
        !(key = item(m, id, 2, PICKLE_TEXT)) || !(count = item(m, id, 4, PICKLE_INT)))
        return refuse(m, "refers to something else than a storage");
    struct pickle_value storage = {
        .kind = PICKLE_STORAGE, .number = count->number, .text = key->text, .length = key->length};
    for (size_t i = 0; i < ARRAY_LEN(storages); i++)
        if (is_text(class, storages[i].name)) {
            storage.type = storages[i].type;
            m->p->depth--;
            return push(m, storage);
        }
    return refuse_global(m, class);
}

/* ---- opcodes ---- */

static bool take(struct machine *m, size_t n, const unsigned char **bytes) {
    if (m->size - m->at < n)
        return refuse(m, "ends before its operand does; the file is cut short");
    *bytes = m->bytes + m->at;
    m->at += n;
    return true;
}

static bool take_number(struct machine *m, size_t n, uint64_t *number) {
    const unsigned char *b = m->bytes;
    *number = 0;
    if (!take(m, n, &b))
        return false;
    for (size_t i = n; i > 0; i--)
        *number = *number << 8 | b[i - 1];
    return true;
}

static bool push_integer(struct machine *m, size_t bytes) {
    uint64_t number;
    if (!take_number(m, bytes, &number))
        return false;
    int64_t value = bytes == 4 ? (int32_t)(uint32_t)number : (int64_t)number;
    return push(m, (struct pickle_value){.kind = PICKLE_INT, .number = value});
}

/* A number of up to 255 bytes: as an integer where it fits. */
static bool push_long(struct machine *m) {
    uint64_t n, number = 0;
    const unsigned char *b = m->bytes;
    if (!take_number(m, 1, &n) || !take(m, n, &b))
        return false;
    if (n > 8)
        return push(
            m, (struct pickle_value){.kind = PICKLE_LONG, .text = (const char *)b, .length = n});
    for (size_t i = n; i > 0; i--)
        number = number << 8 | b[i - 1];
    if (n > 0 && n < 8 && b[n - 1] & 0x80)
        number |= ~UINT64_C(0) << (8 * n);
    return push(m, (struct pickle_value){.kind = PICKLE_INT, .number = (int64_t)number});
}

static bool push_text(struct machine *m) {
    uint64_t n;
    const unsigned char *b = m->bytes;
    if (!take_number(m, 4, &n) || !take(m, n, &b))
        return false;
    if (memchr(b, 0, n))
        return refuse(m, "holds a text with a NUL in it");
    return push(
        m, (struct pickle_value){.kind = PICKLE_TEXT, .text = (const char *)b, .length = n});
}

/* Two lines: module and name. */
static bool push_global(struct machine *m) {
    const unsigned char *from = m->bytes + m->at, *line = from, *end = NULL;
    for (int i = 0; i < 2; i++) {
        end = memchr(line, '\n', m->size - (size_t)(line - m->bytes));
        if (!end)
            return refuse(m, "ends inside a name; the file is cut short");
        line = end + 1;
    }
    m->at = (size_t)(line - m->bytes);
    return push(
        m, (struct pickle_value){
               .kind = PICKLE_GLOBAL, .text = (const char *)from, .length = (size_t)(end - from)});
}

static bool skip_operand(struct machine *m, size_t n) {
    const unsigned char *ignored;
    return take(m, n, &ignored);
}

static bool memo_operand(struct machine *m, size_t bytes, bool (*use)(struct machine *, uint64_t)) {
    uint64_t index;
    return take_number(m, bytes, &index) && use(m, index);
}

/* Attributes of an object (a state dictionary carries versions of its modules): not wanted. */
static bool drop_state(struct machine *m) {
    if (!peek(m, 0) || !peek(m, 1))
        return false;
    m->p->depth--;
    return true;
}

static bool run_opcode(struct machine *m, unsigned char opcode) {
    switch (opcode) {
    case 0x80: /* PROTO */
        return skip_operand(m, 1);
    case '(':
        return push(m, (struct pickle_value){.kind = PICKLE_MARK});
    case '}':
        return push(m, (struct pickle_value){.kind = PICKLE_DICT});
    case ']':
    case ')':
        return push(m, (struct pickle_value){.kind = PICKLE_LIST});
    case 'N':
        return push(m, (struct pickle_value){.kind = PICKLE_NONE});
    case 0x88: /* NEWTRUE */
    case 0x89: /* NEWFALSE */
        return push(m, (struct pickle_value){.kind = PICKLE_INT, .number = opcode == 0x88});
    case 'K':
        return push_integer(m, 1);
    case 'M':
        return push_integer(m, 2);
    case 'J':
        return push_integer(m, 4);
    case 0x8a: /* LONG1 */
        return push_long(m);
    case 'G': /* BINFLOAT */
        return skip_operand(m, 8) && push(m, (struct pickle_value){.kind = PICKLE_FLOAT});
    case 'X':
        return push_text(m);
    case 'c':
        return push_global(m);
    case 'q':
        return memo_operand(m, 1, memo_put);
    case 'r':
        return memo_operand(m, 4, memo_put);
    case 'h':
        return memo_operand(m, 1, memo_get);
    case 'j':
        return memo_operand(m, 4, memo_get);
    case 't':
        return collect_to_mark(m);
    case 0x85: /* TUPLE1 to TUPLE3 */
    case 0x86:
    case 0x87:
        return collect(m, (size_t)(opcode - 0x84));
    case 'a':
        return put_into(m, PICKLE_LIST, 1, false);
    case 'e':
        return put_to_mark(m, PICKLE_LIST);
    case 's':
        return put_into(m, PICKLE_DICT, 2, false);
    case 'u':
        return put_to_mark(m, PICKLE_DICT);
    case 'R':
        return reduce(m);
    case 'Q':
        return persistent(m);
    case 'b':
        return drop_state(m);
    default:
        return err_usage(m->e,
            "at byte %zu of the pickle: opcode 0x%02x is none that tensors need; "
            "the file is not read",
            m->opcode_at, opcode);
    }
}

bool pickle_run(struct pickle *p, const unsigned char *bytes, size_t size, size_t *at,
    pickle_id *top, struct err *e) {
    struct machine m = {.p = p, .bytes = bytes, .at = *at, .size = size, .start = *at, .e = e};
    p->depth = 0;
    for (size_t i = 0; i < p->memo_n; i++)
        p->memo[i] = UINT32_MAX;
    for (;;) {
        m.opcode_at = m.at;
        if (m.at == size)
            return refuse(&m, "it has no end; the file is cut short");
        unsigned char opcode = bytes[m.at++];
        if (opcode == '.')
            break;
        if (!run_opcode(&m, opcode))
            return false;
    }
    if (!peek(&m, 0))
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
