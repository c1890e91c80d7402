/* PyTorch's zip archives: what torch.save wrote, and archives that are broken or hostile. */
#include "check_suites.h"

#include "check_folder.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "nets/tensor_file.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *dir, *path;

static void open_folder(void) {
    dir = folder_new();
    path = path_join(dir, "f");
}

static void close_folder(void) {
    folder_remove(dir);
    free(path);
}

static struct tensor_file opened(const char *file) {
    struct tensor_file f;
    struct err e = {0};
    ck_assert_msg(tensor_file_open(&f, file, &e), "%s", e.msg);
    return f;
}

/* ---- what torch.save wrote (tests/reference/tensor_files.py) ---- */

static const struct tensor_entry *entry(const struct tensor_file *f, const char *name) {
    const struct tensor_entry *t = tensor_file_find(f, name);
    ck_assert_msg(t != NULL, "%s is not there", name);
    return t;
}

/* The zip archive holds what the legacy file holds, and six more types. */
START_TEST(the_same_tensors_as_in_the_legacy_format) {
    struct tensor_file legacy = opened("tests/fixtures/tensors.pth"),
                       zip = opened("tests/fixtures/zipped.pth");
    ck_assert_uint_eq(zip.n, legacy.n + 6);
    for (size_t i = 0; i < legacy.n; i++) {
        const struct tensor_entry *a = &legacy.entries[i], *b = &zip.entries[i];
        ck_assert_str_eq(a->name, b->name);
        ck_assert_int_eq(a->type, b->type);
        ck_assert_int_eq(a->n_dims, b->n_dims);
        for (int d = 0; d < a->n_dims; d++)
            ck_assert_int_eq(a->shape[d], b->shape[d]);
        ck_assert_uint_eq(a->bytes, b->bytes);
        ck_assert_msg(a->bytes == 0 || memcmp(a->data, b->data, a->bytes) == 0, "%s", a->name);
    }
    tensor_file_close(&legacy);
    tensor_file_close(&zip);
}
END_TEST

/* 2^-24 is the least binary16 above 0; 65504 = (2 - 2^-10) 2^15 is the largest. bfloat16 has 7 bits of
 * fraction: 255 x 2^120 = (2 - 2^-7) 2^127 is its largest, 2^-133 its least. */
START_TEST(halves_become_exact_floats) {
    static const float f16[] = {1, -2.5f, 65504, 0x1p-14f, 0x1p-24f, -0x3p-24f, INFINITY, -0.0f},
                       bf16[] = {1, -3.140625f, 255 * 0x1p120f, 0x1p-133f};
    float values[8];
    struct tensor_file f = opened("tests/fixtures/zipped.pth");
    ck_assert_int_eq(entry(&f, "f16")->type, TENSOR_F16);
    ck_assert_int_eq(entry(&f, "bf16")->type, TENSOR_BF16);
    ck_assert_uint_eq(tensor_elements(entry(&f, "f16")), 8);
    ck_assert(tensor_as_f32(entry(&f, "f16"), values));
    ck_assert(memcmp(values, f16, sizeof f16) == 0);
    ck_assert(tensor_as_f32(entry(&f, "bf16"), values));
    ck_assert(memcmp(values, bf16, sizeof bf16) == 0);
    ck_assert(tensor_as_f32(entry(&f, "scalar"), values));
    ck_assert_float_eq(values[0], 2.5f);
    ck_assert(!tensor_as_f32(entry(&f, "f64"), values));
    ck_assert(!tensor_as_f32(entry(&f, "i64"), values));
    tensor_file_close(&f);
}
END_TEST

