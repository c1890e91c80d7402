/* By what the measured cells differ from the paper's protocol, from their stored configurations. */
#include "report/verdict_parts.h"

#include "core/json.h"
#include "core/mem.h"
#include "grid/catalogue.h"

#include <stdlib.h>
#include <string.h>

/* A value as people read it; the caller frees. */
static char *shown(const cJSON *value) {
    struct str s = {0};
    if (cJSON_IsString(value))
        str_add(&s, *value->valuestring ? value->valuestring : "none");
    else if (cJSON_IsNumber(value))
        json_add_number(&s, value->valuedouble);
    else if (cJSON_IsBool(value))
        str_add(&s, cJSON_IsTrue(value) ? "yes" : "no");
    else
        str_add(&s, "not on record");
    return str_detach(&s);
}

static char *joined(const struct text_list *list) {
    struct str s = {0};
    for (size_t i = 0; i < list->n; i++)
        str_addf(&s, "%s%s", i ? " and " : "", list->text[i]);
    return str_detach(&s);
}

static void list_free(struct text_list *list) {
    for (size_t i = 0; i < list->n; i++)
        free(list->text[i]);
    free(list->text);
}

static void differ(struct claim_result *r, const char *what, const char *paper, const char *here) {
    text_add(&r->differences, xasprintf("%s: %s, here %s", what, paper, here));
}

/* One key over all cells: nothing where each has what the paper states. */
static void compare_key(
    struct claim_result *r, const struct claim_protocol *row, cJSON **config, size_t n) {
    struct text_list here = {0};
    char *paper = row->value ? shown(row->value) : xstrdup("not stated");
    for (size_t i = 0; i < n; i++)
        text_add(&here, shown(json_pointer_get(config[i], row->key)));
    if (!row->value || here.n != 1 || strcmp(here.text[0], paper) != 0) {
        char *all = joined(&here);
        differ(r, row->what, paper, all);
        free(all);
    }
    free(paper);
    list_free(&here);
}

/* The configurations of the cells that are done, of one system or two. */
struct measured_cells {
    cJSON **config;
    size_t n, capacity;
    bool imported;
};

static void compare_protocol(
    const struct verdict_maker *m, struct claim_result *r, const struct measured_cells *cells) {
    const struct claims *claims = m->v->claims;
    if (cells->imported)
        text_add(&r->differences, xstrdup("training: an imported system's, not on record"));
    for (size_t i = 0; i < claims->n_protocol && !cells->imported; i++) {
        const struct claim_protocol *row = &claims->protocol[i];
        if (row->set >= 0 && row->set != r->claim->set)
            continue;
        if (*row->key)
            compare_key(r, row, cells->config, cells->n);
        else {
            char *paper = row->value ? shown(row->value) : xstrdup("not stated");
            differ(r, row->what, paper, row->here);
            free(paper);
        }
    }
}

/* What no configuration says. */
static void compare_rest(
    struct verdict_maker *m, struct claim_result *r, bool leaky, int runs, int other_runs) {
    const struct prediction_choice *choice = &m->v->request->choice;
    char *count =
        runs == other_runs ? xasprintf("%d", runs) : xasprintf("%d and %d", runs, other_runs);
    differ(r, "seeds", "not stated", count);
    free(count);
    if (*r->bins)
        differ(r, "edges of age groups", "not stated", r->bins);
    if (leaky)
        differ(r, "images of one person in several parts", "not stated", "yes");
    if (choice->part != PART_TEST)
        differ(r, "part", part_name[PART_TEST], part_name[choice->part]);
    if (choice->choice == READOUT_BY_NAME)
        differ(r, "read-out", "Eq 6 or the likeliest class", readout_name[choice->readout]);
}

static bool add_cells(struct measured_cells *cells, struct verdict_maker *m, struct claim_result *r,
    size_t system, struct err *e) {
    const struct store_member **members;
    size_t done, planned;
    bool ok = true;
    system_members(
        m->v->systems, system, (enum attribute)r->claim->task, &members, &done, &planned);
    cells->config = xgrow(cells->config, &cells->capacity, cells->n + done, sizeof *cells->config);
    for (size_t i = 0; ok && i < done; i++) {
        const char *text = members[i]->config;
        cJSON *config = json_parse("configuration of a cell", text, strlen(text), e);
        ok = config != NULL;
        if (ok)
            cells->config[cells->n++] = config;
        cells->imported |= strcmp(members[i]->split, "imported") == 0;
        text_add(&r->cells, xstrdup(members[i]->id));
    }
    free(members);
    return ok;
}

bool note_cells(
    struct verdict_maker *m, struct claim_result *r, size_t system, int second, struct err *e) {
    enum attribute task = (enum attribute)r->claim->task;
    struct measured_cells cells = {0};
    const struct system_predictions *one = task_read(m, system, task, e),
                                    *other =
                                        second < 0 ? one : task_read(m, (size_t)second, task, e);
    bool ok = one && other && add_cells(&cells, m, r, system, e) &&
              (second < 0 || add_cells(&cells, m, r, (size_t)second, e));
    if (ok) {
        compare_protocol(m, r, &cells);
        compare_rest(m, r, one->leaky || other->leaky, one->p.runs, other->p.runs);
    }
    for (size_t i = 0; i < cells.n; i++)
        cJSON_Delete(cells.config[i]);
    free(cells.config);
    return ok;
}
