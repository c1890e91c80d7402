#include "learn/sample_rows.h"

#include "core/mem.h"

static bool check_labels(const struct config *c, const struct manifest *m, const uint32_t *rows,
    size_t n, struct err *e) {
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < c->n_tasks; k++) {
            const struct task_config *task = &c->tasks[k];
            const struct sample *sample = &m->samples[rows[i]];
            int label = sample->label[task->attribute];
            if (label != LABEL_MISSING && (label < task->ranks[0] || label > task->ranks[1]))
                return err_usage(e,
                    "%s: its %s is %d, but /tasks/%s/ranks is [%d, %d]; widen the "
                    "ranks in the grid file",
                    sample->id, attribute_name[task->attribute], label,
                    attribute_name[task->attribute], task->ranks[0], task->ranks[1]);
        }
    return true;
}

static bool usable(const struct config *c, const struct source *source, uint32_t row) {
    int labelled = 0;
    if (source->bad[row])
        return false;
    for (int k = 0; k < c->n_tasks; k++)
        labelled += source->manifest->samples[row].label[c->tasks[k].attribute] != LABEL_MISSING;
    return c->split.require_all ? labelled == c->n_tasks : labelled > 0;
}

bool sample_rows(uint32_t *rows[PART_COUNT], size_t n[PART_COUNT], const struct config *c,
    const struct source *source, const struct split *split, struct err *e) {
    for (int part = 0; part < PART_COUNT; part++) {
        rows[part] = xmalloc(split->n[part] * sizeof(uint32_t));
        n[part] = 0;
        for (size_t i = 0; i < split->n[part]; i++)
            if (usable(c, source, split->rows[part][i]))
                rows[part][n[part]++] = split->rows[part][i];
        if (n[part] == 0)
            return err_usage(e,
                "the %s part has no usable sample (%zu before undecodable and "
                "unlabelled ones are left out)",
                part_name[part], split->n[part]);
        if (!check_labels(c, source->manifest, rows[part], n[part], e))
            return false;
    }
    return true;
}
