/* libFuzzer target: any bytes as a grid file. Beyond not crashing: what parses prints to canonical and
 * readable forms that parse to the same, and what makes cells gives configurations whose resolved form
 * has the same id. */
#include "core/json.h"
#include "core/mem.h"
#include "grid/grid.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok) {
    if (!ok)
        abort();
}

static void canonical(struct str *out, const char *text, size_t n) {
    struct err e = {0};
    cJSON *value = json_parse("again", text, n, &e);
    must(value != NULL);
    json_canonical(out, value);
    cJSON_Delete(value);
}

static void check_forms(const cJSON *value) {
    struct str first = {0}, pretty = {0}, again = {0}, from_pretty = {0};
    json_canonical(&first, value);
    json_pretty(&pretty, value);
    canonical(&again, first.text, first.len);
    canonical(&from_pretty, pretty.text, pretty.len);
    must(strcmp(first.text, again.text) == 0);
    must(strcmp(first.text, from_pretty.text) == 0);
    str_free(&first);
    str_free(&pretty);
    str_free(&again);
    str_free(&from_pretty);
}

static void check_cell(const struct cell *cell) {
    struct config again;
    struct err e = {0};
    char id[SHA256_HEX];
    cJSON *resolved = config_resolved(&cell->config);
    must(config_parse(&again, resolved, "resolved", &e));
    config_id(&again, id);
    must(strcmp(id, cell->id) == 0);
    config_free(&again);
    cJSON_Delete(resolved);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct err e = {0};
    cJSON *value = json_parse("fuzz", (const char *)data, size, &e);
    must((value != NULL) == (e.kind == ERR_NONE));
    if (value)
        check_forms(value);
    cJSON_Delete(value);
    char *text = xstrndup((const char *)data, size);
    struct grid g;
    struct err problem = {0};
    bool ok = grid_parse(&g, "fuzz", "fuzz.json", text, NULL, 0, &problem);
    must(ok == (problem.kind == ERR_NONE));
    for (size_t i = 0; ok && i < g.n_cells && i < 100; i++)
        check_cell(&g.cells[i]);
    grid_free(&g);
    free(text);
    return 0;
}
