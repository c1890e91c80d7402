/* Files that are not ours, disks that are full, folders that cannot be written, processes that meet. */
#include "check_suites.h"

#include "check_folder.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "fixture_store.h"
#include "store/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *dir, *path;
static const struct provenance nobody = {.threads = 1};

static void make_folder(void) {
    dir = folder_new();
    path = path_join(dir, "r.db");
}

static void drop_folder(void) {
    free(path);
    folder_remove(dir);
}

static void must(bool ok, const struct err *e) {
    ck_assert_msg(ok, "%s", e->msg);
}

static void refused(enum store_mode mode, enum err_kind kind, const char *message) {
    struct err e = {0};
    struct store *s = store_open(path, mode, &e);
    ck_assert_ptr_null(s);
    ck_assert_msg(strstr(e.msg, message) != NULL, "%s", e.msg);
    ck_assert_msg(strstr(e.msg, "r.db") != NULL, "%s", e.msg);
    ck_assert_int_eq(e.kind, kind);
}

static void make_by_sql(const char *sql) {
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static char *whole_file(size_t *n) {
    struct err e = {0};
    char *bytes = file_read(path, (size_t)64 << 20, n, &e);
    must(bytes != NULL, &e);
    return bytes;
}

/* ---- whose file it is ---- */

START_TEST(no_file_to_read) {
    refused(STORE_READ, ERR_USAGE, "there is no such file: `dmtl run` makes it");
    ck_assert(!file_exists(path));
}
END_TEST

START_TEST(no_database) {
    char text[8192];
    memset(text, 'x', sizeof text);
    folder_put(dir, "r.db", text, sizeof text);
    refused(STORE_READ, ERR_USAGE, "is not an SQLite database: name another file with --db");
    refused(STORE_WRITE, ERR_USAGE, "is not an SQLite database: name another file with --db");
    size_t n;
    char *bytes = whole_file(&n);
    ck_assert_uint_eq(n, sizeof text); /* not touched */
    ck_assert_int_eq(memcmp(bytes, text, n), 0);
    free(bytes);
}
END_TEST

START_TEST(another_programs_database) {
    make_by_sql("CREATE TABLE t (x)");
    refused(
        STORE_WRITE, ERR_USAGE, "is the database of another program (application_id 0, ours is");
    make_by_sql("PRAGMA application_id = 77");
    refused(
        STORE_WRITE, ERR_USAGE, "is the database of another program (application_id 77, ours is");
    refused(STORE_READ, ERR_USAGE, "name another file with --db");
}
END_TEST

START_TEST(a_newer_schema) {
    struct err e = {0};
    store_close(store_open(path, STORE_WRITE, &e));
    make_by_sql("PRAGMA user_version = 5");
    refused(
        STORE_WRITE, ERR_USAGE, "was written by a newer dmtl (schema 5, this one knows up to 4)");
    refused(STORE_READ, ERR_USAGE, "update dmtl, or name another file with --db");
    make_by_sql("PRAGMA user_version = 0");
    refused(STORE_READ, ERR_USAGE, "is damaged: schema 0 never existed");
}
END_TEST

/* Tables' columns that `a` has and `b` has not. */
#define COLUMNS_MISSING(a, b)                                                                      \
    "SELECT count(*) FROM (SELECT m.name, p.name, p.type, p.pk FROM " a ".sqlite_master m,"        \
    " pragma_table_info(m.name, '" a "') p WHERE m.type = 'table' EXCEPT"                          \
    " SELECT m.name, p.name, p.type, p.pk FROM " b ".sqlite_master m,"                             \
    " pragma_table_info(m.name, '" b "') p)"

/* What the upgraded file holds is what a new one does. */
static void is_as_a_new_one(void) {
    struct err e = {0};
    char *fresh = path_join(dir, "fresh.db");
    struct store *s = store_open(fresh, STORE_WRITE, &e);
    must(s != NULL && sql_run(store_db(s), &e, "ATTACH ?1 AS old", "s", path), &e);
    static const char views[] =
        "SELECT count(*) FROM main.sqlite_master n LEFT JOIN old.sqlite_master o USING (name, sql)"
        " WHERE n.type = 'view' AND o.name IS NULL";
    ck_assert_int_eq(sql_long(store_db(s), &e, -1, views, ""), 0);
    ck_assert_int_eq(sql_long(store_db(s), &e, -1, COLUMNS_MISSING("main", "old"), ""), 0);
    ck_assert_int_eq(sql_long(store_db(s), &e, -1, COLUMNS_MISSING("old", "main"), ""), 0);
    must(e.kind == ERR_NONE, &e);
    store_close(s);
    ck_assert_int_eq(unlink(fresh), 0);
    free(fresh);
}

/* To read it stays what it was; to write it becomes what a new file is, and keeps its rows. */
static void older(const char *to_older, int version, int undecodable_unknown) {
    struct err e = {0};
    must(fixture_store(path, &e), &e);
    make_by_sql(to_older);
    for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
        struct store *s = store_open(path, (enum store_mode)mode, &e);
        must(s != NULL, &e);
        sqlite3 *db = store_db(s);
        ck_assert_int_eq(
            sql_long(db, &e, -1, "PRAGMA user_version", ""), mode == STORE_READ ? version : 4);
        ck_assert_int_eq(sql_long(db, &e, -1, "SELECT count(*) FROM v_samples", ""), 240);
        ck_assert_int_eq(sql_long(db, &e, -1, "SELECT samples FROM v_datasets", ""), 240);
        if (mode == STORE_WRITE) {
            ck_assert_int_eq(
                sql_long(db, &e, -1, "SELECT count(*) FROM dataset WHERE undecodable IS NULL", ""),
                undecodable_unknown);
            ck_assert_int_eq(sql_long(db, &e, -1, "SELECT count(content) FROM v_samples", ""), 0);
            ck_assert_int_gt(
                sql_long(db, &e, -1, "SELECT count(*) FROM v_runs WHERE backend = 'libtorch'", ""),
                0);
        }
        must(e.kind == ERR_NONE, &e);
        store_close(s);
    }
    is_as_a_new_one();
    ck_assert_int_eq(unlink(path), 0);
}