START_TEST(whole_numbers_of_every_width) {
    static const int32_t i32[] = {INT32_MIN, 7};
    static const int16_t i16[] = {INT16_MIN, 7};
    static const int8_t i8[] = {INT8_MIN, 7};
    static const uint8_t truth[] = {1, 0};
    static const struct {
        const char *name;
        enum tensor_type type;
        const void *data;
        size_t bytes;
    } wanted[] = {
        {"i32", TENSOR_I32, i32, sizeof i32},
        {"i16", TENSOR_I16, i16, sizeof i16},
        {"i8", TENSOR_I8, i8, sizeof i8},
        {"bool", TENSOR_BOOL, truth, sizeof truth},
    };
    struct tensor_file f = opened("tests/fixtures/zipped.pth");
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        const struct tensor_entry *t = entry(&f, wanted[i].name);
        ck_assert_int_eq(t->type, wanted[i].type);
        ck_assert_uint_eq(t->bytes, wanted[i].bytes);
        ck_assert(memcmp(t->data, wanted[i].data, t->bytes) == 0);
    }
    tensor_file_close(&f);
}
END_TEST

/* Optimiser, schedule, options and scores stand beside; the averaged weights are those that are taken. */
START_TEST(a_training_scripts_checkpoint) {
    struct tensor_file f = opened("tests/fixtures/trained.pth");
    float value;
    ck_assert_uint_eq(f.n, 2);
    ck_assert_str_eq(f.entries[0].name, "n_averaged");
    ck_assert_str_eq(f.entries[1].name, "module.weight");
    ck_assert(tensor_as_f32(&f.entries[1], &value));
    ck_assert_float_eq(value, 2);
    tensor_file_close(&f);
}
END_TEST

/* ---- archives by hand ---- */

struct zip {
    struct str file, directory;
    unsigned members;
    bool zip64;
};

static void put(struct str *s, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        str_addc(s, (char)(i < 8 ? value >> (8 * i) : 0));
}

/* Signature, the version that is needed, flags, method, time and date, sum. */
static void put_start(struct str *s, const char *signature) {
    str_addn(s, signature, 4);
    if (signature[2] == 1)
        put(s, 20, 2);
    put(s, 20, 2);
    put(s, 0, 12);
}

static void put_sizes(struct str *s, size_t n, size_t name, bool wide) {
    put(s, wide ? UINT32_MAX : n, 4);
    put(s, wide ? UINT32_MAX : n, 4);
    put(s, name, 2);
    put(s, wide ? 28 : 0, 2);
}

static void put_wide(struct str *s, size_t n, size_t from) { /* the zip64 extra field */
    put(s, 1, 2);
    put(s, 24, 2);
    put(s, n, 8);
    put(s, n, 8);
    put(s, from, 8);
}

static void put_member(struct zip *z, const char *name, const void *data, size_t n) {
    size_t from = z->file.len, length = strlen(name);
    put_start(&z->file, "PK\3\4");
    put_sizes(&z->file, n, length, false);
    str_add(&z->file, name);
    str_addn(&z->file, data, n);
    put_start(&z->directory, "PK\1\2");
    put_sizes(&z->directory, n, length, z->zip64);
    put(&z->directory, 0, 10); /* comment, volume, attributes */
    put(&z->directory, z->zip64 ? UINT32_MAX : from, 4);
    str_add(&z->directory, name);
    if (z->zip64)
        put_wide(&z->directory, n, from);
    z->members++;
}

static void put_end64(struct zip *z, size_t directory) {
    size_t from = z->file.len;
    str_addn(&z->file, "PK\6\6", 4);
    put(&z->file, 44, 8);
    put(&z->file, 0, 12); /* versions and volumes */
    put(&z->file, z->members, 8);
    put(&z->file, z->members, 8);
    put(&z->file, z->directory.len, 8);
    put(&z->file, directory, 8);
    str_addn(&z->file, "PK\6\7", 4);
    put(&z->file, 0, 4);
    put(&z->file, from, 8);
    put(&z->file, 1, 4);
}

static void put_end(struct zip *z) {
    size_t directory = z->file.len;
    str_addn(&z->file, z->directory.text, z->directory.len);
    if (z->zip64)
        put_end64(z, directory);
    str_addn(&z->file, "PK\5\6", 4);
    put(&z->file, 0, 4);
    put(&z->file, z->zip64 ? UINT16_MAX : z->members, 2);
    put(&z->file, z->zip64 ? UINT16_MAX : z->members, 2);
    put(&z->file, z->zip64 ? UINT32_MAX : z->directory.len, 4);
    put(&z->file, z->zip64 ? UINT32_MAX : directory, 4);
    put(&z->file, 0, 2);
    str_free(&z->directory);
}

