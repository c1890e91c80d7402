/* Data sets and their samples, registered once per content. */
#include "store/private.h"

#include "core/json.h"

#include <string.h>

static void bind_label(sqlite3_stmt *stmt, int column, int label) {
    if (label == LABEL_MISSING)
        sqlite3_bind_null(stmt, column);
    else
        sqlite3_bind_int(stmt, column, label);
}

static bool put_samples(struct store *s, int64_t dataset, int64_t first,
    const struct store_sample *samples, size_t n, struct err *e) {
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        "INSERT INTO sample (sample, dataset, age, gender, race, id, subject, duplicate_group,"
        " content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        "");
    bool ok = stmt != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        sqlite3_bind_int64(stmt, 1, first + (int64_t)i);
        sqlite3_bind_int64(stmt, 2, dataset);
        for (int a = 0; a < ATTR_COUNT; a++)
            bind_label(stmt, 3 + a, samples[i].label[a]);
        sqlite3_bind_text(stmt, 6, samples[i].id, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 7, samples[i].subject, -1, SQLITE_STATIC);
        bind_label(stmt, 8, samples[i].duplicate_group); /* -1: none, as with labels */
        sqlite3_bind_text(stmt, 9, samples[i].content, -1, SQLITE_STATIC);
        ok = sql_step(stmt, e) == 0;
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    return ok;
}

bool store_supersede(struct store *s, int64_t dataset, const char *name, struct err *e) {
    return sql_run(s->db, e,
        "UPDATE sample SET superseded = 1 WHERE dataset IN"
        " (SELECT dataset FROM dataset WHERE name = ?2 AND dataset <> ?1)"
        " AND EXISTS (SELECT 1 FROM sample n WHERE n.dataset = ?1 AND n.id = sample.id)",
        "ls", (long long)dataset, name);
}

static bool put_names_of(struct store *s, int64_t dataset, const cJSON *names, struct err *e) {
    int attribute = word_find(attribute_name, ATTR_COUNT, names->string);
    if (attribute < 0 || !cJSON_IsArray(names))
        return err_set(e, "class names: /%s: expected an attribute with an array", names->string);
    int label = 0;
    for (const cJSON *name = names->child; name; name = name->next)
        if (!cJSON_IsString(name))
            return err_set(e, "class names: /%s/%d: expected a text", names->string, label);
        else if (!sql_run(s->db, e,
                     "INSERT INTO class_name (dataset, attribute, label, name)"
                     " VALUES (?1, ?2, ?3, ?4)",
                     "liis", (long long)dataset, attribute, label++, name->valuestring))
            return false;
    return true;
}

static bool put_names(struct store *s, int64_t dataset, const char *text, struct err *e) {
    cJSON *object = json_parse("class names", text, strlen(text), e);
    bool ok = object != NULL;
    if (ok && !cJSON_IsObject(object))
        ok = err_set(e, "class names: expected an object");
    for (const cJSON *names = ok ? object->child : NULL; ok && names; names = names->next)
        ok = put_names_of(s, dataset, names, e);
    cJSON_Delete(object);
    return ok;
}

/* What a set that is there already did not say: contents, where an older dmtl stored it, and duplicates, which are
 * looked for only when a split asks. Its fingerprint is the same, so both hold for its samples. */
static bool complete(
    struct store *s, int64_t dataset, const struct store_sample *samples, size_t n, struct err *e) {
    long long contents = 0, groups = 0,
              first = sql_long(s->db, e, -1, "SELECT first_sample FROM dataset WHERE dataset = ?1",
                  "l", (long long)dataset),
              known = sql_long(s->db, e, -1,
                  "SELECT count(content) FROM sample WHERE sample >= ?1 AND sample < ?2", "ll",
                  first, first + (long long)n),
              grouped = sql_long(s->db, e, -1,
                  "SELECT count(duplicate_group) FROM sample WHERE sample >= ?1 AND sample < ?2",
                  "ll", first, first + (long long)n);
    for (size_t i = 0; i < n; i++) {
        contents += samples[i].content != NULL;
        groups += samples[i].duplicate_group >= 0;
    }
    if (e->kind != ERR_NONE || (known >= contents && grouped >= groups))
        return e->kind == ERR_NONE;
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        "UPDATE sample SET content = coalesce(?2, content),"
        " duplicate_group = coalesce(?3, duplicate_group) WHERE sample = ?1",
        "");
    bool ok = stmt != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        sqlite3_bind_int64(stmt, 1, first + (int64_t)i);
        sqlite3_bind_text(stmt, 2, samples[i].content, -1, SQLITE_STATIC);
        bind_label(stmt, 3, samples[i].duplicate_group);
        ok = sql_step(stmt, e) == 0;
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    return ok;
}

bool store_put_dataset(struct store *s, const char *name, const char *fingerprint, bool drawn,
    bool exact_ages, const char *class_names, const struct store_sample *samples, size_t n,
    int64_t *dataset, struct err *e) {
    *dataset =
        sql_long(s->db, e, -1, "SELECT dataset FROM dataset WHERE name = ?1 AND fingerprint = ?2",
            "ss", name, fingerprint);
    if (e->kind != ERR_NONE)
        return false;
    if (*dataset >= 0)
        return complete(s, *dataset, samples, n, e);
    long long first = sql_long(s->db, e, 0, "SELECT max(first_sample + samples) FROM dataset", "");
    bool ok =
        e->kind == ERR_NONE &&
        sql_run(s->db, e,
            "INSERT INTO dataset (name, fingerprint, first_sample, samples, drawn, exact_ages)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            "ssllii", name, fingerprint, first, (long long)n, (int)drawn, (int)exact_ages);
    *dataset = ok ? sqlite3_last_insert_rowid(s->db) : -1;
    return ok && put_names(s, *dataset, class_names, e) &&
           put_samples(s, *dataset, first, samples, n, e) && store_supersede(s, *dataset, name, e);
}

static bool mark(struct store *s, int64_t dataset, const uint8_t *bad, size_t n, struct err *e) {
    long long first = sql_long(s->db, e, -1, "SELECT first_sample FROM dataset WHERE dataset = ?1",
        "l", (long long)dataset);
    sqlite3_stmt *stmt = sql_prepare(
        s->db, e, "UPDATE sample SET undecodable = ?2 WHERE sample = ?1 AND undecodable <> ?2", "");
    bool ok = stmt != NULL && e->kind == ERR_NONE;
    for (size_t i = 0; ok && i < n; i++)
        ok = sql_again(stmt, e, "li", first + (long long)i, bad[i] != 0);
    sqlite3_finalize(stmt);
    return ok;
}

/* A set's images are the same as long as its content is, so a count that is there already stands. */
bool store_put_undecodable(
    struct store *s, int64_t dataset, const uint8_t *bad, size_t n, struct err *e) {
    long long count = 0,
              known = sql_long(s->db, e, -1, "SELECT undecodable FROM dataset WHERE dataset = ?1",
                  "l", (long long)dataset);
    for (size_t i = 0; i < n; i++)
        count += bad[i] != 0;
    if (e->kind != ERR_NONE || known == count)
        return e->kind == ERR_NONE;
    return mark(s, dataset, bad, n, e) &&
           sql_run(s->db, e, "UPDATE dataset SET undecodable = ?2 WHERE dataset = ?1", "ll",
               (long long)dataset, count);
}
