/* A disk that loses its power. It is given the operations on a folder one after the other, and at any moment says what
 * the folder may hold once power is back.
 *
 * The model, of a file system on a disk that keeps its word:
 * - fsync and fdatasync of a file make its bytes and its size durable, of a folder its entries; and nothing else does:
 *   a file's sync makes no entry durable, a folder's no data, sync_file_range and close nothing. ext4 and XFS promise
 *   more in places; nothing here leans on it.
 * - Without a sync a sector of 512 bytes is as some earlier write left it or as the cache has it, each by itself: sectors
 *   are atomic, and what a write does not touch it does not damage ("powersafe overwrite", as SQLite assumes).
 * - A file's size is any that it had since its sync, whatever became of the bytes. Bytes that never came read as zeros:
 *   blocks never show what others wrote into them before.
 * - A folder's entries change in order, one after the other, each whole: a rename never shows both names, or none. Folders
 *   and files know nothing of each other: a name may be durable and its bytes not, and the other way round.
 * Not in it: disks that lie about syncs, bits that rot, a sync that fails, links, renames from one folder to another. */
#ifndef FIXTURE_DISK_H
#define FIXTURE_DISK_H

#include "core/rng.h"

#include <stdbool.h>
#include <stddef.h>

enum disk_kind {
    DISK_CREATE,
    DISK_WRITE,
    DISK_TRUNCATE, /* to the size `offset` */
    DISK_SYNC,     /* of a file or folder; "" is the folder itself */
    DISK_RENAME,
    DISK_UNLINK, /* a file, or an empty folder */
    DISK_MKDIR,
    DISK_KINDS
};
extern const char *const disk_kind_name[DISK_KINDS];
struct disk_op {
    enum disk_kind kind;
    char *path, *to; /* below the folder */
    size_t offset, n;
    unsigned char *bytes;
};
struct disk_log {
    struct disk_op *ops;
    size_t n, capacity;
};
void disk_log_free(struct disk_log *log);

struct disk;
struct disk *disk_new(void); /* the folder, empty and durable */
void disk_free(struct disk *d);
/* Operations must outlive the disk. Fails the test where one does not fit those before. */
void disk_apply(struct disk *d, const struct disk_op *op);

enum disk_fate {
    DISK_ALL,    /* everything came to the disk in time */
    DISK_SYNCED, /* nothing that was not synced */
    DISK_MIXED   /* some of it, by `chance` */
};
/* Makes `folder`, which must not be there, as the power cut leaves it; `chance` for DISK_MIXED alone. */
void disk_put(const struct disk *d, enum disk_fate fate, struct rng *chance, const char *folder);

#endif
