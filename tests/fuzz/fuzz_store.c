/* libFuzzer target: a small results database with bytes changed, as if damaged or tampered with. The input
 * is a list of changes of four bytes each: offset (3, big-endian, modulo the file's size) and value.
 * Whatever the file says then, opening it and asking for what the program asks for gives rows or an
 * error. Works in $TMPDIR or /tmp. */
#include "core/file.h"
#include "core/mem.h"
#include "store/sql.h"
#include "store/store.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *path, *base;
static size_t base_size;

static void must(bool ok) {
    if (!ok)
        abort();
}

static void make_base(void) {
    struct err e = {0};
    const char *tmp = getenv("TMPDIR");
    path = xasprintf("%s/dmtl-fuzz-%ld.db", tmp ? tmp : "/tmp", (long)getpid());
    unlink(path);
    struct store *s = store_open(path, STORE_WRITE, &e);
    struct store_cell c = {
        .id = "c", .config = "{}", .dataset = "d", .split = "random", .epochs = 1};
    static const struct store_sample sample = {"a.jpg", {20, 0, 1}, NULL, -1, NULL};
    static const uint32_t row = 0;
    static const int truth = 20;
    static const double said = 21;
    static const float p[4] = {1, 1, 0, 0};
    int64_t grid, cell, dataset;
    must(s && sql_script(store_db(s), "PRAGMA journal_mode = DELETE", &e) && store_begin(s, &e) &&
         store_put_grid(s, "g", "{}", &grid, &e) && store_put_cell(s, &c, &cell, &e) &&
         store_put_member(s, grid, cell, "full", "{}", 0, &e) &&
         store_put_dataset(s, "d", "f", true, true, "{}", &sample, 1, &dataset, &e) &&
         store_put_predictions(
             s, cell, dataset, PART_TEST, ATTR_AGE, true, 1, &row, &truth, &said, p, 4, &e) &&
         store_commit(s, &e));
    store_close(s);
    base = file_read(path, (size_t)1 << 24, &base_size, &e);
    must(base != NULL);
}

static void use(struct store *s) {
    static const char *const reads[] = {"SELECT * FROM v_cells LIMIT 9",
        "SELECT * FROM v_predictions LIMIT 9", "SELECT * FROM v_probabilities LIMIT 9",
        "SELECT * FROM v_samples LIMIT 9", "SELECT * FROM v_metrics LIMIT 9"};
    struct cell_record *cells;
    size_t n;
    struct err e = {0};
    if (store_cells(s, "g", &cells, &n, &e)) {
        for (size_t i = 0; i < n; i++)
            must(strlen(cells[i].id) < sizeof cells[i].id && cells[i].variant && cells[i].axes &&
                 (unsigned)cells[i].state < CELL_STATE_COUNT);
        store_cells_free(cells, n);
    }
    free(store_grid_source(s, "g", &e));
    for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
        struct err each = {0};
        sqlite3_stmt *stmt = sql_prepare(store_db(s), &each, reads[i], "");
        while (stmt && sql_step(stmt, &each) > 0)
            ;
        sqlite3_finalize(stmt);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!base)
        make_base();
    char *bytes = xmalloc(base_size);
    memcpy(bytes, base, base_size);
    for (; size >= 4; data += 4, size -= 4)
        bytes[((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) % base_size] = (char)data[3];
    FILE *f = fopen(path, "wb");
    must(f && fwrite(bytes, 1, base_size, f) == base_size && fclose(f) == 0);
    free(bytes);
    for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
        struct err e = {0};
        struct store *s = store_open(path, (enum store_mode)mode, &e);
        must((s != NULL) == (e.kind == ERR_NONE));
        if (s)
            use(s);
        store_close(s);
    }
    return 0;
}