#define TEXT1(c) "X\1\0\0\0" c
#define STORAGE(key)                                                                               \
    "(X\7\0\0\0"                                                                                   \
    "storage"                                                                                      \
    "ctorch\nFloatStorage\n" TEXT1(key) "X\3\0\0\0"                                                \
                                        "cpuK\2tQ"
#define TENSOR(key) "ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE(key) "K\0K\2\x85K\1\x85\x89}tR"
#define GOOD "\x80\2}" TEXT1("w") TENSOR("0") "s."
#define TWO "\0\0\x80\x3f\0\0\0\x40" /* 1, 2 */
#define BYTES(text) text, sizeof(text) - 1

static struct zip good(bool zip64) {
    struct zip z = {.zip64 = zip64};
    put_member(&z, "a/data.pkl", BYTES(GOOD));
    put_member(&z, "a/byteorder", BYTES("little"));
    put_member(&z, "a/data/0", BYTES(TWO));
    put_member(&z, "a/version", BYTES("3\n"));
    return z;
}

/* Opening these bytes fails with this in the message, which begins with the path. */
static void expect_refused(const struct str *file, const char *message) {
    struct tensor_file f;
    struct err e = {0};
    folder_put(dir, "f", file->text, file->len);
    ck_assert_msg(!tensor_file_open(&f, path, &e), "opened, expected: %s", message);
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_msg(strncmp(e.msg, path, strlen(path)) == 0, "%s", e.msg);
    ck_assert_msg(strstr(e.msg, message) != NULL, "\"%s\" is not in: %s", message, e.msg);
    ck_assert_ptr_null(f.entries);
}

START_TEST(archives_by_hand_are_read) {
    static const float wanted[] = {1, 2};
    struct zip z = good(_i != 0);
    put_end(&z);
    folder_put(dir, "f", z.file.text, z.file.len);
    struct tensor_file f = opened(path);
    ck_assert_uint_eq(f.n, 1);
    ck_assert_str_eq(f.entries[0].name, "w");
    ck_assert_uint_eq(f.entries[0].bytes, sizeof wanted);
    ck_assert(memcmp(f.entries[0].data, wanted, sizeof wanted) == 0);
    ck_assert_ptr_null(f.entries[0].owned); /* in the mapping */
    tensor_file_close(&f);
    str_free(&z.file);
}
END_TEST

START_TEST(a_comment_may_end_the_archive) {
    struct zip z = good(false);
    put_end(&z);
    z.file.text[z.file.len - 2] = 5;
    str_add(&z.file, "PK\5\6!"); /* looks like the end, and is too short for it */
    folder_put(dir, "f", z.file.text, z.file.len);
    struct tensor_file f = opened(path);
    ck_assert_uint_eq(f.n, 1);
    tensor_file_close(&f);
    str_free(&z.file);
}
END_TEST

/* ---- broken archives: one field of the good one has another value ---- */

/* The records, from the file's start or its end: 4 members, the last record of 22 bytes. */
enum record { LOCAL0, ENTRY0, ENTRY1, ENTRY2, LAST, LOCATOR64, LAST64 };

static size_t find(const struct str *file, enum record r) {
    static const struct {
        const char *signature;
        int number;
    } records[] = {
        [LOCAL0] = {"PK\3\4", 0},
        [ENTRY0] = {"PK\1\2", 0},
        [ENTRY1] = {"PK\1\2", 1},
        [ENTRY2] = {"PK\1\2", 2},
        [LAST] = {"PK\5\6", 0},
        [LOCATOR64] = {"PK\6\7", 0},
        [LAST64] = {"PK\6\6", 0},
    };
    int seen = 0;
    for (size_t i = 0; i + 4 <= file->len; i++)
        if (memcmp(file->text + i, records[r].signature, 4) == 0 && seen++ == records[r].number)
            return i;
    ck_abort_msg("no such record");
}

