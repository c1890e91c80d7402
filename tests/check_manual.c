/* The manual pages: what the tables say stands in them, and the two programs that read such pages complain of
 * nothing. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "commands/roff.h"
#include "core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *dir;

static void set_up(void) {
    dir = folder_new();
    expect_shell(dir, "$DMTL manual pages --quiet", 0, NULL, "");
}

static void tear_down(void) {
    folder_remove(dir);
}

/* The same command prints nothing: each line that it would print is something that is missing. */
static void expect_nothing(const char *command) {
    struct ran r = run_shell(dir, command);
    ck_assert_msg(!*r.out && !*r.err, "%.2000s%.2000s", r.out, r.err);
    ran_free(&r);
}

START_TEST(each_verb_has_a_page_with_all_of_its_options) {
    expect_nothing(
        "roff() { printf %s \"$1\" | sed 's/-/\\\\-/g'; }\n"
        "verbs=$($DMTL --help | sed -n 's/^  \\([a-z]\\+\\) .*/\\1/p')\n"
        "[ $(echo $verbs | wc -w) -ge 16 ] || echo no verbs: $verbs\n"
        "for v in $verbs; do\n"
        "  grep -qF \"$(roff dmtl-$v)\" pages/man1/dmtl.1 || echo $v is not in dmtl.1\n"
        "  for o in $($DMTL $v --help | sed -n 's/.*--\\([a-z-]\\+\\).*/\\1/p' | grep -v '^help$'); do\n"
        "    grep -qF -- \"$(roff --$o)\" pages/man1/dmtl-$v.1 || echo $v has no $o\n"
        "  done\n"
        "done");
}
END_TEST

START_TEST(each_key_stands_in_the_page_on_grid_files) {
    expect_nothing("for k in $($DMTL plan --keys | grep '^/'); do\n"
                   "  grep -q \"fB$k.fP\" pages/man5/dmtl-grid.5 || echo $k\n"
                   "done");
    expect_shell(dir, "cat pages/man5/dmtl-grid.5", 0,
        "\\fB/optimiser/lr\\fP\nlearning rate: a number above 0, at most 100; default 0.001.\n",
        "");
}
END_TEST

START_TEST(pages_are_the_same_bytes_each_time) {
    expect_nothing("TZ=Asia/Tokyo LC_ALL=C $DMTL manual again -q && diff -r pages again\n"
                   "LC_ALL=C grep -r '[^ -~]' pages");
}
END_TEST

static const struct {
    const char *program, *command; /* which prints what it complains of */
} readers[] = {
    {"groff", "groff -man -ww -Tutf8 $f 2>&1 >/dev/null"},
    {"mandoc", "mandoc -T lint $f | grep -v 'missing date'"}, /* is meant: the version says it */
};

START_TEST(readers_of_pages_complain_of_nothing) {
    char *there = xasprintf("command -v %s", readers[_i].program);
    char *command = xasprintf("for f in pages/*/*; do %s; done; :", readers[_i].command);
    struct ran r = run_shell(dir, there);
    if (r.code == 0)
        expect_nothing(command);
    else
        fprintf(stderr, "skipped: pages were not read by %s, which is not installed\n",
            readers[_i].program);
    ran_free(&r);
    free(command);
    free(there);
}
END_TEST

START_TEST(a_page_goes_where_it_may) {
    expect_shell(dir, "$DMTL manual", 2, "", "manual: where to? expected a folder, like share/man");
    expect_shell(dir, "touch full; $DMTL manual full", 1, "", "full");
    expect_shell(dir, "$DMTL manual a b", 2, "", "manual: b: one argument too many");
}
END_TEST

/* No word of a text becomes a request, wherever lines are broken. */
START_TEST(text_cannot_act) {
    struct str out = {0};
    roff_prose(&out, ".so /etc/passwd 'br \\fI\\n(.. .de x .. "
                     "a very long line that has to be broken somewhere near .here or 'there\n\n"
                     "    .TH again\n    'nf\n\n# .SH \\fB");
    ck_assert_str_eq(out.text,
        ".PP\n"
        "\\&.so /etc/passwd \\(aqbr \\(rsfI\\(rsn(.. \\&.de x \\&.. a very long line "
        "that\nhas to be broken somewhere near \\&.here or \\(aqthere\n"
        ".PP\n.RS 4\n.nf\n\\&.TH again\n\\(aqnf\n.fi\n.RE\n"
        ".SH \\&.SH \\(rsfB\n");
    str_free(&out);
}
END_TEST

START_TEST(what_is_typed_is_bold) {
    struct str out = {0};
    roff_item(&out, "-j, --jobs", "=N", "as `dmtl run -j` says");
    ck_assert_str_eq(out.text, ".TP\n\\fB\\-j, \\-\\-jobs\\fP\\fI=N\\fP\n"
                               "as \\%\\fBdmtl run \\-j\\fP says\n");
    str_free(&out);
}
END_TEST

Suite *manual_suite(void) {
    Suite *s = suite_create("manual");
    TCase *c = tcase_create("pages"), *t = tcase_create("text");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, each_verb_has_a_page_with_all_of_its_options);
    tcase_add_test(c, each_key_stands_in_the_page_on_grid_files);
    tcase_add_test(c, pages_are_the_same_bytes_each_time);
    tcase_add_loop_test(c, readers_of_pages_complain_of_nothing, 0, (int)ARRAY_LEN(readers));
    tcase_add_test(c, a_page_goes_where_it_may);
    tcase_add_test(t, text_cannot_act);
    tcase_add_test(t, what_is_typed_is_bold);
    suite_add_tcase(s, c);
    suite_add_tcase(s, t);
    return s;
}
