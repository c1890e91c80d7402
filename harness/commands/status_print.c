#include "commands/status_print.h"

#include "core/escape.h"
#include "core/json.h"
#include "report/duration.h"
#include "report/time_left.h"

#include <string.h>

/* Workers give a sign of life every few seconds: one that has been silent for so long is called so. */
static const double silent_s = 120;

bool status_silent(const struct cell_record *c) {
    return c->heartbeat_age_s > silent_s;
}

/* ---- text ---- */

static void add_cell(struct str *out, const struct cell_record *c) {
    str_addf(out, "  %.*s  ", STATUS_ID_SHOWN, c->id);
    escape_line(out, c->variant);
    str_addc(out, ' ');
    escape_line(out, c->axes);
}

static void add_running(struct str *out, const struct overview *o, size_t i) {
    const struct cell_record *c = &o->cells[i];
    add_cell(out, c);
    str_addf(out, "  %d/%d epochs", c->epochs_done, c->epochs);
    if (o->gone[i]) {
        str_add(out, "; its worker is gone: `dmtl run` goes on from its last checkpoint");
    } else if (c->heartbeat_age_s >= 0) {
        str_addf(out, ", %.0f%%, %.0f images/s", 100 * share_done(c), c->images_per_s);
        if (status_silent(c)) {
            str_add(out, "; no sign of life for ");
            duration_add(out, c->heartbeat_age_s);
        }
    }
    str_addc(out, '\n');
}

static void add_failed(struct str *out, const struct overview *o, size_t i) {
    const struct cell_record *c = &o->cells[i];
    add_cell(out, c);
    str_add(out, "\n    ");
    escape_line(out, c->error ? c->error : "no message");
    str_addc(out, '\n');
}

static void add_state(struct str *out, const struct overview *o, enum cell_state state,
    void (*add)(struct str *out, const struct overview *o, size_t i)) {
    if (o->count[state])
        str_addf(out, "\n%s\n", cell_state_name[state]);
    for (size_t i = 0; i < o->n; i++)
        if (o->cells[i].state == state)
            add(out, o, i);
}

void status_add_counts(struct str *out, const struct overview *o) {
    escape_line(out, o->grid);
    str_addf(out, ": %zu cell%s:", o->n, o->n == 1 ? "" : "s");
    const char *between = " ";
    for (int s = CELL_STATE_COUNT - 1; s >= 0; s--)
        if (o->count[s]) {
            str_addf(out, "%s%zu %s", between, o->count[s], cell_state_name[s]);
            between = ", ";
        }
}

void status_add_work(struct str *out, const struct overview *o) {
    str_add(out, "work so far ");
    duration_add(out, o->wall_s);
    if (o->count[CELL_DONE] < o->n && o->left_s >= 0) {
        str_add(out, ", left about ");
        duration_add(out, o->left_s);
        str_add(out, " for one worker");
    }
}

void status_add_text(struct str *out, const struct overview *o) {
    status_add_counts(out, o);
    str_add(out, " (");
    escape_line(out, o->db);
    str_add(out, ")\n");
    if (o->leaky)
        str_addf(out, "leaky split in %zu of them: parts share persons or images\n", o->leaky);
    add_state(out, o, CELL_RUNNING, add_running);
    add_state(out, o, CELL_FAILED, add_failed);
    str_addc(out, '\n');
    status_add_work(out, o);
    str_addc(out, '\n');
}

/* ---- JSON ---- */

static cJSON *cell_json(const struct overview *o, size_t i) {
    const struct cell_record *c = &o->cells[i];
    struct err none = {0};
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "id", c->id);
    cJSON_AddStringToObject(object, "variant", c->variant);
    cJSON_AddItemToObject(object, "axes", json_parse("axes", c->axes, strlen(c->axes), &none));
    cJSON_AddStringToObject(object, "state", cell_state_name[c->state]);
    cJSON_AddNumberToObject(object, "epochs_done", c->epochs_done);
    cJSON_AddNumberToObject(object, "epochs", c->epochs);
    cJSON_AddNumberToObject(object, "fraction", share_done(c));
    cJSON_AddNumberToObject(object, "wall_s", c->wall_s);
    if (c->state == CELL_RUNNING)
        cJSON_AddBoolToObject(object, "worker_gone", o->gone[i]);
    if (c->state == CELL_RUNNING && c->heartbeat_age_s >= 0) {
        cJSON_AddNumberToObject(object, "images_per_s", c->images_per_s);
        cJSON_AddNumberToObject(object, "heartbeat_age_s", c->heartbeat_age_s);
    }
    if (c->state == CELL_FAILED)
        cJSON_AddStringToObject(object, "error", c->error ? c->error : "");
    return object;
}

void status_add_json(struct str *out, const struct overview *o) {
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "grid", o->grid);
    cJSON_AddStringToObject(root, "database", o->db);
    cJSON *count = cJSON_AddObjectToObject(root, "count");
    for (int s = 0; s < CELL_STATE_COUNT; s++)
        cJSON_AddNumberToObject(count, cell_state_name[s], (double)o->count[s]);
    cJSON_AddNumberToObject(root, "leaky", (double)o->leaky);
    cJSON_AddNumberToObject(root, "wall_s", o->wall_s);
    if (o->left_s < 0)
        cJSON_AddNullToObject(root, "left_s");
    else
        cJSON_AddNumberToObject(root, "left_s", o->left_s);
    cJSON *cells = cJSON_AddArrayToObject(root, "cells");
    for (size_t i = 0; i < o->n; i++)
        cJSON_AddItemToArray(cells, cell_json(o, i));
    json_pretty(out, root);
    str_addc(out, '\n');
    cJSON_Delete(root);
}

/* A string of JSON holds no line break, so that each is white space between values. */
void status_add_json_line(struct str *out, const struct overview *o) {
    struct str pretty = {0};
    status_add_json(&pretty, o);
    for (const char *at = pretty.text; *at;) {
        size_t n = strcspn(at, "\n");
        str_addn(out, at, n);
        at += n;
        at += strspn(at, "\n ");
    }
    str_addc(out, '\n');
    str_free(&pretty);
}
