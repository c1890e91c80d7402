/* dmtl predict: what a packed network says about images, by the CPU engine. */
#include "commands/command.h"
#include "core/cores.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/parallel.h"
#include "core/str.h"
#include "analysis/readout.h"
#include "data/image.h"
#include "data/labels.h"
#include "predict/predictor.h"
#include "report/output.h"

#include <dirent.h>
#include <errno.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_THREADS = 256, KEY_PROBABILITIES, BATCH = 32, MAX_THREADS = 1024 };

static const struct argp_option options[] = {
    {"probabilities", KEY_PROBABILITIES, NULL, 0,
        "with what stands behind each prediction, spaces between", 0},
    {"threads", KEY_THREADS, "N", 0, "threads (default: one a core)", 0},
    {"output", 'o', "FILE", 0, "write there instead of to standard output", 0},
    {0},
};

struct predict_command {
    const char *model, *output;
    struct option_texts images;
    int threads;
    bool probabilities;
    struct err *e;
};

static error_t parse(int key, char *value, struct argp_state *state) {
    struct predict_command *c = state->input;
    switch (key) {
    case KEY_THREADS:
        return command_number("predict", "--threads", value, 1, MAX_THREADS, &c->threads, c->e)
                   ? 0
                   : EINVAL;
    case KEY_PROBABILITIES:
        c->probabilities = true;
        return 0;
    case 'o':
        c->output = value;
        return 0;
    case ARGP_KEY_ARG:
        if (!c->model)
            c->model = value;
        else
            option_texts_add(&c->images, value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options, parse, "MODEL IMAGE...",
    "Asks a network that `dmtl pack` wrote about images, JPEG or PNG, and prints CSV (RFC 4180), a line an image. A "
    "folder means the images in it.\v"
    "Columns: image, then for each task its prediction (of a class with a name that too, NAME_class) and with "
    "--probabilities NAME_probabilities: of an ordinal task P(label > r_k), else of its classes. An image that cannot "
    "be decoded is named on stderr and has a line without predictions; the exit code is then 1. Faces are not looked "
    "for: the image is resized whole, as the network's training images were.",
    NULL, NULL, NULL};

/* ---- which images ---- */

struct names {
    char **list;
    size_t n, capacity;
};

static void add_name(struct names *names, char *name) {
    names->list = xgrow(names->list, &names->capacity, names->n + 1, sizeof *names->list);
    names->list[names->n++] = name;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_image(const char *name) {
    static const char *const ends[] = {".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++)
        if (str_ends(name, ends[i]))
            return true;
    return false;
}

static bool add_folder(struct names *names, const char *folder, struct err *e) {
    size_t first = names->n;
    DIR *dir = opendir(folder);
    if (!dir)
        return err_sys(e, errno, "%s: cannot open this folder", folder);
    for (struct dirent *d; (d = readdir(dir));)
        if (is_image(d->d_name))
            add_name(names, path_join(folder, d->d_name));
    closedir(dir);
    if (names->n == first)
        return err_usage(e, "%s: has no JPEG or PNG file", folder);
    qsort(names->list + first, names->n - first, sizeof *names->list, by_name);
    return true;
}

static bool list_images(const struct predict_command *c, struct names *names, struct err *e) {
    bool ok = c->images.n > 0 || err_usage(e, "predict: which images? expected MODEL IMAGE...");
    for (size_t i = 0; ok && i < c->images.n; i++)
        if (dir_exists(c->images.text[i]))
            ok = add_folder(names, c->images.text[i], e);
        else
            add_name(names, xstrdup(c->images.text[i]));
    return ok;
}

/* ---- a batch ---- */

struct batch {
    char *const *names;
    size_t n;
    int px;
    struct resizer **resizers; /* one a thread */
    uint8_t *rgb;              /* [BATCH, px, px, 3] */
    struct err *why;           /* [BATCH]: ERR_NONE where the image decoded */
};

static void decode(void *context, int worker, size_t i) {
    struct batch *b = context;
    struct image im = {0};
    size_t size, bytes = (size_t)b->px * (size_t)b->px * 3;
    b->why[i] = (struct err){0};
    char *file = file_read(b->names[i], 256u << 20, &size, &b->why[i]);
    if (file && image_decode(&im, b->names[i], (const uint8_t *)file, size, &b->why[i]))
        resizer_run(b->resizers[worker], &im, b->rgb + i * bytes);
    else
        memset(b->rgb + i * bytes, 0, bytes);
    image_free(&im);
    free(file);
}

/* ---- lines ---- */

static void add_head(
    struct str *out, const struct predict_command *c, const struct config *config) {
    str_add(out, "image");
    for (int k = 0; k < config->n_tasks; k++) {
        const char *name = attribute_name[config->tasks[k].attribute];
        str_addf(out, ",%s", name);
        if (attribute_class_name(config->data.set, config->data.reading, config->tasks[k].attribute,
                config->tasks[k].ranks[0]))
            str_addf(out, ",%s_class", name);
        if (c->probabilities)
            str_addf(out, ",%s_probabilities", name);
    }
    str_add(out, "\r\n");
}

/* A task's fields; p NULL: the image did not decode. */
static void add_fields(struct str *out, const struct predict_command *c,
    const struct config *config, int task, const float *p, int width) {
    const struct task_config *t = &config->tasks[task];
    bool ordinal = t->kind == TASK_ORDINAL,
         named = attribute_class_name(
                     config->data.set, config->data.reading, t->attribute, t->ranks[0]) != NULL;
    double value = p ? readout_value(readout_of_record(ordinal), ordinal, p,
                           t->ranks[1] - t->ranks[0] + 1, t->ranks[0])
                     : 0;
    str_addc(out, ',');
    if (p)
        json_add_number(out, value);
    if (named)
        str_addc(out, ',');
    if (named && p)
        escape_csv(out,
            attribute_class_name(config->data.set, config->data.reading, t->attribute, (int)value));
    if (c->probabilities)
        str_addc(out, ',');
    for (int i = 0; c->probabilities && p && i < width; i++)
        str_addf(out, "%s%.*g", i ? " " : "", FLT_DECIMAL_DIG, (double)p[i]);
}

static bool run_batch(const struct predict_command *c, struct predictor *p,
    const struct config *config, struct batch *b, float *const *probabilities, struct str *out,
    size_t *bad, struct err *e) {
    parallel_for(b->n, c->threads, decode, b);
    if (!predictor_run(p, b->rgb, (int)b->n, probabilities, e))
        return false;
    for (size_t i = 0; i < b->n; i++) {
        bool there = b->why[i].kind == ERR_NONE;
        escape_csv(out, b->names[i]);
        for (int k = 0; k < config->n_tasks; k++) {
            int width = predictor_width(p, k);
            add_fields(
                out, c, config, k, there ? probabilities[k] + i * (size_t)width : NULL, width);
        }
        str_add(out, "\r\n");
        if (there)
            continue;
        fprintf(stderr, "predict: %s\n", b->why[i].msg);
        ++*bad;
    }
    return true;
}

static bool run_all(const struct predict_command *c, struct predictor *p,
    const struct config *config, const struct names *names, struct str *out, size_t *bad,
    struct err *e) {
    size_t bytes = (size_t)config->data.image_px * (size_t)config->data.image_px * 3;
    float *probabilities[MAX_TASKS] = {0};
    struct batch b = {.px = config->data.image_px,
        .resizers = xcalloc((size_t)c->threads, sizeof *b.resizers),
        .rgb = xmalloc(BATCH * bytes),
        .why = xcalloc(BATCH, sizeof *b.why)};
    bool ok = true;
    for (int i = 0; i < c->threads; i++)
        b.resizers[i] = resizer_new(b.px, b.px);
    for (int k = 0; k < config->n_tasks; k++)
        probabilities[k] = xmalloc(BATCH * (size_t)predictor_width(p, k) * sizeof(float));
    add_head(out, c, config);
    for (size_t at = 0; ok && at < names->n; at += BATCH) {
        b.names = names->list + at;
        b.n = names->n - at < BATCH ? names->n - at : BATCH;
        ok = run_batch(c, p, config, &b, probabilities, out, bad, e);
    }
    for (int i = 0; i < c->threads; i++)
        resizer_free(b.resizers[i]);
    for (int k = 0; k < config->n_tasks; k++)
        free(probabilities[k]);
    free(b.resizers);
    free(b.rgb);
    free(b.why);
    return ok;
}

static bool predict(const struct predict_command *c, struct err *e) {
    struct model_file m;
    struct names names = {0};
    struct str out = {0};
    size_t bad = 0;
    struct predictor *p = NULL;
    bool ok = model_file_open(&m, c->model, e) && list_images(c, &names, e);
    if (ok) {
        p = predictor_new(&m, &m.config, c->threads, e);
        ok = p && run_all(c, p, &m.config, &names, &out, &bad, e) &&
             output_write(c->output, out.text, out.len, e);
    }
    if (ok && bad > 0)
        ok =
            err_set(e, "%zu of %zu images could not be decoded: each is named above", bad, names.n);
    predictor_free(p);
    model_file_close(&m);
    str_free(&out);
    for (size_t i = 0; i < names.n; i++)
        free(names.list[i]);
    free(names.list);
    return ok;
}

bool command_predict(int argc, char **argv, struct err *e) {
    struct predict_command c = {.threads = cores_usable(), .e = e};
    bool done,
        ok = command_parse(&argp, argc, argv, &c, NULL, &done, e) && !done &&
             (c.model ||
                 err_usage(e,
                     "predict: which network? expected MODEL IMAGE...; `dmtl pack` writes one")) &&
             predict(&c, e);
    free(c.images.text);
    return ok || (done && e->kind == ERR_NONE);
}