#define NO_DIRECTORY "is a zip archive without its directory; it is cut short or broken"
#define ELSEWHERE "does not lie in the file as the directory has it"

static const struct {
    enum record record;
    int at, bytes;
    uint64_t value;
    const char *message;
    bool zip64;
} broken[] = {
    {LAST, 0, 4, 0, NO_DIRECTORY, false},
    {LAST, 10, 2, 0xFFFF, NO_DIRECTORY, false}, /* more entries than the directory has room for */
    {LAST, 10, 2, 3, "its zip directory is broken", false},
    {LAST, 10, 2, 5, NO_DIRECTORY, false},
    {LAST, 12, 4, 0xFFFFFFFF, NO_DIRECTORY, false},
    {LAST, 12, 4, 0, NO_DIRECTORY, false},
    {LAST, 16, 4, 0xFFFFFFFF, NO_DIRECTORY, false},
    {LAST, 16, 4, 1, "its zip directory is broken", false},
    {LAST, 20, 2, 1, NO_DIRECTORY, false},
    {LOCATOR64, 8, 8, UINT64_MAX, NO_DIRECTORY, true},
    {LOCATOR64, 8, 8, 0, NO_DIRECTORY, true},
    {LOCATOR64, 0, 4, 0, NO_DIRECTORY, true}, /* 0xFFFF entries then */
    {LAST64, 32, 8, UINT64_MAX, NO_DIRECTORY, true},
    {LAST64, 32, 8, (uint64_t)1 << 58, NO_DIRECTORY, true},
    {LAST64, 40, 8, UINT64_MAX, NO_DIRECTORY, true},
    {LAST64, 48, 8, UINT64_MAX, NO_DIRECTORY, true},
    {ENTRY1, 0, 4, 0, "its zip directory is broken", false},
    {ENTRY1, 28, 2, 0xFFFF, "its zip directory is broken", false},
    {ENTRY1, 30, 2, 0xFFFF, "its zip directory is broken", false},
    {ENTRY1, 32, 2, 0xFFFF, "its zip directory is broken", false},
    {ENTRY1, 28, 2, 0, ELSEWHERE, false},
    {ENTRY2, 10, 2, 8, "its member a/data/0 is compressed or encrypted", false}, /* deflate */
    {ENTRY2, 8, 2, 1, "its member a/data/0 is compressed or encrypted", false},
    {ENTRY2, 24, 4, 0x40000000, "its member a/data/0 is compressed or encrypted",
        false}, /* a bomb */
    {ENTRY2, 20, 8, UINT64_MAX, "its member a/data/0 has no size", false},
    {ENTRY2, 20, 8, 0x4000000040000000, "its member a/data/0 " ELSEWHERE, false},
    {ENTRY2, 42, 4, 0xFFFFFFFE, ELSEWHERE, false},
    {ENTRY2, 42, 4, 0xFFFFFFFF, "its member a/data/0 has no size", false},
    {ENTRY2, 42, 4, 0, "its member a/data/0 " ELSEWHERE, false},      /* another member's header */
    {ENTRY2, 56, 2, 0xFFFF, "its member a/data/0 has no size", true}, /* of the extra field */
    {ENTRY2, 54, 2, 2, "its member a/data/0 has no size", true},      /* of another kind */
    {ENTRY2, 46, 1, 'b', "its member b/data/0 " ELSEWHERE, false},
    {ENTRY0, 20, 8, 0x000000C0000000C0, "overlaps another", false},
    {LOCAL0, 26, 2, 0xFFFF, "its member a/data.pkl " ELSEWHERE, false},
    {LOCAL0, 28, 2, 0xFFFF, "its member a/data.pkl " ELSEWHERE, false},
};