START_TEST(an_older_schema_is_read_and_upgraded) {
    older(fixture_version_1, 1, 1);
    older(fixture_version_2, 2, 0);
    older(fixture_version_3, 3, 0);
}
END_TEST

START_TEST(an_empty_file) {
    folder_put(dir, "r.db", "", 0);
    refused(STORE_READ, ERR_USAGE, "holds no results yet: `dmtl run` writes them");
    struct err e = {0};
    struct store *s = store_open(path, STORE_WRITE, &e);
    must(s != NULL, &e);
    store_close(s);
}
END_TEST

START_TEST(names_that_name_no_file) {
    static const char *const names[] = {"", "/", "/tmp"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct err e = {0};
        ck_assert_ptr_null(store_open(names[i], STORE_WRITE, &e));
        ck_assert_ptr_nonnull(strstr(e.msg, "expected a file's name"));
        ck_assert_int_eq(e.kind, ERR_USAGE);
    }
}
END_TEST

/* Names that SQLite, or a URI, would read as something else; folders that are not there yet. */
START_TEST(odd_names_are_files_too) {
    static const char *const names[] = {
        ":memory:", "file:x?mode=memory", "a%41#b c.db", "x/y/z.db"};
    ck_assert_int_eq(chdir(dir), 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct err e = {0};
        struct store *s = store_open(names[i], STORE_WRITE, &e);
        must(s != NULL, &e);
        ck_assert_str_eq(store_path(s), names[i]);
        store_close(s);
        ck_assert_msg(file_exists(names[i]), "%s", names[i]);
        s = store_open(names[i], STORE_READ, &e);
        must(s != NULL, &e);
        store_close(s);
    }
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

/* ---- how it is kept ---- */

static void pragma_is(struct store *s, const char *name, const char *wanted) {
    struct err e = {0};
    char *sql = xasprintf("PRAGMA %s", name);
    sqlite3_stmt *stmt = sql_prepare(store_db(s), &e, sql, "");
    ck_assert_int_eq(sql_step(stmt, &e), 1);
    ck_assert_str_eq(sql_text(stmt, 0), wanted);
    sqlite3_finalize(stmt);
    free(sql);
}

START_TEST(settings) {
    struct err e = {0};
    struct store *s = store_open(path, STORE_WRITE, &e);
    must(s != NULL, &e);
    pragma_is(s, "journal_mode", "wal");
    pragma_is(s, "synchronous", "3");
    pragma_is(s, "foreign_keys", "1");
    pragma_is(s, "trusted_schema", "0");
    pragma_is(s, "busy_timeout", "30000");
    pragma_is(s, "integrity_check", "ok");
    ck_assert(!sql_run(store_db(s), &e,
        "INSERT INTO member (grid, position, cell, variant, axes) VALUES (1, 1, 1, 'v', '{}')",
        ""));
    ck_assert_ptr_nonnull(strstr(e.msg, "FOREIGN KEY constraint failed"));
    store_close(s);
}
END_TEST

START_TEST(network_file_systems) {
    static const long network[] = {0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x0bd00bd0, 0x65735546};
    static const long local[] = {
        0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1};
    for (size_t i = 0; i < ARRAY_LEN(network); i++)
        ck_assert(store_on_network(network[i]));
    for (size_t i = 0; i < ARRAY_LEN(local); i++) /* ext4 XFS btrfs tmpfs overlay ZFS */
        ck_assert(!store_on_network(local[i]));
    ck_assert(store_on_network((int)0xff534d42)); /* as a 32-bit f_type would give it */
}
END_TEST

/* ---- a hostile or damaged file ---- */

START_TEST(triggers_of_the_file_never_run) {
    struct err e = {0};
    must(fixture_store(path, &e), &e);
    make_by_sql("CREATE TRIGGER bad AFTER INSERT ON grid BEGIN DELETE FROM metric; END");
    struct store *s = store_open(path, STORE_WRITE, &e);
    int64_t grid;
    must(s && store_put_grid(s, "new", "{}", &grid, &e), &e);
    ck_assert_int_gt(sql_long(store_db(s), &e, 0, "SELECT count(*) FROM metric", ""), 1000);
    store_close(s);
}
END_TEST

/* Every page in turn overwritten: an error or rows, never a crash. */
START_TEST(damaged_pages) {
    struct err e = {0};
    must(fixture_store(path, &e), &e);
    size_t n;
    char *bytes = whole_file(&n);
    int refusals = 0;
    for (size_t page = 0; page < n / 4096; page += 1 + page / 16) {
        char *broken = xmalloc(n);
        memcpy(broken, bytes, n);
        memset(broken + page * 4096 + 100, 0xa5, 1500);
        folder_put(dir, "r.db", broken, n);
        free(broken);
        e = (struct err){0};
        struct store *s = store_open(path, STORE_READ, &e);
        static const char *const reads[] = {"SELECT sum(value) FROM v_metrics",
            "SELECT sum(predicted) FROM v_predictions", "SELECT sum(n) FROM v_confusion",
            "SELECT sum(length(probabilities)) FROM v_probabilities"};
        for (size_t i = 0; s && i < ARRAY_LEN(reads); i++)
            sql_long(store_db(s), &e, 0, reads[i], "");
        struct cell_record *cells;
        size_t n_cells;
        if (s && store_cells(s, "fixture", &cells, &n_cells, &e))
            store_cells_free(cells, n_cells);
        store_close(s);
        refusals += e.kind != ERR_NONE && strstr(e.msg, "the file is damaged") != NULL;
    }
    free(bytes);
    ck_assert_int_gt(refusals, 3);
}
END_TEST

START_TEST(a_state_that_is_none) {
    struct err e = {0};
    must(fixture_store(path, &e), &e);
    make_by_sql("UPDATE cell SET state = 99");
    struct store *s = store_open(path, STORE_READ, &e);
    must(s != NULL, &e);
    struct cell_record *cells;
    size_t n;
    ck_assert(!store_cells(s, "fixture", &cells, &n, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "r.db: is damaged: a cell has state 99"));
    store_close(s);
}
END_TEST

/* ---- several at once ---- */

START_TEST(many_processes_open_a_new_file_at_once) {
    enum { PROCESSES = 8 };
    pid_t child[PROCESSES];
    int gate[2];
    ck_assert_int_eq(pipe(gate), 0);
    for (int i = 0; i < PROCESSES; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            struct err e = {0};
            close(gate[1]);
            ck_assert_int_eq(read(gate[0], &(char){0}, 1), 0); /* until all are there */
            char name[16];
            int64_t grid;
            snprintf(name, sizeof name, "g%d", i);
            struct store *s = store_open(path, STORE_WRITE, &e);
            bool ok = s && store_put_grid(s, name, "{}", &grid, &e);
            if (!ok)
                fprintf(stderr, "%s\n", e.msg);
            store_close(s);
            _exit(!ok);
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
        ck_assert_int_eq(status, 0);
    }
    struct err e = {0};
    struct store *s = store_open(path, STORE_READ, &e);
    must(s != NULL, &e);
    ck_assert_int_eq(sql_long(store_db(s), &e, 0, "SELECT count(*) FROM grid", ""), PROCESSES);
    store_close(s);
}
END_TEST

START_TEST(a_lock_that_does_not_clear) {
    struct err e = {0};
    struct store *first = store_open(path, STORE_WRITE, &e);
    struct store *second = store_open(path, STORE_WRITE, &e);
    must(first && second && store_begin(first, &e), &e);
    sqlite3_busy_timeout(store_db(second), 50);
    ck_assert(!store_begin(second, &e));
    ck_assert_msg(strstr(e.msg, "database is locked; another process holds the database") != NULL,
        "%s", e.msg);
    store_rollback(first);
    e = (struct err){0};
    must(store_begin(second, &e), &e);
    store_rollback(second);
    store_close(first);
    store_close(second);
}
END_TEST

/* A reader sees the state before a transaction that is open, and does not wait for it. */
START_TEST(readers_do_not_wait_for_a_writer) {
    struct err e = {0};
    struct store *writer = store_open(path, STORE_WRITE, &e);
    int64_t grid;
    must(writer && store_begin(writer, &e) && store_put_grid(writer, "g", "{}", &grid, &e), &e);
    struct store *reader = store_open(path, STORE_READ, &e);
    must(reader != NULL, &e);
    ck_assert_int_eq(sql_long(store_db(reader), &e, -1, "SELECT count(*) FROM grid", ""), 0);
    must(store_commit(writer, &e), &e);
    ck_assert_int_eq(sql_long(store_db(reader), &e, -1, "SELECT count(*) FROM grid", ""), 1);
    ck_assert(!sql_run(store_db(reader), &e, "DELETE FROM grid", ""));
    ck_assert_ptr_nonnull(strstr(e.msg, "attempt to write a readonly database"));
    store_close(reader);
    store_close(writer);
}
END_TEST

/* ---- disks and folders ---- */

static bool fill(struct store *s, struct err *e) {
    struct store_cell c = {
        .id = "c", .config = "{}", .dataset = "d", .split = "random", .epochs = 1};
    int64_t cell;
    bool ok = store_begin(s, e) && store_put_cell(s, &c, &cell, e);
    for (int step = 1; ok && step < 400000; step++) {
        struct weight_row w = {1, step, ATTR_AGE, 0.123 * step, 0.1 * step, 1.0 / step, 0.3};
        ok = store_put_weights(s, cell, &w, 1, e);
    }
    ok = ok && store_commit(s, e);
    if (!ok)
        store_rollback(s);
    return ok;
}

static void full_disk_is_survived(struct store *s) {
    struct err e = {0};
    int64_t grid;
    must(store_put_grid(s, "kept", "{}", &grid, &e), &e);
    ck_assert(!fill(s, &e));
    ck_assert_msg(strstr(e.msg, "free space on its disk and run the same command again") != NULL,
        "%s", e.msg);
    ck_assert_int_eq(e.kind, ERR_NO_SPACE);
    e = (struct err){0};
    ck_assert_int_eq(sql_long(store_db(s), &e, -1, "SELECT count(*) FROM grid", ""), 1);
    ck_assert_int_eq(sql_long(store_db(s), &e, -1, "SELECT count(*) FROM weight", ""), 0);
    must(e.kind == ERR_NONE, &e);
}

START_TEST(a_database_at_its_largest) {
    struct err e = {0};
    struct store *s = store_open(path, STORE_WRITE, &e);
    must(s && sql_script(store_db(s), "PRAGMA max_page_count = 200", &e), &e);
    full_disk_is_survived(s);
    store_close(s);
}
END_TEST

START_TEST(a_full_disk) {
    char *disk = folder_sub(dir, "disk"), *file = path_join(disk, "r.db");
    if (geteuid() != 0 || mount("tmpfs", disk, "tmpfs", 0, "size=2m") != 0) {
        printf("skipped: a full disk: only root can mount a small one\n");
    } else {
        struct err e = {0};
        struct store *s = store_open(file, STORE_WRITE, &e);
        if (s)
            full_disk_is_survived(s);
        store_close(s);
        umount(disk);
        must(e.kind == ERR_NONE, &e);
    }
    free(file);
    free(disk);
}
END_TEST

/* Permissions bind users, not root: as root the reading is done by a child as nobody. Returns the child's
 * verdict; the message, if any, goes to stderr. */
static int as_user(int (*reads)(void)) {
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(9);
        _exit(reads());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int message_is(const struct err *e, const char *wanted) {
    if (strstr(e->msg, wanted))
        return 0;
    fprintf(stderr, "%s\n", e->msg[0] ? e->msg : "no error");
    return 1;
}

static int reads_metrics(void) {
    struct err e = {0};
    struct store *s = store_open(path, STORE_READ, &e);
    long long n = s ? sql_long(store_db(s), &e, 0, "SELECT count(*) FROM v_metrics", "") : 0;
    store_close(s);
    return n > 1000 ? 0 : 1 + message_is(&e, "-");
}

static int finds_newer_results(void) {
    struct err e = {0};
    struct store *s = store_open(path, STORE_READ, &e);
    store_close(s);
    return message_is(&e, "copy both files into a folder that you can write, and read that copy");
}

static int cannot_read(void) {
    struct err e = {0};
    struct store *s = store_open(path, STORE_READ, &e);
    store_close(s);
    return message_is(&e, "r.db: cannot be read: Permission denied");
}

static int cannot_write(void) {
    struct err e = {0};
    struct store *s = store_open(path, STORE_WRITE, &e);
    store_close(s);
    return message_is(&e, "change their permissions, or work on a copy") &&
           message_is(&e, "change its permissions, or work on a copy");
}

static int cannot_make(void) {
    struct err e = {0};
    char *other = path_join(dir, "new.db");
    struct store *s = store_open(other, STORE_WRITE, &e);
    store_close(s);
    free(other);
    return message_is(&e, "its folder must exist, and be writable while the database is in use");
}

START_TEST(a_folder_that_cannot_be_written) {
    struct err e = {0};
    must(fixture_store(path, &e), &e);
    ck_assert_int_eq(chmod(path, 0444), 0);
    ck_assert_int_eq(chmod(dir, 0555), 0);
    ck_assert_int_eq(as_user(reads_metrics), 0);
    ck_assert_int_eq(as_user(cannot_write), 0);
    ck_assert_int_eq(as_user(cannot_make), 0);
    ck_assert_int_eq(chmod(path, 0), 0);
    ck_assert_int_eq(as_user(cannot_read), 0);
    ck_assert_int_eq(chmod(dir, 0777), 0);
}
END_TEST

/* A writer that died left its newest results in the WAL: reading the file alone would show old ones. */
START_TEST(a_folder_that_cannot_be_written_with_a_wal) {
    struct err e = {0};
    must(fixture_store(path, &e), &e);
    pid_t child = fork();
    if (child == 0) {
        int64_t grid;
        struct store *s = store_open(path, STORE_WRITE, &e);
        _exit(!(s && store_put_grid(s, "newest", "{}", &grid, &e))); /* without closing */
    }
    int status;
    waitpid(child, &status, 0);
    ck_assert_int_eq(status, 0);
    char *shm = xasprintf("%s-shm", path);
    unlink(shm);
    free(shm);
    ck_assert_int_eq(chmod(dir, 0555), 0);
    ck_assert_int_eq(as_user(finds_newer_results), 0);
    ck_assert_int_eq(chmod(dir, 0777), 0);
    struct store *s =
        store_open(path, STORE_READ, &e); /* with a folder to write in they are there */
    must(s != NULL, &e);
    char *source = store_grid_source(s, "newest", &e);
    must(source != NULL, &e);
    free(source);
    store_close(s);
}
END_TEST

/* Killed in the middle of a transaction: the next one to open finds the state before it. */
START_TEST(a_writer_that_is_killed) {
    struct err e = {0};
    int64_t grid, token, cell;
    struct store_cell c = {
        .id = "c", .config = "{}", .dataset = "d", .split = "random", .epochs = 9};
    struct store *s = store_open(path, STORE_WRITE, &e);
    must(s && store_put_grid(s, "g", "{}", &grid, &e) && store_put_cell(s, &c, &cell, &e) &&
             store_put_member(s, grid, cell, "v", "{}", 0, &e),
        &e);
    store_close(s);
    pid_t child = fork();
    if (child == 0) {
        s = store_open(path, STORE_WRITE, &e);
        if (s && store_claim(s, cell, &nobody, &token, &e) && store_begin(s, &e) &&
            store_finish(s, cell, 1, 1, 1, &e))
            _exit(0);
        _exit(1);
    }
    int status;
    waitpid(child, &status, 0);
    ck_assert_int_eq(status, 0);
    s = store_open(path, STORE_WRITE, &e);
    must(s != NULL, &e);
    ck_assert_int_eq(sql_long(store_db(s), &e, -1, "SELECT state FROM cell", ""), CELL_RUNNING);
    must(store_claim(s, cell, &nobody, &token, &e), &e);
    ck_assert_int_eq(token, 2);
    store_close(s);
}
END_TEST

Suite *store_open_suite(void) {
    Suite *s = suite_create("store_open");
    TCase *c = tcase_create("store_open");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, make_folder, drop_folder);
    tcase_add_test(c, no_file_to_read);
    tcase_add_test(c, no_database);
    tcase_add_test(c, another_programs_database);
    tcase_add_test(c, a_newer_schema);
    tcase_add_test(c, an_older_schema_is_read_and_upgraded);
    tcase_add_test(c, an_empty_file);
    tcase_add_test(c, names_that_name_no_file);
    tcase_add_test(c, odd_names_are_files_too);
    tcase_add_test(c, settings);
    tcase_add_test(c, network_file_systems);
    tcase_add_test(c, triggers_of_the_file_never_run);
    tcase_add_test(c, damaged_pages);
    tcase_add_test(c, a_state_that_is_none);
    tcase_add_loop_test(c, many_processes_open_a_new_file_at_once, 0, 20);
    tcase_add_test(c, a_lock_that_does_not_clear);
    tcase_add_test(c, readers_do_not_wait_for_a_writer);
    tcase_add_test(c, a_database_at_its_largest);
    tcase_add_test(c, a_full_disk);
    tcase_add_test(c, a_folder_that_cannot_be_written);
    tcase_add_test(c, a_folder_that_cannot_be_written_with_a_wal);
    tcase_add_test(c, a_writer_that_is_killed);
    suite_add_tcase(s, c);
    return s;
}
