#include "grid/config_split.h"

#include "core/json.h"
#include "core/mem.h"
#include "grid/keys.h"

bool config_split(
    struct split *s, const struct manifest *m, const struct config *c, struct err *e) {
    _Static_assert(SPLIT_KIND_COUNT == 2, "each kind of split is made here");
    return c->split.kind == SPLIT_IN_FOLDS
               ? split_folds(s, m, c->split.fold, c->split.seed, c->split.validation_share, e)
               : split_random(
                     s, m, c->split.seed, c->split.test_share, c->split.validation_share, e);
}

void config_split_key(struct str *out, const struct config *c, bool split) {
    static const char *const of_pixels[] = {"image_px", "max_bad_share"};
    cJSON *all = config_resolved(c), *data = json_get(all, "data");
    for (size_t i = 0; i < ARRAY_LEN(of_pixels); i++)
        cJSON_DeleteItemFromObjectCaseSensitive(data, of_pixels[i]);
    json_canonical(out, data);
    if (split)
        json_canonical(out, json_get(all, "split"));
    cJSON_Delete(all);
}
