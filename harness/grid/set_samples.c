#include "grid/set_samples.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "grid/catalogue.h"

#include <stdio.h>
#include <stdlib.h>

struct store_sample *set_samples(const struct manifest *m) {
    struct store_sample *samples = xcalloc(m->n, sizeof *samples);
    for (size_t i = 0; i < m->n; i++) {
        const struct sample *s = &m->samples[i];
        samples[i] = (struct store_sample){.id = s->id,
            .subject = s->subject,
            .duplicate_group = s->duplicate_group,
            .content = s->content};
        for (int a = 0; a < ATTR_COUNT; a++)
            samples[i].label[a] = s->label[a];
    }
    return samples;
}

static char *class_names(const struct manifest *m) {
    struct str out = {0};
    str_addc(&out, '{');
    for (int a = 0; a < ATTR_COUNT; a++) {
        int classes = attribute_classes(m->set, m->reading, a);
        if (classes == 0)
            continue;
        str_addf(&out, "%s\"%s\": [", out.len > 1 ? ", " : "", attribute_name[a]);
        for (int k = 0; k < classes; k++) {
            const char *name = attribute_class_name(m->set, m->reading, a, k);
            char number[16];
            snprintf(number, sizeof number, "%d", k);
            str_addf(&out, "%s", k ? ", " : "");
            json_add_string(&out, name ? name : number);
        }
        str_addc(&out, ']');
    }
    str_addc(&out, '}');
    return str_detach(&out);
}

bool set_put(struct store *s, const struct manifest *m, int64_t *dataset, struct err *e) {
    struct store_sample *samples = set_samples(m);
    char *names = class_names(m);
    bool ok = store_put_dataset(s, dataset_names[m->set].name, m->fingerprint, m->drawn,
        !ages_are_groups(m->set, m->reading), names, samples, m->n, dataset, e);
    free(names);
    free(samples);
    return ok;
}
