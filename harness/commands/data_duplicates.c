/* dmtl data duplicates: a set's copies, by kind, and how far their labels agree. */
#include "commands/data_verb.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "data/duplicates.h"
#include "data/near.h"
#include "data/noise_floor.h"
#include "grid/catalogue.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAMED = 20 }; /* groups of a kind that the text names; --json names all */

struct kind {
    int32_t *group; /* of each sample */
    struct noise_floor floor;
};

static const enum split_duplicates shown[] = {DUPLICATES_IDENTICAL, DUPLICATES_NEAR};
enum { KINDS = ARRAY_LEN(shown) };

/* The files of each group, a list a group. */
static cJSON *groups_json(const struct manifest *m, const struct kind *k) {
    cJSON *groups = cJSON_CreateArray(), **lists = xcalloc(k->floor.groups, sizeof *lists);
    for (size_t g = 0; g < k->floor.groups; g++) {
        lists[g] = cJSON_CreateArray();
        cJSON_AddItemToArray(groups, lists[g]);
    }
    for (size_t i = 0; i < m->n; i++)
        if (k->group[i] >= 0)
            cJSON_AddItemToArray(lists[k->group[i]], cJSON_CreateString(m->samples[i].file));
    free(lists);
    return groups;
}

static bool has_labels(const struct kind *k, int a) {
    return k[0].floor.of[a].files || k[1].floor.of[a].files;
}

/* null where there is nothing to average. */
static void add_mean(cJSON *object, const char *name, double mean, size_t files) {
    cJSON_AddItemToObject(object, name, files ? cJSON_CreateNumber(mean) : cJSON_CreateNull());
}

static void add_json(cJSON *root, const struct manifest *m, const struct kind *kinds) {
    cJSON_AddStringToObject(root, "set", dataset_names[m->set].name);
    cJSON_AddStringToObject(root, "folder", m->root);
    cJSON_AddStringToObject(root, "fingerprint", m->fingerprint);
    cJSON_AddNumberToObject(root, "usable", (double)m->n);
    cJSON_AddNumberToObject(root, "near_correlation", NEAR_CORRELATION);
    for (int i = 0; i < KINDS; i++) {
        const struct noise_floor *f = &kinds[i].floor;
        cJSON *kind = cJSON_AddObjectToObject(root, duplicates_names[shown[i]].name);
        cJSON_AddNumberToObject(kind, "groups", (double)f->groups);
        cJSON_AddNumberToObject(kind, "files", (double)f->files);
        for (int a = 0; a < ATTR_COUNT; a++) {
            if (!has_labels(kinds, a))
                continue;
            cJSON *of = cJSON_AddObjectToObject(kind, attribute_name[a]);
            cJSON_AddNumberToObject(of, "groups", (double)f->of[a].groups);
            cJSON_AddNumberToObject(of, "files", (double)f->of[a].files);
            cJSON_AddNumberToObject(of, "conflicts", (double)f->of[a].conflicts);
            if (a == ATTR_AGE)
                add_mean(of, "mae", f->of[a].mae, f->of[a].files);
            add_mean(of, "differing", f->of[a].differing, f->of[a].files);
        }
        cJSON_AddItemToObject(kind, "list", groups_json(m, &kinds[i]));
    }
}

/* ---- text ---- */

static void add_noise(struct str *out, const struct manifest *m, const struct kind *kinds, int a) {
    bool years = attribute_classes(m->set, m->reading, (enum attribute)a) == 0;
    str_addf(out, "\n%s:\n", attribute_name[a]);
    for (int i = 0; i < KINDS; i++) {
        const struct label_noise *noise = &kinds[i].floor.of[a];
        str_addf(out, "  %-10s %4zu of %zu groups disagree", duplicates_names[shown[i]].name,
            noise->conflicts, noise->groups);
        if (noise->files && a == ATTR_AGE)
            str_addf(out, "; MAE between copies %.2f %s", noise->mae, years ? "years" : "groups");
        if (noise->files)
            str_addf(out, "; another copy has another label in %.1f %%", 100 * noise->differing);
        str_addc(out, '\n');
    }
}

static void add_groups(
    struct str *out, const struct manifest *m, const struct kind *k, const char *name) {
    cJSON *groups = groups_json(m, k);
    const cJSON *group, *file;
    size_t n = 0;
    if (k->floor.groups)
        str_addf(out, "\n%s:\n", name);
    cJSON_ArrayForEach(group, groups) {
        if (n++ == NAMED) {
            str_addf(out, "  and %zu groups more (--json names all)\n", k->floor.groups - NAMED);
            break;
        }
        str_addc(out, ' ');
        cJSON_ArrayForEach(file, group) {
            char *quoted = str_quoted(file->valuestring);
            str_addf(out, " %s", quoted);
            free(quoted);
        }
        str_addc(out, '\n');
    }
    cJSON_Delete(groups);
}

static void add_text(struct str *out, const struct manifest *m, const struct kind *kinds) {
    str_addf(out, "%s in %s%s\n%zu usable images\n\n", dataset_names[m->set].name, m->root,
        m->drawn ? " (drawn, nobody real)" : "", m->n);
    for (int i = 0; i < KINDS; i++)
        str_addf(out, "%-10s %4zu groups of %zu files%s\n", duplicates_names[shown[i]].name,
            kinds[i].floor.groups, kinds[i].floor.files,
            shown[i] == DUPLICATES_NEAR ? ", identical ones among them" : "");
    for (int a = 0; a < ATTR_COUNT; a++)
        if (has_labels(kinds, a))
            add_noise(out, m, kinds, a);
    for (int i = 0; i < KINDS; i++)
        add_groups(out, m, &kinds[i], duplicates_names[shown[i]].name);
}

bool data_duplicates(const struct data_verb *v, struct err *e) {
    struct manifest m = {0};
    if (!data_verb_open(v, &m, e))
        return false;
    bool ok = duplicates_mark(&m, v->cache_dir, v->threads, e);
    if (ok) {
        struct kind kinds[KINDS];
        struct str out = {0};
        for (int i = 0; i < KINDS; i++) {
            kinds[i].group = duplicate_groups(&m, shown[i]);
            noise_floor_of(&kinds[i].floor, &m, kinds[i].group);
        }
        if (v->json) {
            cJSON *root = cJSON_CreateObject();
            add_json(root, &m, kinds);
            json_pretty(&out, root);
            str_addc(&out, '\n');
            cJSON_Delete(root);
        } else {
            add_text(&out, &m, kinds);
        }
        fputs(out.text, stdout);
        str_free(&out);
        for (int i = 0; i < KINDS; i++)
            free(kinds[i].group);
    }
    manifest_close(&m);
    return ok;
}
