#include "grid/claims.h"

#include "analysis/crossing.h"
#include "analysis/outcomes.h"
#include "core/file.h"
#include "core/mem.h"
#include "grid/key_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char built_in[] =
#include "experiments/paper/claims.json.inc"
    ;

enum { MAX_FILE_BYTES = 1 << 20, MAX_ROWS = 1000, MAX_VARIANTS = 16, MAX_TEXT = 400 };
#define MAX_VALUE 1e6

const char *const claim_kind_name[CLAIM_KIND_COUNT] = {
    "value", "order", "above", "group", "weight", "untestable"};
const char *const claim_form_name[FORM_COUNT] = {
    "", "lower", "lowest", "comparable", "low", "inverse"};

/* ---- the table of members ---- */

enum member_type { TEXT, NAMES, WORD, NUMBER, ANY };
struct member {
    const char *name;
    enum member_type type;
    unsigned needed, allowed; /* bits of kinds; rows that are no claims: any bit */
    size_t offset;
    const void *words; /* of WORD: `n_words` rows that begin with a name; the field is an int */
    int n_words;
    size_t stride;
    double low, high; /* of NUMBER */
};

#define BIT(kind) (1u << CLAIM_##kind)
enum {
    ALL = (1u << CLAIM_KIND_COUNT) - 1,
    MEASURED = ALL & ~BIT(UNTESTABLE),
    METRICS = MEASURED & ~BIT(WEIGHT)
};
#define AT(field) .offset = offsetof(struct claim, field)
#define WORDS(list) .words = (list), .n_words = (int)ARRAY_LEN(list), .stride = sizeof *(list)

static const struct member claim_members[] = {
    {"id", TEXT, ALL, ALL, AT(id)},
    {"where", TEXT, ALL, ALL, AT(where)},
    {"set", WORD, MEASURED, ALL, AT(set), WORDS(dataset_names)},
    {"kind", WORD, ALL, ALL, AT(kind), WORDS(claim_kind_name)},
    {"says", TEXT, BIT(GROUP) | BIT(WEIGHT) | BIT(UNTESTABLE), ALL, AT(says)},
    {"system", TEXT, MEASURED, MEASURED, AT(system)},
    {"variants", NAMES, MEASURED, MEASURED, AT(variants)},
    {"than", TEXT, BIT(ORDER) | BIT(ABOVE), BIT(ORDER) | BIT(ABOVE), AT(than)},
    {"than_variants", NAMES, BIT(ORDER), BIT(ORDER), AT(than_variants)},
    {"task", WORD, MEASURED, MEASURED, AT(task), WORDS(attribute_name)},
    {"against", WORD, 0, BIT(WEIGHT), AT(against), WORDS(attribute_name)},
    {"metric", TEXT, METRICS, METRICS, AT(metric)},
    {"bins", TEXT, 0, METRICS, AT(bins)},
    {"by", TEXT, BIT(GROUP), BIT(GROUP), AT(by)},
    {"group", TEXT, BIT(GROUP), BIT(GROUP), AT(group)},
    {"form", WORD, BIT(GROUP) | BIT(WEIGHT), BIT(GROUP) | BIT(WEIGHT), AT(form),
        WORDS(claim_form_name)},
    {"value", NUMBER, BIT(VALUE) | BIT(ABOVE),
        BIT(VALUE) | BIT(ABOVE) | BIT(ORDER) | BIT(UNTESTABLE), AT(value), .low = -MAX_VALUE,
        .high = MAX_VALUE},
    {"unit", TEXT, 0, BIT(UNTESTABLE), AT(unit)},
    {"bound", NUMBER, 0, BIT(WEIGHT), AT(bound), .low = 0, .high = 1},
    {"reason", TEXT, BIT(UNTESTABLE), BIT(UNTESTABLE), AT(reason)},
    {"contradicts", TEXT, 0, BIT(VALUE), AT(contradicts)},
    {"note", TEXT, 0, ALL, AT(note)},
};

#undef AT
#define AT(field) .offset = offsetof(struct claim_protocol, field)
static const struct member protocol_members[] = {
    {"what", TEXT, ALL, ALL, AT(what)},
    {"key", TEXT, 0, ALL, AT(key)},
    {"value", ANY, 0, ALL, AT(value)},
    {"here", TEXT, 0, ALL, AT(here)},
    {"set", WORD, 0, ALL, AT(set), WORDS(dataset_names)},
    {"where", TEXT, ALL, ALL, AT(where)},
};

