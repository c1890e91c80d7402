#include "analysis/age_groups.h"

#include "analysis/metrics.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_AGE = 200, MAX_GROUPS = 100, MAX_FILE_BYTES = 1 << 20 };

static const char built_in[] =
#include "datasets/age-groups.json.inc"
    ;

/* Digits of an age, 0 ... MAX_AGE, moving *text past them; -1 where there are none or too large. */
static int read_age(const char **text) {
    int age = -1;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        age = (age < 0 ? 0 : age) * 10 + (**text - '0');
        if (age > MAX_AGE)
            return -1;
    }
    return age;
}

/* "20-29" or "70+". */
static bool parse_edges(struct age_group *g) {
    const char *text = g->name;
    g->first = read_age(&text);
    if (g->first >= 0 && strcmp(text, "+") == 0) {
        g->last = INT_MAX;
        return true;
    }
    if (*text++ != '-')
        return false;
    g->last = read_age(&text);
    return g->first >= 0 && g->last >= g->first && *text == '\0';
}

static bool parse_group(
    struct age_bins *b, const cJSON *item, bool nearest, const char *file, struct err *e) {
    if (!cJSON_IsString(item))
        return err_usage(e, "%s: /%s/groups/%d: expected text such as \"20-29\" or \"70+\"", file,
            b->name, b->n);
    struct age_group *g = &b->groups[b->n];
    g->name = xstrdup(item->valuestring);
    b->n++;
    if (!parse_edges(g))
        return err_usage(e,
            "%s: /%s/groups/%d: \"%s\": expected first and last age in years, 0 to %d, such as "
            "\"20-29\" or \"70+\"",
            file, b->name, b->n - 1, g->name, MAX_AGE);
    int before = b->n > 1 ? g[-1].last : -1;
    if (g->first <= before)
        return err_usage(e, "%s: /%s/groups/%d: \"%s\" does not begin after \"%s\" ends", file,
            b->name, b->n - 1, g->name, g[-1].name);
    if (!nearest && g->first != before + 1)
        return err_usage(e,
            "%s: /%s/groups/%d: \"%s\": expected to begin at %d, or \"gaps\": \"nearest\" in the set",
            file, b->name, b->n - 1, g->name, before + 1);
    return true;
}

static bool parse_groups(
    struct age_bins *b, const cJSON *groups, bool nearest, const char *file, struct err *e) {
    int count = cJSON_IsArray(groups) ? cJSON_GetArraySize(groups) : 0;
    if (count < 1 || count > MAX_GROUPS)
        return err_usage(e, "%s: /%s/groups: expected 1 to %d groups", file, b->name, MAX_GROUPS);
    b->groups = xcalloc((size_t)count, sizeof *b->groups);
    const cJSON *item;
    cJSON_ArrayForEach(item, groups) {
        if (!parse_group(b, item, nearest, file, e))
            return false;
    }
    const struct age_group *oldest = &b->groups[b->n - 1];
    if (!nearest && oldest->last != INT_MAX)
        return err_usage(e,
            "%s: /%s/groups/%d: \"%s\": expected the oldest group to end with '+', or "
            "\"gaps\": \"nearest\" in the set",
            file, b->name, b->n - 1, oldest->name);
    return true;
}

static bool parse_set(struct age_bins *b, const cJSON *set, const char *file, struct err *e) {
    b->name = xstrdup(set->string);
    if (!*b->name || !cJSON_IsObject(set))
        return err_usage(e, "%s: /%s: expected a name and an object", file, b->name);
    const cJSON *member;
    cJSON_ArrayForEach(member, set) {
        if (strcmp(member->string, "source") != 0 && strcmp(member->string, "groups") != 0 &&
            strcmp(member->string, "gaps") != 0)
            return err_usage(e, "%s: /%s/%s: unknown key (known: source, gaps, groups)", file,
                b->name, member->string);
    }
    const cJSON *source = json_get(set, "source"), *gaps = json_get(set, "gaps");
    if (!cJSON_IsString(source))
        return err_usage(
            e, "%s: /%s/source: expected text that says where the edges come from", file, b->name);
    b->source = xstrdup(source->valuestring);
    if (gaps && (!cJSON_IsString(gaps) || strcmp(gaps->valuestring, "nearest") != 0))
        return err_usage(e, "%s: /%s/gaps: expected \"nearest\", or no such key", file, b->name);
    return parse_groups(b, json_get(set, "groups"), gaps != NULL, file, e);
}

