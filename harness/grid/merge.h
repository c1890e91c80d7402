/* Joining databases: results by store/merge.h, and the checkpoints of cells that are done, which lie in folders
 * beside their databases. */
#ifndef GRID_MERGE_H
#define GRID_MERGE_H

#include "store/merge.h"

/* Takes the database at `shard` into `to`: checkpoints first, so that a cell that is done here always has its own
 * where it had one there; as links where that can be, else as copies. Each shard is one transaction. One of an older
 * schema is brought up to date, and so must be writable. ERR_USAGE where a worker is at a cell of `to`. */
bool merge_shard(struct store *to, const char *shard, struct merge_count *count, struct err *e);

#endif
