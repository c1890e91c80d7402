#include "commands/bench_verb.h"
#include "commands/command.h"

#include "core/cores.h"
#include "core/mem.h"
#include "grid/keys.h"
#include "grid/limbs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_TRUNK = 256,
    KEY_PX,
    KEY_BATCH,
    KEY_PRECISION,
    KEY_BACKEND,
    KEY_TRAIN_FROM,
    KEY_DEVICE,
    KEY_THREADS,
    KEY_STEPS,
    KEY_WARM,
    KEY_ROUNDS,
    KEY_RACE,
    KEY_PYTHON,
    KEY_END_TO_END,
    KEY_DATA,
    KEY_JSON
};

static const struct argp_option options[] = {
    {"trunk", KEY_TRUNK, "NAME", 0,
        "as the key /trunk/name, see `dmtl plan --keys` (default: efficientnet-b0)", 0},
    {"px", KEY_PX, "PX", 0, "side of the square input (default: 224)", 0},
    {"batch", KEY_BATCH, "N", 0, "images a step (default: 32)", 0},
    {"backend", KEY_BACKEND, "NAME", 0, "as the key /backend (default: auto)", 0},
    {"precision", KEY_PRECISION, "NAME", 0, "as the key /precision (default: f32)", 0},
    {"train-from", KEY_TRAIN_FROM, "STEP", 0,
        "all (the default), frozen, or the first step that is trained, such as stage5", 0},
    {"device", KEY_DEVICE, "NAME", 0, "cpu, cuda or cuda:N (default: cpu)", 0},
    {"threads", KEY_THREADS, "N", 0, "threads (default: one a core)", 0},
    {"steps", KEY_STEPS, "N", 0, "steps that are timed (default: 20)", 0},
    {"warm", KEY_WARM, "N", 0, "steps before those (default: 2)", 0},
    {"rounds", KEY_ROUNDS, "N", 0,
        "how often all is measured, in turns (default: 1; 3 with --race or --end-to-end)", 0},
    {"race", KEY_RACE, NULL, 0, "measure PyTorch in Python too, in turns with ours", 0},
    {"python", KEY_PYTHON, "PATH", 0, "--race: the Python to use (default: python3)", 0},
    {"end-to-end", KEY_END_TO_END, NULL, 0,
        "measure the steps of a cell of `dmtl run` too, fed from the pixel cache with flips and shifts, beside the "
        "same held in memory",
        0},
    {"data", KEY_DATA, DATA_OPTION_ARG, 0,
        "--end-to-end: the images to train on (default: faces drawn for it)", 0},
    {"json", KEY_JSON, NULL, 0, "print JSON", 0},
    {0},
};

/* ---- options that are keys of a configuration ---- */

static const struct {
    int key;
    const char *option, *pointer;
    bool number;
} settings[] = {{KEY_TRUNK, "trunk", "/trunk/name", false}, {KEY_PX, "px", "/data/image_px", true},
    {KEY_BATCH, "batch", "/batch", true}, {KEY_PRECISION, "precision", "/precision", false},
    {KEY_BACKEND, "backend", "/backend", false},
    {KEY_TRAIN_FROM, "train-from", "/trunk/train_from", false}};

/* As JSON; what is no number stays a text, for the key table to refuse. */
static cJSON *value_of(const char *text, bool number) {
    bool digits = *text && !text[strspn(text, "0123456789")];
    return number && digits ? cJSON_CreateNumber(strtod(text, NULL)) : cJSON_CreateString(text);
}

/* Checked alone, so that the message names the option. */
static bool take_setting(struct bench_options *o, size_t row, const char *text) {
    char *where = xasprintf("bench: --%s", settings[row].option);
    cJSON *patch = cJSON_CreateObject(), *value = value_of(text, settings[row].number);
    bool ok = json_pointer_set(patch, settings[row].pointer, value, o->e) &&
              config_check_patch(patch, where, "", o->e);
    if (ok)
        o->settings = json_merge_patch(o->settings, patch);
    cJSON_Delete(patch);
    free(where);
    return ok;
}

/* ---- the others ---- */

static bool take_mode(struct bench_options *o, const char *text) {
    static const char *const names[] = {"train", "infer", "both"};
    for (int i = 0; i < (int)ARRAY_LEN(names); i++) {
        if (strcmp(names[i], text) != 0)
            continue;
        o->modes[SPEED_TRAIN] = i != 1;
        o->modes[SPEED_INFER] = i != 0;
        return o->given_mode = true;
    }
    err_usage(o->e, "bench: %.100s: expected train, infer or both", text);
    return err_hint(o->e, text, names, ARRAY_LEN(names), sizeof *names);
}

