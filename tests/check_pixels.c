#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "data/image.h"
#include "data/pixels.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PX = 8, N = 20, ROW = PX * PX * 3 };

static char *dir, *cache;
static struct manifest m;

/* N flat pictures, picture i of grey 10 * i; JPEG keeps a flat grey exactly. */
static void setup(void) {
    struct err e = {0};
    dir = folder_new();
    cache = folder_new();
    for (int i = 0; i < N; i++) {
        uint8_t rgb[16 * 12 * 3];
        memset(rgb, 10 * i, sizeof rgb);
        char *name = xasprintf("20_0_0_%02d.jpg", i), *path = path_join(dir, name);
        ck_assert_msg(image_write_jpeg(path, &(struct image){16, 12, rgb}, 90, &e), "%s", e.msg);
        free(path);
        free(name);
    }
}

static void teardown(void) {
    manifest_close(&m);
    folder_remove(dir);
    folder_remove(cache);
}

static void open_set(void) {
    struct err e = {0};
    manifest_close(&m);
    ck_assert_msg(
        manifest_open(&m, DATASET_UTKFACE, (struct reading){0}, dir, NULL, 1, &e), "%s", e.msg);
}

static void open_ok(struct pixels *p, double max_bad) {
    struct err e = {0};
    ck_assert_msg(pixels_open(p, &m, PX, cache, 2, max_bad, NULL, NULL, &e), "%s", e.msg);
}

static void expect_error(double max_bad, const char *text) {
    struct pixels p;
    struct err e = {0};
    ck_assert(!pixels_open(&p, &m, PX, cache, 2, max_bad, NULL, NULL, &e));
    ck_assert_msg(strstr(e.msg, text), "\"%s\" is not in: %s", text, e.msg);
}

static char *built_file(void) {
    DIR *d = opendir(cache);
    char *path = NULL;
    for (struct dirent *entry; (entry = readdir(d));)
        if (strstr(entry->d_name, ".bin")) {
            ck_assert_msg(!path && !strstr(entry->d_name, ".tmp"), "%s", entry->d_name);
            path = path_join(cache, entry->d_name);
        }
    closedir(d);
    return path;
}

static void check_greys(const struct pixels *p, int bad) {
    ck_assert_uint_eq(p->n, N);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(p->bad[i], i == bad);
        for (int k = 0; k < ROW; k++)
            ck_assert_int_eq(p->rgb[i * ROW + k], i == bad ? 0 : 10 * i);
    }
}

