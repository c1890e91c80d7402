/* Opening: which file is ours, making a new one, how it is journalled. A file is not trusted: it may be
 * anything, or hold a schema meant to harm whoever reads it, so its triggers never run and its views
 * may use harmless functions alone. */
#include "store/private.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CACHE_KIB 65536

static const char schema_sql[] =
#include "harness/store/schema.sql.inc"
    ;
static const char views_sql[] =
#include "harness/store/views.sql.inc"
    ;
static const char upgrade_1_sql[] =
#include "harness/store/upgrade-1.sql.inc"
    ;
static const char upgrade_2_sql[] =
#include "harness/store/upgrade-2.sql.inc"
    ;
static const char upgrade_3_sql[] =
#include "harness/store/upgrade-3.sql.inc"
    ;
enum { APPLICATION_ID = 0x646d746c, SCHEMA_VERSION = 4 }; /* as schema.sql sets them */

/* upgrades[v] brings version v to the next. */
static const char *const upgrades[SCHEMA_VERSION] = {
    [1] = upgrade_1_sql, [2] = upgrade_2_sql, [3] = upgrade_3_sql};

/* EXTRA: with a rollback journal a commit is its removal, which FULL leaves to the next sync of the folder. */
static bool configure(sqlite3 *db, struct err *e) {
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_TIMEOUT_MS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    char *pragmas = xasprintf("PRAGMA foreign_keys = ON; PRAGMA synchronous = EXTRA;"
                              "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
                              "PRAGMA cache_size = -%d",
        CACHE_KIB);
    bool ok = sql_script(db, pragmas, e);
    free(pragmas);
    return ok;
}

static bool connected(struct store *s, int rc, struct err *e) {
    if (rc != SQLITE_OK)
        return err_set(e,
            "%s: %s; its folder must exist, and be writable while the database is in use", s->path,
            sqlite3_errstr(rc));
    return configure(s->db, e);
}

/* A path that begins with ':' or is empty would mean something else to SQLite. */
static bool connect_file(struct store *s, int flags, struct err *e) {
    char *file = xasprintf("%s%s", s->path[0] == '/' ? "" : "./", s->path);
    int rc = sqlite3_open_v2(file, &s->db, flags, NULL);
    free(file);
    return connected(s, rc, e);
}

/* As a file that nobody changes: no lock, no journal, nothing beside it. */
static bool connect_immutable(struct store *s, struct err *e) {
    char *full = realpath(s->path, NULL);
    struct str uri = {0};
    str_add(&uri, "file:");
    for (const char *p = full ? full : s->path; *p; p++)
        str_addf(&uri, strchr("%?#", *p) ? "%%%02X" : "%c", (unsigned char)*p);
    str_add(&uri, "?immutable=1");
    sqlite3_close(s->db);
    int rc = sqlite3_open_v2(uri.text, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    bool ok = connected(s, rc, e);
    str_free(&uri);
    free(full);
    return ok;
}

/* *empty: nothing is in the file yet. False where it is not for us. One statement, so that what it says is of one
 * moment: another process may be making the schema. */
static bool identify(struct store *s, bool *empty, struct err *e) {
    sqlite3_stmt *row = sql_prepare(s->db, e,
        "SELECT (SELECT count(*) FROM sqlite_master), (SELECT application_id FROM"
        " pragma_application_id), (SELECT user_version FROM pragma_user_version)",
        "");
    bool read = row && sql_step(row, e) == 1;
    long long tables = read ? sqlite3_column_int64(row, 0) : 0;
    long long id = read ? sqlite3_column_int64(row, 1) : 0;
    long long version = read ? sqlite3_column_int64(row, 2) : 0;
    sqlite3_finalize(row);
    *empty = tables == 0 && id == 0 && version == 0;
    if (!read || *empty)
        return read;
    if (id != APPLICATION_ID)
        return err_usage(e,
            "%s: is the database of another program (application_id %lld, ours is %d): "
            "name another file with --db",
            s->path, id, APPLICATION_ID);
    if (version > SCHEMA_VERSION)
        return err_usage(e,
            "%s: was written by a newer dmtl (schema %lld, this one knows up to %d): "
            "update dmtl, or name another file with --db",
            s->path, version, SCHEMA_VERSION);
    if (version < 1)
        return err_usage(
            e, "%s: is damaged: schema %lld never existed; restore a copy", s->path, version);
    s->version = version;
    return true;
}

static bool is_empty_again(struct store *s, struct err *e) {
    bool empty = false;
    return identify(s, &empty, e) && empty;
}

/* Two processes may meet here: the second finds the schema made once it has the lock. */
static bool create(struct store *s, struct err *e) {
    if (!store_begin(s, e))
        return false;
    bool ok = true;
    if (is_empty_again(s, e))
        ok = sql_script(s->db, schema_sql, e) && sql_script(s->db, views_sql, e);
    ok = ok && e->kind == ERR_NONE && store_commit(s, e);
    if (!ok)
        store_rollback(s);
    else
        s->version = SCHEMA_VERSION;
    return ok;
}

/* Here too another process may have been first. */
static bool upgrade(struct store *s, struct err *e) {
    bool empty;
    if (s->version == SCHEMA_VERSION)
        return true;
    if (!store_begin(s, e))
        return false;
    bool ok = identify(s, &empty, e);
    for (long long v = s->version; ok && v < SCHEMA_VERSION; v++)
        ok = sql_script(s->db, upgrades[v], e);
    ok = ok && sql_script(s->db, views_sql, e) && store_commit(s, e);
    if (!ok)
        store_rollback(s);
    else
        s->version = SCHEMA_VERSION;
    return ok || err_add(e, "upgrading a database of an older dmtl");
}

/* SQLite does not wait for another process that changes the journal too, as it does elsewhere. */
static bool make_wal(struct store *s, struct err *e) {
    for (int waited_ms = 0; !sql_script(s->db, "PRAGMA journal_mode = wal", e); waited_ms += 20) {
        if ((sqlite3_errcode(s->db) & 0xff) != SQLITE_BUSY || waited_ms >= BUSY_TIMEOUT_MS)
            return false;
        *e = (struct err){0};
        sqlite3_sleep(20);
    }
    return true;
}

/* An empty file gets the journal that it keeps, before its schema, so that no kill leaves it with another; one
 * that has come to a network file system gets the one that works there. */
static bool set_journal(struct store *s, bool empty, bool shard, struct err *e) {
    struct statfs fs;
    if (statfs(s->path, &fs) == 0 && store_on_network((long)fs.f_type))
        return sql_script(s->db, "PRAGMA journal_mode = delete", e);
    return !empty || shard || make_wal(s, e);
}

static bool open_to_write(struct store *s, bool shard, struct err *e) {
    char *slash = strrchr(s->path, '/');
    if (slash && slash != s->path) {
        char *folder = xstrndup(s->path, (size_t)(slash - s->path));
        bool made = dir_make(folder, e);
        free(folder);
        if (!made)
            return false;
    }
    bool empty = false;
    if (!connect_file(s, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e))
        return false;
    if (sqlite3_db_readonly(s->db, "main") == 1)
        return err_set(
            e, "%s: cannot be written: change its permissions, or work on a copy", s->path);
    if (!identify(s, &empty, e))
        return false;
    return set_journal(s, empty, shard, e) && (empty ? create(s, e) : upgrade(s, e));
}

/* What a writer that died, or still writes, keeps beside the file: "-wal", "-journal", or NULL. */
static const char *unfinished(const char *path) {
    static const char *const suffixes[] = {"-wal", "-journal"};
    const char *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        char *beside = xasprintf("%s%s", path, suffixes[i]);
        struct stat st;
        if (stat(beside, &st) == 0 && st.st_size > 0)
            found = suffixes[i];
        free(beside);
    }
    return found;
}

