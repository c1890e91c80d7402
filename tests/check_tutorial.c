/* What experiments/tutorial.md says is typed here, block by block, in one empty folder; what it shows behind a block as
 * text must be in what the block prints. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"

#include <stdlib.h>
#include <string.h>

#define TUTORIAL "experiments/tutorial.md"

/* A fenced block: its language and what stands in it. The caller frees. */
struct block {
    char *language, *text;
};

static bool next_block(const char **at, struct block *b) {
    const char *open = strstr(*at, "\n```");
    if (!open)
        return false;
    open += strlen("\n```");
    const char *from = strchr(open, '\n'), *end = from ? strstr(from, "\n```") : NULL;
    ck_assert_msg(end != NULL, TUTORIAL ": a block is not closed");
    b->language = xstrndup(open, (size_t)(from - open));
    b->text = xstrndup(from + 1, (size_t)(end + 1 - (from + 1)));
    *at = end + strlen("\n```");
    return true;
}

static void expect_lines(const char *text, const char *printed) {
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        char *one = xstrndup(line, strcspn(line, "\n"));
        ck_assert_msg(strstr(printed, one) != NULL, "\"%s\" is not in:\n%.3000s", one, printed);
        free(one);
    }
}

START_TEST(the_tutorial_does_what_it_says) {
    struct err e = {0};
    char *tutorial = file_read(TUTORIAL, 1 << 20, NULL, &e), *dir = folder_new();
    ck_assert_msg(tutorial != NULL, "%s", e.msg);
    const char *at = tutorial;
    struct block b;
    struct ran last = {.out = xstrdup(""), .err = xstrdup("")};
    int typed = 0;
    while (next_block(&at, &b)) {
        if (strcmp(b.language, "sh") == 0) {
            char *command = xasprintf("PATH=\"${DMTL%%/*}:$PATH\"\nset -e\n%s", b.text);
            ran_free(&last);
            last = run_shell(dir, command);
            ck_assert_msg(last.code == 0, "%s\nexit %d: %s", b.text, last.code, last.err);
            typed++;
            free(command);
        } else {
            ck_assert_str_eq(b.language, "text");
            expect_lines(b.text, last.out);
        }
        free(b.language);
        free(b.text);
    }
    ck_assert_int_ge(typed, 8);
    ran_free(&last);
    free(tutorial);
    folder_remove(dir);
}
END_TEST

/* The random split that tears persons apart is refused until the grid says that it is meant; folds keep them whole. */
START_TEST(persons_of_a_folder_are_kept_in_one_part) {
    char *dir = folder_new();
    static const char prepare[] =
        "$DMTL data synth -n 60 --px 16 --out faces -q && cd faces &&\n"
        "{ echo file,age,gender,subject; ls *.jpg | awk -F_ '{ print $0 \",\" $1 \",\" $2 \",s\" NR % 20 }'; } "
        ">l && mv l labels.csv && cd .. &&\n"
        "echo '{\"base\": {\"data\": {\"set\": \"folder\"}, \"tasks\": {\"gender\": {}}}, \"variants\": {\"random\": {}, "
        "\"folds\": {\"split\": {\"kind\": \"folds\"}}}}' >g.json";
    expect_shell(dir, prepare, 0, NULL, "");
    expect_shell(dir, "$DMTL data check g.json --data folder=faces --only random", 1,
        "subjects    refused", NULL);
    expect_shell(dir, "$DMTL data check g.json --data folder=faces --only folds", 0,
        "subjects    passed   0 of the", NULL);
    expect_shell(dir, "$DMTL data export --data folder=faces", 0, ",s7,", "");
    folder_remove(dir);
}
END_TEST

/* FairFace's seven, from labels.csv through a training and an import to the cells of an audit. */
START_TEST(races_of_another_list_reach_the_audit) {
    char *dir = folder_new();
    expect_shell(dir,
        "$DMTL data synth -n 120 --px 16 --out faces -q && cd faces &&\n"
        "{ echo file,gender,race; ls *.jpg | awk -F_ '{ print $0 \",\" $2 \",\" ($3 == 4 ? \"Middle Eastern\" : $3) }'; } "
        ">l && mv l labels.csv && cd .. &&\n"
        "echo '{\"base\": {\"data\": {\"set\": \"folder\", \"races\": \"fairface-7\", \"image_px\": 16}, \"epochs\": 1, "
        "\"tasks\": {\"race\": {}}, \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}}, \"variants\": {\"full\": {}}}' "
        ">g.json && $DMTL run g.json --data folder=faces --threads 1",
        0, "its cell is done", NULL);
    expect_shell(dir, "$DMTL audit g --by race --min-n 1 --draws 50", 0, "| Middle Eastern |", "");
    expect_shell(dir,
        "awk -F, 'BEGIN { print \"sample,gender,race\" } NR > 1 { print $1 \",male,Latino_Hispanic\" }' faces/labels.csv >p.csv\n"
        "$DMTL import p.csv --name p --data folder=faces --set /data/races=fairface-7 &&\n"
        "$DMTL audit import:p --task gender --by race --min-n 1 --draws 50",
        0, "| Southeast Asian | 0 |", "");
    expect_shell(dir, "$DMTL import p.csv --name q --data folder=faces", 2, "",
        ", column 3 (\"race\"): \"Middle Eastern\": expected White, Black, Asian, Indian or Other");
    expect_shell(dir, "$DMTL plan g.json --set /data/set=utkface", 2, "",
        "/data/races: \"fairface-7\": counts for nothing with /data/set \"utkface\": leave it out or say \"folder\"");
    folder_remove(dir);
}
END_TEST

Suite *tutorial_suite(void) {
    Suite *s = suite_create("tutorial");
    TCase *c = tcase_create("tutorial");
    tcase_set_timeout(c, 600);
    tcase_add_test(c, the_tutorial_does_what_it_says);
    tcase_add_test(c, races_of_another_list_reach_the_audit);
    tcase_add_test(c, persons_of_a_folder_are_kept_in_one_part);
    suite_add_tcase(s, c);
    return s;
}