START_TEST(broken_archives) {
    struct zip z = good(broken[_i].zip64);
    put_end(&z);
    size_t at = find(&z.file, broken[_i].record) + (size_t)broken[_i].at;
    for (int i = 0; i < broken[_i].bytes; i++)
        z.file.text[at + (size_t)i] = (char)(broken[_i].value >> (8 * i));
    expect_refused(&z.file, broken[_i].message);
    str_free(&z.file);
}
END_TEST

/* ---- archives that are none of torch.save's ---- */

struct member {
    const char *name, *data;
    size_t n;
};

static const struct {
    struct member members[4];
    const char *message;
} strange[] = {
    {{{"a/data/0", BYTES(TWO)}}, "none of torch.save: it has no FOLDER/data.pkl"},
    {{{"data.pkl", BYTES(GOOD)}, {"data/0", BYTES(TWO)}}, "it has no FOLDER/data.pkl"},
    {{{"a/b/data.pkl", BYTES(GOOD)}}, "it has no FOLDER/data.pkl"},
    {{{"a/data.pkl", BYTES(GOOD)}, {"b/data.pkl", BYTES(GOOD)}}, "two members FOLDER/data.pkl"},
    {{{"a/data.pkl", BYTES(GOOD)}, {"a/data/0", BYTES(TWO)}, {"a/data/0", BYTES(TWO)}},
        "its member a/data/0 stands twice in it"},
    {{{"a/data.pkl", BYTES(GOOD)}, {"a/data/0", BYTES(TWO)}, {"a/byteorder", BYTES("big")}},
        "its byteorder is \"big\", expected \"little\""},
    {{{"a/data.pkl", BYTES(GOOD)}}, "its storage data/0 is not in the archive"},
    {{{"a/data.pkl", BYTES(GOOD)}, {"b/data/0", BYTES(TWO)}},
        "its storage data/0 is not in the archive"},
    {{{"a/data.pkl", BYTES(GOOD)}, {"a/data/0", BYTES("1234567")}},
        "its storage data/0 has another size than its tensors say"},
    {{{"a/data.pkl", BYTES(GOOD)}, {"a/data/0", BYTES("123456789")}}, "has another size"},
    {{{"a/data.pkl", BYTES(GOOD "x")}, {"a/data/0", BYTES(TWO)}},
        "data.pkl: 1 bytes stand behind its end"},
    {{{"a/data.pkl", "", 0}}, "data.pkl: at byte 0 of the pickle: it has no end"},
    {{{"a/data.pkl", BYTES("\x80\2cos\nsystem\n" TEXT1("x") "\x85R.")}},
        "data.pkl: at byte 20 of the pickle: asks for os.system, which is nothing that tensors need"},
    {{{"a/data.pkl", BYTES("\x80\2cos\nsystem\n" TEXT1("x") "\x85\x81.")}}, "asks for os.system"},
    {{{"a/data.pkl", BYTES("\x80\4.")}}, "is of another protocol than 2"},
    {{{"a/data.pkl", BYTES("\x80\2]q\0h\0a.")}}, "holds no dictionary of tensors"},
    {{{"a/data.pkl", BYTES("\x80\2}q\0" TEXT1("w") "h\0s.")}}, "its entry w is no tensor"},
    {{{"a/data.pkl", BYTES("\x80\2}q\0X\5\0\0\0modelh\0s.")}}, "its entry model is no tensor"},
    {{{"a/data.pkl", BYTES("\x80\2}X\5\0\0\0modelNs.")}},
        "its entry model is no tensor; expected a dictionary of tensors alone, by itself or as "
        "state_dict_ema, model_ema, state_dict, model or model_state_dict"},
};

START_TEST(strange_archives) {
    struct zip z = {0};
    for (const struct member *m = strange[_i].members; m->name; m++)
        put_member(&z, m->name, m->data, m->n);
    put_end(&z);
    expect_refused(&z.file, strange[_i].message);
    str_free(&z.file);
}
END_TEST

