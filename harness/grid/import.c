#include "grid/import.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/version.h"
#include "grid/catalogue.h"
#include "grid/grid.h"
#include "grid/import_results.h"
#include "grid/set_samples.h"

#include <stdlib.h>
#include <string.h>

bool import_check_name(const char *name, struct err *e) {
    size_t n = strlen(name);
    bool good = n >= 1 && n <= IMPORT_MAX_NAME && !strchr(name, ':');
    for (size_t i = 0, c; good && i < n; i += c) {
        c = str_utf8(name + i, n - i);
        good = c > 0 && (unsigned char)name[i] >= ' ' && name[i] != 0x7f;
    }
    if (good)
        return true;
    char *shown = str_quoted(name);
    err_usage(e,
        "--name: %.300s: expected 1 to %d bytes of text without control characters and ':'", shown,
        IMPORT_MAX_NAME);
    free(shown);
    return false;
}

/* ---- texts: of a cell, and of the grid ---- */

/* The part of a configuration that says what the predictions are of: a variant's patch too. */
static cJSON *tasks_of(const struct manifest *m, const struct imported *im) {
    cJSON *root = cJSON_CreateObject(), *data = cJSON_AddObjectToObject(root, "data");
    cJSON_AddStringToObject(data, "set", dataset_names[m->set].name);
    if (m->reading.ages != AGES_OWN)
        cJSON_AddStringToObject(data, "ages", ages_names[m->reading.ages].name);
    if (m->reading.races != RACES_UTKFACE_5)
        cJSON_AddStringToObject(data, "races", races_names[m->reading.races].name);
    cJSON *tasks = cJSON_AddObjectToObject(root, "tasks");
    for (int t = 0; t < ATTR_COUNT; t++) {
        if (!im->has[t])
            continue;
        cJSON *task = cJSON_AddObjectToObject(tasks, attribute_name[t]);
        bool ordinal = t == ATTR_AGE && (im->width[t] == 0 || im->ordinal[t]);
        cJSON_AddStringToObject(
            task, "kind", task_kind_names[ordinal ? TASK_ORDINAL : TASK_NOMINAL].name);
    }
    return root;
}

static char *text_of(const cJSON *root) {
    struct str text = {0};
    json_canonical(&text, root);
    return str_detach(&text);
}

static char *config_of(const struct manifest *m, const struct imported *im, const char *name) {
    cJSON *root = tasks_of(m, im), *from = cJSON_AddObjectToObject(root, "import");
    cJSON_AddStringToObject(from, "name", name);
    cJSON_AddStringToObject(from, "sha256", im->content);
    char *text = text_of(root);
    cJSON_Delete(root);
    return text;
}

static void cell_id(char id[SHA256_HEX], const struct manifest *m, const struct imported *im,
    const char *name, const struct imported_run *run) {
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "import", 1); /* version of this form */
    cJSON_AddStringToObject(root, "name", name);
    cJSON_AddStringToObject(root, "fingerprint", m->fingerprint);
    cJSON_AddStringToObject(root, "content", im->content);
    cJSON_AddNumberToObject(root, "seed", (double)run->seed);
    cJSON_AddNumberToObject(root, "fold", run->fold);
    char *text = text_of(root);
    sha256_bytes(text, strlen(text), id);
    free(text);
    cJSON_Delete(root);
}

/* The grid's file, as if it had one: a variant a system, in the order of the members. The patch of a system that is
 * there already comes from its cells' configurations. */
static char *grid_source(
    const struct store_member *members, size_t n, const char *name, cJSON *patch, struct err *e) {
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "title", "Imported predictions");
    cJSON_AddObjectToObject(root, "base");
    cJSON *variants = cJSON_AddObjectToObject(root, "variants");
    for (size_t i = 0; i < n; i++) {
        if (json_get(variants, members[i].variant))
            continue;
        cJSON *own =
            json_parse("configuration of a cell", members[i].config, strlen(members[i].config), e);
        cJSON_DeleteItemFromObjectCaseSensitive(own, "import");
        if (own)
            cJSON_AddItemToObject(variants, members[i].variant, own);
    }
    if (!json_get(variants, name))
        cJSON_AddItemToObject(variants, name, patch);
    else
        cJSON_Delete(patch);
    struct str text = {0};
    json_pretty(&text, root);
    cJSON_Delete(root);
    return str_detach(&text);
}

/* ---- what is there ---- */

static bool is_of(const struct store_member *member, const char *name) {
    return strcmp(member->variant, name) == 0;
}

