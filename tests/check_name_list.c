#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "data/name_list.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stands in a list, as "name@line name@line ...", in the order of names; the caller frees. */
static char *listed(const char *text, size_t bytes) {
    struct name_list l;
    struct err e = {0};
    ck_assert_msg(name_list_parse(&l, text, bytes, "list", &e), "%s", e.msg);
    char *all = xstrdup("");
    for (size_t i = 0; i < l.n; i++) {
        char *more = xasprintf("%s%s%s@%ld", all, i ? " " : "", l.names[i].name, l.names[i].line);
        free(all);
        all = more;
    }
    name_list_free(&l);
    return all;
}

static const struct {
    const char *text, *names;
} good[] = {
    {"b.jpg\na.jpg\n", "a.jpg@2 b.jpg@1"},
    {"b.jpg\na.jpg", "a.jpg@2 b.jpg@1"},
    {"\n\nb.jpg\n\na.jpg\n\n", "a.jpg@5 b.jpg@3"},
    {"\xEF\xBB\xBF"
     "b.jpg\r\na.jpg\r\n",
        "a.jpg@2 b.jpg@1"},
    {"file\nb.jpg\n", "b.jpg@2"},
    {",file,age\n1,b.jpg,15\n3,a.jpg,5\n", "a.jpg@3 b.jpg@2"},
    {"\xEF\xBB\xBF"
     "image,age\r\nb.jpg,15\r\n\r\n",
        "b.jpg@2"},
    {"age,filename\n15,\"b, c \"\"d\"\".jpg\"\n", "b, c \"d\".jpg@2"},
    {"\"file\",age\n\"b.jpg\",\"\"\n", "b.jpg@2"},
    {"b\"c.jpg\n", "b\"c.jpg@1"},
    {"\xC3\xA4.jpg\n", "\xC3\xA4.jpg@1"},
};

START_TEST(lists_of_all_kinds) {
    char *names = listed(good[_i].text, strlen(good[_i].text));
    ck_assert_str_eq(names, good[_i].names);
    free(names);
}
END_TEST

#define BYTES(text) text, sizeof text - 1
static const struct {
    const char *text;
    size_t bytes;
    const char *message;
} bad[] = {
    {BYTES(""), "list: has no name in it: expected a name a line"},
    {BYTES("\r\n\r\n"), "list: has no name in it"},
    {BYTES("file\n"), "list: has no name in it"},
    {BYTES("a.jpg\nb\xff.jpg\n"), "list: line 2: byte 2 is no text in UTF-8"},
    {BYTES("\xff\xfe"
           "a\0"),
        "list: line 1: byte 1 is no text in UTF-8"},
    {BYTES("a\0b\n"), "list: line 1: byte 2 is no text"},
    {BYTES("a\nb\na\n"), "list: line 3: \"a\" stands in line 1 already: expected each name once"},
    {BYTES("a\x1b[2J\na\x1b[2J\n"), "list: line 2: \"a\\x1b[2J\" stands in line 1 already"},
    {BYTES("file,age\na,1\nb,2\na,3\n"), "list: line 4: \"a\" stands in line 2 already"},
    {BYTES("1,a.jpg\n"), "its first line has commas, but no column file, filename or image"},
    {BYTES("file,image\na,b\n"), "two columns of names in its first line, 1 and 2"},
    {BYTES("file,age\na\n"), "list: line 2: has 1 field, expected the 2 of the first line"},
    {BYTES("file,age\na,1,2\n"), "list: line 2: has 3 fields, expected the 2 of the first line"},
    {BYTES("age,file\n1,\n"), "list: line 2: the name is empty"},
    {BYTES("file,age\n\"a,1\n"), "list: line 2: a quote is not closed"},
    {BYTES("file,age\na\"b,1\n"), "list: line 2: a quote is not closed, or stands within a field"},
    {BYTES("file,\"age\n"), "list: line 1: a quote is not closed"},
};

START_TEST(what_is_no_list_is_said) {
    struct name_list l;
    struct err e = {0};
    ck_assert(!name_list_parse(&l, bad[_i].text, bad[_i].bytes, "list", &e));
    ck_assert_msg(strstr(e.msg, bad[_i].message) != NULL, "%s", e.msg);
    ck_assert_int_eq(e.kind, ERR_USAGE);
    name_list_free(&l);
}
END_TEST

START_TEST(names_are_found) {
    struct name_list l;
    struct err e = {0};
    ck_assert(name_list_parse(&l, BYTES("d\nb\nf\n"), "list", &e));
    ck_assert_int_eq(name_list_find(&l, "d")->line, 1);
    ck_assert_int_eq(name_list_find(&l, "f")->line, 3);
    for (const char *none = "aceg"; *none; none++)
        ck_assert_ptr_null(name_list_find(&l, (char[]){*none, '\0'}));
    name_list_free(&l);
}
END_TEST

START_TEST(a_name_in_two_lists) {
    struct name_list a, b, c;
    struct err e = {0};
    ck_assert(name_list_parse(&a, BYTES("x\ny\n"), "one", &e) &&
              name_list_parse(&b, BYTES("z\n\ny\n"), "two", &e) &&
              name_list_parse(&c, BYTES("z\n"), "three", &e));
    ck_assert(name_lists_apart(&a, &c, &e));
    ck_assert(!name_lists_apart(&a, &b, &e));
    ck_assert_str_eq(e.msg, "\"y\" stands in two lists, in line 2 of one and in line 3 of two: a "
                            "split's parts share no image");
    name_list_free(&a);
    name_list_free(&b);
    name_list_free(&c);
}
END_TEST

/* The content is the file's: SHA-256 of "a\n". */
START_TEST(a_file_s_content_is_known) {
    struct name_list l;
    struct err e = {0};
    char *dir = folder_new(), *path = path_join(dir, "l.txt");
    folder_put_text(dir, "l.txt", "a\n");
    ck_assert(name_list_read(&l, path, &e));
    ck_assert_str_eq(l.content, "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7");
    name_list_free(&l);
    free(path);
    path = path_join(dir, "none.txt");
    ck_assert(!name_list_read(&l, path, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "none.txt: there is no such list: say with --lists DIR"));
    name_list_free(&l);
    free(path);
    e = (struct err){0};
    ck_assert(!name_list_read(&l, dir, &e));
    ck_assert(str_ends(e.msg, ": is not a regular file"));
    ck_assert_int_eq(err_exit_code(&e), 2);
    name_list_free(&l);
    e = (struct err){0};
    path = path_join(dir, "fifo"); /* nobody writes into it, and nobody is waited for */
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert(!name_list_read(&l, path, &e));
    ck_assert(str_ends(e.msg, "fifo: is not a regular file"));
    name_list_free(&l);
    free(path);
    e = (struct err){0};
    path = path_join(dir, "loop");
    ck_assert_int_eq(symlink("loop", path), 0);
    ck_assert(!name_list_read(&l, path, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "loop: cannot be read: Too many levels"));
    name_list_free(&l);
    free(path);
    folder_remove(dir);
}
END_TEST

Suite *name_list_suite(void) {
    Suite *s = suite_create("name_list");
    TCase *c = tcase_create("name_list");
    tcase_add_loop_test(c, lists_of_all_kinds, 0, (int)ARRAY_LEN(good));
    tcase_add_loop_test(c, what_is_no_list_is_said, 0, (int)ARRAY_LEN(bad));
    tcase_add_test(c, names_are_found);
    tcase_add_test(c, a_name_in_two_lists);
    tcase_add_test(c, a_file_s_content_is_known);
    suite_add_tcase(s, c);
    return s;
}
