#define _GNU_SOURCE /* sched_setaffinity */

#include "check_folder.h"
#include "check_suites.h"

#include "core/cores.h"
#include "core/err.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/sha256.h"
#include "core/str.h"
#include "core/words.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- cores ---- */

START_TEST(cores_are_those_that_we_may_run_on) {
    cpu_set_t mine, one;
    ck_assert_int_eq(sched_getaffinity(0, sizeof mine, &mine), 0);
    ck_assert_int_eq(cores_usable(), CPU_COUNT(&mine));
    int first = 0;
    while (!CPU_ISSET(first, &mine))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    ck_assert_int_eq(cores_usable(), 1);
    ck_assert_int_eq(sched_setaffinity(0, sizeof mine, &mine), 0);
}
END_TEST

/* ---- err ---- */

START_TEST(first_error_wins_and_gets_its_place) {
    struct err e = {0};
    ck_assert(!err_add(&e, "nothing to add to"));
    ck_assert_int_eq(err_exit_code(&e), 0);
    ck_assert(!err_set(&e, "value %d", 7));
    err_usage(&e, "second");
    err_add(&e, "grid.json");
    ck_assert_str_eq(e.msg, "grid.json: value 7");
    ck_assert_int_eq(err_exit_code(&e), 1);
}
END_TEST

START_TEST(kinds_have_exit_codes) {
    struct err usage = {0}, interrupted = {0}, sys = {0};
    err_usage(&usage, "u");
    err_interrupted(&interrupted, "i");
    err_sys(&sys, EACCES, "%s", "x.db");
    ck_assert_int_eq(err_exit_code(&usage), 2);
    ck_assert_int_eq(err_exit_code(&interrupted), 75);
    ck_assert_int_eq(err_exit_code(&sys), 1);
    ck_assert_str_eq(sys.msg, "x.db: Permission denied");
}
END_TEST

static const struct {
    int code;
    const char *message;
} no_space[] = {
    {ENOSPC,
        "x.db: No space left on device; free space on its disk and run the same command again"},
    {EDQUOT,
        "x.db: Disk quota exceeded; free space within your quota and run the same command again"},
    {EFBIG,
        "x.db: File too large; raise the limit on the size of files (ulimit -f) and run the same "
        "command again"},
};

START_TEST(no_room_to_write_is_a_kind_of_its_own) {
    struct err e = {0};
    err_sys(&e, no_space[_i].code, "x.db");
    ck_assert_str_eq(e.msg, no_space[_i].message);
    ck_assert_int_eq(e.kind, ERR_NO_SPACE);
    ck_assert_int_eq(err_exit_code(&e), 1);
}
END_TEST

START_TEST(a_long_message_is_cut_with_dots) {
    struct err e = {0};
    err_set(&e, "%03000d", 0);
    ck_assert_uint_eq(strlen(e.msg), sizeof e.msg - 1);
    ck_assert(str_ends(e.msg, "0..."));
    err_add(&e, "in front");
    ck_assert_uint_eq(strlen(e.msg), sizeof e.msg - 1);
    ck_assert(str_starts(e.msg, "in front: 000"));
    ck_assert(str_ends(e.msg, "..."));
}
END_TEST

/* ---- mem ---- */

START_TEST(arrays_grow_and_keep_what_they_hold) {
    int *numbers = NULL;
    size_t capacity = 0, moves = 0;
    for (int i = 0; i < 10000; i++) {
        size_t before = capacity;
        numbers = xgrow(numbers, &capacity, (size_t)i + 1, sizeof *numbers);
        moves += capacity != before;
        numbers[i] = i;
    }
    for (int i = 0; i < 10000; i++)
        ck_assert_int_eq(numbers[i], i);
    ck_assert_uint_le(moves, 12); /* 8 doubled 11 times is 16384 */
    free(numbers);
}
END_TEST

START_TEST(empty_allocations_are_pointers_and_zeroed_ones_are_zero) {
    void *nothing = xmalloc(0);
    ck_assert_ptr_nonnull(nothing);
    free(nothing);
    unsigned char *zeros = xcalloc(100, 10);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(zeros[i], 0);
    free(zeros);
    char *s = xasprintf("%s-%d", "a", 7), *part = xstrndup("abcdef", 3);
    ck_assert_str_eq(s, "a-7");
    ck_assert_str_eq(part, "abc");
    free(s);
    free(part);
}
END_TEST

