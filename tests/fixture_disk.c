#include "fixture_disk.h"

#include "core/file.h"
#include "core/mem.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512 };

const char *const disk_kind_name[DISK_KINDS] = {
    "create", "write", "truncate", "sync", "rename", "unlink", "mkdir"};

struct image {
    unsigned char *bytes;
    size_t size, capacity; /* zeros between them */
};
struct entries { /* of a folder: names of nodes */
    struct entry {
        const char *name;
        size_t node;
    } * list;
    size_t n, capacity;
};
/* A file or a folder; as the cache has it, as the disk surely has it, and what has changed since. */
struct node {
    bool folder;
    struct image cache, durable;
    struct entries names, durable_names;
    struct change {
        const struct disk_op *op;
        size_t node; /* that a name is given to */
    } * changes;
    size_t n_changes, capacity;
};
struct disk {
    struct node *nodes; /* the first is the folder itself */
    size_t n, capacity;
};

void disk_log_free(struct disk_log *log) {
    for (size_t i = 0; i < log->n; i++) {
        free(log->ops[i].path);
        free(log->ops[i].to);
        free(log->ops[i].bytes);
    }
    free(log->ops);
    *log = (struct disk_log){0};
}

/* ---- bytes ---- */

static void resize(struct image *i, size_t size) {
    if (size > i->capacity) {
        size_t capacity = (size + SECTOR) * 2;
        i->bytes = xrealloc(i->bytes, capacity, 1);
        memset(i->bytes + i->capacity, 0, capacity - i->capacity);
        i->capacity = capacity;
    }
    if (size < i->size)
        memset(i->bytes + size, 0, i->size - size);
    i->size = size;
}

static void copy(struct image *to, const struct image *from) {
    resize(to, from->size);
    if (from->size)
        memcpy(to->bytes, from->bytes, from->size);
}

static void change_bytes(struct image *i, const struct disk_op *op) {
    if (op->kind == DISK_TRUNCATE) {
        resize(i, op->offset);
    } else {
        if (op->offset + op->n > i->size)
            resize(i, op->offset + op->n);
        if (op->n)
            memcpy(i->bytes + op->offset, op->bytes, op->n);
    }
}

/* ---- names ---- */

static struct entry *find(const struct entries *names, const char *name) {
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->list[i].name, name) == 0)
            return &names->list[i];
    return NULL;
}

static void set_name(struct entries *names, const char *name, size_t node) {
    struct entry *there = find(names, name);
    if (!there) {
        names->list = xgrow(names->list, &names->capacity, names->n + 1, sizeof *names->list);
        there = &names->list[names->n++];
    }
    *there = (struct entry){name, node};
}

static void drop_name(struct entries *names, const char *name) {
    struct entry *there = find(names, name);
    if (there)
        *there = names->list[--names->n];
}

