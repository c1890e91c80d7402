/* What the keys of /split say together. */
#include "grid/key_checks.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/words.h"
#include "grid/key_table.h"

#include <stdlib.h>
#include <string.h>

/* The default of a number, from the table. */
static double default_of(const char *pointer) {
    for (int i = 0; i < n_config_keys; i++)
        if (strcmp(config_keys[i].pointer, pointer) == 0)
            return config_keys[i].value;
    return 0;
}

static bool is_file_name(const cJSON *value) {
    const char *name = cJSON_IsString(value) ? value->valuestring : "";
    return *name && *name != '.' && !strchr(name, '/');
}

static bool check_member(
    const cJSON *lists, const cJSON *member, const char *where, struct err *e) {
    if (word_find(part_name, PART_COUNT, member->string) < 0) {
        err_usage(e,
            "%s: /split/lists: unknown part \"%.60s\": expected train, test and perhaps validation",
            where, member->string);
        return err_hint(e, member->string, part_name, PART_COUNT, sizeof part_name[0]);
    }
    if (!is_file_name(member))
        return err_usage(e,
            "%s: /split/lists/%s: expected the name of a file in the lists folder (--lists DIR), without "
            "\"/\" and not beginning with a dot",
            where, member->string);
    for (const cJSON *other = lists->child; other != member; other = other->next)
        if (strcmp(other->valuestring, member->valuestring) == 0)
            return err_usage(e, "%s: /split/lists: %s and %s are the same list, \"%.100s\"", where,
                other->string, member->string, member->valuestring);
    return true;
}

static bool check_lists(const cJSON *lists, const char *where, struct err *e) {
    const cJSON *member;
    cJSON_ArrayForEach(member, lists) {
        if (!check_member(lists, member, where, e))
            return false;
    }
    return (json_get(lists, "train") && json_get(lists, "test")) ||
           err_usage(e,
               "%s: /split/kind: \"lists\": expected in /split/lists a file for train and one for test, as "
               "{\"train\": \"a.csv\", \"test\": \"b.csv\"}",
               where);
}

bool split_check(const struct config *c, const char *where, struct err *e) {
    const char *kind = split_kind_names[c->split.kind].name;
    bool lists = c->split.kind == SPLIT_BY_LISTS, ok = true;
    if (c->split.kind != SPLIT_IN_FOLDS && c->split.fold != 0)
        return err_usage(e,
            "%s: /split/fold: %d: counts for nothing with /split/kind \"%s\": leave it out or say "
            "\"folds\"",
            where, c->split.fold, kind);
    if (c->split.kind != SPLIT_RANDOM && c->split.test_share != default_of("/split/test_share"))
        return err_usage(e,
            "%s: /split/test_share: %g: counts for nothing with /split/kind \"%s\": leave it out",
            where, c->split.test_share, kind);
    if (!lists && (strcmp(c->split.lists, "{}") != 0 || c->split.pass_unusable))
        return err_usage(e,
            "%s: /split/%s: counts for nothing with /split/kind \"%s\": leave it out or say \"lists\"",
            where, c->split.pass_unusable ? "unusable_names" : "lists", kind);
    cJSON *root = cJSON_Parse(c->split.lists); /* our own canonical text */
    if (lists)
        ok = check_lists(root, where, e);
    if (ok && json_get(root, "validation") &&
        c->split.validation_share != default_of("/split/validation_share"))
        ok = err_usage(e,
            "%s: /split/validation_share: %g: counts for nothing with a list for validation: leave it out",
            where, c->split.validation_share);
    if (ok && json_get(root, "validation") && c->split.duplicates != DUPLICATES_NEAR)
        ok = err_usage(e,
            "%s: /split/duplicates: \"%s\": counts for nothing with a list for validation: leave it out",
            where, duplicates_names[c->split.duplicates].name);
    if (ok && json_get(root, "validation") && (double)c->split.seed != default_of("/split/seed"))
        ok = err_usage(e,
            "%s: /split/seed: %llu: counts for nothing with a list for validation: leave it out",
            where, (unsigned long long)c->split.seed);
    cJSON_Delete(root);
    return ok;
}
