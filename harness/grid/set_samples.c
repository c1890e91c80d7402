#include "grid/set_samples.h"

#include "core/mem.h"

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
