/* The reader of comma-separated values: RFC 4180's cases, and what is refused with which message. */
#include "check_suites.h"

#include "core/csv.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* All rows, fields in brackets, rows ended by a bar: "[a][b]|". */
static char *read_all(const char *text, size_t n, struct err *e) {
    struct csv c;
    struct str out = {0};
    str_add(&out, "");
    int row = csv_open(&c, "f.csv", text, n, e) ? 1 : -1;
    while (row > 0 && (row = csv_next(&c, e)) > 0) {
        for (int i = 0; i < c.columns; i++)
            str_addf(&out, "[%s]", c.field[i].text);
        str_addf(&out, "%ld|", c.row_line);
    }
    ck_assert_int_eq(row < 0, e->kind == ERR_USAGE);
    csv_close(&c);
    return str_detach(&out);
}

static const struct {
    const char *text, *rows;
} good[] = {
    {"a,b\n1,2\n", "[1][2]2|"},
    {"a,b\r\n1,2\r\n3,4", "[1][2]2|[3][4]3|"},
    {"\xEF\xBB\xBF"
     "a\n1\n",
        "[1]2|"},
    {"a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", "[x,y][say \"hi\"]2|"},
    {"a,b\n\"two\nlines\",\"\"\n5,6\n", "[two\nlines][]2|[5][6]4|"},
    {"a,b\n\n1,2\n\n\r\n3,4\n", "[1][2]3|[3][4]6|"},
    {"a,b\n,\n", "[][]2|"},
    {"\"a\",\"b c\"\n1,2\n", "[1][2]2|"},
    {"a,b\n1,x\ry\n", "[1][x\ry]2|"},
    {"a\n\xC3\xA4\n", "[\xC3\xA4]2|"},
    {"a,b\n", ""},
};

START_TEST(rows_are_read) {
    struct err e = {0};
    char *rows = read_all(good[_i].text, strlen(good[_i].text), &e);
    ck_assert_msg(e.kind == ERR_NONE, "%s", e.msg);
    ck_assert_str_eq(rows, good[_i].rows);
    free(rows);
}
END_TEST

static const struct {
    const char *text, *message;
} bad[] = {
    {"", "f.csv: is empty: expected CSV with the columns' names in its first line"},
    {"\n1\n", "f.csv: line 1, column 1: a column without a name"},
    {"a,,b\n", "f.csv: line 1, column 2: a column without a name"},
    {"a,b,a\n", "f.csv: line 1, column 3: a column's name for the second time"},
    {"a,b\n1\n", "f.csv: line 2: has 1 field, expected the 2 of the first line"},
    {"a,b\n1,2\n1,2,3\n",
        "f.csv: line 3: has more than 2 fields, expected the 2 of the first line"},
    {"a,b\n1,\"2\n3,4\n", "f.csv: line 2, column 2: a quote is not closed"},
    {"a,b\n1,\"2\"x\n",
        "f.csv: line 2, column 2: text behind a closing quote: expected a comma or the line's end, a quote "
        "within a quoted field doubled"},
    {"a,b\n1,x\"y\n", "f.csv: line 2, column 2: a quote within a field that has none around it"},
    {"a\n\xff\n",
        "f.csv: line 2, column 1: a byte that is no text in UTF-8: expected CSV, saved as UTF-8"},
};

START_TEST(refused_with_a_message) {
    struct err e = {0};
    free(read_all(bad[_i].text, strlen(bad[_i].text), &e));
    ck_assert_str_eq(e.msg, bad[_i].message);
}
END_TEST

START_TEST(a_nul_is_no_text) {
    struct err e = {0};
    free(read_all("a\n1\0002\n", 6, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "line 2, column 1: a byte that is no text"));
}
END_TEST

/* A line of a million columns ends the reading early, wherever it stands. */
START_TEST(a_million_columns) {
    enum { COLUMNS = 1000000 };
    char *text = xmalloc(4 + 2 * COLUMNS + 2);
    strcpy(text, "a,b\n");
    for (size_t i = 0; i < COLUMNS; i++)
        memcpy(text + 4 + 2 * i, "1,", 2);
    strcpy(text + 4 + 2 * COLUMNS, "1");
    struct err e = {0};
    free(read_all(text, strlen(text), &e));
    ck_assert_str_eq(
        e.msg, "f.csv: line 2: has more than 2 fields, expected the 2 of the first line");
    struct str header = {0};
    for (int i = 0; i < COLUMNS; i++)
        str_addf(&header, "c%d,", i);
    struct err first = {0};
    free(read_all(header.text, header.len, &first));
    ck_assert_str_eq(
        first.msg, "f.csv: line 1, column 4097: too many columns: expected at most 4096");
    str_free(&header);
    free(text);
}
END_TEST

Suite *csv_suite(void) {
    Suite *s = suite_create("csv");
    TCase *c = tcase_create("csv");
    tcase_add_loop_test(c, rows_are_read, 0, ARRAY_LEN(good));
    tcase_add_loop_test(c, refused_with_a_message, 0, ARRAY_LEN(bad));
    tcase_add_test(c, a_nul_is_no_text);
    tcase_add_test(c, a_million_columns);
    suite_add_tcase(s, c);
    return s;
}
