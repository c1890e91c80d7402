/* Files of tensors: what Python wrote, what we write, and files that are broken or hostile. */
#include "check_suites.h"

#include "check_folder.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "nets/tensor_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static char *dir, *path;

static void open_folder(void) {
    dir = folder_new();
    path = path_join(dir, "f");
}

static void close_folder(void) {
    folder_remove(dir);
    free(path);
}

/* ---- helpers ---- */

static struct tensor_file opened(const char *file) {
    struct tensor_file f;
    struct err e = {0};
    ck_assert_msg(tensor_file_open(&f, file, &e), "%s", e.msg);
    return f;
}

/* Opening these bytes fails with this in the message, which begins with the path. */
static void expect_refused(const void *bytes, size_t n, const char *message) {
    struct tensor_file f;
    struct err e = {0};
    folder_put(dir, "f", bytes, n);
    ck_assert_msg(!tensor_file_open(&f, path, &e), "opened, expected: %s", message);
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_msg(strncmp(e.msg, path, strlen(path)) == 0, "%s", e.msg);
    ck_assert_msg(strstr(e.msg, message) != NULL, "\"%s\" is not in: %s", message, e.msg);
    ck_assert_uint_eq(f.n, 0);
    ck_assert_ptr_null(f.entries);
}

static void expect_entry(const struct tensor_file *f, const char *name, enum tensor_type type,
    int n_dims, const int64_t *shape, const void *data, size_t bytes) {
    const struct tensor_entry *t = tensor_file_find(f, name);
    ck_assert_msg(t != NULL, "%s is not there", name);
    ck_assert_int_eq(t->type, type);
    ck_assert_int_eq(t->n_dims, n_dims);
    for (int i = 0; i < n_dims; i++)
        ck_assert_msg(t->shape[i] == shape[i], "%s: size %d is %" PRId64, name, i, t->shape[i]);
    ck_assert_uint_eq(t->bytes, bytes);
    ck_assert_msg(bytes == 0 || memcmp(t->data, data, bytes) == 0, "%s has other values", name);
}

static const float f32[] = {0, 0.5f, 1, 1.5f, 2, 2.5f}, scalar[] = {2.5f};
static const double f64[] = {1e-300, -1};
static const int64_t i64[] = {-((int64_t)1 << 62), 5};
static const uint8_t u8[] = {0, 255};

/* The tensors of tests/reference/tensor_files.py that need no strides. */
static const struct tensor_entry plain[] = {
    {(char[]){"f32"}, TENSOR_F32, 2, {2, 3}, f32, sizeof f32, NULL},
    {(char[]){"f64"}, TENSOR_F64, 1, {2}, f64, sizeof f64, NULL},
    {(char[]){"i64"}, TENSOR_I64, 1, {2}, i64, sizeof i64, NULL},
    {(char[]){"u8"}, TENSOR_U8, 1, {2}, u8, sizeof u8, NULL},
    {(char[]){"scalar"}, TENSOR_F32, 0, {0}, scalar, sizeof scalar, NULL},
    {(char[]){"empty"}, TENSOR_F32, 2, {0, 3}, NULL, 0, NULL},
};

static void expect_plain(const struct tensor_file *f) {
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        expect_entry(f, plain[i].name, plain[i].type, plain[i].n_dims, plain[i].shape,
            plain[i].data, plain[i].bytes);
}

/* ---- what Python wrote ---- */

START_TEST(safetensors_of_python) {
    struct tensor_file f = opened("tests/fixtures/tensors.safetensors");
    ck_assert_uint_eq(f.n, ARRAY_LEN(plain));
    expect_plain(&f);
    ck_assert_str_eq(tensor_file_metadata(&f, "made by"), "Python");
    ck_assert_str_eq(tensor_file_metadata(&f, "step"), "7");
    ck_assert_ptr_null(tensor_file_metadata(&f, "f32"));
    ck_assert_ptr_null(tensor_file_find(&f, "__metadata__"));
    tensor_file_close(&f);
}
END_TEST

