/* What a pickle may "call": each makes a value of ours. Anything else is refused by its name. */
#include "nets/pickle_machine.h"

#include "core/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_text(const struct pickle_value *v, const char *text) {
    return v->length == strlen(text) && memcmp(v->text, text, v->length) == 0;
}

/* The list's item number i, NULL where it is not of this kind. */
static struct pickle_value *item(
    struct machine *m, const struct pickle_value *list, size_t i, enum pickle_kind kind) {
    struct pickle_value *v = i < list->n ? &m->p->values[list->items[i]] : NULL;
    return v && v->kind == kind ? v : NULL;
}

static bool make_tensor(struct machine *m, const struct pickle_value *arguments) {
    struct pickle_value *offset;
    if (!item(m, arguments, 0, PICKLE_STORAGE) || !(offset = item(m, arguments, 1, PICKLE_INT)) ||
        !item(m, arguments, 2, PICKLE_LIST) || !item(m, arguments, 3, PICKLE_LIST))
        return pickle_refuse(
            m, "makes a tensor of something else than storage, offset, sizes and strides");
    struct pickle_value tensor = {.kind = PICKLE_TENSOR, .number = offset->number};
    pickle_id parts[] = {arguments->items[0], arguments->items[2], arguments->items[3]};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        pickle_append(&tensor, parts[i]);
    return pickle_push(m, tensor);
}

static bool make_dict(struct machine *m, const struct pickle_value *arguments) {
    return arguments->n == 0 ? pickle_push(m, (struct pickle_value){.kind = PICKLE_DICT})
                             : pickle_refuse(m, "makes a dictionary from arguments");
}

/* A parameter is its tensor. */
static bool make_parameter(struct machine *m, const struct pickle_value *arguments) {
    return item(m, arguments, 0, PICKLE_TENSOR)
               ? pickle_push_id(m, arguments->items[0])
               : pickle_refuse(m, "makes a parameter of no tensor");
}

/* The items follow; a default for absent ones is not wanted. */
static bool make_default_dict(struct machine *m, const struct pickle_value *arguments) {
    (void)arguments;
    return pickle_push(m, (struct pickle_value){.kind = PICKLE_DICT});
}

static bool make_other(struct machine *m, const struct pickle_value *arguments) {
    (void)arguments;
    return pickle_push(m, (struct pickle_value){.kind = PICKLE_OTHER});
}

static const struct {
    const char *name;
    bool (*make)(struct machine *m, const struct pickle_value *arguments);
} callables[] = {
    {"collections\nOrderedDict", make_dict},
    {"torch._utils\n_rebuild_tensor_v2", make_tensor},
    {"torch._utils\n_rebuild_parameter", make_parameter},
    /* what training scripts save beside the tensors: options, schedulers, scores */
    {"argparse\nNamespace", make_other},
    {"collections\nCounter", make_other},
    {"collections\ndefaultdict", make_default_dict},
    {"__builtin__\nset", make_other},
    {"_codecs\nencode", make_other}, /* bytes */
    {"numpy\ndtype", make_other},
    {"numpy.core.multiarray\nscalar", make_other},
    {"numpy._core.multiarray\nscalar", make_other},
    {"torch\nSize", make_other},
    {"torch\ndevice", make_other},
};

static bool refuse_global(struct machine *m, const struct pickle_value *v) {
    char name[96];
    size_t n = v->length < sizeof name ? v->length : sizeof name - 1;
    for (size_t i = 0; i < n; i++)
        name[i] = isgraph((unsigned char)v->text[i]) ? v->text[i] : '.';
    name[n] = '\0';
    return err_usage(m->e,
        "at byte %zu of the pickle: asks for %s, which is nothing that tensors need; "
        "the file is not read; in Python: torch.save(model.state_dict(), FILE)",
        m->opcode_at, name);
}

bool pickle_reduce(struct machine *m, int unused) {
    (void)unused;
    struct pickle_value *arguments = pickle_peek(m, 0), *callable = pickle_peek(m, 1);
    if (!arguments || !callable)
        return false;
    if (callable->kind != PICKLE_GLOBAL || arguments->kind != PICKLE_LIST)
        return pickle_refuse(m, "calls what is no function");
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
    {"torch\nHalfStorage", TENSOR_F16},
    {"torch\nBFloat16Storage", TENSOR_BF16},
    {"torch\nIntStorage", TENSOR_I32},
    {"torch\nShortStorage", TENSOR_I16},
    {"torch\nCharStorage", TENSOR_I8},
    {"torch\nBoolStorage", TENSOR_BOOL},
};

/* ('storage', torch.FloatStorage, key, location, elements); in the legacy format also a view's place in
 * another storage, or None */
bool pickle_persistent(struct machine *m, int unused) {
    (void)unused;
    struct pickle_value *id = pickle_peek(m, 0);
    if (!id)
        return false;
    struct pickle_value *word, *class, *key, *count;
    if (id->kind != PICKLE_LIST || id->n < 5 || !(word = item(m, id, 0, PICKLE_TEXT)) ||
        !is_text(word, "storage") || !(class = item(m, id, 1, PICKLE_GLOBAL)) ||
        !(key = item(m, id, 2, PICKLE_TEXT)) || !(count = item(m, id, 4, PICKLE_INT)) ||
        (id->n > 5 && !item(m, id, 5, PICKLE_NONE)))
        return pickle_refuse(m, "refers to something else than a storage");
    struct pickle_value storage = {
        .kind = PICKLE_STORAGE, .number = count->number, .text = key->text, .length = key->length};
    for (size_t i = 0; i < ARRAY_LEN(storages); i++)
        if (is_text(class, storages[i].name)) {
            storage.type = storages[i].type;
            m->p->depth--;
            return pickle_push(m, storage);
        }
    return refuse_global(m, class);
}