#undef AT
#define AT(field) .offset = offsetof(struct claim_margin, field)
static const struct member margin_members[] = {
    {"metric", TEXT, ALL, ALL, AT(metric)},
    {"set", WORD, 0, ALL, AT(set), WORDS(dataset_names)},
    {"margin", NUMBER, ALL, ALL, AT(margin), .low = 1e-9, .high = MAX_VALUE},
    {"reason", TEXT, ALL, ALL, AT(reason)},
};

/* ---- one member ---- */

/* Where a row stands, for messages. */
struct place {
    const char *file, *list;
    size_t i;
    const char *id; /* of the claim, "" before it is known */
};

static bool refuse(const struct place *p, const char *member, const char *shown,
    const char *expected, struct err *e) {
    char *id = *p->id ? str_quoted(p->id) : NULL;
    err_usage(e, "%s: /%s/%zu%s%s%s%s%s%s%s: expected %s", p->file, p->list, p->i,
        *member ? "/" : "", member, id ? " (" : "", id ? id : "", id ? ")" : "", shown ? ": " : "",
        shown ? shown : "", expected);
    free(id);
    return false;
}

/* The same with a text of the file's, which may hold anything. */
static bool refuse_text(const struct place *p, const char *member, const char *text,
    const char *expected, struct err *e) {
    char *quoted = str_quoted(text), *shown = xasprintf("%.200s", quoted);
    refuse(p, member, shown, expected, e);
    free(shown);
    free(quoted);
    return false;
}

static bool is_text(const cJSON *value) {
    return cJSON_IsString(value) && *value->valuestring && strlen(value->valuestring) <= MAX_TEXT;
}

static const char *word_at(const struct member *m, int i) {
    return *(const char *const *)((const char *)m->words + (size_t)i * m->stride);
}

static bool take_word(
    int *field, const struct member *m, const cJSON *value, const struct place *p, struct err *e) {
    const char *word = cJSON_IsString(value) ? value->valuestring : "";
    for (int i = 0; i < m->n_words; i++)
        if (*word && strcmp(word_at(m, i), word) == 0) {
            *field = i;
            return true;
        }
    struct str known = {0};
    for (int i = 0; i < m->n_words; i++)
        if (*word_at(m, i))
            str_addf(&known, "%s%s", known.len ? ", " : "one of ", word_at(m, i));
    if (*word)
        refuse_text(p, m->name, word, known.text, e);
    else
        refuse(p, m->name, NULL, known.text, e);
    err_hint(e, word, m->words, (size_t)m->n_words, m->stride);
    str_free(&known);
    return false;
}

static bool take_number(double *field, const struct member *m, const cJSON *value,
    const struct place *p, struct err *e) {
    double x = cJSON_IsNumber(value) ? value->valuedouble : NAN;
    if (x >= m->low && x <= m->high) {
        *field = x;
        return true;
    }
    char *expected = xasprintf("a number, %g to %g", m->low, m->high);
    char *shown = cJSON_IsNumber(value) ? xasprintf("%g", x) : NULL;
    refuse(p, m->name, shown, expected, e);
    free(shown);
    free(expected);
    return false;
}

static bool are_names(const cJSON *value) {
    const cJSON *name;
    int n = cJSON_IsArray(value) ? cJSON_GetArraySize(value) : 0;
    cJSON_ArrayForEach(name, value) if (!is_text(name)) return false;
    return n >= 1 && n <= MAX_VARIANTS;
}

static bool take_member(
    void *row, const struct member *m, const cJSON *value, const struct place *p, struct err *e) {
    void *field = (char *)row + m->offset;
    switch (m->type) {
    case TEXT:
        if (!is_text(value))
            return refuse(p, m->name, NULL, "a text of at most 400 bytes that is not empty", e);
        *(const char **)field = value->valuestring;
        return true;
    case NAMES:
        if (!are_names(value))
            return refuse(p, m->name, NULL, "a list of 1 to 16 names of variants", e);
        *(const cJSON **)field = value;
        return true;
    case WORD:
        return take_word(field, m, value, p, e);
    case NUMBER:
        return take_number(field, m, value, p, e);
    case ANY:
    default:
        if (!cJSON_IsString(value) && !cJSON_IsNumber(value) && !cJSON_IsBool(value))
            return refuse(p, m->name, NULL,
                "a text, a number or a truth value; none where the paper does not say", e);
        *(const cJSON **)field = value;
        return true;
    }
}