/* f32 = (0 .5 1; 1.5 2 2.5); the views share its storage. */
START_TEST(legacy_file_of_python) {
    static const float transposed[] = {0, 1.5f, 0.5f, 2, 1, 2.5f}, row[] = {1.5f, 2, 2.5f},
                       column[] = {0.5f, 2}, expanded[] = {7, 7, 7, 7, 7, 7}, parameter[] = {9};
    struct tensor_file f = opened("tests/fixtures/tensors.pth");
    ck_assert_uint_eq(f.n, ARRAY_LEN(plain) + 5);
    expect_plain(&f);
    expect_entry(&f, "transposed", TENSOR_F32, 2, (int64_t[]){3, 2}, transposed, sizeof transposed);
    expect_entry(&f, "row", TENSOR_F32, 1, (int64_t[]){3}, row, sizeof row);
    expect_entry(&f, "column", TENSOR_F32, 1, (int64_t[]){2}, column, sizeof column);
    expect_entry(&f, "expanded", TENSOR_F32, 2, (int64_t[]){2, 3}, expanded, sizeof expanded);
    expect_entry(&f, "parameter", TENSOR_F32, 1, (int64_t[]){1}, parameter, sizeof parameter);
    ck_assert_str_eq(f.entries[0].name, "f32");
    ck_assert_str_eq(f.entries[f.n - 1].name, "parameter");
    ck_assert_ptr_null(tensor_file_metadata(&f, "step"));
    tensor_file_close(&f);
}
END_TEST

START_TEST(lite0_has_296_entries) {
    static const char lite0[] = "datasets/weights/efficientnet-lite0-57934424.pth";
    if (!file_exists(lite0)) {
        printf("skipped: lite0_has_296_entries: no %s (`make weights`)\n", lite0);
        return;
    }
    struct tensor_file f = opened(lite0);
    ck_assert_uint_eq(f.n, 296);
    tensor_file_close(&f);
}
END_TEST

static const char *const fixtures[] = {
    "tests/fixtures/tensors.safetensors", "tests/fixtures/tensors.pth"};

START_TEST(cut_files_are_refused_at_every_length) {
    struct err e = {0};
    size_t size;
    char *bytes = file_read(fixtures[_i], 1 << 20, &size, &e);
    ck_assert_msg(bytes != NULL, "%s", e.msg);
    for (size_t n = 0; n < size; n++)
        expect_refused(bytes, n, "");
    char *longer = xcalloc(size + 1, 1);
    memcpy(longer, bytes, size);
    expect_refused(longer, size + 1, _i ? "1 bytes stand behind its last storage" : "cut short");
    free(longer);
    free(bytes);
}
END_TEST

START_TEST(no_file) {
    struct tensor_file f;
    struct err e = {0};
    ck_assert(!tensor_file_open(&f, path, &e));
    ck_assert_msg(strstr(e.msg, "No such file") != NULL, "%s", e.msg);
}
END_TEST

/* ---- what we write ---- */

START_TEST(written_files_read_back) {
    static const char *const metadata[] = {"step", "7", "a \"name\"", "tab\t and \xC3\xA9", NULL};
    struct err e = {0};
    ck_assert_msg(tensor_file_write(path, plain, ARRAY_LEN(plain), metadata, &e), "%s", e.msg);
    struct tensor_file f = opened(path);
    ck_assert_uint_eq(f.n, ARRAY_LEN(plain));
    expect_plain(&f);
    for (size_t i = 0; i < f.n; i++)
        ck_assert_str_eq(f.entries[i].name, plain[i].name);
    ck_assert_str_eq(tensor_file_metadata(&f, "step"), "7");
    ck_assert_str_eq(tensor_file_metadata(&f, "a \"name\""), "tab\t and \xC3\xA9");
    tensor_file_close(&f);
}
END_TEST

START_TEST(the_same_input_gives_the_same_bytes) {
    struct err e = {0};
    char *other = path_join(dir, "g");
    size_t n, m;
    ck_assert(tensor_file_write(path, plain, ARRAY_LEN(plain), NULL, &e));
    ck_assert(tensor_file_write(other, plain, ARRAY_LEN(plain), NULL, &e));
    char *a = file_read(path, 1 << 20, &n, &e), *b = file_read(other, 1 << 20, &m, &e);
    ck_assert(a && b && n == m && memcmp(a, b, n) == 0);
    free(a);
    free(b);
    free(other);
}
END_TEST

