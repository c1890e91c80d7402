/* nftw is of the X/Open part of POSIX. */
#define _XOPEN_SOURCE 700
#include "check_folder.h"

#include "core/file.h"
#include "core/mem.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *folder_new(void) {
    const char *base = getenv("TMPDIR");
    char *dir = path_join(base && *base ? base : "/tmp", "dmtl-check-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    return dir;
}

char *folder_copy(const char *from) {
    char *dir = folder_new(), *command = xasprintf("cp -a '%s'/. '%s'", from, dir);
    ck_assert_int_eq(system(command), 0);
    free(command);
    return dir;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where) {
    (void)st, (void)kind, (void)where;
    return remove(path);
}

void folder_remove(char *dir) {
    if (dir)
        nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(dir);
}

char *folder_sub(const char *dir, const char *name) {
    char *path = path_join(dir, name);
    ck_assert_int_eq(mkdir(path, 0777), 0);
    return path;
}

void folder_put(const char *dir, const char *name, const void *bytes, size_t n) {
    char *path = path_join(dir, name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
    free(path);
}

void folder_put_text(const char *dir, const char *name, const char *text) {
    folder_put(dir, name, text, strlen(text));
}
