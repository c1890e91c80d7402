#include "data/predictions_csv.h"

#include "core/csv.h"
#include "core/mem.h"
#include "data/predictions_columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct imported *im;
    const struct manifest *m;
    struct csv csv;
    struct prediction_columns columns;
    double *numbers; /* [PREDICTION_CLASSES]: probabilities of a row */
    bool width_known[ATTR_COUNT];
    size_t runs_capacity, unknown, rows;
    long first_unknown; /* its line */
    char *unknown_name;
    struct err *e;
};

/* ---- numbers ---- */

/* All of the text as a finite decimal number. */
static bool read_number(const char *text, double *x) {
    char *end;
    if (!*text || strspn(text, "0123456789+-.eE") != strlen(text))
        return false;
    *x = strtod(text, &end);
    return !*end && isfinite(*x);
}

static bool read_whole(const char *text, long long least, long long most, long long *x) {
    double value;
    if (!read_number(text, &value) || value != floor(value) || value < (double)least ||
        value > (double)most)
        return false;
    *x = (long long)value;
    return true;
}

/* ---- labels ---- */

static bool no_class(struct reader *r, int column, enum attribute task, int classes) {
    struct str known = {0};
    for (int k = 0; k < classes; k++) {
        const char *name = attribute_class_name(r->m->set, r->m->reading, task, k);
        str_addf(&known, "%s%s", k ? ", " : "", name ? name : "");
    }
    csv_wrong(&r->csv, column, r->e, "no class of %s: expected 0 to %d, or one of %s",
        attribute_name[task], classes - 1, known.text);
    str_free(&known);
    return false;
}

static bool read_class(
    struct reader *r, int column, enum attribute task, const char *text, double *value) {
    int classes = attribute_classes(r->m->set, r->m->reading, task);
    long long number = -1;
    for (int k = 0; k < classes && number < 0; k++) {
        const char *name = attribute_class_name(r->m->set, r->m->reading, task, k);
        number = name && strcmp(name, text) == 0 ? k : -1;
    }
    if (number < 0 && !read_whole(text, 0, classes - 1, &number))
        return no_class(r, column, task, classes);
    *value = (double)number;
    return true;
}

/* A system may be far off, and a regression below 0; what is beyond these is no age in years. */
enum { LEAST_AGE = -50, MOST_AGE = 250 };

static bool read_label(
    struct reader *r, int column, enum attribute task, bool truth, double *value) {
    const char *text = r->csv.field[column].text;
    bool groups = task == ATTR_AGE && ages_are_groups(r->m->set, r->m->reading);
    if (label_range(r->m->set, r->m->reading, task).last < 0)
        return csv_wrong(
            &r->csv, column, r->e, "the set has no labels of %s", attribute_name[task]);
    if (task != ATTR_AGE || (groups && truth))
        return read_class(r, column, task, text, value);
    double least = groups ? 0 : LEAST_AGE,
           most = groups ? attribute_classes(r->m->set, r->m->reading, task) - 1 : MOST_AGE;
    if (read_number(text, value) && *value >= least && *value <= most)
        return true;
    return csv_wrong(&r->csv, column, r->e, "expected %s, %g to %g",
        groups ? "a group's number" : "an age in years", least, most);
}

/* ---- probabilities ---- */

int imported_classes(const struct manifest *m, enum attribute task) {
    struct label_range range = label_range(m->set, m->reading, task);
    return range.last - range.first + 1;
}

static bool read_probability(struct reader *r, int column, const char *text, int k) {
    if (read_number(text, &r->numbers[k]) && r->numbers[k] >= 0 && r->numbers[k] <= 1)
        return true;
    char *shown = str_quoted(text);
    csv_wrong(
        &r->csv, column, r->e, "probability %d is %.40s: expected numbers from 0 to 1", k, shown);
    free(shown);
    return false;
}