/* The format by the byte: length, header padded to 8 bytes, data. */
START_TEST(written_bytes_by_hand) {
    static const char wanted[] = "\x38\0\0\0\0\0\0\0"
                                 "{\"u8\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}"
                                 "  \0\xFF";
    struct err e = {0};
    size_t n;
    ck_assert(tensor_file_write(path, &plain[3], 1, NULL, &e));
    char *bytes = file_read(path, 1 << 20, &n, &e);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_str_eq(bytes + 8, wanted + 8);
    ck_assert_uint_eq(n, sizeof wanted - 1);
    ck_assert(memcmp(bytes, wanted, n) == 0);
    free(bytes);
}
END_TEST

START_TEST(nothing_at_all_can_be_written) {
    struct err e = {0};
    ck_assert(tensor_file_write(path, NULL, 0, NULL, &e));
    struct tensor_file f = opened(path);
    ck_assert_uint_eq(f.n, 0);
    ck_assert_ptr_null(tensor_file_find(&f, "x"));
    tensor_file_close(&f);
    char *nowhere = path_join(dir, "no/such/place");
    ck_assert(!tensor_file_write(nowhere, NULL, 0, NULL, &e));
    ck_assert_msg(strstr(e.msg, nowhere) != NULL, "%s", e.msg);
    free(nowhere);
}
END_TEST

/* ---- broken safetensors ---- */

static void put_header(struct str *f, uint64_t length, const char *header, size_t n, size_t data) {
    for (int i = 0; i < 8; i++)
        str_addc(f, (char)(length >> (8 * i)));
    for (size_t i = 0; i < n; i++)
        str_addc(f, header[i]);
    for (size_t i = 0; i < data; i++)
        str_addc(f, 0);
}

#define W(dtype, shape, offsets)                                                                   \
    "\"w\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define V(offsets) "\"v\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" offsets "}"
#define WHOLE "its shape is no list of at most 8 whole numbers"
#define PLACES "its data_offsets are no two ascending places among the 8 bytes of data"
#define OTHER "its shape and dtype do not"

static const struct {
    const char *header; /* 8 bytes of data follow */
    const char *message;
} bad_headers[] = {
    {"{", "line 1, column 2"},
    {"[]", "is no file of tensors that is known here"},
    {"{} x", "expected the end of the text"},
    {"{\"w\":1}", "tensor w: dtype (none) is not read"},
    {"{" W("F16", "[8]", "[0,8]") "}", OTHER}, /* 2 bytes an element */
    {"{" W("F8_E4M3", "[8]", "[0,8]") "}",
        "dtype F8_E4M3 is not read; expected one of F32, F16, BF16, F64, I64, I32, I16, I8, U8, BOOL"},
    {"{" W("U8", "[8]", "[0,8]") "," W("U8", "[8]", "[0,8]") "}",
        "the key \"w\" stands twice in this object"},
    {"{" W("U8", "8", "[0,8]") "}", "tensor w: " WHOLE},
    {"{" W("U8", "[-8]", "[0,8]") "}", WHOLE},
    {"{" W("U8", "[1.5]", "[0,8]") "}", WHOLE},
    {"{" W("U8", "[\"8\"]", "[0,8]") "}", WHOLE},
    {"{" W("U8", "[1e300]", "[0,8]") "}", WHOLE},
    {"{" W("U8", "[1,1,1,1,1,1,1,1,8]", "[0,8]") "}", WHOLE},
    {"{" W("U8", "[7]", "[0,8]") "}", OTHER},
    {"{" W("F32", "[8]", "[0,8]") "}", OTHER},
    {"{" W("F64", "[4503599627370496,4503599627370496]", "[0,8]") "}", OTHER}, /* 2^107 bytes */
    {"{" W("F64", "[4294967296,4294967296]", "[0,0]") "}", OTHER}, /* 2^67: 0 when cut to 64 bits */
    {"{" W("U8", "[8]", "[0,9]") "}", "tensor w: " PLACES},
    {"{" W("U8", "[8]", "[8,0]") "}", PLACES},
    {"{" W("U8", "[8]", "[0,8,8]") "}", PLACES},
    {"{" W("U8", "[8]", "{\"a\":0,\"b\":8}") "}", PLACES},
    {"{" W("U8", "[8]", "[-8,0]") "}", PLACES},
    {"{" W("U8", "[8]", "[0,1e308]") "}", PLACES},
    {"{" W("U8", "[4]", "[0,4]") "," V("[2,6]") "}", "tensor v: its data overlap another's"},
    {"{" W("U8", "[3]", "[0,3]") "," V("[4,8]") "}",
        "tensor v: its data overlap another's or leave a gap"},
    {"{" W("U8", "[4]", "[0,4]") "}", "has 8 bytes of data, its tensors take 4"},
    {"{" W("U8", "[4]", "[4,8]") "}", "tensor w: its data overlap another's or leave a gap"},
    {"{\"__metadata__\":{\"a\":1}}", "__metadata__: a is no text"},
    {"{\"__metadata__\":[]}", "__metadata__ is no object"},
    {"{\"w\\u0000\":1}", "NUL"},
    {"{\"w\xFF\":1}", "is not valid UTF-8"},
};