static void copy_names(struct entries *to, const struct entries *from) {
    to->n = 0;
    for (size_t i = 0; i < from->n; i++)
        set_name(to, from->list[i].name, from->list[i].node);
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void change_names(struct entries *names, const struct change *c) {
    if (c->op->kind == DISK_RENAME || c->op->kind == DISK_UNLINK)
        drop_name(names, last_part(c->op->path));
    if (c->op->kind != DISK_UNLINK)
        set_name(names, last_part(c->op->to ? c->op->to : c->op->path), c->node);
}

/* The node at the first n bytes of `path`. */
static size_t look_up(const struct disk *d, const char *path, size_t n) {
    size_t node = 0;
    char *rest = xstrndup(path, n), *save = NULL;
    for (char *p = strtok_r(rest, "/", &save); p; p = strtok_r(NULL, "/", &save)) {
        const struct entry *e = find(&d->nodes[node].names, p);
        ck_assert_msg(e != NULL, "%s: \"%s\" is not there", path, p);
        node = e->node;
    }
    free(rest);
    return node;
}

static size_t folder_of(const struct disk *d, const char *path) {
    return look_up(d, path, (size_t)(last_part(path) - path));
}

/* ---- operations ---- */

static size_t add_node(struct disk *d, bool folder) {
    d->nodes = xgrow(d->nodes, &d->capacity, d->n + 1, sizeof *d->nodes);
    d->nodes[d->n] = (struct node){.folder = folder};
    return d->n++;
}

struct disk *disk_new(void) {
    struct disk *d = xcalloc(1, sizeof *d);
    add_node(d, true);
    return d;
}

void disk_free(struct disk *d) {
    for (size_t i = 0; i < d->n; i++) {
        struct node *n = &d->nodes[i];
        free(n->cache.bytes);
        free(n->durable.bytes);
        free(n->names.list);
        free(n->durable_names.list);
        free(n->changes);
    }
    free(d->nodes);
    free(d);
}

static struct change *note(struct node *n, const struct disk_op *op, size_t node) {
    n->changes = xgrow(n->changes, &n->capacity, n->n_changes + 1, sizeof *n->changes);
    n->changes[n->n_changes] = (struct change){op, node};
    return &n->changes[n->n_changes++];
}

static void sync_node(struct node *n) {
    copy(&n->durable, &n->cache);
    copy_names(&n->durable_names, &n->names);
    n->n_changes = 0;
}

static void apply_name(struct disk *d, const struct disk_op *op) {
    size_t folder = folder_of(d, op->path), node = 0;
    if (op->kind == DISK_CREATE || op->kind == DISK_MKDIR)
        node = add_node(d, op->kind == DISK_MKDIR);
    else
        node = look_up(d, op->path, strlen(op->path));
    ck_assert_msg(!op->to || folder_of(d, op->to) == folder,
        "%s becomes %s: renames into another folder are not in the model", op->path, op->to);
    struct node *n = &d->nodes[folder];
    change_names(&n->names, note(n, op, node));
}

void disk_apply(struct disk *d, const struct disk_op *op) {
    struct node *n;
    switch (op->kind) {
    case DISK_SYNC:
        sync_node(&d->nodes[look_up(d, op->path, strlen(op->path))]);
        break;
    case DISK_WRITE:
    case DISK_TRUNCATE:
        n = &d->nodes[look_up(d, op->path, strlen(op->path))];
        ck_assert_msg(!n->folder, "%s: %s of a folder", op->path, disk_kind_name[op->kind]);
        note(n, op, 0);
        change_bytes(&n->cache, op);
        break;
    default:
        apply_name(d, op);
    }
}

/* ---- what is left ---- */

static bool kept(struct rng *chance, unsigned percent) {
    return percent == 100 || (percent > 0 && rng_below(chance, 100) < percent);
}

/* A sector that comes to the disk does so as the cache has it then. */
static void keep_write(struct image *disk, const struct image *cache, const struct disk_op *op,
    struct rng *chance, unsigned percent) {
    bool torn = percent < 100 && percent > 0 && rng_below(chance, 3) == 0;
    bool whole = kept(chance, percent);
    for (size_t at = op->offset / SECTOR * SECTOR; at < op->offset + op->n; at += SECTOR) {
        size_t n = cache->size - at < SECTOR ? cache->size - at : SECTOR;
        if (!(torn ? kept(chance, percent) : whole))
            continue;
        if (at + n > disk->size)
            resize(disk, at + n);
        memcpy(disk->bytes + at, cache->bytes + at, n);
    }
}

/* Every file has its own share of what was kept, for files are written back one by one; the size is any since the sync. */
static void mix_bytes(const struct node *n, struct image *disk, struct rng *chance) {
    static const unsigned shares[] = {0, 10, 50, 90, 97, 100};
    unsigned percent = shares[rng_below(chance, ARRAY_LEN(shares))];
    struct image cache = {0};
    copy(&cache, &n->durable);
    copy(disk, &n->durable);
    uint32_t newest = rng_below(chance, 2);
    size_t pick = newest ? n->n_changes : rng_below(chance, (uint32_t)n->n_changes + 1);
    size_t size = cache.size;
    for (size_t i = 0; i < n->n_changes; i++) {
        const struct disk_op *op = n->changes[i].op;
        change_bytes(&cache, op);
        if (i < pick)
            size = cache.size;
        if (op->kind == DISK_WRITE)
            keep_write(disk, &cache, op, chance, percent);
        else if (kept(chance, percent) && disk->size > op->offset)
            resize(disk, op->offset);
    }
    resize(disk, size);
    free(cache.bytes);
}

static void put_file(
    const struct node *n, enum disk_fate fate, struct rng *chance, const char *path) {
    struct image mixed = {0};
    const struct image *left = fate == DISK_ALL ? &n->cache : &n->durable;
    if (fate == DISK_MIXED && n->n_changes) {
        mix_bytes(n, &mixed, chance);
        left = &mixed;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    ck_assert_msg(fd >= 0, "%s: cannot be made", path);
    ck_assert_int_eq((long long)write(fd, left->bytes, left->size), (long long)left->size);
    close(fd);
    free(mixed.bytes);
}

/* Its entries after the first so many changes. */
static size_t changes_kept(const struct node *n, enum disk_fate fate, struct rng *chance) {
    if (fate != DISK_MIXED || n->n_changes == 0)
        return fate == DISK_ALL ? n->n_changes : 0;
    return rng_below(chance, (uint32_t)n->n_changes + 1);
}

static void put_folder(
    const struct disk *d, size_t node, enum disk_fate fate, struct rng *chance, const char *path) {
    const struct node *n = &d->nodes[node];
    struct entries left = {0};
    copy_names(&left, &n->durable_names);
    for (size_t i = 0, keep = changes_kept(n, fate, chance); i < keep; i++)
        change_names(&left, &n->changes[i]);
    ck_assert_msg(mkdir(path, 0777) == 0, "%s: cannot be made", path);
    for (size_t i = 0; i < left.n; i++) {
        const struct entry *e = &left.list[i];
        char *below = path_join(path, e->name);
        if (d->nodes[e->node].folder)
            put_folder(d, e->node, fate, chance, below);
        else
            put_file(&d->nodes[e->node], fate, chance, below);
        free(below);
    }
    free(left.list);
}

void disk_put(const struct disk *d, enum disk_fate fate, struct rng *chance, const char *folder) {
    put_folder(d, 0, fate, chance, folder);
}