bool age_bins_parse(
    struct age_bin_sets *b, const char *name, const char *text, size_t n, struct err *e) {
    *b = (struct age_bin_sets){0};
    cJSON *root = json_parse(name, text, n, e);
    bool ok = root != NULL;
    if (ok && (!cJSON_IsObject(root) || !root->child))
        ok = err_usage(e, "%s: expected an object with a member for each set of age groups", name);
    if (ok)
        b->sets = xcalloc((size_t)cJSON_GetArraySize(root), sizeof *b->sets);
    for (const cJSON *set = ok ? root->child : NULL; ok && set; set = set->next)
        ok = parse_set(&b->sets[b->n++], set, name, e);
    cJSON_Delete(root);
    return ok;
}

bool age_bins_load(struct age_bin_sets *b, const char *path, struct err *e) {
    if (!path)
        return age_bins_parse(b, "datasets/age-groups.json", built_in, sizeof built_in - 1, e);
    *b = (struct age_bin_sets){0};
    size_t n = 0;
    char *text = file_read(path, MAX_FILE_BYTES, &n, e);
    bool ok = text && age_bins_parse(b, path, text, n, e);
    free(text);
    return ok;
}

void age_bins_free(struct age_bin_sets *b) {
    for (int i = 0; i < b->n; i++) {
        for (int g = 0; g < b->sets[i].n; g++)
            free(b->sets[i].groups[g].name);
        free(b->sets[i].groups);
        free(b->sets[i].source);
        free(b->sets[i].name);
    }
    free(b->sets);
    *b = (struct age_bin_sets){0};
}

const struct age_bins *age_bins_find(const struct age_bin_sets *b, const char *name) {
    for (int i = 0; i < b->n; i++)
        if (strcmp(b->sets[i].name, name) == 0)
            return &b->sets[i];
    return NULL;
}

static bool bins_of_groups(
    struct age_bin_sets *b, const char *groups, const char *where, struct err *e) {
    struct str text = {0};
    str_add(&text, "{");
    json_add_string(&text, groups);
    str_add(&text, ": {\"source\": ");
    json_add_string(&text, where);
    str_add(&text, ", \"groups\": [");
    for (const char *at = groups; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        char *group = xstrndup(at, strcspn(at, ","));
        str_add(&text, at == groups ? "" : ", ");
        json_add_string(&text, group);
        free(group);
    }
    str_add(&text, "]}}");
    bool ok = age_bins_parse(b, where, text.text, text.len, e);
    str_free(&text);
    return ok;
}

bool age_bins_choose(struct age_bin_sets *b, const char *text, const char *where,
    const struct age_bins **bins, struct err *e) {
    *bins = NULL;
    if (strpbrk(text, ",+")) { /* no name of a set has these */
        if (bins_of_groups(b, text, where, e))
            *bins = &b->sets[0];
        return *bins != NULL;
    }
    if (!age_bins_load(b, NULL, e))
        return false;
    *bins = age_bins_find(b, text);
    if (*bins)
        return true;
    struct str known = {0};
    for (int i = 0; i < b->n; i++)
        str_addf(&known, "%s, ", b->sets[i].name);
    err_usage(e, "%s: %.100s: expected %sor groups of years such as 0-12,13-19,20-35,36-55,56+",
        where, text, known.text);
    str_free(&known);
    return false;
}

int age_bin(const struct age_bins *b, double age_years) {
    double age = round_half_up(age_years);
    int g = 0;
    while (g < b->n - 1 && age > b->groups[g].last)
        g++;
    if (g == 0 || age >= b->groups[g].first)
        return g;
    double from_younger = age - b->groups[g - 1].last, to_older = b->groups[g].first - age;
    return from_younger <= to_older ? g - 1 : g;
}