START_TEST(broken_headers) {
    struct str f = {0};
    size_t n = strlen(bad_headers[_i].header);
    put_header(&f, n, bad_headers[_i].header, n, 8);
    expect_refused(f.text, f.len, bad_headers[_i].message);
    str_free(&f);
}
END_TEST

START_TEST(header_lengths) {
    static const uint64_t lengths[] = {0, 3, 11, (uint64_t)4 << 20, ((uint64_t)4 << 20) + 1,
        INT64_MAX, UINT64_MAX, UINT64_MAX - 7};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct str f = {0};
        put_header(&f, lengths[i], "{}", 2, 0);
        expect_refused(f.text, f.len, "is no file of tensors that is known here");
        str_free(&f);
    }
    struct str deep = {0}; /* brackets within brackets */
    put_header(&deep, 100002, "{\"", 2, 0);
    str_add(&deep, "w\":");
    while (deep.len < 100010)
        str_addc(&deep, '[');
    expect_refused(deep.text, deep.len, "nested more than 64 levels deep");
    str_free(&deep);
}
END_TEST

START_TEST(data_may_stand_in_another_order) {
    static const char header[] = "{" V("[4,8]") "," W("F32", "[]", "[0,4]") "}";
    struct str f = {0};
    put_header(&f, sizeof header - 1, header, sizeof header - 1, 8);
    folder_put(dir, "f", f.text, f.len);
    struct tensor_file file = opened(path);
    ck_assert_str_eq(file.entries[0].name, "w");
    ck_assert_str_eq(file.entries[1].name, "v");
    tensor_file_close(&file);
    str_free(&f);
}
END_TEST

/* ---- broken legacy files ---- */

/* magic, protocol 1001, an empty dictionary for the system */
#define MAGIC "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
#define HEAD                                                                                       \
    MAGIC "\x80\2M\xe9\3."                                                                         \
          "\x80\2}."
#define TEXT1(c) "X\1\0\0\0" c
#define STORAGE(type, key, count)                                                                  \
    "(X\7\0\0\0"                                                                                   \
    "storage"                                                                                      \
    "ctorch\n" type "Storage\n" TEXT1(key) "X\3\0\0\0"                                             \
                                           "cpu" count "NtQ"
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
#define TENSOR(storage, offset, sizes, strides) REBUILD "(" storage offset sizes strides "\x89}tR"
#define OBJECT(value) "\x80\2}" TEXT1("w") value "s."
#define KEYS "\x80\2]" TEXT1("0") "a."
#define DATA                                                                                       \
    "\2\0\0\0\0\0\0\0"                                                                             \
    "\0\0\x80\x3f\0\0\0\x40" /* two elements: 1, 2 */
