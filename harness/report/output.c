#include "report/output.h"

#include "core/file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static bool write_stream(FILE *f, const char *name, const char *bytes, size_t n, struct err *e) {
    errno = 0;
    if (fwrite(bytes, 1, n, f) == n && fflush(f) == 0)
        return true;
    return err_sys(e, errno, "%s: cannot be written", name);
}

bool output_write(const char *path, const char *bytes, size_t n, struct err *e) {
    struct stat st;
    if (!path)
        return write_stream(stdout, "standard output", bytes, n, e);
    if (stat(path, &st) != 0 || S_ISREG(st.st_mode))
        return file_write(path, bytes, n, e);
    /* Renaming a file over a device or a pipe would remove it. */
    FILE *f = fopen(path, "wb");
    if (!f)
        return err_sys(e, errno, "%s: cannot be written", path);
    bool ok = write_stream(f, path, bytes, n, e);
    if (fclose(f) != 0 && ok)
        ok = err_sys(e, errno, "%s: cannot be written", path);
    return ok;
}
