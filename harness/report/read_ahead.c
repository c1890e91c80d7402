/* The predictions of a grid's rows read by several threads, each with a connection of its own. */
#include "core/mem.h"
#include "core/parallel.h"
#include "report/read_predictions.h"

#include <stdlib.h>

struct ahead {
    const struct systems *systems;
    struct prediction_choice choice;
    struct store **store; /* [threads]; NULL: not opened yet */
};

static void read_one(void *context, int worker, size_t item) {
    struct ahead *a = context;
    struct systems own = *a->systems; /* but for the connection */
    struct system_predictions r;
    struct err unread = {0};
    size_t system = item / ATTR_COUNT;
    if (own.list[system].row < 0)
        return;
    if (!a->store[worker])
        a->store[worker] = store_open(store_path(own.store), STORE_READ, &unread);
    own.store = a->store[worker];
    if (!own.store)
        return;
    read_predictions(&r, &own, system, (enum attribute)(item % ATTR_COUNT), &a->choice, &unread);
    system_predictions_free(&r);
}

void systems_read_ahead(struct systems *s, enum part part, int threads) {
    struct ahead a = {
        .systems = s, .choice = {.part = part}, .store = xcalloc((size_t)threads, sizeof *a.store)};
    systems_keep_predictions(s);
    parallel_for(s->n * ATTR_COUNT, threads, read_one, &a);
    for (int t = 0; t < threads; t++)
        store_close(a.store[t]);
    free(a.store);
}