static bool read_packed(struct reader *r, int column, int *n) {
    const char *at = r->csv.field[column].text;
    for (*n = 0; *(at += strspn(at, " ;")); ++*n) {
        char *one = xstrndup(at, strcspn(at, " ;"));
        bool ok = *n < PREDICTION_CLASSES
                      ? read_probability(r, column, one, *n)
                      : csv_wrong(&r->csv, column, r->e, "too many probabilities");
        at += strlen(one);
        free(one);
        if (!ok)
            return false;
    }
    return true;
}

/* A row whose columns are all empty has none. */
static bool read_spread(struct reader *r, const struct task_columns *t, int *n) {
    bool any = false;
    for (int k = 0; k < t->spread_n; k++)
        any |= *r->csv.field[t->spread[k]].text != '\0';
    *n = any ? t->spread_n : 0;
    for (int k = 0; k < *n; k++)
        if (!read_probability(r, t->spread[k], r->csv.field[t->spread[k]].text, k))
            return false;
    return true;
}

static bool check_sum(struct reader *r, int column, int n) {
    double sum = 0;
    for (int k = 0; k < n; k++)
        sum += r->numbers[k];
    return fabs(sum - 1) <= IMPORT_SUM_TOLERANCE ||
           csv_wrong(
               &r->csv, column, r->e, "probabilities of classes sum to %.6g: expected 1", sum);
}

/* How many there must be; the first row of a task says which of two for age. */
static bool check_width(struct reader *r, int column, enum attribute task, int n) {
    int classes = imported_classes(r->m, task), *width = &r->im->width[task];
    if (r->width_known[task] && n != *width)
        return csv_wrong(&r->csv, column, r->e,
            "%d probabilities of %s, where an earlier line has %d: expected as many in every line",
            n, attribute_name[task], *width);
    if (n != 0 && n != classes && !(task == ATTR_AGE && n == classes - 1))
        return csv_wrong(&r->csv, column, r->e, "%d probabilities: expected %d, of %s's classes%s",
            n, classes, attribute_name[task],
            task == ATTR_AGE ? ", or one fewer, P(age > r_k)" : "");
    *width = n;
    r->width_known[task] = true;
    r->im->ordinal[task] = task == ATTR_AGE && n != classes;
    return true;
}

static bool read_probabilities(
    struct reader *r, const struct task_columns *t, enum attribute task, size_t *place) {
    int n = 0, column = t->packed >= 0 ? t->packed : t->spread_n ? t->spread[0] : t->predicted;
    struct imported *im = r->im;
    if (t->packed >= 0 ? !read_packed(r, column, &n) : !read_spread(r, t, &n))
        return false;
    if (!check_width(r, column, task, n) || (n && !im->ordinal[task] && !check_sum(r, column, n)))
        return false;
    im->pool = xgrow(im->pool, &im->pool_capacity, im->pool_n + (size_t)n, sizeof *im->pool);
    *place = im->pool_n;
    for (int k = 0; k < n; k++)
        im->pool[im->pool_n++] = (float)r->numbers[k];
    return true;
}

/* ---- rows ---- */

static bool find_run(struct reader *r, uint32_t *run) {
    struct imported_run this = {.fold = -1};
    const struct prediction_columns *c = &r->columns;
    struct imported *im = r->im;
    long long fold = -1;
    if (c->seed >= 0 && !read_whole(r->csv.field[c->seed].text, 0, 1LL << 53, &this.seed))
        return csv_wrong(&r->csv, c->seed, r->e, "expected a whole number from 0 on");
    if (c->fold >= 0 && !read_whole(r->csv.field[c->fold].text, -1, 999, &fold))
        return csv_wrong(
            &r->csv, c->fold, r->e, "expected a fold's number, 0 to 999, or -1 for none");
    this.fold = (int)fold;
    for (*run = 0; *run < im->n_runs; ++*run)
        if (im->runs[*run].seed == this.seed && im->runs[*run].fold == this.fold)
            return true;
    im->runs = xgrow(im->runs, &r->runs_capacity, im->n_runs + 1, sizeof *im->runs);
    im->runs[im->n_runs++] = this;
    return im->n_runs <= 1000 || csv_wrong(&r->csv, c->seed >= 0 ? c->seed : c->fold, r->e,
                                     "more than 1000 seeds and folds");
}

