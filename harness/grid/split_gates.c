#include "grid/split_gates.h"

#include "grid/leaky.h"
#include "grid/split_words.h"

/* Whether the split's own keys say that it leaks here. */
static bool openly_leaky(const struct config *c, enum gate gate) {
    bool of_images = gate == GATE_FILES || gate == GATE_CONTENTS || gate == GATE_DUPLICATES;
    return config_leaky(c) || (of_images && c->split.duplicates == DUPLICATES_APART);
}

static enum verdict judge(
    const struct finding *f, const struct config *c, const struct gate_rules *rules) {
    static const enum verdict verdict[ACTION_COUNT] = {[ACTION_PASS] = VERDICT_PASSED,
        [ACTION_WARN] = VERDICT_WARNED,
        [ACTION_REFUSE] = VERDICT_REFUSED};
    if (f->verdict != VERDICT_WARNED)
        return f->verdict;
    enum gate_action action = rules->action[f->gate];
    if (action == ACTION_UNLESS_LEAKY)
        action = openly_leaky(c, f->gate) ? ACTION_WARN : ACTION_REFUSE;
    return verdict[action];
}

void split_gates(struct findings *f, const struct config *c, const struct manifest *m,
    const struct split *s, const bool tasks[ATTR_COUNT], const struct gate_rules *rules) {
    gates_measure(f, m, s, tasks, &rules->bounds);
    for (size_t i = 0; i < f->n; i++)
        f->list[i].verdict = judge(&f->list[i], c, rules);
}

const struct finding *findings_worst(const struct findings *f, enum gate gate) {
    const struct finding *worst = NULL;
    for (size_t i = 0; i < f->n; i++) {
        const struct finding *x = &f->list[i];
        if (x->gate == gate && (!worst || x->verdict > worst->verdict ||
                                   (x->verdict == worst->verdict && x->value > worst->value)))
            worst = x;
    }
    return worst;
}

static const char *remedy(enum gate gate) {
    return gate == GATE_FILES || gate == GATE_CONTENTS || gate == GATE_DUPLICATES
               ? "/split/duplicates \"near\" keeps them in one part wherever a part is drawn"
           : gate == GATE_SUBJECTS ? "/split/kind \"folds\" keeps persons in one part"
                                   : "choose another split";
}

bool split_gates_allow(const struct findings *f, const struct config *c, struct err *e) {
    for (int g = 0; g < GATE_COUNT; g++) {
        const struct finding *x = findings_worst(f, (enum gate)g);
        if (!x || x->verdict != VERDICT_REFUSED)
            continue;
        struct str title = {0};
        split_words(&title, c);
        err_usage(e,
            "the gate \"%s\" refuses the split (%s): %s; %s, or have the grid's file "
            "say \"gates\": {\"%s\": \"warn\"} (`dmtl data check` shows all that the gates find)",
            gate_name[g], title.text, x->text, remedy((enum gate)g), gate_name[g]);
        str_free(&title);
        return false;
    }
    return true;
}