static const struct member *find_member(const struct member *members, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

static bool unknown_member(const struct member *members, size_t n, const struct place *p,
    const char *name, struct err *e) {
    struct str known = {0};
    for (size_t i = 0; i < n; i++)
        str_addf(&known, "%s%s", i ? ", " : "one of ", members[i].name);
    refuse_text(p, "", name, known.text, e);
    err_hint(e, name, members, n, sizeof *members);
    str_free(&known);
    return false;
}

/* Every member of `object` by the table; `kind`: a bit. */
static bool take_row(void *row, const struct member *members, size_t n, unsigned kind,
    const char *kind_name, const cJSON *object, const struct place *p, struct err *e) {
    const cJSON *value;
    cJSON_ArrayForEach(value, object) {
        const struct member *m = find_member(members, n, value->string);
        if (!m)
            return unknown_member(members, n, p, value->string, e);
        if (!(m->allowed & kind)) {
            char *expected = xasprintf("no such member in a claim of kind %s", kind_name);
            refuse(p, m->name, NULL, expected, e);
            free(expected);
            return false;
        }
        if (!take_member(row, m, value, p, e))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        if ((members[i].needed & kind) && !json_get(object, members[i].name))
            return refuse(p, members[i].name, NULL, "this member, and there is none", e);
    return true;
}

/* ---- what spans members ---- */

/* Metrics of analysis/metrics.h and cumulative scores: what the paper has. */
static bool metric_is_share(
    const char *metric, int task, bool *share, const struct place *p, struct err *e) {
    const struct classes classes = {.task = (enum attribute)task};
    struct outcome *outcomes = NULL;
    struct err ignored = {0};
    size_t n = 0, capacity = 0;
    bool ok = outcomes_add(&outcomes, &n, &capacity, metric, &classes, false, "", &ignored) &&
              n == 1 && outcomes[0].kind <= OUTCOME_CS_LE;
    *share = ok && outcome_traits(&outcomes[0]).share;
    outcomes_free(outcomes, n);
    if (ok)
        return true;
    char *expected = xasprintf("a metric of %s%s", attribute_name[task],
        task == ATTR_AGE
            ? ": accuracy, accuracy_within_1, mae, mse, bias, or cs_lt_5 and cs_le_5 of any years"
            : ": accuracy");
    refuse_text(p, "metric", metric, expected, e);
    err_hint(e, metric, metric_rows, METRIC_COUNT, sizeof *metric_rows);
    free(expected);
    return false;
}

static bool check_metric(const struct claim *c, const struct place *p, struct err *e) {
    bool share;
    if (!metric_is_share(c->metric, c->task, &share, p, e))
        return false;
    if (share && !isnan(c->value) && fabs(c->value) > 1) {
        char *shown = xasprintf("%g", c->value);
        refuse(p, "value", shown, "a share, 0 to 1 (an order's difference -1 to 1)", e);
        free(shown);
        return false;
    }
    if (c->kind != CLAIM_ORDER && c->value < 0 && strcmp(c->metric, "bias") != 0)
        return refuse(p, "value", NULL, "no number below 0", e);
    struct age_bin_sets sets = {0};
    const struct age_bins *bins;
    char *where = xasprintf("%s: /%s/%zu/bins", p->file, p->list, p->i);
    bool ok = !*c->bins || age_bins_choose(&sets, c->bins, where, &bins, e);
    free(where);
    age_bins_free(&sets);
    return ok;
}

static bool check_group(const struct claim *c, const struct place *p, struct err *e) {
    bool uses[ATTR_COUNT];
    char *where = xasprintf("%s: /%s/%zu/by", p->file, p->list, p->i);
    bool ok = crossing_parse(uses, c->by, where, e);
    free(where);
    if (ok && c->form != FORM_LOWER && c->form != FORM_LOWEST)
        return refuse(
            p, "form", claim_form_name[c->form], "lower or lowest in a claim of groups", e);
    return ok;
}

static bool check_weight(const struct claim *c, const struct place *p, struct err *e) {
    bool low = c->form == FORM_LOW, comparable = c->form == FORM_COMPARABLE;
    if (!low && !comparable && c->form != FORM_INVERSE)
        return refuse(p, "form", claim_form_name[c->form],
            "comparable, low or inverse in a claim of weights", e);
    if ((low || comparable) == isnan(c->bound))
        return refuse(p, "bound", NULL,
            low || comparable ? "a number, 0 to 1: what low or comparable means"
                              : "no such member with the form inverse",
            e);
    if (comparable ? c->against < 0 || c->against == c->task : c->against >= 0)
        return refuse(p, "against", NULL,
            comparable ? "another task than /task" : "no such member but with the form comparable",
            e);
    return true;
}

static bool parse_claim(struct claim *c, const cJSON *object, struct place *p, struct err *e) {
    const struct member *kind = find_member(claim_members, ARRAY_LEN(claim_members), "kind");
    const cJSON *id = json_get(object, "id");
    int k = 0;
    *c = (struct claim){"", "", "", "", "", .set = -1, .system = "", .than = "", .task = -1,
        .against = -1, .metric = "", .bins = "", .by = "", .group = "", .reason = "", .unit = "",
        .value = NAN, .bound = NAN, .margin = NAN};
    p->id = is_text(id) ? id->valuestring : "";
    if (!cJSON_IsObject(object))
        return refuse(p, "", NULL, "an object with id, where, kind and what that has", e);
    if (!take_word(&k, kind, json_get(object, "kind"), p, e) ||
        !take_row(
            c, claim_members, ARRAY_LEN(claim_members), 1u << k, claim_kind_name[k], object, p, e))
        return false;
    if ((METRICS >> k & 1) && !check_metric(c, p, e))
        return false;
    return k == CLAIM_GROUP ? check_group(c, p, e) : k != CLAIM_WEIGHT || check_weight(c, p, e);
}

static bool parse_protocol(
    struct claim_protocol *c, const cJSON *object, struct place *p, struct err *e) {
    *c = (struct claim_protocol){"", "", "", "", .set = -1};
    if (!cJSON_IsObject(object))
        return refuse(p, "", NULL, "an object with what, key, value and where", e);
    if (!take_row(c, protocol_members, ARRAY_LEN(protocol_members), 1, "", object, p, e))
        return false;
    if (!*c->key)
        return *c->here ? true : refuse(p, "here", NULL, "what is done here, or a key", e);
    for (int i = 0; i < n_config_keys; i++)
        if (strcmp(config_keys[i].pointer, c->key) == 0)
            return true;
    refuse_text(p, "key", c->key, "a key of a configuration (dmtl plan --keys)", e);
    return err_hint(e, c->key, config_keys, (size_t)n_config_keys, sizeof *config_keys);
}

static bool parse_margin(
    struct claim_margin *m, const cJSON *object, struct place *p, struct err *e) {
    bool share;
    *m = (struct claim_margin){"", "", .set = -1};
    if (!cJSON_IsObject(object))
        return refuse(p, "", NULL, "an object with metric, margin and reason", e);
    return take_row(m, margin_members, ARRAY_LEN(margin_members), 1, "", object, p, e) &&
           metric_is_share(m->metric, ATTR_AGE, &share, p, e);
}

/* ---- the file ---- */

/* The list called `name`, of 1 to MAX_ROWS rows (none: `least` 0). */
static const cJSON *list_of(
    const struct claims *c, const char *name, int least, size_t *n, struct err *e) {
    const cJSON *list = json_get(c->root, name);
    int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : -1;
    if (count < least || count > MAX_ROWS) {
        err_usage(
            e, "%s: /%s: expected a list of %d to %d objects", c->name, name, least, MAX_ROWS);
        return NULL;
    }
    *n = (size_t)count;
    return list;
}

static bool parse_lists(struct claims *c, struct err *e) {
    size_t n_protocol = 0, n_margins = 0, n = 0;
    const cJSON *protocol = list_of(c, "protocol", 0, &n_protocol, e),
                *margins = list_of(c, "margins", 0, &n_margins, e),
                *claims = list_of(c, "claims", 1, &n, e), *row;
    if (!protocol || !margins || !claims)
        return false;
    c->protocol = xcalloc(n_protocol, sizeof *c->protocol);
    c->margins = xcalloc(n_margins, sizeof *c->margins);
    c->list = xcalloc(n, sizeof *c->list);
    struct place p = {c->name, "protocol", 0, ""};
    for (row = protocol->child; row; row = row->next, p.i = ++c->n_protocol)
        if (!parse_protocol(&c->protocol[p.i], row, &p, e))
            return false;
    p = (struct place){c->name, "margins", 0, ""};
    for (row = margins->child; row; row = row->next, p.i = ++c->n_margins)
        if (!parse_margin(&c->margins[p.i], row, &p, e))
            return false;
    p = (struct place){c->name, "claims", 0, ""};
    for (row = claims->child; row; row = row->next, p.i = ++c->n)
        if (!parse_claim(&c->list[p.i], row, &p, e))
            return false;
    return true;
}

static const struct claim *find_claim(const struct claims *c, const char *id, size_t before) {
    for (size_t i = 0; i < before; i++)
        if (strcmp(c->list[i].id, id) == 0)
            return &c->list[i];
    return NULL;
}

static bool check_ids(const struct claims *c, struct err *e) {
    for (size_t i = 0; i < c->n; i++) {
        const struct claim *one = &c->list[i];
        const struct place p = {c->name, "claims", i, ""};
        if (find_claim(c, one->id, i))
            return refuse_text(&p, "id", one->id, "an id of its own: another claim has it", e);
        const struct claim *other = find_claim(c, one->contradicts, c->n);
        if (*one->contradicts && (!other || other == one))
            return refuse_text(&p, "contradicts", one->contradicts, "the id of another claim", e);
    }
    return true;
}

/* A set's own row before one for all sets. */
static bool take_margins(struct claims *c, struct err *e) {
    for (size_t i = 0; i < c->n; i++) {
        struct claim *one = &c->list[i];
        for (size_t m = 0; m < c->n_margins; m++)
            if (strcmp(c->margins[m].metric, one->metric) == 0 &&
                (c->margins[m].set == one->set || (c->margins[m].set < 0 && isnan(one->margin))))
                one->margin = c->margins[m].margin;
        const struct place p = {c->name, "claims", i, one->id};
        if (one->kind == CLAIM_ABOVE) /* a bound has none */
            one->margin = NAN;
        else if (*one->metric && isnan(one->margin))
            return refuse_text(&p, "metric", one->metric,
                "a metric that /margins has a margin for, on this set", e);
    }
    return true;
}

static bool parse_root(struct claims *c, struct err *e) {
    static const char *const known[] = {"paper", "protocol", "margins", "claims"};
    const cJSON *member, *paper = json_get(c->root, "paper");
    if (!cJSON_IsObject(c->root))
        return err_usage(
            e, "%s: expected an object with paper, protocol, margins and claims", c->name);
    cJSON_ArrayForEach(
        member, c->root) if (word_find(known, ARRAY_LEN(known), member->string) < 0) {
        char *shown = str_quoted(member->string);
        err_usage(e, "%s: /%.100s: unknown member (known: paper, protocol, margins, claims)",
            c->name, shown);
        free(shown);
        return err_hint(e, member->string, known, ARRAY_LEN(known), sizeof *known);
    }
    if (!is_text(paper))
        return err_usage(e, "%s: /paper: expected a text: whose claims these are", c->name);
    c->paper = paper->valuestring;
    return parse_lists(c, e) && check_ids(c, e) && take_margins(c, e);
}

bool claims_parse(struct claims *c, const char *name, const char *text, size_t n, struct err *e) {
    *c = (struct claims){.root = json_parse(name, text, n, e), .name = name};
    return c->root && parse_root(c, e);
}

bool claims_load(struct claims *c, const char *path, struct err *e) {
    if (!path)
        return claims_parse(c, "experiments/paper/claims.json", built_in, sizeof built_in - 1, e);
    *c = (struct claims){0};
    size_t n = 0;
    char *text = file_read(path, MAX_FILE_BYTES, &n, e);
    bool ok = text && claims_parse(c, path, text, n, e);
    if (!text)
        e->kind = ERR_USAGE; /* a file that the user named */
    free(text);
    return ok;
}

void claims_free(struct claims *c) {
    free(c->list);
    free(c->protocol);
    free(c->margins);
    cJSON_Delete(c->root);
    *c = (struct claims){0};
}

bool claims_set_margin(struct claims *c, const char *text, const char *where, struct err *e) {
    size_t length = strcspn(text, "=");
    char *end = NULL, *metric = xstrndup(text, length);
    double margin = text[length] ? strtod(text + length + 1, &end) : NAN;
    bool number = end && end != text + length + 1 && !*end && margin > 0 && margin <= MAX_VALUE;
    bool any = false;
    for (size_t i = 0; number && i < c->n_margins; i++)
        if (strcmp(c->margins[i].metric, metric) == 0) {
            c->margins[i].margin = margin;
            any = true;
        }
    for (size_t i = 0; any && i < c->n; i++)
        if (strcmp(c->list[i].metric, metric) == 0 && c->list[i].kind != CLAIM_ABOVE)
            c->list[i].margin = margin;
    if (!any) {
        char *shown = str_quoted(text);
        err_usage(e,
            "%s: %.200s: expected METRIC=VALUE, such as mae=0.2: a metric that the claims have a margin for, and a "
            "number above 0 (shares: 0.01 is a percentage point)",
            where, shown);
        if (number && c->n_margins)
            err_hint(e, metric, c->margins, c->n_margins, sizeof *c->margins);
        free(shown);
    }
    free(metric);
    return any;
}
