/* Completion: the words that fit, by the program, and what real shells make of them. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *dir;

static void set_up(void) {
    dir = folder_new();
    free(folder_sub(dir, "results"));
    free(folder_sub(dir, "faces"));
    folder_put_text(dir, "results/done.db", "");
    folder_put_text(dir, "results/two words.db", "");
    folder_put_text(dir, "results/line\nbreak.db", "");
    folder_put_text(dir, "theirs.csv", "");
    folder_put_text(dir, "small.json",
        "{\"base\": {\"tasks\": {\"age\": {}}}, \"variants\": {\"full\": {}, \"fool's\": {\"epochs\": 3}}}");
}

static void tear_down(void) {
    folder_remove(dir);
}

/* Behind "dmtl completion words -- ", and the words of the answer with commas between. */
static const struct {
    const char *line, *words;
} asked[] = {
    {"pl", "plan,plot"},
    {"plot ''", "cs,error,confusion,subgroups,gaps,differences,calibration,weights,loss,all"},
    {"plot cs ''", "done,two words,:files *.json "},
    {"plot -o x cs --only full d",
        "done,:files *.json "}, /* options and their values are no arguments */
    {"plot -- cs --", ":files *.json "},
    {"run ''", ":files *.json "}, /* which reads the file: a name would not do */
    {"run small.json x ''", ""},
    {"plot --format ''", "svg,pdf,png"},
    {"plot --format=p", "--format=pdf,--format=png"},
    {"report --format ''", "md,html,summary,tex,csv,json"},
    {"audit --part ''", "validation,test"},
    {"audit --task r", "race"},
    {"audit --readout ''", "count,argmax,expectation,median,bayes"},
    {"audit --cluster s", "subject,sample"},
    {"audit --metric accuracy,m", "accuracy,mse,accuracy,mae"},
    {"audit --metric=cs", "--metric=cs_lt_,--metric=cs_le_"},
    {"compare --bins f", "fairface-9"},
    {"audit --by age_group,r", "age_group,race"},
    {"audit done", "done"},
    {"data ''", "info,duplicates,check,export,cache,synth"},
    {"data info s", "synthetic,:files *.json "},
    {"data check ''", ":files *.json "},
    {"data synth --layout a", "adience"},
    {"data synth --recipe ''", ":files * "},
    {"run small.json --data ut", "utkface="},
    {"run small.json --data utkface=fa", ":folders * utkface="},
    {"run small.json --data=utkface=", ":folders * --data=utkface="},
    {"run -j 2 small.json --device c", "cpu,cuda"},
    {"run -j2 small.json --device c", "cpu,cuda"},
    {"run -j --dev", ""}, /* is -j's value */
    {"run small.json --only f", "full,fool's"},
    {"run small.json --set /trunk/na", "/trunk/name="},
    {"run small.json --set /trunk/name=s", "/trunk/name=small"},
    {"run --set=/augment/flip=", "--set=/augment/flip=true,--set=/augment/flip=false"},
    {"run --set /tasks/race/k", "/tasks/race/kind="},
    {"run --set /trunk/weights=",
        "/trunk/weights=none,/trunk/weights=imagenet,:files * /trunk/weights="},
    {"bench i", "infer"},
    {"bench --trunk e", "efficientnet-lite0,efficientnet-b0"},
    {"merge a.db b.db c", ":files *.db "}, /* as many as one likes */
    {"import ''", ":files *.csv "},
    {"status --wat", "--watch"},
    {"status --watch --js", "--json"}, /* its value stands behind "=" or nowhere */
    {"completion ''", "bash,zsh,words"},
    {"nothing ''", ""},
};

START_TEST(the_program_says_what_fits) {
    char *command =
        xasprintf("$DMTL completion words -- %s | sed 's/\t.*//' | paste -s -d ,", asked[_i].line);
    char *expected = xasprintf("%s\n", asked[_i].words);
    struct ran r = run_shell(dir, command);
    ck_assert_str_eq(r.err, "");
    ck_assert_str_eq(r.out, expected);
    ran_free(&r);
    free(expected);
    free(command);
}
END_TEST

START_TEST(words_come_with_their_help) {
    expect_shell(dir, "$DMTL completion words -- rep", 0, "report\tprint a grid's tables\n", "");
    expect_shell(dir, "$DMTL completion words -- run --fail", 0,
        "--fail-fast\tstop at the first cell that fails\n", "");
    expect_shell(dir, "$DMTL completion fish", 2, "", "for which shell? expected bash or zsh");
    expect_shell(dir, "$DMTL completion", 2, "", "for which shell? expected bash or zsh");
}
END_TEST

/* A line as bash cuts it, at = and : too, and the answers, a | behind each. */
static const struct {
    const char *words, *answers;
} cut[] = {
    {"pl", "plan|plot|"},
    {"plot cs ''", "done|two\\ words|results|faces|small.json|"},
    {"plot --format = p", "pdf|png|"},
    {"plot --format =", "svg|pdf|png|"},
    {"run --data synthetic = fa", "faces|"},
    {"run --data = synthetic = fa", "faces|"},
    {"run --data s", "synthetic=|"},
    {"run small.json --only fo", "fool\\'s|"},
    {"run --set /trunk/name = sm", "small|"},
    {"import t", "theirs.csv|"},
    {"export -o th", "theirs.csv|"},
};

#define DRIVER                                                                                     \
    "cat >driver.bash <<'END'\n"                                                                   \
    "source <(\"$DMTL\" completion bash)\n"                                                        \
    "compopt() { :; }\n" /* knows only what runs within a completion */                            \
    "COMP_WORDS=(\"$DMTL\" \"$@\"); COMP_CWORD=$#\n"                                               \
    "_dmtl; (( ${#COMPREPLY[@]} == 0 )) || printf '%s|' \"${COMPREPLY[@]}\"\n"                     \
    "END\n"

START_TEST(bash_completes) {
    char *command = xasprintf("%sexport DMTL; bash --norc driver.bash %s", DRIVER, cut[_i].words);
    struct ran r = run_shell(dir, command);
    ck_assert_str_eq(r.err, "");
    ck_assert_str_eq(r.out, cut[_i].answers);
    ran_free(&r);
    free(command);
}
END_TEST

START_TEST(scripts_are_sound) {
    expect_shell(dir, "$DMTL completion bash | bash -n && echo fine", 0, "fine", "");
    struct ran r =
        run_shell(dir, "command -v zsh >/dev/null || { echo no zsh; exit; }\n"
                       "$DMTL completion zsh >_dmtl && zsh -n _dmtl && echo fine\n"
                       "zsh -f -c 'fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D;"
                       " echo $_comps[dmtl]'");
    if (strcmp(r.out, "no zsh\n") == 0)
        fprintf(stderr, "skipped: zsh, which is not installed, did not read its script\n");
    else
        ck_assert_str_eq(r.out, "fine\n_dmtl\n");
    ck_assert_str_eq(r.err, "");
    ran_free(&r);
}
END_TEST

Suite *completion_suite(void) {
    Suite *s = suite_create("completion");
    TCase *c = tcase_create("completion");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, the_program_says_what_fits, 0, (int)ARRAY_LEN(asked));
    tcase_add_test(c, words_come_with_their_help);
    tcase_add_loop_test(c, bash_completes, 0, (int)ARRAY_LEN(cut));
    tcase_add_test(c, scripts_are_sound);
    suite_add_tcase(s, c);
    return s;
}