START_TEST(an_overflowing_product_ends_the_process) {
    pid_t child = fork();
    if (child == 0) {
        close(STDERR_FILENO);
        free(xrealloc(NULL, SIZE_MAX / 4 + 2, 4)); /* 4 bytes, if it wrapped */
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

/* ---- str ---- */

START_TEST(strings_grow) {
    struct str s = {0};
    str_add(&s, "ab");
    str_addc(&s, 'c');
    str_addn(&s, "def", 2);
    str_addf(&s, "-%05d-%s", 42, "x");
    ck_assert_str_eq(s.text, "abcde-00042-x");
    ck_assert_uint_eq(s.len, strlen(s.text));
    str_clear(&s);
    ck_assert_str_eq(s.text, "");
    for (int i = 0; i < 1000; i++)
        str_addf(&s, "%d,", i % 10);
    ck_assert_uint_eq(s.len, 2000);
    char *text = str_detach(&s);
    ck_assert_uint_eq(strlen(text), 2000);
    ck_assert_ptr_null(s.text);
    free(text);
    text = str_detach(&s);
    ck_assert_str_eq(text, "");
    free(text);
    str_free(&s);
}
END_TEST

START_TEST(nearest_name) {
    static const char *const names[] = {"momentum", "milestones", "lr", NULL, "db"};
    size_t step = sizeof names[0];
    ck_assert_str_eq(str_nearest("momentun", names, 5, step), "momentum");
    ck_assert_str_eq(str_nearest("lr", names, 5, step), "lr");
    ck_assert_str_eq(str_nearest("dbs", names, 5, step), "db");
    ck_assert_ptr_null(str_nearest("zebra", names, 5, step));
    ck_assert_ptr_null(str_nearest("xy", names, 5, step)); /* not "lr": no letter would stay */
    ck_assert_ptr_null(str_nearest("", names, 5, step));
    ck_assert_ptr_null(str_nearest("momentum", names, 0, step));
}
END_TEST

START_TEST(prefixes_and_suffixes) {
    ck_assert(str_starts("abc", "ab") && str_starts("abc", "") && !str_starts("abc", "abcd"));
    ck_assert(str_ends("abc", "bc") && str_ends("abc", "") && !str_ends("bc", "abc"));
}
END_TEST

static const struct {
    const char *bytes;
    size_t n, length;
} utf8[] = {
    {"", 0, 0},
    {"a", 1, 1},
    {"\0", 1, 1},
    {"\x7F", 1, 1},
    {"\x80", 1, 0},
    {"\xC1\xBF", 2, 0},         /* over-long: U+007F */
    {"\xC2\x80", 2, 2},         /* U+0080 */
    {"\xC2", 1, 0},             /* cut */
    {"\xC2\x41", 2, 0},         /* no continuation */
    {"\xE0\x9F\xBF", 3, 0},     /* over-long: U+07FF */
    {"\xE0\xA0\x80", 3, 3},     /* U+0800 */
    {"\xED\x9F\xBF", 3, 3},     /* U+D7FF */
    {"\xED\xA0\x80", 3, 0},     /* a surrogate */
    {"\xEE\x80\x80", 3, 3},     /* U+E000 */
    {"\xF0\x8F\xBF\xBF", 4, 0}, /* over-long: U+FFFF */
    {"\xF0\x90\x80\x80", 4, 4}, /* U+10000 */
    {"\xF4\x8F\xBF\xBF", 4, 4}, /* U+10FFFF */
    {"\xF4\x90\x80\x80", 4, 0}, /* above it */
    {"\xF5\x80\x80\x80", 4, 0},
    {"\xE2\x82\xAC!", 4, 3},
};

START_TEST(utf8_characters) {
    ck_assert_uint_eq(str_utf8(utf8[_i].bytes, utf8[_i].n), utf8[_i].length);
}
END_TEST

START_TEST(words_are_found) {
    ck_assert_int_eq(word_find(attribute_name, ATTR_COUNT, "gender"), ATTR_GENDER);
    ck_assert_int_eq(word_find(attribute_name, ATTR_COUNT, "Gender"), -1);
    for (int i = 0; i < READOUT_COUNT; i++)
        ck_assert_int_eq(word_find(readout_name, READOUT_COUNT, readout_name[i]), i);
}
END_TEST

/* ---- sha256 ---- */

/* FIPS 180-2, appendix B: one block, two blocks, a million times "a". */
START_TEST(sha256_known_answers) {
    char hex[SHA256_HEX], a[1000];
    sha256_bytes("abc", 3, hex);
    ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
    ck_assert_str_eq(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    memset(a, 'a', sizeof a);
    struct sha256 *sum = sha256_new();
    for (int i = 0; i < 1000; i++)
        sha256_add(sum, a, sizeof a);
    sha256_end(sum, hex);
    ck_assert_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

START_TEST(sha256_of_files) {
    char *dir = folder_new(), *path = path_join(dir, "x"), hex[SHA256_HEX];
    struct err e = {0};
    folder_put(dir, "x", "", 0);
    ck_assert(sha256_file(path, hex, &e));
    ck_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    folder_put(dir, "x", "abc", 3);
    ck_assert(sha256_file(path, hex, &e));
    ck_assert(str_starts(hex, "ba7816bf"));
    unlink(path);
    ck_assert(!sha256_file(path, hex, &e));
    free(path);
    folder_remove(dir);
}
END_TEST

/* ---- rng ---- */

/* Salmon et al.'s Random123, kat_vectors, philox4x32-10: counter and key all zero, all ones, and the
 * digits of pi. */
START_TEST(philox_known_answers) {
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff},
            {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0},
            {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        struct rng r = {.used = 4};
        memcpy(r.counter, known[i].counter, sizeof r.counter);
        memcpy(r.key, known[i].key, sizeof r.key);
        for (int j = 0; j < 4; j++)
            ck_assert_uint_eq(rng_u32(&r), known[i].out[j]);
    }
}
END_TEST

START_TEST(streams_are_functions_of_their_names) {
    struct rng a = rng_open(1, RNG_ORDER, 2, 3), again = rng_open(1, RNG_ORDER, 2, 3);
    struct rng others[] = {rng_open(2, RNG_ORDER, 2, 3), rng_open(1, RNG_AUGMENT, 2, 3),
        rng_open(1, RNG_ORDER, 3, 3), rng_open(1, RNG_ORDER, 2, 4),
        rng_open(1 + ((uint64_t)1 << 32), RNG_ORDER, 2, 3)};
    int equal[ARRAY_LEN(others)] = {0};
    for (int i = 0; i < 100; i++) {
        uint32_t x = rng_u32(&a);
        ck_assert_uint_eq(x, rng_u32(&again));
        for (size_t j = 0; j < ARRAY_LEN(others); j++)
            equal[j] += rng_u32(&others[j]) == x;
    }
    for (size_t j = 0; j < ARRAY_LEN(others); j++)
        ck_assert_int_eq(equal[j], 0);
}
END_TEST

/* Bounds of six standard errors: a chance failure is a matter of one in 10^8, and the seed is fixed. */
START_TEST(draws_have_the_right_moments) {
    enum { N = 200000 };
    struct rng r = rng_open(5, RNG_TEST, 0, 0);
    double sum = 0, squares = 0, normal = 0, normal_squares = 0;
    for (int i = 0; i < N; i++) {
        double u = rng_uniform(&r), z = rng_normal(&r);
        ck_assert(u >= 0 && u < 1);
        sum += u;
        squares += u * u;
        normal += z;
        normal_squares += z * z;
    }
    double root = sqrt(N);
    ck_assert_double_eq_tol(sum / N, 0.5, 6 * sqrt(1.0 / 12) / root);
    ck_assert_double_eq_tol(squares / N, 1.0 / 3, 6 * sqrt(4.0 / 45) / root); /* var of u^2 */
    ck_assert_double_eq_tol(normal / N, 0, 6 / root);
    ck_assert_double_eq_tol(normal_squares / N, 1, 6 * sqrt(2) / root);
}
END_TEST

START_TEST(bounded_draws_are_uniform) {
    enum { N = 60000, SIDES = 6 };
    struct rng r = rng_open(6, RNG_TEST, 0, 0);
    int count[SIDES] = {0};
    for (int i = 0; i < N; i++)
        count[rng_below(&r, SIDES)]++;
    double chi = 0, expected = (double)N / SIDES;
    for (int i = 0; i < SIDES; i++)
        chi += (count[i] - expected) * (count[i] - expected) / expected;
    ck_assert_double_lt(chi, 30); /* 5 degrees of freedom: p about 1.5e-5 */
    ck_assert_uint_eq(rng_below(&r, 1), 0);
    /* Of 2^32 draws four go to every three results: without rejection each multiple of 3 gets two. */
    int multiples = 0;
    for (int i = 0; i < N; i++)
        multiples += rng_below(&r, 0xC0000000u) % 3 == 0;
    ck_assert_double_eq_tol((double)multiples / N, 1.0 / 3, 6 * sqrt(2.0 / 9) / sqrt(N));
}
END_TEST

static void shuffle_one_by_one(struct rng *r, uint32_t *items, uint32_t n) {
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = rng_below(r, i), swap = items[i - 1];
        items[i - 1] = items[j];
        items[j] = swap;
    }
}

/* Many at a time are those of one at a time, wherever in a block the stream stands, and leave it at the same place. Of
 * words for numbers below 0xC0000000 a quarter is refused. */
START_TEST(draws_of_many_are_those_of_one) {
    enum { MOST = 1000 };
    static const size_t counts[] = {0, 1, 3, 5, 127, 128, 129, 260, MOST};
    static uint32_t many[MOST], items[2][MOST];
    for (size_t c = 0; c < ARRAY_LEN(counts); c++)
        for (uint32_t before = 0; before < 5; before++) {
            struct rng a = rng_open(8, RNG_TEST, before, 1), b = a;
            size_t n = counts[c];
            for (uint32_t i = 0; i < before; i++)
                ck_assert_uint_eq(rng_u32(&a), rng_u32(&b));
            rng_words(&a, many, n);
            for (size_t i = 0; i < n; i++)
                ck_assert_uint_eq(many[i], rng_u32(&b));
            rng_indices(&a, 0xC0000000u, many, n);
            for (size_t i = 0; i < n; i++)
                ck_assert_uint_eq(many[i], rng_below(&b, 0xC0000000u));
            for (uint32_t i = 0; i < n; i++)
                items[0][i] = items[1][i] = i;
            rng_shuffle(&a, items[0], n);
            shuffle_one_by_one(&b, items[1], (uint32_t)n);
            ck_assert_mem_eq(items[0], items[1], sizeof items[0]);
            ck_assert_uint_eq(rng_u32(&a), rng_u32(&b));
        }
}
END_TEST

START_TEST(shuffles_are_permutations_and_fair) {
    enum { N = 1000, TRIALS = 24000 };
    uint32_t items[N], seen[N] = {0};
    struct rng r = rng_open(7, RNG_TEST, 0, 0);
    for (uint32_t i = 0; i < N; i++)
        items[i] = i;
    rng_shuffle(&r, items, N);
    for (int i = 0; i < N; i++)
        seen[items[i]]++;
    int moved = 0;
    for (uint32_t i = 0; i < N; i++) {
        ck_assert_uint_eq(seen[i], 1);
        moved += items[i] != i;
    }
    ck_assert_int_gt(moved, N - 10);
    int count[64] = {
        0}; /* of the 24 orders of four, by a number in base 4 without its last digit */
    for (int t = 0; t < TRIALS; t++) {
        uint32_t four[] = {0, 1, 2, 3};
        rng_shuffle(&r, four, 4);
        count[four[0] * 16 + four[1] * 4 + four[2]]++;
    }
    double chi = 0;
    int orders = 0;
    for (int i = 0; i < 64; i++)
        if (count[i]) {
            orders++;
            chi += (count[i] - 1000.0) * (count[i] - 1000.0) / 1000;
        }
    ck_assert_int_eq(orders, 24);
    ck_assert_double_lt(chi, 70); /* 23 degrees of freedom: p about 1e-6 */
    rng_shuffle(&r, NULL, 0);
}
END_TEST

/* ---- file ---- */

START_TEST(paths_join) {
    static const char *const joined[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}};
    for (size_t i = 0; i < ARRAY_LEN(joined); i++) {
        char *path = path_join(joined[i][0], joined[i][1]);
        ck_assert_str_eq(path, joined[i][2]);
        free(path);
    }
}
END_TEST

START_TEST(folders_are_made_with_their_parents) {
    char *dir = folder_new(), *deep = path_join(dir, "a/b//c"), *file = path_join(dir, "f");
    char *under = path_join(file, "g");
    struct err e = {0};
    ck_assert_msg(dir_make(deep, &e), "%s", e.msg);
    ck_assert(dir_make(deep, &e) && dir_exists(deep) && !file_exists(deep));
    folder_put_text(dir, "f", "x");
    ck_assert(file_exists(file) && !dir_exists(file));
    ck_assert(!dir_make(file, &e));
    e = (struct err){0};
    ck_assert(!dir_make(under, &e));
    ck_assert(
        str_starts(e.msg, under) && str_ends(e.msg, "cannot make this folder: Not a directory"));
    if (dir_exists("/sys/kernel")) { /* not in a bare chroot */
        /* Nobody may make a folder there: told is what mkdir said, not a later stat. */
        e = (struct err){0};
        ck_assert(!dir_make("/sys/dmtl-no-such-folder", &e));
        ck_assert_msg(!strstr(e.msg, "No such file"), "%s", e.msg);
    }
    free(under);
    free(file);
    free(deep);
    folder_remove(dir);
}
END_TEST

START_TEST(whole_reads_have_a_limit) {
    char *dir = folder_new(), *path = path_join(dir, "x");
    struct err e = {0};
    size_t n;
    folder_put(dir, "x", "a\0b", 3);
    char *bytes = file_read(path, 3, &n, &e);
    ck_assert_uint_eq(n, 3);
    ck_assert_mem_eq(bytes, "a\0b", 4); /* and the NUL behind */
    free(bytes);
    ck_assert_ptr_null(file_read(path, 2, &n, &e));
    ck_assert(str_ends(e.msg, "x: has 3 bytes, at most 2 are read"));
    e = (struct err){0};
    ck_assert_ptr_null(file_read(dir, 100, NULL, &e));
    ck_assert(str_ends(e.msg, ": is not a regular file"));
    e = (struct err){0};
    ck_assert_ptr_null(file_read("/nonexistent", 100, NULL, &e));
    ck_assert_str_eq(e.msg, "/nonexistent: cannot be read: No such file or directory");
    free(path);
    folder_remove(dir);
}
END_TEST

static void expect_text(const char *path, const char *text) {
    struct err e = {0};
    char *found = file_read(path, 1000, NULL, &e);
    ck_assert_msg(found != NULL, "%s", e.msg);
    ck_assert_str_eq(found, text);
    free(found);
}

START_TEST(writes_are_whole_or_not_at_all) {
    char *dir = folder_new(), *path = path_join(dir, "x");
    struct err e = {0};
    struct file_output out;
    ck_assert(file_write(path, "old", 3, &e));
    ck_assert(file_output_open(&out, path, &e));
    fputs("new", out.stream);
    fflush(out.stream);
    expect_text(path, "old");
    char *temporary = xstrdup(out.temporary);
    file_abandon(&out);
    ck_assert(!file_exists(temporary));
    expect_text(path, "old");
    ck_assert(file_output_open(&out, path, &e));
    fputs("new", out.stream);
    ck_assert(file_commit(&out, &e));
    expect_text(path, "new");
    ck_assert(!file_exists(temporary));
    file_abandon(&out);
    ck_assert(file_write(path, NULL, 0, &e));
    expect_text(path, "");
    free(temporary);
    free(path);
    folder_remove(dir);
}
END_TEST

START_TEST(a_write_that_fails_leaves_the_old_file) {
    char *dir = folder_new(), *path = path_join(dir, "x");
    struct err e = {0};
    struct file_output out;
    ck_assert(file_write(path, "old", 3, &e));
    ck_assert(file_output_open(&out, path, &e));
    fclose(out.stream);
    out.stream = fopen("/dev/full", "wb"); /* as a disk that fills up */
    fputs("new", out.stream);
    ck_assert(!file_commit(&out, &e));
    ck_assert(str_ends(e.msg, "x: cannot be written: No space left on device; free space on "
                              "its disk and run the same command again"));
    expect_text(path, "old");
    e = (struct err){0};
    ck_assert(!file_write("/nonexistent/x", "a", 1, &e));
    ck_assert_str_eq(e.msg, "/nonexistent/x: cannot be written: No such file or directory");
    e = (struct err){0};
    ck_assert(!file_output_open(&out, "/nonexistent/x", &e));
    ck_assert(!file_commit(&out, &e)); /* allowed on an output that never opened */
    file_abandon(&out);
    free(path);
    folder_remove(dir);
}
END_TEST

START_TEST(files_are_mapped) {
    char *dir = folder_new(), *path = path_join(dir, "x");
    struct err e = {0};
    struct file_map map;
    folder_put(dir, "x", "", 0);
    ck_assert(file_map_open(&map, path, &e));
    ck_assert(!map.bytes && map.size == 0);
    file_map_close(&map);
    folder_put(dir, "x", "abc", 3);
    ck_assert(file_map_open(&map, path, &e));
    ck_assert_uint_eq(map.size, 3);
    ck_assert_mem_eq(map.bytes, "abc", 3);
    file_map_close(&map);
    file_map_close(&map);
    ck_assert(!file_map_open(&map, dir, &e));
    ck_assert(str_ends(e.msg, ": is not a regular file"));
    free(path);
    folder_remove(dir);
}
END_TEST

START_TEST(a_lock_has_one_holder_and_dies_with_it) {
    char *dir = folder_new(), *path = path_join(dir, "lock");
    struct err e = {0};
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        int held = file_lock(path, true, &e);
        char byte = held >= 0;
        _exit(write(ready[1], &byte, 1) == 1 && pause() == 0);
    }
    char byte;
    ck_assert_int_eq((int)read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 1);
    ck_assert_int_eq(file_lock(path, false, &e), -1);
    ck_assert_int_eq(e.kind, ERR_NONE);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    int fd = file_lock(path, false, &e);
    ck_assert_int_ge(fd, 0);
    file_unlock(fd);
    fd = file_lock(path, true, &e);
    ck_assert_int_ge(fd, 0);
    file_unlock(fd);
    file_unlock(-1);
    ck_assert_int_eq(file_lock("/nonexistent/lock", false, &e), -1);
    ck_assert_int_eq(e.kind, ERR_FAILED);
    close(ready[0]);
    close(ready[1]);
    free(path);
    folder_remove(dir);
}
END_TEST