#define FLOATS STORAGE("Float", "0", "K\2")
#define GOOD OBJECT(TENSOR(FLOATS, "K\0", "K\2\x85", "K\1\x85")) KEYS DATA
#define HUGE "\x8a\6\0\0\0\0\0\1" /* 2^40 */
#define LARGEST "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"
#define FILL "do not fit its storage"
#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes; /* behind the head */
    size_t n;
    const char *message;
} bad_pickles[] = {
    {BYTES(OBJECT("cos\nsystem\n" TEXT1("x") "\x85R") KEYS DATA),
        "at byte 52 of the pickle: asks for os.system, which is nothing that tensors need; the file is not "
        "read"},
    {BYTES(OBJECT("ctorch\nFloatStorage\n)R") KEYS DATA), "asks for torch.FloatStorage"},
    {BYTES(OBJECT(TENSOR(STORAGE("Quint", "0", "K\2"), "K\0", "K\2\x85", "K\1\x85")) KEYS DATA),
        "asks for torch.QuintStorage"},
    {BYTES(OBJECT(TENSOR("(X\7\0\0\0storagectorch\nFloatStorage\n" TEXT1("0") "X\3\0\0\0cpuK\2)tQ",
         "K\0", "K\2\x85", "K\1\x85")) KEYS DATA),
        "refers to something else than a storage"}, /* a view of another storage */
    {BYTES(OBJECT("c\x1b[2J\nx\n)R")), "asks for .[2J.x"},
    {BYTES(OBJECT("i")), "opcode 0x69 is none that tensors need"},
    {BYTES("\x80\2]q\0h\0a.\x80\2]."), "holds no dictionary of tensors"},
    {BYTES("\x80\2}q\0" TEXT1("w") "h\0s."
                                   "\x80\2]."),
        "its entry w is no tensor"},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "]q\0h\0a", "K\1\x85")) KEYS DATA),
        FILL}, /* holds itself */
    {BYTES(OBJECT("K\1") "\x80\2]."), "its entry w is no tensor"},
    {BYTES("\x80\2}K\1K\1s."
           "\x80\2]."),
        "its entry 0 has no name"},
    {BYTES("\x80\2}" TEXT1("w")
             TENSOR(FLOATS, "K\0", "K\2\x85", "K\1\x85") "q\0s" TEXT1("w") "h\0s." KEYS DATA),
        "the name w stands twice in it"},
    {BYTES("\x80\2}(" TEXT1("w") "u."), "gives a dictionary a key without a value"},
    {BYTES("\x80\2]" TEXT1("w") "K\1s."), "sets an item of what is no dictionary"},
    {BYTES("\x80\2}K\1a."), "appends to what is no list"},
    {BYTES("\x80\2}" TEXT1("w") "(s."), "finds a mark where a value should be"},
    {BYTES("\x80\2."), "takes more from the stack than there is"},
    {BYTES("\x80\2(."), "finds a mark where a value should be"},
    {BYTES("\x80\2t."), "needs a mark and finds none"},
    {BYTES("\x80\2)R."), "takes more from the stack than there is"},
    {BYTES("\x80\2))R."), "calls what is no function"},
    {BYTES("\x80\2h\1."), "asks for a value that was never memoised"},
    {BYTES("\x80\2Nr\xff\xff\xff\x7f."), "memoises under a number that no pickler"},
    {BYTES("\x80\2Nr\xff\xff\xff\xff."), "memoises under a number that no pickler"},
    {BYTES("\x80\2X\xff\xff\xff\xff"
           "a"),
        "ends before its operand does; the file is cut short"},
    {BYTES("\x80\2}X\2\0\0\0a\0K\1s.\x80\2]."),
        "its entry 0 has no name of at most 512 bytes, none a NUL"},
    {BYTES("\x80\2NQ."), "refers to something else than a storage"},
    {BYTES("\x80\2(NNNNNtQ."), "refers to something else than a storage"},
    {BYTES(OBJECT(REBUILD "(NNNNtR")),
        "makes a tensor of something else than storage, offset, sizes and strides"},
    {BYTES(OBJECT("ctorch._utils\n_rebuild_parameter\n(NtR")), "makes a parameter of no tensor"},
    {BYTES(OBJECT("ccollections\nOrderedDict\nN\x85R")), "makes a dictionary from arguments"},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "K\3\x85", "K\1\x85")) KEYS DATA),
        "tensor w: its sizes and strides " FILL},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\1", "K\2\x85", "K\1\x85")) KEYS DATA), FILL},
    {BYTES(OBJECT(TENSOR(FLOATS, "J\xff\xff\xff\xff", "K\2\x85", "K\1\x85")) KEYS DATA), FILL},
    {BYTES(OBJECT(TENSOR(FLOATS, LARGEST, "K\2\x85", "K\1\x85")) KEYS DATA), FILL},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "K\2\x85", "K\2\x85")) KEYS DATA), FILL},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "K\2\x85", "J\xff\xff\xff\xff\x85")) KEYS DATA), FILL},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "J\xff\xff\xff\xff\x85", "K\1\x85")) KEYS DATA), FILL},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "K\2\x85", ")")) KEYS DATA), FILL},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t",
         "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t")) KEYS DATA),
        FILL},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", LARGEST LARGEST "\x86", "K\0K\0\x86")) KEYS DATA), FILL},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "K\2K\2\x86", LARGEST LARGEST "\x86")) KEYS DATA), FILL},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", HUGE "\x85", "K\0\x85")) KEYS DATA),
        "the file's strides blow its tensors up to over 4 times its size"},
    {BYTES(OBJECT(TENSOR(STORAGE("Float", "0", "K\3"), "K\0", "K\2\x85", "K\1\x85")) KEYS DATA),
        "its storage 1 of 1 has another size than its tensors say"},
    {BYTES(OBJECT(TENSOR(STORAGE("Float", "0", HUGE), "K\0", "K\2\x85", "K\1\x85")) KEYS
         "\0\0\0\0\0\1\0\0"
         "\0\0\0\0"),
        "has another size than its tensors say"},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "K\2\x85", "K\1\x85")) "\x80\2]." DATA),
        "16 bytes stand behind its last storage"},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "K\2\x85", "K\1\x85")) "\x80\2]."), FILL},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "K\2\x85", "K\1\x85")) "\x80\2N." DATA),
        "has no list of its storages"},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "K\2\x85", "K\1\x85")) "\x80\2](" TEXT1("0")
             TEXT1("0") "e." DATA DATA),
        "lists a storage twice"},
    {BYTES(OBJECT(TENSOR(FLOATS, "K\0", "K\2\x85", "K\1\x85")) "\x80\2]" TEXT1("1") "a." DATA),
        "lists a storage that no tensor uses"},
    {BYTES("\x80\2}(" TEXT1("w") TENSOR(FLOATS, "K\0", "K\2\x85", "K\1\x85") TEXT1("v")
             TENSOR(STORAGE("Long", "0", "K\2"), "K\0", "K\2\x85", "K\1\x85") "u." KEYS DATA),
        "two of its tensors disagree about the storage they share"},
    {BYTES(GOOD "x"), "1 bytes stand behind its last storage"},
};