/* Two entries of the directory for one member, which its size would count twice. */
START_TEST(entries_do_not_share_bytes) {
    struct zip z = good(false);
    enum { ENTRY = 46 + sizeof "a/version" - 1 };
    char entry[ENTRY];
    memcpy(entry, z.directory.text + z.directory.len - ENTRY, ENTRY);
    str_addn(&z.directory, entry, ENTRY);
    z.members++;
    put_end(&z);
    expect_refused(&z.file, "its member a/version overlaps another");
    str_free(&z.file);
}
END_TEST

START_TEST(cut_archives_are_refused_at_every_length) {
    struct err e = {0};
    size_t size;
    char *bytes = file_read("tests/fixtures/zipped.pth", 1 << 20, &size, &e);
    ck_assert_msg(bytes != NULL, "%s", e.msg);
    for (size_t n = 0; n < size; n++)
        expect_refused(&(struct str){.text = bytes, .len = n}, "");
    free(bytes);
}
END_TEST

/* ---- pickles that would grow ---- */

static void expect_pickle_refused(const struct str *pickle, const char *message) {
    struct zip z = {0};
    put_member(&z, "a/data.pkl", pickle->text, pickle->len);
    put_member(&z, "a/data/0", BYTES(TWO));
    put_end(&z);
    expect_refused(&z.file, message);
    str_free(&z.file);
}

/* One name and one tensor, again and again at four bytes an entry. */
START_TEST(a_dictionary_of_very_many) {
    struct str pickle = {0};
    str_addn(&pickle, BYTES("\x80\2" TEXT1("w") "q\0" TENSOR("0") "q\1}("));
    for (int i = 0; i < 65537; i++)
        str_addn(&pickle, BYTES("h\0h\1"));
    str_add(&pickle, "u.");
    expect_pickle_refused(&pickle, "has 65537 entries; at most 65536 are read");
    str_free(&pickle);
}
END_TEST

START_TEST(a_very_long_name) {
    struct str pickle = {0};
    str_addn(&pickle, BYTES("\x80\2}X\1\2\0\0")); /* 513 */
    for (int i = 0; i < 513; i++)
        str_addc(&pickle, 'n');
    str_addn(&pickle, BYTES(TENSOR("0") "s."));
    expect_pickle_refused(&pickle, "its entry 0 has no name of at most 512 bytes");
    str_free(&pickle);
}
END_TEST

/* A tuple around a tuple at a byte each: no recursion, and an end. */
START_TEST(very_deep_nesting) {
    struct str pickle = {0};
    str_addn(&pickle, BYTES("\x80\2)"));
    for (int i = 0; i < 1 << 19; i++)
        str_addc(&pickle, '\x85');
    str_addc(&pickle, '.');
    expect_pickle_refused(&pickle, "makes more values than a file of tensors has");
    pickle.len = 400000;
    pickle.text[399999] = '.';
    expect_pickle_refused(&pickle, "holds no dictionary of tensors");
    str_free(&pickle);
}
END_TEST

Suite *zip_file_suite(void) {
    Suite *s = suite_create("zip_file");
    TCase *c = tcase_create("zip_file");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, open_folder, close_folder);
    tcase_add_test(c, the_same_tensors_as_in_the_legacy_format);
    tcase_add_test(c, halves_become_exact_floats);
    tcase_add_test(c, whole_numbers_of_every_width);
    tcase_add_test(c, a_training_scripts_checkpoint);
    tcase_add_loop_test(c, archives_by_hand_are_read, 0, 2);
    tcase_add_test(c, a_comment_may_end_the_archive);
    tcase_add_loop_test(c, broken_archives, 0, ARRAY_LEN(broken));
    tcase_add_loop_test(c, strange_archives, 0, ARRAY_LEN(strange));
    tcase_add_test(c, entries_do_not_share_bytes);
    tcase_add_test(c, cut_archives_are_refused_at_every_length);
    tcase_add_test(c, a_dictionary_of_very_many);
    tcase_add_test(c, a_very_long_name);
    tcase_add_test(c, very_deep_nesting);
    suite_add_tcase(s, c);
    return s;
}
