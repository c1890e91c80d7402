#include "report/systems.h"

#include "core/json.h"
#include "core/mem.h"
#include "report/read_predictions.h"
#include "report/setting.h"

#include <stdlib.h>
#include <string.h>

static size_t add_system(
    struct systems *s, const char *title, const char *setting, char **variants, int n_variants) {
    s->list = xgrow(s->list, &s->capacity, s->n + 1, sizeof *s->list);
    s->list[s->n] =
        (struct system){.title = *setting ? xasprintf("%s, %s", title, setting) : xstrdup(title),
            .setting = xstrdup(setting),
            .variants = variants,
            .n_variants = n_variants};
    return s->n++;
}

static bool has_variant(const struct system *system, const char *variant) {
    return word_find((const char *const *)system->variants, system->n_variants, variant) >= 0;
}

/* The systems of these variants, one a setting that a member has. */
static void add_settings(struct systems *s, const char *title, char **variants, int n, int row) {
    size_t first = s->n;
    for (size_t m = 0; m < s->n_members; m++) {
        bool wanted = word_find((const char *const *)variants, n, s->members[m].variant) >= 0;
        for (size_t i = first; i < s->n && wanted; i++)
            wanted = strcmp(s->list[i].setting, s->setting[m]) != 0;
        if (!wanted)
            continue;
        size_t added = add_system(s, title, s->setting[m], variants, n);
        s->list[added].row = row;
        s->list[added].baseline = has_variant(&s->list[added], s->grid.baseline);
    }
}

static void find_tasks(const struct store_member *m, bool has[ATTR_COUNT]) {
    struct err e = {0};
    cJSON *config = json_parse("configuration of a cell", m->config, strlen(m->config), &e);
    for (int t = 0; t < ATTR_COUNT; t++)
        has[t] = cJSON_IsObject(json_get(json_get(config, "tasks"), attribute_name[t]));
    cJSON_Delete(config);
}

bool systems_read(struct systems *s, struct store *store, const char *grid, struct err *e) {
    *s = (struct systems){.store = store, .kept = kept_predictions_new()};
    char *source = store_grid_source(store, grid, e);
    bool ok = source && grid_parse_stored(&s->grid, grid, source, e) &&
              store_members(store, grid, &s->members, &s->n_members, e);
    free(source);
    if (!ok)
        return false;
    s->setting = xcalloc(s->n_members, sizeof *s->setting);
    s->has_task = xcalloc(s->n_members, sizeof *s->has_task);
    for (size_t m = 0; m < s->n_members; m++) {
        s->setting[m] = setting_text(s->members[m].axes);
        find_tasks(&s->members[m], s->has_task[m]);
    }
    for (int r = 0; r < s->grid.n_rows; r++)
        add_settings(
            s, s->grid.rows[r].title, s->grid.rows[r].variants, s->grid.rows[r].n_variants, r);
    return true;
}

void systems_free(struct systems *s) {
    for (size_t i = 0; i < s->n; i++) {
        free(s->list[i].title);
        free(s->list[i].setting);
    }
    for (size_t m = 0; s->setting && m < s->n_members; m++)
        free(s->setting[m]);
    free(s->setting);
    free(s->has_task);
    free(s->list);
    store_members_free(s->members, s->n_members);
    grid_free(&s->grid);
    if (!s->borrowed)
        kept_predictions_free(s->kept);
    *s = (struct systems){0};
}

/* ---- by name ---- */

static void list_systems(struct str *out, const struct systems *s) {
    for (size_t i = 0; i < s->n; i++) {
        str_add(out, i ? ", " : "");
        char *shown = str_quoted(s->list[i].title);
        str_add(out, shown);
        free(shown);
    }
}

static int no_system(const struct systems *s, const char *name, const char *what, struct err *e) {
    struct str known = {0};
    list_systems(&known, s);
    char *shown = str_quoted(name);
    err_usage(e, "%s: %s: %s; it has %s (and variants by their names)", s->grid.name, shown, what,
        known.len ? known.text : "none with a cell");
    err_hint(e, name, s->grid.variants, (size_t)s->grid.n_variants, sizeof *s->grid.variants);
    free(shown);
    str_free(&known);
    return -1;
}

/* How many systems fit; *found is the first. A title with its setting, a title or variant of one setting alone, or
 * that with ":SETTING" behind it. */
static int fitting(const struct systems *s, const char *name, bool rows, size_t *found) {
    int count = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct system *system = &s->list[i];
        size_t bare = strlen(system->title) - strlen(system->setting) - (*system->setting ? 2 : 0);
        bool fits = strncmp(system->title, name, bare) == 0 && strlen(name) >= bare;
        const char *rest = fits ? name + bare : "";
        fits = fits && (!*rest || (*rest == ':' && strcmp(rest + 1, system->setting) == 0) ||
                           strcmp(name, system->title) == 0);
        if (!fits || (system->row >= 0) != rows)
            continue;
        *found = count++ ? *found : i;
    }
    return count;
}

static int find_baseline(const struct systems *s, struct err *e) {
    int found = -1;
    for (size_t i = 0; i < s->n; i++)
        if (s->list[i].baseline && found >= 0)
            return no_system(s, s->grid.baseline, "the baseline has several settings: name one", e);
        else if (s->list[i].baseline)
            found = (int)i;
    return found >= 0 ? found : no_system(s, s->grid.baseline, "the baseline is in no row", e);
}

int systems_find(struct systems *s, const char *name, struct err *e) {
    size_t found = 0;
    if (!name)
        return find_baseline(s, e);
    int count = fitting(s, name, true, &found);
    if (count ==
        0) /* not a row: a variant then, as a system of its own, which an earlier call may have made */
        count = fitting(s, name, false, &found);
    if (count == 0) {
        for (int v = 0; v < s->grid.n_variants; v++)
            if (str_starts(name, s->grid.variants[v]))
                add_settings(s, s->grid.variants[v], &s->grid.variants[v], 1, -1);
        count = fitting(s, name, false, &found);
    }
    if (count > 1)
        return no_system(s, name, "fits several settings: expected one, as NAME:SETTING", e);
    return count == 1 ? (int)found : no_system(s, name, "no row and no variant of this grid", e);
}

/* ---- members ---- */

static bool is_new(const struct store_member **members, size_t n, int64_t cell) {
    for (size_t i = 0; i < n; i++)
        if (members[i]->cell == cell)
            return false;
    return true;
}

bool system_is_row(const struct system *s, const struct results *r, const struct result_row *row) {
    return s->row == row->source - r->grid.rows && strcmp(s->setting, row->setting) == 0;
}

void system_members(const struct systems *s, size_t system, enum attribute task,
    const struct store_member ***members, size_t *done, size_t *planned) {
    const struct system *of = &s->list[system];
    const struct store_member **list = xcalloc(s->n_members, sizeof *list);
    *done = *planned = 0;
    for (int v = 0; v < of->n_variants && *planned == 0; v++)
        for (int pass = 0; pass < 2; pass++)
            for (size_t m = 0; m < s->n_members; m++) {
                const struct store_member *member = &s->members[m];
                if ((member->state == CELL_DONE) != (pass == 0) ||
                    strcmp(member->variant, of->variants[v]) != 0 ||
                    strcmp(s->setting[m], of->setting) != 0 || !s->has_task[m][task] ||
                    !is_new(list, *planned, member->cell))
                    continue;
                list[(*planned)++] = member;
                *done += pass == 0;
            }
    *members = list;
}