/* Where less than 256 MiB more can be had; not under ASan, which reserves terabytes, nor where all tests share
 * a process, as they do for valgrind, which would run out itself. */
static void expect_refused_in_little_memory(const void *bytes, size_t n, const char *message) {
#ifdef __SANITIZE_ADDRESS__
    expect_refused(bytes, n, message);
#else
    const char *fork = getenv("CK_FORK");
    if (fork && strcmp(fork, "no") == 0) {
        expect_refused(bytes, n, message);
        return;
    }
    struct rlimit was, little;
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    ck_assert(statm && fscanf(statm, "%ld", &pages) == 1);
    fclose(statm);
    getrlimit(RLIMIT_AS, &was);
    little = was;
    little.rlim_cur = (rlim_t)pages * 4096 + ((rlim_t)256 << 20);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &little), 0);
    expect_refused(bytes, n, message);
    setrlimit(RLIMIT_AS, &was);
#endif
}

/* The head and these bytes; the caller frees. */
static char *legacy(const char *bytes, size_t n, size_t *size) {
    *size = sizeof HEAD - 1 + n;
    char *file = xmalloc(*size);
    memcpy(file, HEAD, sizeof HEAD - 1);
    memcpy(file + sizeof HEAD - 1, bytes, n);
    return file;
}

