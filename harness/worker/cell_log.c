#include "worker/cell_log.h"

#include "core/escape.h"
#include "core/file.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void cell_log_open(struct cell_log *l, const char *cell_folder) {
    char *path = path_join(cell_folder, "log");
    l->file = fopen(path, "ae");
    free(path);
}

void cell_log_line(struct cell_log *l, const char *text) {
    struct str line = {0};
    char at[32];
    time_t now = time(NULL);
    struct tm utc;
    if (!l->file)
        return;
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    escape_line(&line, text); /* a newline becomes a space */
    while (line.len && line.text[line.len - 1] == ' ')
        line.text[--line.len] = '\0';
    fprintf(l->file, "%s %s\n", at, line.len ? line.text : "");
    fflush(l->file);
    str_free(&line);
}

void cell_log_close(struct cell_log *l) {
    if (l->file)
        fclose(l->file);
    l->file = NULL;
}
