#include "analysis/predictions.h"

#include <stdlib.h>

void predictions_free(struct predictions *p) {
    for (size_t i = 0; p->id && i < p->n; i++)
        free(p->id[i]);
    free(p->id);
    for (int a = 0; a < ATTR_COUNT; a++)
        free(p->label[a]);
    for (int t = 0; t < TERM_COUNT; t++)
        free(p->terms[t]);
    free(p->truth);
    free(p->predicted);
    free(p->cluster);
    free(p->seed);
    free(p->split_seed);
    *p = (struct predictions){0};
}
