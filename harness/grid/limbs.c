#include "grid/limbs.h"

#include "nets/trunk_table.h"

#include <string.h>

static int branch_of(const struct config *c, const struct task_config *task) {
    return c->trunk.branch == BRANCH_CATEGORY ? (int)task->kind : (int)task->attribute;
}

struct limb_plans limb_plans(const struct config *c) {
    static const char *const by_kind[TASK_KIND_COUNT] = {
        [TASK_NOMINAL] = "@nominal", [TASK_ORDINAL] = "@ordinal"};
    static const char *const by_task[ATTR_COUNT] = {
        [ATTR_AGE] = "@age", [ATTR_GENDER] = "@gender", [ATTR_RACE] = "@race"};
    const struct trunk_table *table = &trunk_tables[c->trunk.name];
    int steps = table->n_stages + 2, limb_of_branch[MAX_TASKS] = {0};
    bool branches = c->trunk.branch != BRANCH_NONE;
    int fork = branches ? trunk_step(table, c->trunk.branch_stage) : steps;
    _Static_assert((int)TASK_KIND_COUNT <= (int)MAX_TASKS, "limb_of_branch holds kinds too");
    struct limb_plans p = {.limbs = {{.suffix = "", .end = fork}}, .n = 1};
    for (int k = 0; branches && k < c->n_tasks; k++) {
        int branch = branch_of(c, &c->tasks[k]);
        if (!limb_of_branch[branch]) {
            limb_of_branch[branch] = p.n;
            p.limbs[p.n++] = (struct limb_plan){
                .suffix = c->trunk.branch == BRANCH_CATEGORY ? by_kind[branch] : by_task[branch],
                .draws = (uint32_t)branch + 1,
                .first = fork,
                .end = steps};
        }
        p.of_task[k] = limb_of_branch[branch];
    }
    return p;
}

bool trunk_frozen(const struct config *c) {
    return strcmp(c->trunk.train_from, "frozen") == 0;
}

int trunk_first_trained(const struct config *c) {
    const struct trunk_table *table = &trunk_tables[c->trunk.name];
    if (strcmp(c->trunk.train_from, "all") == 0)
        return 0;
    return trunk_frozen(c) ? table->n_stages + 2 : trunk_step(table, c->trunk.train_from);
}

bool trunk_can_be_native(const struct config *c, bool on_cpu) {
    return on_cpu && c->precision != PRECISION_TF32;
}

bool trunk_native(const struct config *c, bool on_cpu) {
    return trunk_can_be_native(c, on_cpu) && c->backend != BACKEND_LIBTORCH;
}
