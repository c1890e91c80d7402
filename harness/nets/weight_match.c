#include "nets/weight_match.h"

#include "core/mem.h"
#include "core/str.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A file's entry under its name without what wrappers put before it. */
struct named {
    const char *name;
    const struct tensor_entry *entry;
    bool taken;
};

struct index {
    struct named *list; /* by name */
    size_t n;
};

/* ---- looking up ---- */

static const char *unwrapped(const char *name) {
    static const char *const prefixes[] = {"module.", "_orig_mod."}; /* DDP, torch.compile */
    size_t i = 0;
    while (i < ARRAY_LEN(prefixes)) {
        bool has = str_starts(name, prefixes[i]);
        name += has ? strlen(prefixes[i]) : 0;
        i = has ? 0 : i + 1; /* one may stand within the other */
    }
    return name;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static struct named *find(const struct index *x, const char *name) {
    const struct named wanted = {.name = name};
    return x->n ? bsearch(&wanted, x->list, x->n, sizeof *x->list, by_name) : NULL;
}

static bool make_index(
    struct index *x, const struct tensor_file *f, const char *path, struct err *e) {
    x->list = xcalloc(f->n, sizeof *x->list);
    for (x->n = 0; x->n < f->n; x->n++)
        x->list[x->n] =
            (struct named){.name = unwrapped(f->entries[x->n].name), .entry = &f->entries[x->n]};
    qsort(x->list, x->n, sizeof *x->list, by_name);
    for (size_t i = 1; i < x->n; i++)
        if (strcmp(x->list[i - 1].name, x->list[i].name) == 0)
            return err_usage(e, "%s: both %s and %s are in it", path, x->list[i - 1].entry->name,
                x->list[i].entry->name);
    return true;
}

/* The dialect that most of the names are of; DIALECT_COUNT where none is of any. */
static enum dialect detect(const struct index *x, const struct trunk_table *t) {
    enum dialect best = DIALECT_COUNT;
    size_t most = 0;
    for (enum dialect d = 0; d < DIALECT_COUNT; d++) {
        struct trunk_tensors names = trunk_tensors(t, d);
        size_t count = 0;
        for (size_t i = 0; i < names.n; i++)
            count += find(x, names.list[i].name) != NULL;
        if (count > most) {
            most = count;
            best = d;
        }
        trunk_tensors_free(&names);
    }
    return best;
}

/* ---- what does not fit ---- */

/* One kind of fault: its first case in words, and how many there are. */
struct fault {
    struct str first;
    size_t n;
};

static void add_shape(struct str *out, const int64_t *shape, int n_dims) {
    str_addc(out, '[');
    for (int i = 0; i < n_dims; i++)
        str_addf(out, "%s%" PRId64, i ? "," : "", shape[i]);
    str_addc(out, ']');
}

static bool fits(const struct tensor_entry *entry, const struct trunk_tensor *tensor) {
    bool same =
        (entry->type == TENSOR_F32 || entry->type == TENSOR_F16 || entry->type == TENSOR_BF16) &&
        entry->n_dims == tensor->n_dims;
    for (int i = 0; same && i < entry->n_dims; i++)
        same = entry->shape[i] == tensor->shape[i];
    return same;
}

static void note_misfit(
    struct fault *fault, const struct tensor_entry *entry, const struct trunk_tensor *tensor) {
    if (fault->n++ > 0)
        return;
    str_addf(&fault->first, "%s is %s ", entry->name, tensor_type_names[entry->type]);
    add_shape(&fault->first, entry->shape, entry->n_dims);
    str_add(&fault->first, ", expected F32, F16 or BF16 ");
    add_shape(&fault->first, tensor->shape, tensor->n_dims);
}

static void note(struct fault *fault, const char *name, const char *what) {
    if (fault->n++ == 0)
        str_addf(&fault->first, "%.200s %s", name, what);
}

static void add_fault(struct str *out, struct fault *fault) {
    if (fault->n > 0)
        str_addf(out, "%s%s", out->len ? "; " : "", fault->first.text);
    if (fault->n > 1)
        str_addf(out, " (and %zu more)", fault->n - 1);
    str_free(&fault->first);
}

static bool take_all(struct weight_match *m, struct index *x, const struct trunk_tensors *tensors,
    const char *path, bool partial, struct err *e) {
    struct fault misfit = {0}, missing = {0}, extra = {0};
    for (size_t i = 0; i < tensors->n; i++) {
        struct named *found = find(x, tensors->list[i].name);
        if (found && !fits(found->entry, &tensors->list[i]))
            note_misfit(&misfit, found->entry, &tensors->list[i]);
        if (!found && !partial)
            note(&missing, tensors->list[i].name, "is missing");
        if (!found)
            continue;
        found->taken = true;
        m->entries[i] = found->entry;
        m->found++;
    }
    for (size_t i = 0; i < x->n && !partial; i++)
        if (!x->list[i].taken && !weight_name_is_no_trunks(m->dialect, x->list[i].name))
            note(&extra, x->list[i].entry->name, "is none of this trunk's");
    bool ok = misfit.n + missing.n + extra.n == 0;
    const char *remedy = misfit.n ? "" : "; /trunk/partial: true takes what fits";
    struct str faults = {0};
    add_fault(&faults, &misfit);
    add_fault(&faults, &missing);
    add_fault(&faults, &extra);
    if (!ok)
        err_usage(e, "%s: with the names of %s: %s%s", path, dialect_names[m->dialect], faults.text,
            remedy);
    str_free(&faults);
    return ok;
}

bool weight_match_find(struct weight_match *m, const struct tensor_file *f, const char *path,
    const struct trunk_table *t, bool partial, struct err *e) {
    struct index x = {0};
    *m = (struct weight_match){0};
    bool ok = make_index(&x, f, path, e);
    if (ok && (m->dialect = detect(&x, t)) == DIALECT_COUNT)
        ok = err_usage(e,
            "%s: none of its %zu tensors%s%.200s%s has a name of this trunk's, neither ours nor that "
            "of torchvision, timm or lukemelas' EfficientNet-PyTorch",
            path, f->n, f->n ? ", such as " : "", f->n ? f->entries[0].name : "", f->n ? "," : "");
    if (ok) {
        struct trunk_tensors tensors = trunk_tensors(t, m->dialect);
        m->n = tensors.n;
        m->entries = xcalloc(m->n, sizeof *m->entries);
        ok = take_all(m, &x, &tensors, path, partial, e);
        trunk_tensors_free(&tensors);
    }
    free(x.list);
    return ok;
}

void weight_match_free(struct weight_match *m) {
    free(m->entries);
    *m = (struct weight_match){0};
}
