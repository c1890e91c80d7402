/* What became of a set's files and labels since a content of it was stored. */
#include "store/private.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

enum change { ADDED, REMOVED, NEW_CONTENT, NEW_LABEL, CHANGE_COUNT };
enum { NAMED = 3 }; /* of each kind */

struct changes {
    size_t n[CHANGE_COUNT], unknown; /* `unknown`: stored without its content */
    struct str named[CHANGE_COUNT];
};

static void note(struct changes *c, enum change kind, const char *id, const char *more) {
    if (c->n[kind]++ >= NAMED)
        return;
    char *shown = str_quoted(id);
    str_addf(&c->named[kind], "%s%s%s", c->n[kind] > 1 ? ", " : "", shown, more);
    free(shown);
}

static int stored_label(sqlite3_stmt *stmt, int a) {
    return sqlite3_column_type(stmt, 2 + a) == SQLITE_NULL ? LABEL_MISSING
                                                           : sqlite3_column_int(stmt, 2 + a);
}

static void add_label(struct str *out, int label) {
    if (label == LABEL_MISSING)
        str_add(out, "none");
    else
        str_addf(out, "%d", label);
}

/* A stored row, of columns id, content, age, gender, race, beside the sample that has its id now. */
static void compare(struct changes *c, sqlite3_stmt *stmt, const struct store_sample *now) {
    struct str more = {0};
    for (int a = 0; a < ATTR_COUNT; a++) {
        int was = stored_label(stmt, a);
        if (was == now->label[a])
            continue;
        str_addf(&more, "%s%s ", more.len ? ", " : " with ", attribute_name[a]);
        add_label(&more, now->label[a]);
        str_add(&more, " for ");
        add_label(&more, was);
    }
    if (more.len)
        note(c, NEW_LABEL, now->id, more.text);
    str_free(&more);
    if (sqlite3_column_type(stmt, 1) == SQLITE_NULL || !now->content)
        c->unknown++;
    else if (strcmp(sql_text(stmt, 1), now->content) != 0)
        note(c, NEW_CONTENT, now->id, "");
}

/* Both are in the order of ids' bytes, so one walk is enough. */
static bool walk(struct changes *c, sqlite3_stmt *stmt, const struct store_sample *now, size_t n,
    struct err *e) {
    size_t i = 0;
    int row;
    while ((row = sql_step(stmt, e)) == 1) {
        const char *id = sql_text(stmt, 0);
        int order = 1;
        while (i < n && (order = strcmp(now[i].id, id)) < 0)
            note(c, ADDED, now[i++].id, "");
        if (i == n || order > 0)
            note(c, REMOVED, id, "");
        else
            compare(c, stmt, &now[i++]);
    }
    for (; row == 0 && i < n; i++)
        note(c, ADDED, now[i].id, "");
    return row == 0;
}

static void add_words(struct str *out, const struct changes *c) {
    static const char *const words[CHANGE_COUNT][2] = {
        [ADDED] = {"file is new", "files are new"},
        [REMOVED] = {"file is gone", "files are gone"},
        [NEW_CONTENT] = {"file has another content", "files have another content"},
        [NEW_LABEL] = {"file has another label", "files have other labels"},
    };
    size_t all = 0;
    for (int k = 0; k < CHANGE_COUNT; k++)
        all += c->n[k];
    str_add(out, "; since then ");
    if (all == 0 && c->unknown)
        str_add(out, "files' contents changed, which were not on record one by one");
    for (int k = 0, said = 0; k < CHANGE_COUNT; k++)
        if (c->n[k])
            str_addf(out, "%s%zu %s (%s%s)", said++ ? ", " : "", c->n[k], words[k][c->n[k] > 1],
                c->named[k].text, c->n[k] > NAMED ? ", ..." : "");
}

bool store_describe_changes(struct store *s, const struct store_source *source,
    const char *fingerprint, struct str *out, struct err *e) {
    struct changes c = {0};
    long long dataset =
        sql_long(s->db, e, -1, "SELECT dataset FROM dataset WHERE name = ?1 AND fingerprint = ?2",
            "ss", source->dataset, fingerprint);
    if (e->kind != ERR_NONE || dataset < 0 || !source->samples)
        return e->kind == ERR_NONE;
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        s->version < 3
            ? "SELECT id, NULL, age, gender, race FROM sample WHERE dataset = ?1 ORDER BY id"
            : "SELECT id, content, age, gender, race FROM sample WHERE dataset = ?1 ORDER BY id",
        "l", dataset);
    bool ok = stmt && walk(&c, stmt, source->samples, source->n, e);
    if (ok)
        add_words(out, &c);
    sqlite3_finalize(stmt);
    for (int k = 0; k < CHANGE_COUNT; k++)
        str_free(&c.named[k]);
    return ok;
}
