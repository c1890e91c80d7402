#include "check_suites.h"

#include "core/escape.h"
#include "core/mem.h"

typedef void escape_fn(struct str *, const char *);

static const struct {
    escape_fn *escape;
    const char *text, *expected;
} cases[] = {
    {escape_line, "plain", "plain"},
    {escape_line, "", ""},
    {escape_line, "a\nb\tc\x1b[31m", "a b c [31m"},
    {escape_line, "Zo\xC3\xAB", "Zo\xC3\xAB"},
    {escape_line, "cut \xC3", "cut \xEF\xBF\xBD"},
    {escape_line, "overlong \xC0\xAF", "overlong \xEF\xBF\xBD\xEF\xBF\xBD"},
    {escape_line, "C1 \xC2\x9B", "C1  "},
    {escape_line, "turned \xE2\x80\xAE", "turned  "}, /* U+202E, right-to-left override */
    {escape_markdown, "a|b", "a&#124;b"},
    {escape_markdown, "<script>`x`</script>", "&lt;script&gt;&#96;x&#96;&lt;/script&gt;"},
    {escape_markdown, "**b** _i_ \\| [l](u)\nz",
        "&#42;&#42;b&#42;&#42; &#95;i&#95; &#92;&#124; &#91;l&#93;(u) z"},
    {escape_csv, "plain", "plain"},
    {escape_csv, "a,b", "\"a,b\""},
    {escape_csv, "say \"x\"", "\"say \"\"x\"\"\""},
    {escape_csv, "a\nb", "\"a\nb\""},
    {escape_csv, "=1+1", "'=1+1"},
    {escape_csv, "@f,g", "\"'@f,g\""},
    {escape_shell, "results/my-grid_2.db", "results/my-grid_2.db"},
    {escape_shell, "", "''"},
    {escape_shell, "my grid", "'my grid'"},
    {escape_shell, "it's", "'it'\\''s'"},
    {escape_shell, "$(touch x) `y` \"z\" \\", "'$(touch x) `y` \"z\" \\'"},
    {escape_shell, "~root", "'~root'"},
    {escape_shell, "Zo\xC3\xAB", "'Zo\xC3\xAB'"},
    {escape_shell, "-x", "./-x"},
    {escape_shell, "-x y", "'./-x y'"},
    {escape_shell, "a\n\x1b[31m'\\", "$'a\\012\\033[31m\\'\\\\'"},
    {escape_shell, "cut \xC3", "$'cut \\303'"},
    {escape_shell_word, "--only=-x", "--only=-x"},
    {escape_shell_word, "--only=it's", "'--only=it'\\''s'"},
    {escape_latex, "plain", "plain"},
    {escape_latex, "50 % & #1_a^2 ~$x$ {y} \\z",
        "50 \\% \\& \\#1\\_a\\textasciicircum{}2 \\textasciitilde{}\\$x\\$ \\{y\\} \\textbackslash{}z"},
    {escape_latex, "a--b ''c'' ,, ?`", "a-{}-b '{}'c'{}' ,{}, ?{`}"},
    {escape_latex, "ends in -", "ends in -{}"},
    {escape_latex, "[x] *y \"z\" <|>",
        "{[}x{]} {*}y {\\char34}z{\\char34} \\textless{}\\textbar{}\\textgreater{}"},
    {escape_latex, "a\nb\tc\x1b[31m", "a b c {[}31m"},
    {escape_latex, "Zo\xC3\xAB \xC5\x82", "Zo\xC3\xAB \xC5\x82"},
    {escape_latex, "\xCE\xB1=1 \xC2\xB1 \xE2\x89\xA4", "$\\alpha$=1 $\\pm$ $\\leq$"},
    {escape_latex, "\xD7\x90 \xE4\xB8\xAD \xF0\x9F\x98\x80",
        "{[}U+05D0{]} {[}U+4E2D{]} {[}U+1F600{]}"},
    {escape_latex, "cut \xC3", "cut {[}U+FFFD{]}"},
    {escape_latex, "turned \xE2\x80\xAE", "turned  "},
    {escape_latex, "abcdefghijklmnopqrst", "abcdefghijklmnopqrst"},
    {escape_latex, "abcdefghijklmnopqrstu v",
        "abcdefghij\\allowbreak{}klmnopqrst\\allowbreak{}u v"},
    {escape_latex, "weighting.initial_log_variance",
        "weighting.\\allowbreak{}initial\\_\\allowbreak{}log\\_\\allowbreak{}variance"},
    {escape_latex, "\xD7\x90\xD7\x91", "{[}U+05D0{]}\\allowbreak{}{[}U+05D1{]}"},
    {escape_gnuplot, "it's", "'it''s'"},
    {escape_gnuplot, "`touch x` \"q\" \\n\n$1", "'`touch x` \"q\" \\n $1'"},
    {escape_gnuplot, "", "''"},
    {escape_roff, ".SH it's", "\\&.SH it\\(aqs"},
    {escape_roff, "a-b \\fBc \"d\" `~^`", "a\\-b \\(rsfBc \\(dqd\\(dq \\(ga\\(ti\\(ha\\(ga"},
    {escape_roff, "a\n.b", "a .b"},
};

START_TEST(text_is_inert) {
    struct str out = {0};
    str_add(&out, "");
    cases[_i].escape(&out, cases[_i].text);
    ck_assert_str_eq(out.text, cases[_i].expected);
    str_free(&out);
}
END_TEST

Suite *escape_suite(void) {
    Suite *s = suite_create("escape");
    TCase *c = tcase_create("escape");
    tcase_add_loop_test(c, text_is_inert, 0, (int)ARRAY_LEN(cases));
    suite_add_tcase(s, c);
    return s;
}
