/* dmtl merge: joins results databases, such as the shards of a job array. */
#include "commands/command.h"

#include "core/escape.h"
#include "core/file.h"
#include "grid/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct merge_command {
    const char *out;
    struct option_texts shards;
};

static error_t parse(int key, char *value, struct argp_state *state) {
    struct merge_command *c = state->input;
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if (!c->out)
        c->out = value;
    else
        option_texts_add(&c->shards, value);
    return 0;
}

static const struct argp argp = {NULL, parse, "OUT.db SHARD.db...",
    "Takes the results of databases into OUT.db, which is made where it is not there.\v"
    "Any order gives the same, and what is there already is passed over. Two different results of one cell are "
    "refused, and the difference is shown. Cells that a shard has not finished stay with it: only their plan is taken. "
    "Killed, the same command goes on from there. The databases that are read stay as they are, and may be deleted "
    "after.",
    NULL, NULL, NULL};

/* A database merged into itself would wait for itself. */
static bool check_apart(const struct merge_command *c, const char *shard, struct err *e) {
    struct stat a, b;
    if (stat(c->out, &a) == 0 && stat(shard, &b) == 0 && a.st_dev == b.st_dev &&
        a.st_ino == b.st_ino)
        return err_usage(e, "merge: %s: is OUT.db itself: name it once, first", shard);
    return true;
}

/* All that are not there are found before anything is written. */
static bool check_there(const struct merge_command *c, struct err *e) {
    if (!c->out || !c->shards.n)
        return err_usage(e, "merge: which databases? expected OUT.db SHARD.db...");
    for (size_t i = 0; i < c->shards.n; i++)
        if (file_absent(c->shards.text[i]))
            return err_usage(e, "merge: %s: there is no such file", c->shards.text[i]);
        else if (!check_apart(c, c->shards.text[i], e))
            return false;
    return true;
}

static void add(struct merge_count *all, const struct merge_count *one) {
    all->taken += one->taken;
    all->same += one->same;
    all->failed += one->failed;
    all->open += one->open;
}

static void say(const struct merge_command *c, const struct merge_count *all) {
    struct str line = {0};
    escape_line(&line, c->out);
    str_addf(&line, ": %zu cell%s taken from %zu database%s", all->taken,
        all->taken == 1 ? "" : "s", c->shards.n, c->shards.n == 1 ? "" : "s");
    if (all->same)
        str_addf(&line, ", %zu there already", all->same);
    if (all->failed)
        str_addf(&line, ", %zu failed", all->failed);
    str_addc(&line, '\n');
    if (!command_quiet())
        fputs(line.text, stdout);
    str_free(&line);
}

static bool merge(const struct merge_command *c, struct err *e) {
    struct merge_count all = {0};
    struct store *to = store_open(c->out, STORE_WRITE, e);
    bool ok = to != NULL;
    for (size_t i = 0; ok && i < c->shards.n; i++) {
        struct merge_count one;
        ok = merge_shard(to, c->shards.text[i], &one, e);
        if (ok)
            add(&all, &one);
        else if (i > 0)
            err_add(e, "merge: after %zu of %zu databases", i, c->shards.n);
    }
    store_close(to);
    if (ok)
        say(c, &all);
    return ok;
}

bool command_merge(int argc, char **argv, struct err *e) {
    struct merge_command c = {0};
    bool done, ok = command_parse(&argp, argc, argv, &c, NULL, &done, e);
    ok = ok && (done || (check_there(&c, e) && merge(&c, e)));
    free(c.shards.text);
    return ok;
}