static int by_id(const void *id, const void *sample) {
    return strcmp(id, ((const struct sample *)sample)->id);
}

/* False where the set has no such sample, which is counted, and no error yet. */
static bool find_sample(struct reader *r, uint32_t *place) {
    const char *id = r->csv.field[r->columns.sample].text;
    const struct sample *s = bsearch(id, r->m->samples, r->m->n, sizeof *r->m->samples, by_id);
    if (s)
        *place = (uint32_t)(s - r->m->samples);
    else if (r->unknown++ == 0) {
        r->first_unknown = r->csv.row_line;
        r->unknown_name = xstrdup(id);
    }
    return s != NULL;
}

static bool check_truth(struct reader *r, int column, enum attribute task, uint32_t sample) {
    double truth;
    int label = r->m->samples[sample].label[task];
    if (column < 0 || !*r->csv.field[column].text)
        return true;
    return read_label(r, column, task, true, &truth) &&
           (truth == label ||
               csv_wrong(&r->csv, column, r->e,
                   "the set's label is %d: another version of the set, or --set /data/corrections (or its like) "
                   "is missing",
                   label));
}

static bool read_prediction(
    struct reader *r, const struct task_columns *t, enum attribute task, struct imported_row row) {
    struct imported *im = r->im;
    row.task = (int8_t)task;
    if (!read_label(r, t->predicted, task, false, &row.predicted))
        return false;
    if (r->m->samples[row.sample].label[task] == LABEL_MISSING) {
        im->unlabelled++;
        return true;
    }
    if (!check_truth(r, t->truth, task, row.sample) ||
        !read_probabilities(r, t, task, &row.probabilities))
        return false;
    im->rows = xgrow(im->rows, &im->capacity, im->n + 1, sizeof *im->rows);
    im->rows[im->n++] = row;
    im->has[task] = true;
    return true;
}

static bool read_part(struct reader *r, int8_t *part) {
    int column = r->columns.part;
    int found =
        column < 0 ? PART_TEST : word_find(part_name, PART_COUNT, r->csv.field[column].text);
    *part = (int8_t)found;
    return found == PART_TEST || found == PART_VALIDATION ||
           csv_wrong(&r->csv, column, r->e, "expected test or validation");
}

static bool read_row(struct reader *r) {
    const struct prediction_columns *c = &r->columns;
    struct imported_row row = {.line = r->csv.row_line};
    r->rows++;
    if (!find_run(r, &row.run) || !read_part(r, &row.part))
        return false;
    if (!find_sample(r, &row.sample))
        return true;
    if (!c->wide) {
        int task = word_find(attribute_name, ATTR_COUNT, r->csv.field[c->task].text);
        return task < 0 ? csv_wrong(&r->csv, c->task, r->e, "expected age, gender or race")
                        : read_prediction(r, &c->of[0], (enum attribute)task, row);
    }
    for (int a = 0; a < ATTR_COUNT; a++)
        if (c->of[a].predicted >= 0 && *r->csv.field[c->of[a].predicted].text &&
            !read_prediction(r, &c->of[a], (enum attribute)a, row))
            return false;
    return true;
}

/* ---- all rows ---- */

static int by_run(const void *a, const void *b) {
    const struct imported_run *x = a, *y = b;
    return x->seed != y->seed ? (x->seed > y->seed) - (x->seed < y->seed)
                              : (x->fold > y->fold) - (x->fold < y->fold);
}