START_TEST(broken_pickles) {
    size_t size;
    char *file = legacy(bad_pickles[_i].bytes, bad_pickles[_i].n, &size);
    expect_refused_in_little_memory(file, size, bad_pickles[_i].message);
    free(file);
}
END_TEST

START_TEST(other_protocols_are_refused) {
    expect_refused(BYTES(MAGIC "\x80\2M\xe8\3."
                               "\x80\2}." GOOD),
        "is of another protocol of torch.save than 1001");
    expect_refused(BYTES(MAGIC "\x80\2}."
                               "\x80\2}." GOOD),
        "another protocol");
}
END_TEST

START_TEST(the_good_pickle_is_good) {
    static const float wanted[] = {1, 2};
    size_t size;
    char *file = legacy(BYTES(GOOD), &size);
    folder_put(dir, "f", file, size);
    struct tensor_file f = opened(path);
    expect_entry(&f, "w", TENSOR_F32, 1, (int64_t[]){2}, wanted, sizeof wanted);
    tensor_file_close(&f);
    free(file);
}
END_TEST

/* A header of zeros at the bound: millions of JSON values, and little memory; above it, none is made. */
START_TEST(long_headers) {
    enum { BOUND = 4 << 20 };
    for (size_t length = BOUND; length <= BOUND + 1; length++) {
        struct str f = {0};
        put_header(&f, length, "{\"w\":[", 6, 0);
        while (f.len < 8 + length - 3)
            str_add(&f, "0,");
        f.len = 8 + length - 3;
        if (f.text[f.len - 1] == '0')
            f.text[f.len - 1] = ' ';
        str_add(&f, "0]}");
        expect_refused_in_little_memory(
            f.text, f.len, length == BOUND ? "tensor w: dtype (none)" : "is no file of tensors");
        str_free(&f);
    }
}
END_TEST

/* Half a million lists within lists, and as many marks: no recursion to overflow. */
START_TEST(deep_nesting) {
    enum { DEEP = 500000 };
    struct str f = {0};
    for (size_t i = 0; i < sizeof HEAD - 1; i++)
        str_addc(&f, HEAD[i]);
    size_t head = f.len;
    for (int i = 0; i < DEEP; i++)
        str_addc(&f, ']');
    for (int i = 1; i < DEEP; i++)
        str_addc(&f, 'a');
    str_add(&f, ".N.");
    expect_refused(f.text, f.len, "has no list of its storages");
    f.len = head;
    for (int i = 0; i < DEEP; i++)
        str_addc(&f, '(');
    expect_refused(f.text, f.len, "it has no end; the file is cut short");
    str_free(&f);
}
END_TEST

Suite *tensor_file_suite(void) {
    Suite *s = suite_create("tensor_file");
    TCase *c = tcase_create("tensor_file");
    tcase_set_timeout(c, 60); /* thousands of small files, on a busy disk */
    tcase_add_checked_fixture(c, open_folder, close_folder);
    tcase_add_test(c, safetensors_of_python);
    tcase_add_test(c, legacy_file_of_python);
    tcase_add_test(c, lite0_has_296_entries);
    tcase_add_loop_test(c, cut_files_are_refused_at_every_length, 0, ARRAY_LEN(fixtures));
    tcase_add_test(c, no_file);
    tcase_add_test(c, written_files_read_back);
    tcase_add_test(c, the_same_input_gives_the_same_bytes);
    tcase_add_test(c, written_bytes_by_hand);
    tcase_add_test(c, nothing_at_all_can_be_written);
    tcase_add_loop_test(c, broken_headers, 0, ARRAY_LEN(bad_headers));
    tcase_add_test(c, header_lengths);
    tcase_add_test(c, data_may_stand_in_another_order);
    tcase_add_loop_test(c, broken_pickles, 0, ARRAY_LEN(bad_pickles));
    tcase_add_test(c, other_protocols_are_refused);
    tcase_add_test(c, the_good_pickle_is_good);
    tcase_add_test(c, deep_nesting);
    tcase_add_test(c, long_headers);
    suite_add_tcase(s, c);
    return s;
}
