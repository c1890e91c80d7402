/* dmtl completion: what a shell needs to complete dmtl's words, and the words themselves. */
#include "commands/command.h"
#include "commands/completion_words.h"

#include "core/mem.h"
#include "report/output.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *shell, *script;
} scripts[] = {
    {
        "bash",
#include "harness/commands/completion.bash.inc"
    },
    {
        "zsh",
#include "harness/commands/completion.zsh.inc"
    },
};

static error_t parse(int key, char *value, struct argp_state *state) {
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    option_texts_add(state->input, value);
    return 0;
}

static const struct argp argp = {NULL, parse, "bash\nzsh\nwords -- WORD...",
    "Prints a script that makes a shell complete verbs, options and their values, grids and files.",
    NULL, NULL, NULL};

static bool print(const struct option_texts *t, struct err *e) {
    const char *what = t->n ? t->text[0] : "";
    struct str out = {0};
    if (strcmp(what, "words") == 0 && t->n > 1) {
        completion_words(&out, t->text + 1, t->n - 1);
        bool ok = output_write(NULL, out.text ? out.text : "", out.len, e);
        str_free(&out);
        return ok;
    }
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
        if (strcmp(scripts[i].shell, what) == 0 && t->n == 1)
            return output_write(NULL, scripts[i].script, strlen(scripts[i].script), e);
    return err_usage(e, "completion: for which shell? expected bash or zsh");
}

bool command_completion(int argc, char **argv, struct err *e) {
    struct option_texts texts = {0};
    bool done, ok = command_parse(&argp, argc, argv, &texts, NULL, &done, e);
    ok = ok && (done || print(&texts, e));
    free(texts.text);
    return ok;
}
