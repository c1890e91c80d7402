#include "report/setting.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/words.h"

#include <string.h>

static const char *const repetitions[] = {"/seed", "/split/seed", "/split/fold"};

char *setting_text(const char *axes) {
    struct str out = {0};
    struct err ignored = {0}; /* what is no JSON has no axes */
    cJSON *object = json_parse("axes", axes, strlen(axes), &ignored);
    for (const cJSON *a = object ? object->child : NULL; a; a = a->next) {
        if (word_find(repetitions, (int)ARRAY_LEN(repetitions), a->string) >= 0)
            continue;
        str_add(&out, out.len ? " " : "");
        json_pointer_dotted(&out, a->string);
        str_addc(&out, '=');
        if (cJSON_IsString(a))
            str_add(&out, a->valuestring);
        else
            json_canonical(&out, a);
    }
    cJSON_Delete(object);
    return str_detach(&out);
}
