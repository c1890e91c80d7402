#include "data/synth_bias.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/str.h"
#include "data/manifest.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)1 << 20)
#define NOISE "label_noise"

/* A row's amount is above `least` (or at it, where that plants something) and at most `most` (or below). */
static const struct amount_row {
    const char *name; /* a member of the plant; of label_noise's object from EFFECT_NOISE on */
    double least, most;
    bool least_too, most_too;
    const char *expected;
} amount_rows[EFFECT_COUNT] = {
    [EFFECT_BLUR] = {"blur_px", 0, 100, false, true, "a number above 0, at most 100"},
    [EFFECT_OCCLUSION] = {"occlusion", 0, 1, false, true, "a share above 0, at most 1"},
    [EFFECT_KEEP] = {"keep", 0, 1, true, false, "a share from 0 to below 1"},
    [EFFECT_NOISE + ATTR_AGE] = {"age", 0, 1, false, true, "a share above 0, at most 1"},
    [EFFECT_NOISE + ATTR_GENDER] = {"gender", 0, 1, false, true, "a share above 0, at most 1"},
    [EFFECT_NOISE + ATTR_RACE] = {"race", 0, 1, false, true, "a share above 0, at most 1"},
};

/* ---- reading ---- */

struct place {
    const struct bias *b;
    struct str at; /* a JSON pointer */
    struct err *e;
};

static bool refuse(struct place *p, const cJSON *value, const char *expected) {
    char *shown = value ? cJSON_PrintUnformatted(value) : NULL;
    err_usage(p->e, "%s: %s: %.200s: expected %s", p->b->path, p->at.len ? p->at.text : "/",
        shown ? shown : "is not there", expected);
    cJSON_free(shown);
    return false;
}

static size_t enter(struct place *p, const char *name) {
    size_t was = p->at.len;
    json_pointer_add(&p->at, name);
    return was;
}

static void leave(struct place *p, size_t was) {
    p->at.len = was;
    if (p->at.text)
        p->at.text[was] = '\0';
}

struct word { /* str_nearest's stride */
    const char *name;
};

/* Every member of `object` must be one of `words`. */
static bool known_members(struct place *p, const cJSON *object, const struct word *words, size_t n,
    const char *expected) {
    if (!cJSON_IsObject(object))
        return refuse(p, object, expected);
    for (const cJSON *m = object->child; m; m = m->next) {
        size_t i = 0;
        while (i < n && strcmp(words[i].name, m->string) != 0)
            i++;
        if (i < n)
            continue;
        const char *near = str_nearest(m->string, words, n, sizeof *words);
        char *shown = str_quoted(m->string);
        err_usage(p->e, "%s: %s: unknown key %s%s%s%s; expected %s", p->b->path,
            p->at.len ? p->at.text : "/", shown, near ? "; did you mean " : "", near ? near : "",
            near ? "?" : "", expected);
        free(shown);
        return false;
    }
    return true;
}

static bool read_class(struct place *p, struct plant *plant, enum attribute a, const cJSON *value) {
    struct str names = {0};
    int classes = attribute_classes(DATASET_SYNTHETIC, (struct reading){0}, a), found = -1;
    for (int c = 0; c < classes; c++) {
        const char *name = attribute_class_name(DATASET_SYNTHETIC, (struct reading){0}, a, c);
        str_addf(&names, "%s\"%s\"", c == 0 ? "" : c == classes - 1 ? " or " : ", ", name);
        if (cJSON_IsString(value) && strcmp(value->valuestring, name) == 0)
            found = c;
    }
    plant->first[a] = plant->last[a] = (int16_t)found;
    bool ok = found >= 0 || refuse(p, value, names.text);
    str_free(&names);
    return ok;
}

static bool is_age(const cJSON *value) {
    return cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble <= SHRT_MAX &&
           value->valuedouble == (int)value->valuedouble;
}