/* A WAL database in a folder that we cannot write is read as immutable where all of it is in the one
 * file; with a WAL or a journal beside it that would show old or half-written results as true. */
static bool open_to_read(struct store *s, struct err *e) {
    bool empty = false;
    if (file_absent(s->path))
        return err_usage(
            e, "%s: there is no such file: `dmtl run` makes it, --db names it", s->path);
    if (access(s->path, R_OK) != 0)
        return err_sys(e, errno, "%s: cannot be read", s->path);
    if (!file_exists(s->path))
        return err_usage(e, "%s: is no regular file: name a results database with --db", s->path);
    /* Whoever reads is one thread; locking for others took an eighth of the time of a report. */
    bool ok =
        connect_file(s, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, e) && identify(s, &empty, e);
    int code = sqlite3_errcode(s->db) & 0xff;
    if (!ok && (code == SQLITE_CANTOPEN || code == SQLITE_READONLY)) {
        *e = (struct err){0};
        const char *suffix = unfinished(s->path);
        if (suffix)
            return err_set(e,
                "%s: its folder cannot be written, and a part of its results is still in %s%s: "
                "copy both files into a folder that you can write, and read that copy",
                s->path, s->path, suffix);
        ok = connect_immutable(s, e) && identify(s, &empty, e);
    }
    if (ok && empty)
        return err_usage(e, "%s: holds no results yet: `dmtl run` writes them", s->path);
    return ok;
}

struct store *store_open(const char *path, enum store_mode mode, struct err *e) {
    if (!*path || dir_exists(path)) {
        err_usage(e, "--db \"%s\": expected a file's name", path);
        return NULL;
    }
    struct store *s = xcalloc(1, sizeof *s);
    s->path = xstrdup(path);
    if (mode == STORE_READ ? open_to_read(s, e) : open_to_write(s, mode == STORE_WRITE_SHARD, e))
        return s;
    if (s->db && (sqlite3_errcode(s->db) & 0xff) == SQLITE_NOTADB) {
        *e = (struct err){0};
        err_usage(e, "%s: is not an SQLite database: name another file with --db", path);
    }
    store_close(s);
    return NULL;
}

void store_close(struct store *s) {
    if (!s)
        return;
    sqlite3_close_v2(s->db);
    free(s->path);
    free(s);
}

bool store_outdated(const struct store *s) {
    return s->version < SCHEMA_VERSION;
}

sqlite3 *store_db(struct store *s) {
    return s->db;
}

const char *store_path(const struct store *s) {
    return s->path;
}