static error_t take_flag(struct bench_options *o, int key, const char *value) {
    switch (key) {
    case KEY_DEVICE:
        o->device = value;
        return 0;
    case KEY_RACE:
        o->race = true;
        return 0;
    case KEY_PYTHON:
        o->python = value;
        return 0;
    case KEY_END_TO_END:
        o->end_to_end = true;
        return 0;
    case KEY_JSON:
        o->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *value, struct argp_state *state) {
    struct bench_options *o = state->input;
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (settings[i].key == key)
            return take_setting(o, i, value) ? 0 : EINVAL;
    switch (key) {
    case KEY_THREADS:
        return command_number("bench", "--threads", value, 1, 4096, &o->threads, o->e) ? 0 : EINVAL;
    case KEY_STEPS:
        return command_number("bench", "--steps", value, 1, 100000, &o->steps, o->e) ? 0 : EINVAL;
    case KEY_WARM:
        return command_number("bench", "--warm", value, 0, 100000, &o->warm, o->e) ? 0 : EINVAL;
    case KEY_ROUNDS:
        o->given_rounds = true;
        return command_number("bench", "--rounds", value, 1, 1000, &o->rounds, o->e) ? 0 : EINVAL;
    case KEY_DATA:
        return data_options_add(&o->data, value, o->e) ? 0 : EINVAL;
    case ARGP_KEY_ARG:
        if (o->given_mode)
            return ARGP_ERR_UNKNOWN;
        return take_mode(o, value) ? 0 : EINVAL;
    default:
        return take_flag(o, key, value);
    }
}

const struct argp bench_argp = {options, parse, "[train|infer|both]",
    "Times a trunk's steps on one batch held in memory: training with three tasks, inference, or both "
    "(the default). Each is a process of its own.\v"
    "A step waits for the device to finish. p50, p90 and p99 are of all steps timed, images a second of "
    "the median step. A race compares medians over rounds and shows the spread of single rounds; the "
    "peer is timm's network where timm is installed, else the same one in plain torch.nn.",
    NULL, NULL, NULL};

void bench_defaults(struct bench_options *o, struct err *e) {
    static const char text[] =
        "{\"data\": {\"image_px\": 224}, \"tasks\": {\"age\": {\"ranks\": [1, 116]}, \"gender\": {}, "
        "\"race\": {}}, \"trunk\": {\"name\": \"efficientnet-b0\", \"weights\": \"none\"}, "
        "\"weighting\": {\"initial_log_variance\": 4}, \"batch\": 32}";
    struct err none = {0};
    *o = (struct bench_options){.modes = {true, true},
        .settings = json_parse("defaults", text, sizeof text - 1, &none),
        .threads = cores_usable(),
        .steps = 20,
        .warm = 2,
        .rounds = 1,
        .device = "cpu",
        .e = e};
}

/* An end-to-end run draws or links its images first: more would take longer than what is timed. */
enum { BENCH_IMAGES = 100000 };

static bool check_end_to_end(const struct bench_options *o, struct err *e) {
    int sets = 0;
    for (int s = 0; s < DATASET_COUNT; s++)
        sets += o->data.dir[s] != NULL;
    if (!o->end_to_end)
        return sets == 0 || err_usage(e, "bench: --data: counts for nothing without --end-to-end");
    if (sets > 1)
        return err_usage(e, "bench: --data: expected one set, or none to draw faces");
    if (trunk_frozen(&o->config))
        return err_usage(e,
            "bench: --end-to-end: a frozen trunk's features are computed once and steps do without it: "
            "expected another --train-from than frozen");
    if (!o->modes[SPEED_TRAIN])
        return err_usage(e, "bench: --end-to-end: is about training: expected train or both");
    if ((int64_t)o->steps * o->config.batch > BENCH_IMAGES)
        return err_usage(e,
            "bench: --end-to-end: --steps %d of --batch %d want %" PRId64
            " images, expected at most %d: an image is trained on once",
            o->steps, o->config.batch, (int64_t)o->steps * o->config.batch, BENCH_IMAGES);
    return true;
}

bool bench_options_check(struct bench_options *o, struct err *e) {
    if (!config_parse(&o->config, o->settings, "bench", e))
        return false;
    if (o->python && !o->race)
        return err_usage(e, "bench: --python: counts for nothing without --race");
    if (o->race && strcmp(o->config.trunk.train_from, "all"))
        return err_usage(
            e, "bench: --race: the peer trains all of its network: expected --train-from all");
    if ((o->race || o->end_to_end) && !o->given_rounds)
        o->rounds = 3;
    return check_end_to_end(o, e);
}

void bench_options_free(struct bench_options *o) {
    cJSON_Delete(o->settings);
    config_free(&o->config);
    data_options_free(&o->data);
}