Suite *core_suite(void) {
    Suite *s = suite_create("core");
    TCase *values = tcase_create("values"), *files = tcase_create("files");
    tcase_add_test(values, cores_are_those_that_we_may_run_on);
    tcase_set_timeout(values, 20);
    tcase_add_test(values, first_error_wins_and_gets_its_place);
    tcase_add_test(values, kinds_have_exit_codes);
    tcase_add_loop_test(values, no_room_to_write_is_a_kind_of_its_own, 0, (int)ARRAY_LEN(no_space));
    tcase_add_test(values, a_long_message_is_cut_with_dots);
    tcase_add_test(values, arrays_grow_and_keep_what_they_hold);
    tcase_add_test(values, empty_allocations_are_pointers_and_zeroed_ones_are_zero);
    tcase_add_test(values, an_overflowing_product_ends_the_process);
    tcase_add_test(values, strings_grow);
    tcase_add_test(values, nearest_name);
    tcase_add_test(values, prefixes_and_suffixes);
    tcase_add_loop_test(values, utf8_characters, 0, (int)ARRAY_LEN(utf8));
    tcase_add_test(values, words_are_found);
    tcase_add_test(values, sha256_known_answers);
    tcase_add_test(values, philox_known_answers);
    tcase_add_test(values, streams_are_functions_of_their_names);
    tcase_add_test(values, draws_have_the_right_moments);
    tcase_add_test(values, bounded_draws_are_uniform);
    tcase_add_test(values, draws_of_many_are_those_of_one);
    tcase_add_test(values, shuffles_are_permutations_and_fair);
    tcase_set_timeout(files, 20);
    tcase_add_test(files, sha256_of_files);
    tcase_add_test(files, paths_join);
    tcase_add_test(files, folders_are_made_with_their_parents);
    tcase_add_test(files, whole_reads_have_a_limit);
    tcase_add_test(files, writes_are_whole_or_not_at_all);
    tcase_add_test(files, a_write_that_fails_leaves_the_old_file);
    tcase_add_test(files, files_are_mapped);
    tcase_add_test(files, a_lock_has_one_holder_and_dies_with_it);
    suite_add_tcase(s, values);
    suite_add_tcase(s, files);
    return s;
}
