/* Files: whole reads with a limit, writes that are there whole or not at all, read-only mappings,
 * folders, locks. Paths are bytes; every message names the path. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

char *path_join(const char *dir, const char *name);    /* the caller frees */
char *path_beside(const char *path, const char *name); /* in the same folder; the caller frees */
bool file_exists(const char *path);
bool file_absent(const char *path); /* nothing is there; not: it cannot be looked at */
bool dir_exists(const char *path);
/* With its parents, durably; one that is there is fine. */
bool dir_make(const char *path, struct err *e);
void dir_remove(const char *path); /* with all in it, as far as may be; links are not followed */
bool dir_sync(
    const char *path, struct err *e); /* what it lists survives a power cut from then on */

/* Reads a regular file whole; NUL-terminated behind the last byte. *size may be NULL. Refuses files
 * over `limit` bytes. NULL on failure; the caller frees. */
char *file_read(const char *path, size_t limit, size_t *size, struct err *e);

/* Atomic writing: fill `out.stream`, then file_commit (flush, fsync, rename, fsync of the folder) or
 * file_abandon. Until the commit returns true the old file, or none, is at `path`; a full disk shows
 * as an error of the commit at the latest. Both may be called on an output that never opened. */
struct file_output {
    FILE *stream;
    char *path, *temporary;
};
bool file_output_open(struct file_output *out, const char *path, struct err *e);
bool file_commit(struct file_output *out, struct err *e);
void file_abandon(struct file_output *out);
bool file_write(
    const char *path, const void *bytes, size_t n, struct err *e); /* all of it, atomic */

/* A read-only mapping of a whole file; an empty file maps to bytes == NULL, size 0. */
struct file_map {
    const unsigned char *bytes;
    size_t size;
};
bool file_map_open(struct file_map *map, const char *path, struct err *e);
void file_map_close(struct file_map *map);

/* An exclusive flock on `path` (created where absent), freed by the kernel when the process dies.
 * Returns the descriptor; -1 with no error set where another holds it and `wait` is false; -1 with
 * an error otherwise. */
int file_lock(const char *path, bool wait, struct err *e);
void file_unlock(int fd);
/* Whether anybody holds that lock now: 1 yes, 0 no, -1 it cannot be said (there is no such file, or it may
 * not be read). A look takes the lock, shared, for an instant, so that file_lock without `wait` may fail. */
int file_locked(const char *path);

#endif
