/* A power cut at any moment leaves a database that opens, with every commit that had returned, and checkpoints from which
 * at most one interval of steps is lost: real runs are recorded, and every point of the recording is a power cut on the
 * disk of fixture_disk.h. DMTL_FULL=1 (`make test-power`) tries more states at each point. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"
#include "fixture_disk.h"
#include "fixture_hash.h"
#include "fixture_trace.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "grid/cell_folder.h"
#include "grid/keys.h"
#include "learn/best_epoch.h"
#include "learn/checkpoint.h"
#include "nets/tensor_file.h"
#include "store/sql.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum { EVERY = 2, EPOCH = 3, CELLS = 2 }; /* checkpoint_every_steps; steps an epoch */
/* Of the second cell the best epoch is the second of four: its checkpoint is to outlive newer ones. */
static const char grid_text[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"age\": {}, \"gender\": {}},"
    "  \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"optimiser\": {\"lr\": 0.01}, \"epochs\": 4, \"batch\": 16,"
    "  \"log_every\": 2, \"checkpoint_every_steps\": 2},"
    " \"variants\": {\"one\": {}, \"best\": {\"optimiser\": {\"lr\": 0.3}, \"report_epoch\": \"best\"}}}";

#define RUN "$DMTL run g.json --data synthetic=faces --cache cache --threads 1 --quiet "
#define DB                                                                                         \
    "disk/out/r.db" /* the folder "out" is made by the program, on the disk that loses its power */
/* Both are killed where two checkpoints are there, which they are at the end too. */
#define KILL                                                                                       \
    "& run=$!; until set -- disk/out/r/*/step-*.safetensors; [ $# -ge 2 ]; do :; done; "           \
    "kill -KILL $(cat /proc/$run/task/$run/children) $run; wait $run; "

/* What is recorded, and what goes on after the power cut. */
static const struct recording {
    const char *name, *command, *go_on;
    enum store_mode mode;
} recordings[] = {
    {"two runs, WAL", RUN "--only one --db " DB " && " RUN "--db " DB, RUN, STORE_WRITE},
    {"a shard, rollback journal", RUN "--shard 1/1 --db " DB, RUN "--shard 1/1 ",
        STORE_WRITE_SHARD},
    {"killed and gone on with, WAL", RUN "--db " DB KILL RUN "--db " DB, RUN, STORE_WRITE},
    {"killed and gone on with, rollback journal",
        RUN "--shard 1/1 --db " DB KILL RUN "--shard 1/1 --db " DB, RUN "--shard 1/1 ",
        STORE_WRITE_SHARD},
};

static char *made, *dir; /* with a.db, which nothing disturbed; a copy for each test */

static void expect(const char *command) {
    expect_shell(dir, command, 0, NULL, NULL);
}

/* In memory where there is room: SQLite syncs in most states that it opens, which no disk need take part in. */
static char *new_folder(void) {
    char *name = xstrdup("/dev/shm/dmtl-check-XXXXXX");
    struct statvfs fs;
    if (!getenv("TMPDIR") && statvfs("/dev/shm", &fs) == 0 &&
        fs.f_bavail * fs.f_frsize >= (48 << 20) && mkdtemp(name))
        return name;
    free(name);
    return folder_new();
}

static void make_undisturbed(void) {
    made = dir = new_folder();
    folder_put_text(dir, "g.json", grid_text);
    expect("$DMTL data synth -n 60 --px 24 --out faces --quiet");
    expect(RUN "--db a.db");
}

static void drop_undisturbed(void) {
    folder_remove(made);
}

static void set_up(void) {
    dir = new_folder();
    char *command = xasprintf("cp -a '%s'/. . && mkdir disk", made);
    expect(command);
    free(command);
}

static void tear_down(void) {
    folder_remove(dir);
}

/* ---- what is known at a point of the recording ---- */

struct cut {
    const struct recording *of;
    struct disk_log log;
    struct disk *disk;
    size_t at; /* operations before the cut */
    /* Contents that a reader would have seen so far, the empty database first; the program has gone on after the commit
     * of number `returned`, so that must be there. */
    char (*contents)[SHA256_HEX];
    size_t n, capacity, returned;
    struct { /* the newest step that was trained, by what was saved or was about to be */
        char id[SHA256_HEX];
        int64_t trained;
    } cells[CELLS];
    th_scope *scope;
    struct checkpoint checkpoint; /* with tensors as in those of the grid */
    size_t points, states, runs;
};

static const char *const fate_name[] = {
    [DISK_ALL] = "all of it", [DISK_SYNCED] = "what was synced", [DISK_MIXED] = "a mix"};

/* Where a message comes from; the caller frees. */
static char *place(const struct cut *c, enum disk_fate fate) {
    const struct disk_op *last = c->at ? &c->log.ops[c->at - 1] : NULL;
    return xasprintf("%s: power cut after %zu of %zu operations (%s of %s), on the disk is %s",
        c->of->name, c->at, c->log.n, last ? disk_kind_name[last->kind] : "none",
        last ? last->path : "anything", fate_name[fate]);
}

/* A worker touches its cell's folder with no transaction open: whatever it committed before has returned. */
static bool in_cells(const struct disk_op *op) {
    return str_starts(op->path, "out/r/");
}

static void see_step(struct cut *c, const struct disk_op *op) {
    char id[SHA256_HEX];
    int64_t step;
    if (sscanf(op->path, "out/r/%64[0-9a-f]/step-%" SCNd64, id, &step) != 2)
        return;
    size_t i = 0;
    while (i < CELLS && *c->cells[i].id && strcmp(c->cells[i].id, id) != 0)
        i++;
    ck_assert_uint_lt(i, CELLS);
    memcpy(c->cells[i].id, id, sizeof id);
    if (step > c->cells[i].trained)
        c->cells[i].trained = step;
}

/* Everything in every table. */
static void content_hash(struct store *s, char hex[SHA256_HEX]) {
    struct err e = {0};
    struct sha256 *sum = sha256_new();
    sqlite3_stmt *table = sql_prepare(
        store_db(s), &e, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", "");
    while (table && sql_step(table, &e) == 1) {
        char *sql = xasprintf("SELECT * FROM \"%s\"", sql_text(table, 0));
        sqlite3_stmt *row = sql_prepare(store_db(s), &e, sql, "");
        while (row && sql_step(row, &e) == 1)
            for (int i = 0; i < sqlite3_column_count(row); i++) {
                sha256_add(sum, sql_text(row, i), (size_t)sqlite3_column_bytes(row, i));
                sha256_add(sum, "", 1);
            }
        sqlite3_finalize(row);
        free(sql);
    }
    sqlite3_finalize(table);
    sha256_end(sum, hex);
    ck_assert_msg(e.kind == ERR_NONE, "%s", e.msg);
}

/* ---- what must hold ---- */

static int64_t trained(const struct cut *c, const char *id) {
    for (size_t i = 0; i < CELLS; i++)
        if (strcmp(c->cells[i].id, id) == 0)
            return c->cells[i].trained;
    return 0;
}

/* The worker's own ways to checkpoints. That of the very step that the store knows is there, and whole. */
static void check_newest(
    struct cut *c, const char *folder, const struct cell_record *r, const char *where) {
    struct err e = {0};
    struct str notes = {0};
    bool ok = checkpoint_load(&c->checkpoint, folder, r->step, &notes, &e);
    ck_assert_msg(ok, "%s: %s", where, e.msg);
    ck_assert_msg(c->checkpoint.step == r->step,
        "%s: goes on from step %" PRId64 " of %.12s, the store knows %" PRId64 ": %s", where,
        c->checkpoint.step, r->id, r->step, notes.len ? notes.text : "no file");
    ck_assert_msg(trained(c, r->id) - c->checkpoint.step <= EVERY,
        "%s: %.12s was trained to step %" PRId64 " and goes on from %" PRId64 ": more than %d lost",
        where, r->id, trained(c, r->id), c->checkpoint.step, EVERY);
    str_free(&notes);
}

/* The epoch whose network is, or would be, reported; 0: the newest, or none yet. */
static int64_t kept_epoch(struct store *s, const struct cell_record *r, const char *where) {
    struct err e = {0};
    struct config config = {0};
    struct best_epoch best;
    if (r->state == CELL_DONE)
        return sql_long(
            store_db(s), &e, 0, "SELECT reported_epoch FROM cell WHERE cell = ?1", "l", r->cell);
    ck_assert_msg(config_parse_text(&config, r->config, "its configuration", &e), "%s", e.msg);
    best_epoch_open(&best, &config);
    bool ok = best_epoch_restore(&best, s, r->cell, r->epochs_done, &e);
    ck_assert_msg(ok, "%s: %s", where, e.msg);
    int64_t epoch = config.report_epoch == REPORT_BEST ? best.epoch : 0;
    config_free(&config);
    return epoch;
}

static void check_cell(struct cut *c, struct store *s, const char *db, const struct cell_record *r,
    const char *where) {
    struct err e = {0};
    char *folder = cell_folder(db, r->id);
    int64_t epoch = kept_epoch(s, r, where);
    c->checkpoint.cell = r->id;
    if (r->state != CELL_DONE)
        check_newest(c, folder, r, where);
    if (epoch)
        ck_assert_msg(checkpoint_load_step(&c->checkpoint, folder, epoch * EPOCH, &e),
            "%s: epoch %" PRId64 " is lost: %s", where, epoch, e.msg);
    free(folder);
}

static void check_cells(struct cut *c, struct store *s, const char *db, const char *where) {
    struct err e = {0};
    struct cell_record *cells = NULL;
    size_t n = 0;
    ck_assert_msg(store_cells(s, "g", &cells, &n, &e), "%s: %s", where, e.msg);
    for (size_t i = 0; i < n; i++)
        check_cell(c, s, db, &cells[i], where);
    store_cells_free(cells, n);
}

static void check_commits(struct cut *c, const char hex[SHA256_HEX], const char *where) {
    for (size_t i = c->returned; i < c->n; i++)
        if (strcmp(c->contents[i], hex) == 0)
            return;
    for (size_t i = 0; i < c->returned; i++)
        ck_assert_msg(strcmp(c->contents[i], hex) != 0,
            "%s: the database is as after commit %zu, and %zu had returned", where, i, c->returned);
    ck_abort_msg("%s: the database is as no commit of %zu left it", where, c->n - 1);
}

static void check_integrity(struct store *s, const char *where) {
    struct err e = {0};
    sqlite3_stmt *row = sql_prepare(store_db(s), &e, "PRAGMA integrity_check", "");
    ck_assert_msg(row && sql_step(row, &e) == 1, "%s: %s", where, e.msg);
    ck_assert_msg(
        strcmp(sql_text(row, 0), "ok") == 0, "%s: integrity_check: %s", where, sql_text(row, 0));
    sqlite3_finalize(row);
    row = sql_prepare(store_db(s), &e, "PRAGMA foreign_key_check", "");
    ck_assert_msg(row && sql_step(row, &e) == 0, "%s: foreign_key_check: %s %s", where,
        row ? sql_text(row, 0) : "", e.msg);
    sqlite3_finalize(row);
}

/* Where nothing was lost, its content is the newest that a reader can have seen. */
static void see_content(struct cut *c, const char hex[SHA256_HEX], const char *where) {
    if (c->n && strcmp(c->contents[c->n - 1], hex) == 0)
        return;
    for (size_t i = 0; i < c->n; i++)
        ck_assert_msg(strcmp(c->contents[i], hex) != 0,
            "%s: the database is as after commit %zu, and %zu was seen", where, i, c->n - 1);
    c->contents = xgrow(c->contents, &c->capacity, c->n + 1, sizeof *c->contents);
    memcpy(c->contents[c->n++], hex, SHA256_HEX);
}

static void check_state(struct cut *c, enum disk_fate fate, struct rng *chance) {
    char *folder = path_join(dir, "state"), *db = path_join(folder, "out/r.db");
    char *where = place(c, fate), hex[SHA256_HEX];
    struct err e = {0};
    disk_put(c->disk, fate, chance, folder);
    struct store *s = store_open(db, c->of->mode, &e);
    ck_assert_msg(s != NULL, "%s: %s", where, e.msg);
    sqlite3_db_config(store_db(s), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL); /* spares syncs */
    content_hash(s, hex);
    if (fate == DISK_ALL)
        see_content(c, hex, where);
    check_commits(c, hex, where);
    check_integrity(s, where);
    check_cells(c, s, db, where);
    store_close(s);
    dir_remove(folder);
    c->states++;
    free(where);
    free(db);
    free(folder);
}

/* The run that comes after the power cut ends as if nothing had been, without the older checkpoints of a cell that was
 * done: nobody waits until their removal is durable, and they may be there again. */
static void check_end(struct cut *c, enum disk_fate fate, struct rng *chance) {
    char *folder = path_join(dir, "end"), *a = path_join(dir, "a.db"),
         *b = path_join(folder, "out/r.db");
    char *where = place(c, fate);
    char *command =
        xasprintf("%s --db end/out/r.db && for f in a/*/*.safetensors; do "
                  "cmp $f end/out/r/${f#a/} || exit 1; done && "
                  "test $(ls a/*/*.safetensors | wc -l) = $(ls end/out/r/*/*.safetensors | wc -l)",
            c->of->go_on);
    char want[SHA256_HEX], have[SHA256_HEX];
    disk_put(c->disk, fate, chance, folder);
    struct ran r = run_shell(dir, command);
    ck_assert_msg(
        r.code == 0, "%s: %s: exit %d: %.700s %.700s", where, command, r.code, r.out, r.err);
    ran_free(&r);
    results_hash(a, want);
    results_hash(b, have);
    ck_assert_msg(strcmp(want, have) == 0, "%s: gone on with, it ends with other results", where);
    expect_rows(b, "SELECT count(*) FROM v_runs WHERE outcome = 'failed'", "0");
    dir_remove(folder);
    c->runs++;
    free(command);
    free(where);
    free(b);
    free(a);
    free(folder);
}

/* ---- the campaign ---- */

/* Of the states that a sample leaves out, most are as those that it tries: what was synced changes by syncs, and what is
 * asked of it by what follows a commit; between two writes of one checkpoint nothing else does. */
static void cut_here(struct cut *c, int mixes, bool to_the_end) {
    const struct disk_op *op = c->at ? &c->log.ops[c->at - 1] : NULL;
    bool last = c->at == c->log.n, cells = op && in_cells(op);
    bool amid = cells && op->kind == DISK_WRITE && !last;
    if (!test_full() && amid && c->at % 16 && !to_the_end)
        return;
    struct rng chance = rng_open(11, RNG_TEST, (uint32_t)(c->of - recordings), (uint32_t)c->at);
    check_state(c, DISK_ALL, NULL);
    if (cells || last)
        c->returned = c->n - 1;
    if (test_full() || last || cells || (op && op->kind == DISK_SYNC))
        check_state(c, DISK_SYNCED, NULL);
    struct rng again = chance;
    for (int i = 0; i < mixes; i++)
        check_state(c, DISK_MIXED, &chance);
    if (to_the_end)
        check_end(c, c->runs % 3 == 2 ? DISK_SYNCED : DISK_MIXED, &again);
    c->points++;
}

/* Names and shapes of what the grid's checkpoints hold. */
static void open_checkpoint(struct cut *c) {
    static const enum th_type types[] = {
        [TENSOR_F32] = TH_F32, [TENSOR_F64] = TH_F64, [TENSOR_I64] = TH_I64, [TENSOR_U8] = TH_U8};
    struct ran r = run_shell(dir, "ls a/*/*.safetensors | head -1 | tr -d '\\n'");
    char *path = path_join(dir, r.out);
    struct tensor_file f = {0};
    struct err e = {0};
    ck_assert_msg(tensor_file_open(&f, path, &e), "%s", e.msg);
    c->scope = th_scope_new((struct th_device){0, 0});
    for (size_t i = 0; i < f.n; i++) {
        const struct tensor_entry *t = &f.entries[i];
        checkpoint_add(
            &c->checkpoint, th_zeros(c->scope, types[t->type], t->n_dims, t->shape), "%s", t->name);
    }
    tensor_file_close(&f);
    free(path);
    ran_free(&r);
}

static void campaign(struct cut *c) {
    size_t runs = test_full() ? 40 : 3;
    c->disk = disk_new();
    open_checkpoint(c);
    for (; c->at <= c->log.n; c->at++) {
        if (c->at) {
            disk_apply(c->disk, &c->log.ops[c->at - 1]);
            see_step(c, &c->log.ops[c->at - 1]);
        }
        cut_here(c, test_full() ? 8 : c->at % 2,
            c->at * runs / c->log.n != (c->at + 1) * runs / c->log.n);
    }
    checkpoint_free(&c->checkpoint);
    th_scope_free(c->scope);
    disk_free(c->disk);
    free(c->contents);
}

START_TEST(power_cuts_lose_at_most_an_interval) {
    struct cut c = {.of = &recordings[_i]};
    const char *why;
    int code;
    char *program = dmtl_path();
    char *command = xasprintf("exec >said 2>&1; DMTL='%s'; %s", program, c.of->command);
    if (!trace_run(dir, "disk", command, &c.log, &code, &why)) {
        printf("skipped: power cuts, %s: %s\n", c.of->name, why);
    } else {
        ck_assert_msg(code == 0, "%s: exit %d", command, code);
        campaign(&c);
        printf(
            "power cuts: %zu states at %zu points of %zu, %zu commits; %zu run to the end (%s)\n",
            c.states, c.points, c.log.n + 1, c.n - 1, c.runs, c.of->name);
    }
    disk_log_free(&c.log);
    free(command);
    free(program);
}
END_TEST

Suite *power_suite(void) {
    Suite *s = suite_create("power");
    TCase *c = tcase_create("power");
    tcase_set_timeout(c, test_full() ? 3600 : 400);
    tcase_add_unchecked_fixture(c, make_undisturbed, drop_undisturbed);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, power_cuts_lose_at_most_an_interval, 0, test_full() ? 4 : 2);
    suite_add_tcase(s, c);
    return s;
}