static void sort_runs(struct imported *im) {
    struct imported_run *sorted = xcalloc(im->n_runs, sizeof *sorted);
    uint32_t *place = xcalloc(im->n_runs, sizeof *place);
    if (im->n_runs)
        memcpy(sorted, im->runs, im->n_runs * sizeof *sorted);
    qsort(sorted, im->n_runs, sizeof *sorted, by_run);
    for (size_t i = 0; i < im->n_runs; i++)
        place[i] = (uint32_t)((struct imported_run *)bsearch(
                                  &im->runs[i], sorted, im->n_runs, sizeof *sorted, by_run) -
                              sorted);
    for (size_t i = 0; i < im->n; i++)
        im->rows[i].run = place[im->rows[i].run];
    free(im->runs);
    free(place);
    im->runs = sorted;
}

static int by_key(const struct imported_row *x, const struct imported_row *y) {
    if (x->run != y->run)
        return x->run < y->run ? -1 : 1;
    if (x->part != y->part)
        return x->part - y->part;
    if (x->task != y->task)
        return x->task - y->task;
    return (x->sample > y->sample) - (x->sample < y->sample);
}

static int by_key_and_line(const void *a, const void *b) {
    const struct imported_row *x = a, *y = b;
    int order = by_key(x, y);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Where the rows of each run are, once they are sorted. */
static void find_rows(struct imported *im) {
    for (size_t i = 0; i < im->n; i++) {
        struct imported_run *run = &im->runs[im->rows[i].run];
        if (run->n++ == 0)
            run->first = i;
    }
}

static bool check_once(const struct reader *r) {
    const struct imported *im = r->im;
    for (size_t i = 1; i < im->n; i++) {
        if (by_key(&im->rows[i - 1], &im->rows[i]) != 0)
            continue;
        char *shown = str_quoted(r->m->samples[im->rows[i].sample].id);
        err_usage(r->e,
            "%s: line %ld: %.200s has a prediction of %s in line %ld already: expected one a seed, fold and part",
            r->csv.path, im->rows[i].line, shown, attribute_name[im->rows[i].task],
            im->rows[i - 1].line);
        free(shown);
        return false;
    }
    return true;
}

static bool check_known(const struct reader *r) {
    if (!r->unknown)
        return true;
    char *shown = str_quoted(r->unknown_name);
    err_usage(r->e,
        "%s: line %ld: %.200s: the set has no such sample (so in %zu of %zu rows): expected ids as `dmtl data "
        "export` writes them, such as %.100s",
        r->csv.path, r->first_unknown, shown, r->unknown, r->rows, r->m->samples[0].id);
    free(shown);
    return false;
}

bool imported_parse(struct imported *im, const struct manifest *m, const char *path,
    const char *bytes, size_t n, struct err *e) {
    *im = (struct imported){0};
    struct reader r = {.im = im, .m = m, .e = e};
    int row = 1;
    sha256_bytes(bytes, n, im->content);
    r.numbers = xcalloc(PREDICTION_CLASSES, sizeof *r.numbers);
    bool ok = csv_open(&r.csv, path, bytes, n, e) && prediction_columns_find(&r.columns, &r.csv, e);
    while (ok && (row = csv_next(&r.csv, e)) > 0)
        ok = read_row(&r);
    ok = ok && row == 0 && check_known(&r);
    if (ok && im->n == 0)
        ok = err_usage(
            e, "%s: has no prediction of a labelled sample: expected a line a prediction", path);
    if (ok) {
        sort_runs(im);
        qsort(im->rows, im->n, sizeof *im->rows, by_key_and_line);
        find_rows(im);
        ok = check_once(&r);
    }
    prediction_columns_free(&r.columns);
    csv_close(&r.csv);
    free(r.unknown_name);
    free(r.numbers);
    return ok;
}

void imported_free(struct imported *im) {
    free(im->runs);
    free(im->rows);
    free(im->pool);
    *im = (struct imported){0};
}