/* Whether the system's cells are just these, by their ids. */
static bool all_there(const struct store_member *members, size_t n, const struct manifest *m,
    const struct imported *im, const char *name) {
    size_t same = 0, own = 0;
    for (size_t i = 0; i < n; i++) {
        own += is_of(&members[i], name);
        for (size_t r = 0; r < im->n_runs && is_of(&members[i], name); r++) {
            char id[SHA256_HEX];
            cell_id(id, m, im, name, &im->runs[r]);
            same += strcmp(id, members[i].id) == 0;
        }
    }
    return own == im->n_runs && same == own;
}

/* Takes the system's members out of the list, and their cells out of the store. */
static bool remove_system(
    struct store *s, struct store_member *members, size_t *n, const char *name, struct err *e) {
    size_t kept = 0;
    bool ok = true;
    for (size_t i = 0; i < *n; i++) {
        if (!is_of(&members[i], name)) {
            struct store_member other = members[kept];
            members[kept++] = members[i];
            members[i] = other;
            continue;
        }
        ok = ok && store_delete_cell(s, members[i].cell, e);
    }
    for (size_t i = kept; i < *n; i++)
        store_member_free(&members[i]);
    *n = kept;
    return ok;
}

/* ---- writing ---- */

static bool put_member(struct store *s, int64_t grid, int64_t cell, const char *name,
    const struct imported_run *run, int position, struct err *e) {
    char *axes = xasprintf("{\"/seed\":%lld,\"/split/fold\":%d}", run->seed, run->fold);
    bool ok = store_put_member(s, grid, cell, name, axes, position, e);
    free(axes);
    return ok;
}

static bool put_run(struct store *s, const struct manifest *m, const struct imported *im,
    const char *name, int64_t grid, int64_t dataset, size_t run, int position, struct err *e) {
    char id[SHA256_HEX], *config = config_of(m, im, name);
    int64_t cell, token;
    cell_id(id, m, im, name, &im->runs[run]);
    const struct provenance from = {
        .program_version = DMTL_VERSION, .device = "import", .data_fingerprint = m->fingerprint};
    bool ok = store_put_cell(s,
                  &(struct store_cell){.id = id,
                      .config = config,
                      .dataset = dataset_names[m->set].name,
                      .split = IMPORT_SPLIT,
                      .seed = (uint64_t)im->runs[run].seed,
                      .fold = im->runs[run].fold},
                  &cell, e) &&
              store_claim(s, cell, &from, &token, e) &&
              import_put_results(s, m, im, run, cell, dataset, e) &&
              store_finish(s, cell, 0, 0, 0, e) &&
              put_member(s, grid, cell, name, &im->runs[run], position, e);
    free(config);
    return ok;
}

static bool put_all(struct store *s, const struct manifest *m, const struct imported *im,
    const char *name, const struct store_member *members, size_t n, struct err *e) {
    int64_t grid, dataset;
    struct grid checked = {0};
    char *source = grid_source(members, n, name, tasks_of(m, im), e);
    bool ok = e->kind == ERR_NONE &&
              grid_parse(&checked, IMPORT_GRID, IMPORT_GRID, source, NULL, 0, e) &&
              store_put_grid(s, IMPORT_GRID, source, &grid, e) && store_clear_members(s, grid, e) &&
              set_put(s, m, &dataset, e);
    for (size_t i = 0; ok && i < n; i++)
        ok = store_put_member(
            s, grid, members[i].cell, members[i].variant, members[i].axes, (int)i, e);
    for (size_t r = 0; ok && r < im->n_runs; r++)
        ok = put_run(s, m, im, name, grid, dataset, r, (int)(n + r), e);
    grid_free(&checked);
    free(source);
    return ok;
}

bool import_store(struct store *s, const struct manifest *m, const struct imported *im,
    const char *name, bool replace, enum import_outcome *outcome, struct err *e) {
    struct store_member *members = NULL;
    size_t n = 0;
    if (!store_begin(s, e))
        return false;
    bool ok = store_members(s, IMPORT_GRID, &members, &n, e);
    *outcome = ok && all_there(members, n, m, im, name) ? IMPORT_THERE_ALREADY : IMPORT_STORED;
    if (ok && *outcome == IMPORT_STORED) {
        if (!replace)
            for (size_t i = 0; ok && i < n; i++)
                if (is_of(&members[i], name))
                    ok = err_usage(e,
                        "%s: holds other predictions under the name %s: --replace puts these in their place, "
                        "another --name beside them",
                        store_path(s), name);
        ok = ok && (!replace || remove_system(s, members, &n, name, e)) &&
             put_all(s, m, im, name, members, n, e);
    }
    ok = ok && store_commit(s, e);
    if (!ok)
        store_rollback(s);
    store_members_free(members, n);
    return ok;
}
