/* The reading order of harness/: a folder includes only from itself and from those above it, and
 * libtorch's headers stay behind the shim. */
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* dmtl's and dmtl-torch's own folders stand on the same ground and do not see each other. */
enum program { BOTH = 3, DMTL = 1, TORCH = 2 };
static const struct folder {
    const char *name;
    enum program in;
} folders[] = {{"core", BOTH}, {"analysis", BOTH}, {"store", BOTH}, {"data", BOTH}, {"nets", BOTH},
    {"kernels", BOTH}, {"grid", BOTH}, {"predict", DMTL}, {"report", DMTL}, {"commands", DMTL},
    {"torch", TORCH}, {"model", TORCH}, {"learn", TORCH}, {"worker", TORCH}};

static int find(const char *name, size_t n) {
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        if (strlen(folders[i].name) == n && strncmp(folders[i].name, name, n) == 0)
            return (int)i;
    return -1;
}

/* What is wrong with `#include "to/..."` in a file of folder `from`, or NULL. */
static const char *wrong(const char *from, const char *to) {
    int a = find(from, strlen(from)), b = find(to, strlen(to));
    if (a < 0 || b < 0)
        return "a folder that is not in the reading order";
    if (b > a)
        return "a folder further down the reading order";
    return (folders[a].in & folders[b].in) == folders[a].in ? NULL
                                                            : "a folder of the other program";
}

START_TEST(the_rule_itself) {
    ck_assert_ptr_null(wrong("store", "core"));
    ck_assert_ptr_null(wrong("learn", "torch"));
    ck_assert_ptr_nonnull(wrong("data", "grid"));
    ck_assert_ptr_nonnull(wrong("torch", "report"));
    ck_assert_ptr_nonnull(wrong("core", "nowhere"));
}
END_TEST

static int check_line(const char *path, const char *folder, const char *line) {
    char to[64];
    int slash = 0;
    if (sscanf(line, "#include \"%63[^/\"]/%n", to, &slash) == 1 && slash > 0 &&
        strncmp(to, "harness", 7) && strncmp(to, "datasets", 8) && strncmp(to, "experiments", 11) &&
        strncmp(to, "plots", 5)) {
        const char *why = wrong(folder, to);
        if (why)
            fprintf(stderr, "%s: %s: %s\n", path, line, why);
        return why != NULL;
    }
    bool torch = strstr(line, "<torch/") || strstr(line, "<ATen/") || strstr(line, "<c10/");
    if (torch && strcmp(folder, "torch") != 0)
        return fprintf(stderr, "%s: %s: libtorch outside harness/torch\n", path, line) > 0;
    return 0;
}

static int check_file(const char *path) {
    struct err e = {0};
    char folder[64], *text = file_read(path, 1 << 22, NULL, &e);
    int bad = 0;
    ck_assert_msg(text != NULL, "%s", e.msg);
    ck_assert_int_eq(sscanf(path, "harness/%63[^/]/", folder), 1);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (strncmp(line, "#include", 8) == 0)
            bad += check_line(path, folder, line);
    free(text);
    return bad;
}

START_TEST(folders_include_only_upwards) {
    glob_t files;
    int bad = 0;
    ck_assert_int_eq(glob("harness/*/*.[ch]*", 0, NULL, &files), 0);
    ck_assert_uint_gt(files.gl_pathc, 50);
    for (size_t i = 0; i < files.gl_pathc; i++)
        bad += check_file(files.gl_pathv[i]);
    globfree(&files);
    ck_assert_int_eq(bad, 0);
}
END_TEST

Suite *order_suite(void) {
    Suite *s = suite_create("order");
    TCase *c = tcase_create("order");
    tcase_add_test(c, the_rule_itself);
    tcase_add_test(c, folders_include_only_upwards);
    suite_add_tcase(s, c);
    return s;
}