START_TEST(pixels_are_built_once) {
    struct pixels p;
    open_set();
    open_ok(&p, 0);
    check_greys(&p, -1);
    pixels_close(&p);
    char *path = built_file();
    struct stat before, after;
    ck_assert_int_eq(stat(path, &before), 0);
    open_ok(&p, 0);
    check_greys(&p, -1);
    pixels_close(&p);
    ck_assert_int_eq(stat(path, &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    free(path);
}
END_TEST

/* Cut short, grown, header spoilt, flags spoilt: each is found and built again. */
START_TEST(a_broken_cache_is_built_again) {
    struct pixels p;
    open_set();
    open_ok(&p, 0);
    size_t size = p.map.size;
    pixels_close(&p);
    char *path = built_file();
    const struct {
        long cut;
        long spoil_at;
    } harm[] = {
        {-1, -1}, {100, -1}, {0, -1}, {0, 3}, {0, 20}, {0, 4096 + N * ROW + 5}, {-4000, -1}};
    for (size_t i = 0; i < ARRAY_LEN(harm); i++) {
        if (harm[i].cut)
            ck_assert_int_eq(truncate(path, (long)size + harm[i].cut), 0);
        if (harm[i].spoil_at >= 0) {
            FILE *f = fopen(path, "r+b");
            fseek(f, harm[i].spoil_at, SEEK_SET);
            fputc(1, f);
            fclose(f);
        }
        open_ok(&p, 0);
        check_greys(&p, -1);
        ck_assert_uint_eq(p.map.size, size);
        pixels_close(&p);
    }
    free(path);
}
END_TEST

START_TEST(bad_images_are_set_aside_below_the_share) {
    folder_put_text(dir, "20_0_0_03.jpg", "no\nimage");
    open_set();
    struct pixels p;
    for (int time = 0; time < 2; time++) { /* built, then read back */
        open_ok(&p, 0.05);
        check_greys(&p, 3);
        ck_assert_uint_eq(p.n_bad, 1);
        ck_assert_uint_eq(p.bad_images[0].row, 3);
        ck_assert_str_eq(p.bad_images[0].message,
            "\"20_0_0_03.jpg\": its first bytes are those of neither format, expected a JPEG or "
            "PNG image");
        pixels_close(&p);
    }
    expect_error(0.04, "1 of 20 images do not decode, more than the share of 0.04");
    ck_assert_int_eq(access(cache, F_OK), 0);
}
END_TEST

START_TEST(too_many_bad_images_are_named_and_nothing_is_kept) {
    for (int i = 0; i < 5; i++) {
        char name[64];
        snprintf(name, sizeof name, "20_0_0_%02d\n.jpg", i);
        folder_put_text(dir, name, "x");
    }
    open_set();
    expect_error(0.1, "images do not decode, more than the share of 0.1 that /data/max_bad_share");
    expect_error(0.1, "get them again, remove them, or raise that key");
    expect_error(0.1, "\"20_0_0_00\\n.jpg\": its first bytes");
    ck_assert_ptr_null(built_file());
}
END_TEST

START_TEST(a_cut_image_is_bad) {
    size_t n;
    struct err e = {0};
    char *path = path_join(dir, "20_0_0_07.jpg"), *bytes = file_read(path, 1 << 20, &n, &e);
    folder_put(dir, "20_0_0_07.jpg", bytes, n - 10);
    free(bytes);
    free(path);
    open_set();
    struct pixels p;
    open_ok(&p, 0.5);
    check_greys(&p, 7);
    pixels_close(&p);
}
END_TEST

static bool stop_at_once(void *context, size_t done, size_t total) {
    (void)context;
    ck_assert_uint_le(done, total);
    return false;
}

START_TEST(stopping_keeps_nothing) {
    open_set();
    struct pixels p;
    struct err e = {0};
    ck_assert(!pixels_open(&p, &m, PX, cache, 2, 0, stop_at_once, NULL, &e));
    ck_assert_int_eq(err_exit_code(&e), 75);
    ck_assert_ptr_null(built_file());
}
END_TEST

/* A disk that is full, by a limit on the size of files. */
START_TEST(a_full_disk_is_told) {
    open_set();
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {4500, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct pixels p;
    struct err e = {0};
    ck_assert(!pixels_open(&p, &m, PX, cache, 1, 0, NULL, NULL, &e));
    ck_assert_msg(strstr(e.msg, "written"), "%s", e.msg);
    ck_assert_ptr_null(built_file());
}
END_TEST

START_TEST(a_folder_that_cannot_be_made) {
    open_set();
    free(cache);
    cache = xstrdup("/proc/nothing");
    expect_error(0, "building the pixel cache: /proc/nothing: cannot make this folder");
    free(cache);
    cache = NULL;
}
END_TEST

/* A cache of someone else's that may only be read serves as it is. Root may write anywhere, so the
 * folder's own lock file tells: opening a built cache makes none. */
START_TEST(a_built_cache_needs_no_right_to_write) {
    open_set();
    struct pixels p;
    open_ok(&p, 0);
    pixels_close(&p);
    char *command = xasprintf("rm %s/*.lock && chmod a-w %s", cache, cache);
    ck_assert_int_eq(system(command), 0);
    free(command);
    open_ok(&p, 0);
    pixels_close(&p);
    command = xasprintf("test -z \"$(ls %s | grep lock)\" && chmod u+w %s", cache, cache);
    ck_assert_int_eq(system(command), 0);
    free(command);
}
END_TEST

/* Two processes at once: one builds, the other waits for it and sees the same file. */
START_TEST(two_processes_build_once) {
    open_set();
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    struct pixels p;
    struct err e = {0};
    bool ok = pixels_open(&p, &m, PX, cache, 2, 0, NULL, NULL, &e);
    if (child == 0)
        _exit(ok ? 0 : 1);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(ok && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    check_greys(&p, -1);
    char *path = built_file();
    struct stat on_disk;
    ck_assert_int_eq(stat(path, &on_disk), 0);
    ck_assert_uint_eq(p.map.size, (size_t)on_disk.st_size);
    free(path);
    pixels_close(&p);
}
END_TEST

struct seen {
    uint8_t rgb[N * ROW], bad[N];
    size_t rows, stop_after;
};

static bool take(void *context, const struct pixel_block *b, struct err *e) {
    struct seen *s = context;
    ck_assert_uint_eq(b->first_row, s->rows);
    memcpy(s->rgb + b->first_row * ROW, b->rgb, b->n * ROW);
    memcpy(s->bad + b->first_row, b->bad, b->n);
    s->rows += b->n;
    return s->rows < s->stop_after || err_set(e, "enough");
}

START_TEST(a_stream_gives_the_same_pixels) {
    folder_put_text(dir, "20_0_0_11.jpg", "x");
    open_set();
    for (int threads = 1; threads <= 3; threads++) {
        struct seen *s = xcalloc(1, sizeof *s);
        s->stop_after = 1000;
        struct bad_image *bad;
        size_t n_bad;
        struct err e = {0};
        ck_assert_msg(
            pixels_stream(&m, PX, threads, 6, 0.1, take, s, &bad, &n_bad, &e), "%s", e.msg);
        ck_assert_uint_eq(s->rows, N);
        check_greys(&(struct pixels){.n = N, .rgb = s->rgb, .bad = s->bad}, 11);
        ck_assert_uint_eq(n_bad, 1);
        ck_assert_uint_eq(bad[0].row, 11);
        bad_images_free(bad, n_bad);
        *s = (struct seen){.stop_after = 7};
        ck_assert(!pixels_stream(&m, PX, threads, 6, 0.1, take, s, &bad, &n_bad, &e));
        ck_assert_str_eq(e.msg, "enough");
        ck_assert_uint_eq(s->rows, 12);
        free(s);
    }
}
END_TEST

Suite *pixels_suite(void) {
    Suite *s = suite_create("pixels");
    TCase *c = tcase_create("pixels");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 30);
    tcase_add_test(c, pixels_are_built_once);
    tcase_add_test(c, a_broken_cache_is_built_again);
    tcase_add_test(c, bad_images_are_set_aside_below_the_share);
    tcase_add_test(c, too_many_bad_images_are_named_and_nothing_is_kept);
    tcase_add_test(c, a_cut_image_is_bad);
    tcase_add_test(c, stopping_keeps_nothing);
    tcase_add_test(c, a_full_disk_is_told);
    tcase_add_test(c, a_folder_that_cannot_be_made);
    tcase_add_test(c, a_built_cache_needs_no_right_to_write);
    tcase_add_test(c, two_processes_build_once);
    tcase_add_test(c, a_stream_gives_the_same_pixels);
    suite_add_tcase(s, c);
    return s;
}
