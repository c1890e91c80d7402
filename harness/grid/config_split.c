#include "grid/config_split.h"

#include "core/json.h"
#include "core/mem.h"
#include "grid/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void config_lists(const struct config *c, char *file[PART_COUNT]) {
    cJSON *lists = cJSON_Parse(c->split.lists); /* our own canonical text */
    for (int p = 0; p < PART_COUNT; p++) {
        const cJSON *name = json_get(lists, part_name[p]);
        file[p] = cJSON_IsString(name) ? xstrdup(name->valuestring) : NULL;
    }
    cJSON_Delete(lists);
}

static bool read_lists(
    struct part_lists *l, const struct config *c, const char *lists_dir, struct err *e) {
    char *file[PART_COUNT];
    config_lists(c, file);
    bool ok = part_lists_read(l, lists_dir, (const char *const *)file, e);
    for (int p = 0; p < PART_COUNT; p++)
        free(file[p]);
    return ok;
}

bool config_lists_content(
    const struct config *c, const char *lists_dir, char content[SHA256_HEX], struct err *e) {
    struct part_lists l;
    content[0] = '\0';
    if (c->split.kind != SPLIT_BY_LISTS)
        return true;
    bool ok = read_lists(&l, c, lists_dir, e);
    if (ok)
        memcpy(content, l.content, SHA256_HEX);
    part_lists_free(&l);
    return ok;
}

static bool by_lists(struct split *s, const struct manifest *m, const struct config *c,
    const char *lists_dir, struct err *e) {
    struct part_lists l;
    *s = (struct split){0};
    bool ok = read_lists(&l, c, lists_dir, e) &&
              split_lists(s, m, &l, c->split.pass_unusable, c->split.seed,
                  c->split.validation_share, c->split.duplicates, e);
    part_lists_free(&l);
    return ok;
}

bool config_split(struct split *s, const struct manifest *m, const struct config *c,
    const char *lists_dir, struct err *e) {
    switch (c->split.kind) {
    case SPLIT_IN_FOLDS:
        return split_folds(
            s, m, c->split.fold, c->split.seed, c->split.validation_share, c->split.duplicates, e);
    case SPLIT_BY_LISTS:
        return by_lists(s, m, c, lists_dir, e);
    case SPLIT_RANDOM:
    case SPLIT_KIND_COUNT:
        break;
    }
    return split_random(s, m, c->split.seed, c->split.test_share, c->split.validation_share,
        c->split.duplicates, e);
}

static bool has_labels(const struct sample *s, const struct config *c) {
    int n = 0;
    for (int t = 0; t < c->n_tasks; t++)
        n += s->label[c->tasks[t].attribute] != LABEL_MISSING;
    return c->split.require_all ? n == c->n_tasks : n > 0;
}

/* "age", "gender" as they are asked for: "an age or gender", "age and gender". */
static char *tasks_text(const struct config *c) {
    struct str out = {0};
    for (int t = 0; t < c->n_tasks; t++)
        str_addf(&out, "%s%s", t ? c->split.require_all ? " and " : " or " : "",
            attribute_name[c->tasks[t].attribute]);
    return str_detach(&out);
}

bool config_split_serves(
    const struct split *s, const struct manifest *m, const struct config *c, struct err *e) {
    for (int p = 0; p < PART_COUNT; p++) {
        size_t i = 0;
        while (i < s->n[p] && !has_labels(&m->samples[s->rows[p][i]], c))
            i++;
        if (i < s->n[p])
            continue;
        char *tasks = tasks_text(c), fold[48] = "";
        if (c->split.kind == SPLIT_IN_FOLDS)
            snprintf(fold, sizeof fold, p == PART_TEST ? ", fold %d," : " beside fold %d",
                c->split.fold);
        err_usage(e,
            "%s: the %s part%s has no usable image: of its %zu, none has a label of %s (/split/require "
            "\"%s\")",
            m->root, part_name[p], fold, s->n[p], tasks, require_names[c->split.require_all].name);
        free(tasks);
        return false;
    }
    return true;
}

void config_split_keep_labelled(struct split *s, const struct manifest *m, const struct config *c,
    const bool tasks[ATTR_COUNT]) {
    for (int p = 0; p < PART_COUNT; p++) {
        size_t kept = 0;
        for (size_t i = 0; i < s->n[p]; i++) {
            const struct sample *sample = &m->samples[s->rows[p][i]];
            int wanted = 0, labelled = 0;
            for (enum attribute a = 0; a < ATTR_COUNT; a++) {
                wanted += tasks[a];
                labelled += tasks[a] && sample->label[a] != LABEL_MISSING;
            }
            if (c->split.require_all ? labelled == wanted : labelled > 0)
                s->rows[p][kept++] = s->rows[p][i];
        }
        s->n[p] = kept;
    }
}

void config_split_key(struct str *out, const struct config *c, bool split) {
    static const char *const of_pixels[] = {"image_px", "max_bad_share"};
    cJSON *all = config_resolved(c), *data = json_get(all, "data");
    for (size_t i = 0; i < ARRAY_LEN(of_pixels); i++)
        cJSON_DeleteItemFromObjectCaseSensitive(data, of_pixels[i]);
    json_canonical(out, data);
    if (split)
        json_canonical(out, json_get(all, "split"));
    for (int t = 0; split && c->split.require_all && t < c->n_tasks; t++)
        str_addf(out, " %s", attribute_name[c->tasks[t].attribute]);
    cJSON_Delete(all);
}