static bool read_ages(struct place *p, struct plant *plant, const cJSON *value) {
    const cJSON *first = cJSON_IsArray(value) ? value->child : NULL,
                *last = first ? first->next : NULL;
    if (!is_age(first) || !is_age(last) || last->next || last->valueint < first->valueint)
        return refuse(p, value, "the first and the last age of the subgroup, such as [60, 100]");
    plant->first[ATTR_AGE] = (int16_t)first->valueint;
    plant->last[ATTR_AGE] = (int16_t)last->valueint;
    return true;
}

static bool read_who(struct place *p, struct plant *plant, const cJSON *who) {
    static const struct word words[ATTR_COUNT] = {
        [ATTR_AGE] = {"age"}, [ATTR_GENDER] = {"gender"}, [ATTR_RACE] = {"race"}};
    static const char expected[] = "an object with age, gender, race or several of them";
    size_t was = enter(p, "who");
    bool ok =
        who ? known_members(p, who, words, ARRAY_LEN(words), expected) : refuse(p, NULL, expected);
    if (ok && !who->child)
        ok = refuse(p, who, "at least one attribute: what everybody gets is no bias");
    for (int a = 0; a < ATTR_COUNT; a++)
        plant->last[a] = SHRT_MAX;
    for (int a = 0; ok && a < ATTR_COUNT; a++) {
        const cJSON *value = json_get(who, words[a].name);
        if (!value)
            continue;
        size_t outer = enter(p, words[a].name);
        ok = a == ATTR_AGE ? read_ages(p, plant, value)
                           : read_class(p, plant, (enum attribute)a, value);
        leave(p, outer);
    }
    leave(p, was);
    return ok;
}

/* Reads the amounts first..end-1 from the members of `object`; *stated counts them. */
static bool read_amounts(
    struct place *p, struct plant *plant, const cJSON *object, int first, int end, int *stated) {
    bool ok = true;
    for (int i = first; ok && i < end; i++) {
        const struct amount_row *row = &amount_rows[i];
        const cJSON *value = json_get(object, row->name);
        plant->amount[i] = -1;
        if (!value)
            continue;
        double x = cJSON_IsNumber(value) ? value->valuedouble : -1;
        size_t was = enter(p, row->name);
        ok = ((row->least_too ? x >= row->least : x > row->least) &&
                 (row->most_too ? x <= row->most : x < row->most)) ||
             refuse(p, value, row->expected);
        leave(p, was);
        plant->amount[i] = x;
        ++*stated;
    }
    return ok;
}

static bool read_noise(struct place *p, struct plant *plant, const cJSON *noise, int *stated) {
    static const struct word words[] = {{"age"}, {"gender"}, {"race"}};
    size_t was = enter(p, NOISE);
    bool ok = (!noise || known_members(p, noise, words, ARRAY_LEN(words),
                             "an object with the share of age, gender or race")) &&
              read_amounts(p, plant, noise, EFFECT_NOISE, EFFECT_COUNT, stated);
    leave(p, was);
    return ok;
}

static bool read_plant(struct place *p, struct plant *plant, const cJSON *object) {
    static const struct word words[] = {{"who"}, {"blur_px"}, {"occlusion"}, {"keep"}, {NOISE}};
    static const char expected[] = "an object with who, and blur_px, occlusion, keep or " NOISE;
    int stated = 0;
    return known_members(p, object, words, ARRAY_LEN(words), expected) &&
           read_who(p, plant, json_get(object, "who")) &&
           read_amounts(p, plant, object, 0, EFFECT_NOISE, &stated) &&
           read_noise(p, plant, json_get(object, NOISE), &stated) &&
           (stated > 0 || err_usage(p->e,
                              "%s: %s: plants nothing; expected blur_px, occlusion, keep or " NOISE,
                              p->b->path, p->at.text));
}

