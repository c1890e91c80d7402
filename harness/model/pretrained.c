#include "model/pretrained.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "nets/tensor_file.h"
#include "nets/weight_match.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool assign(th_scope *s, const struct parameter *p, const struct tensor_entry *entry,
    const char *path, struct err *e) {
    size_t n = tensor_elements(entry), finite = tensor_finite(entry);
    if (finite < n)
        return err_usage(
            e, "%s: its tensor %s: element %zu is no finite number", path, entry->name, finite);
    float *values = xmalloc(n * sizeof *values); /* the file's need not be aligned */
    bool ok = tensor_as_f32(entry, values);
    assert(ok && "weight_match_find takes no other type");
    size_t mark = th_mark(s);
    th_assign(s, p->tensor, th_from(s, TH_F32, entry->n_dims, entry->shape, values));
    th_pop(s, mark, NULL);
    ok = th_take_error(s, e);
    free(values);
    return ok;
}

static bool assign_all(struct parameters *p, const struct config *c, const struct tensor_file *f,
    const char *path, size_t *missing, struct err *e) {
    struct weight_match m;
    bool ok = weight_match_find(&m, f, path, &trunk_tables[c->trunk.name], c->trunk.partial, e);
    for (size_t i = 0; ok && i < p->n; i++)
        if (!p->list[i].head && m.entries[p->item[i]])
            ok = assign(p->life, &p->list[i], m.entries[p->item[i]], path, e);
    *missing = m.n - m.found;
    weight_match_free(&m);
    return ok;
}

/* The file that the configuration names; the caller frees. */
static char *weights_path(const struct config *c, const char *weights_dir) {
    const char *name = strcmp(c->trunk.weights, weights_names[WEIGHTS_IMAGENET].name) == 0
                           ? trunk_tables[c->trunk.name].imagenet_file
                           : c->trunk.weights;
    return *name == '/' ? xstrdup(name) : path_join(weights_dir, name);
}

/* Its SHA-256, which a published file's must agree with. */
static bool check_sum(
    const struct config *c, const char *path, char sha256[SHA256_HEX], struct err *e) {
    const struct trunk_table *table = &trunk_tables[c->trunk.name];
    bool published = strcmp(c->trunk.weights, weights_names[WEIGHTS_IMAGENET].name) == 0;
    if (!file_exists(path) && access(path, F_OK) == 0)
        return err_usage(e, "%s: /trunk/weights \"%s\": expected a file, and it is something else",
            path, c->trunk.weights);
    if (!file_exists(path))
        return published ? err_usage(e, "%s: the ImageNet weights are not there; %s", path,
                               table->imagenet_help)
                         : err_usage(e,
                               "%s: there is no such file; /trunk/weights \"%s\" is a path from "
                               "the weights folder",
                               path, c->trunk.weights);
    if (!sha256_file(path, sha256, e))
        return false;
    return !published || strcmp(sha256, table->imagenet_sha256) == 0 ||
           err_usage(e, "%s: its SHA-256 is %s, expected %s; fetch it again", path, sha256,
               table->imagenet_sha256);
}

bool pretrained_load(struct parameters *p, const struct config *c, const char *weights_dir,
    struct pretrained *loaded, struct err *e) {
    char *path = weights_path(c, weights_dir);
    struct tensor_file f = {0};
    bool ok = check_sum(c, path, loaded->sha256, e) && tensor_file_open(&f, path, e) &&
              assign_all(p, c, &f, path, &loaded->missing, e);
    tensor_file_close(&f);
    free(path);
    return ok;
}
