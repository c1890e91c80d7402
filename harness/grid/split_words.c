#include "grid/split_words.h"

#include "core/json.h"
#include "core/mem.h"
#include "grid/catalogue.h"
#include "grid/keys.h"

#include <string.h>

static void add_said(struct str *out, const cJSON *values, const cJSON *defaults, const char *but) {
    const cJSON *value;
    cJSON_ArrayForEach(value, values) {
        struct str said = {0}, usual = {0};
        json_canonical(&said, value);
        json_canonical(&usual, json_get(defaults, value->string));
        if (strcmp(value->string, but) != 0 && strcmp(said.text, usual.text) != 0)
            str_addf(out, " %s=%s", value->string,
                cJSON_IsString(value) ? value->valuestring : said.text);
        str_free(&said);
        str_free(&usual);
    }
}

void split_words(struct str *out, const struct config *c) {
    static const char *const of_pixels[] = {"image_px", "max_bad_share"};
    struct err none = {0};
    struct config usual;
    cJSON *silent = cJSON_Parse("{\"tasks\": {\"gender\": {}}}");
    config_parse(&usual, silent, "defaults", &none);
    cJSON_Delete(silent);
    cJSON *all = config_resolved(c), *defaults = config_resolved(&usual);
    for (size_t i = 0; i < ARRAY_LEN(of_pixels); i++)
        cJSON_DeleteItemFromObjectCaseSensitive(json_get(all, "data"), of_pixels[i]);
    str_add(out, dataset_names[c->data.set].name);
    add_said(out, json_get(all, "data"), json_get(defaults, "data"), "set");
    str_addf(out, ", %s", split_kind_names[c->split.kind].name);
    add_said(out, json_get(all, "split"), json_get(defaults, "split"), "kind");
    cJSON_Delete(all);
    cJSON_Delete(defaults);
    config_free(&usual);
}