static bool read_plants(struct place *p, struct bias *b, const cJSON *root) {
    static const struct word words[] = {{"title"}, {"plant"}};
    const cJSON *title = json_get(root, "title"), *list = json_get(root, "plant");
    if (!known_members(p, root, words, ARRAY_LEN(words), "an object with plant, and a title"))
        return false;
    size_t was = enter(p, "title");
    if (title && !cJSON_IsString(title))
        return refuse(p, title, "a text");
    leave(p, was);
    was = enter(p, "plant");
    if (!cJSON_IsArray(list) || !list->child)
        return refuse(p, list, "a list of what is planted, with at least one element");
    b->plants = xcalloc((size_t)cJSON_GetArraySize(list), sizeof *b->plants);
    bool ok = true;
    for (const cJSON *one = list->child; ok && one; one = one->next) {
        char number[24];
        snprintf(number, sizeof number, "%zu", b->n);
        size_t outer = enter(p, number);
        ok = read_plant(p, &b->plants[b->n++], one);
        leave(p, outer);
    }
    leave(p, was);
    return ok;
}

bool bias_read(struct bias *b, const char *path, struct err *e) {
    *b = (struct bias){.path = xstrdup(path)};
    b->text = file_read(path, FILE_LIMIT, &b->bytes, e);
    if (!b->text)
        e->kind = ERR_USAGE; /* a file that the user named */
    cJSON *root = b->text ? json_parse(path, b->text, b->bytes, e) : NULL;
    struct place p = {.b = b, .e = e};
    bool ok = root && read_plants(&p, b, root);
    if (ok)
        sha256_bytes(b->text, b->bytes, b->sha256);
    str_free(&p.at);
    cJSON_Delete(root);
    return ok;
}

void bias_free(struct bias *b) {
    free(b->plants);
    free(b->text);
    free(b->path);
    *b = (struct bias){0};
}

/* ---- what becomes of a face ---- */

enum { STREAM_KEEP = 5, STREAM_NOISE = 6 }; /* the step of RNG_SYNTH's streams */

bool plant_has(const struct plant *p, const int16_t truth[ATTR_COUNT]) {
    for (int a = 0; a < ATTR_COUNT; a++)
        if (truth[a] < p->first[a] || truth[a] > p->last[a])
            return false;
    return true;
}

/* Any label but the true one, each equally likely. */
static int16_t another(enum attribute a, int16_t truth, struct rng *r) {
    int first = a == ATTR_AGE ? SYNTH_FIRST_AGE : 0;
    int count = a == ATTR_AGE ? SYNTH_LAST_AGE - SYNTH_FIRST_AGE + 1
                              : attribute_classes(DATASET_SYNTHETIC, (struct reading){0}, a);
    int label = first + (int)rng_below(r, (uint32_t)(count - 1));
    return (int16_t)(label >= truth ? label + 1 : label);
}

struct fate bias_fate(
    const struct bias *b, const int16_t truth[ATTR_COUNT], uint64_t seed, uint32_t item) {
    struct fate f = {.kept = true};
    memcpy(f.label, truth, sizeof f.label);
    for (int i = 0; i < EFFECT_COUNT; i++)
        f.amount[i] = -1;
    for (size_t k = 0; k < b->n; k++)
        for (int i = 0; plant_has(&b->plants[k], truth) && i < EFFECT_COUNT; i++)
            if (b->plants[k].amount[i] >= 0)
                f.amount[i] = b->plants[k].amount[i];
    struct rng keep = rng_open(seed, RNG_SYNTH, STREAM_KEEP, item),
               noise = rng_open(seed, RNG_SYNTH, STREAM_NOISE, item);
    if (f.amount[EFFECT_KEEP] >= 0)
        f.kept = rng_uniform(&keep) < f.amount[EFFECT_KEEP];
    for (int a = 0; a < ATTR_COUNT;
         a++) { /* drawn whatever is planted: one effect moves no other */
        double u = rng_uniform(&noise);
        int16_t label = another((enum attribute)a, truth[a], &noise);
        if (u < f.amount[EFFECT_NOISE + a])
            f.label[a] = label;
    }
    return f;
}
