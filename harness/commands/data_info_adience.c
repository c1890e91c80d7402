/* dmtl data info adience: what its fold files give, by each policy for ages and for repeated rows. */
#include "commands/data_info_adience.h"

#include "core/mem.h"
#include "data/adience.h"
#include "data/adience_labels.h"
#include "grid/catalogue.h"

#include <stdlib.h>
#include <string.h>

/* The faces with a label, by one combination of the two policies. */
struct tally {
    size_t age[ADIENCE_FOLDS], ages, gender, both, neither;
};

static struct tally tally_of(
    const struct adience_rows *rows, enum age_labels labels, enum repeated_rows repeated) {
    struct tally t = {0};
    for (size_t i = 0; i < rows->n; i++) {
        const struct adience_row *row = &rows->list[i];
        bool age = adience_group(row, labels) != LABEL_MISSING,
             gender = row->gender != LABEL_MISSING;
        if (row->repeat && repeated == REPEATED_DROP)
            continue;
        t.age[row->fold] += age;
        t.ages += age;
        t.gender += gender;
        t.both += age && gender;
        t.neither += !age && !gender;
    }
    return t;
}

/* Who published the counts of a combination. */
static const char *const published[AGE_LABELS_COUNT][REPEATED_COUNT] = {
    [AGE_LABELS_EXACT][REPEATED_KEEP] = "  Levi & Hassner's lists",
    [AGE_LABELS_NESTED][REPEATED_DROP] = "  Paplham & Franc's benchmark",
    [AGE_LABELS_NEAREST][REPEATED_DROP] = "  MiVOLO's images",
};

struct whole { /* of all rows, whatever their labels */
    size_t fold[ADIENCE_FOLDS], subjects, albums, repeated, repeated_keys;
};

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Distinct texts of n; the texts are freed. */
static size_t distinct(char **texts, size_t n) {
    size_t count = 0;
    qsort(texts, n, sizeof *texts, by_text);
    for (size_t i = 0; i < n; i++)
        count += i == 0 || strcmp(texts[i - 1], texts[i]) != 0;
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
    free(texts);
    return count;
}

static struct whole whole_of(const struct adience_rows *rows) {
    struct whole w = {0};
    char **subjects = xcalloc(rows->n, sizeof *subjects),
         **albums = xcalloc(rows->n, sizeof *albums);
    for (size_t i = 0; i < rows->n; i++) {
        subjects[i] = adience_subject(&rows->list[i]);
        albums[i] = xstrdup(rows->list[i].user);
        w.fold[rows->list[i].fold]++;
        w.repeated += rows->list[i].repeat > 0;
        w.repeated_keys += rows->list[i].repeat == 1;
    }
    w.subjects = distinct(subjects, rows->n);
    w.albums = distinct(albums, rows->n);
    return w;
}

static void add_text(struct str *out, const struct adience_rows *rows) {
    struct whole w = whole_of(rows);
    str_addf(out,
        "\nThe fold files have %zu rows of %zu subjects in %zu albums; %zu repeat an earlier row's user, "
        "image and face (%zu such keys).\nFaces by /data/age_labels and /data/repeated_rows:\n\n"
        "  %-9s%-6s%7s%10s%8s%8s%8s%8s%9s%8s%9s\n",
        rows->n, w.subjects, w.albums, w.repeated, w.repeated_keys, "", "", "age", "in fold 0", "1",
        "2", "3", "4", "gender", "both", "neither");
    for (int a = 0; a < AGE_LABELS_COUNT; a++)
        for (int r = 0; r < REPEATED_COUNT; r++) {
            struct tally t = tally_of(rows, (enum age_labels)a, (enum repeated_rows)r);
            str_addf(out, "  %-9s%-6s%7zu  ", age_labels_names[a].name, repeated_rows_names[r].name,
                t.ages);
            for (int fold = 0; fold < ADIENCE_FOLDS; fold++)
                str_addf(out, "%8zu", t.age[fold]);
            str_addf(out, "%9zu%8zu%9zu%s\n", t.gender, t.both, t.neither,
                published[a][r] ? published[a][r] : "");
        }
    str_addf(out, "  %-15s%7zu  ", "rows", rows->n);
    for (int fold = 0; fold < ADIENCE_FOLDS; fold++)
        str_addf(out, "%8zu", w.fold[fold]);
    str_add(out, "\n\n");
    for (int a = 0; a < AGE_LABELS_COUNT; a++)
        str_addf(out, "  %-9s%s\n", age_labels_names[a].name, age_labels_names[a].help);
    for (int r = 0; r < REPEATED_COUNT; r++)
        str_addf(out, "  %-9s%s\n", repeated_rows_names[r].name, repeated_rows_names[r].help);
}

static void add_folds(cJSON *object, const char *name, const size_t fold[ADIENCE_FOLDS]) {
    cJSON *list = cJSON_AddArrayToObject(object, name);
    for (int i = 0; i < ADIENCE_FOLDS; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber((double)fold[i]));
}

static void add_json(cJSON *root, const struct adience_rows *rows) {
    struct whole w = whole_of(rows);
    cJSON *object = cJSON_AddObjectToObject(root, "rows");
    cJSON_AddNumberToObject(object, "all", (double)rows->n);
    add_folds(object, "folds", w.fold);
    cJSON_AddNumberToObject(object, "subjects", (double)w.subjects);
    cJSON_AddNumberToObject(object, "albums", (double)w.albums);
    cJSON_AddNumberToObject(object, "repeated", (double)w.repeated);
    cJSON_AddNumberToObject(object, "repeated_keys", (double)w.repeated_keys);
    cJSON *policies = cJSON_AddArrayToObject(object, "policies");
    for (int a = 0; a < AGE_LABELS_COUNT; a++)
        for (int r = 0; r < REPEATED_COUNT; r++) {
            struct tally t = tally_of(rows, (enum age_labels)a, (enum repeated_rows)r);
            cJSON *policy = cJSON_CreateObject();
            cJSON_AddStringToObject(policy, "age_labels", age_labels_names[a].name);
            cJSON_AddStringToObject(policy, "repeated_rows", repeated_rows_names[r].name);
            cJSON_AddNumberToObject(policy, "age", (double)t.ages);
            add_folds(policy, "folds", t.age);
            cJSON_AddNumberToObject(policy, "gender", (double)t.gender);
            cJSON_AddNumberToObject(policy, "both", (double)t.both);
            cJSON_AddNumberToObject(policy, "neither", (double)t.neither);
            cJSON_AddItemToArray(policies, policy);
        }
}

void adience_info(struct str *text, cJSON *json, const struct adience_rows *rows) {
    if (json)
        add_json(json, rows);
    else
        add_text(text, rows);
}
