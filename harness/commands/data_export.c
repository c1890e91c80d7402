/* dmtl data export: the manifest of a set as CSV, or each split of a grid with its samples' parts. */
#include "commands/data_verb.h"

#include "core/escape.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "grid/split_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define COLUMNS "id,file,age,gender,race,subject,album,duplicate_group,fold,content,set_aside"

struct export {
    FILE *stream;
    bool headed; /* the first line is written */
};

static void add_text(struct str *out, const char *text) {
    str_addc(out, ',');
    if (text)
        escape_csv(out, text);
}

/* Nothing for a number that there is none of. */
static void add_number(struct str *out, int number, int none) {
    if (number == none)
        str_addc(out, ',');
    else
        str_addf(out, ",%d", number);
}

static void add_sample(struct str *out, const struct sample *s) {
    escape_csv(out, s->id);
    add_text(out, s->file);
    for (int a = 0; a < ATTR_COUNT; a++)
        add_number(out, s->label[a], LABEL_MISSING);
    add_text(out, s->subject);
    add_text(out, s->album);
    add_number(out, s->duplicate_group, -1);
    add_number(out, s->fold, -1);
    add_text(out, s->content);
    str_addc(out, ',');
}

/* A line ends in "\r\n" (RFC 4180). `words` NULL: no split. */
static bool write_line(
    FILE *stream, struct str *line, const char *words, const char *part, struct err *e) {
    if (words) {
        add_text(line, words);
        add_text(line, part);
    }
    str_add(line, "\r\n");
    bool ok = fwrite(line->text, 1, line->len, stream) == line->len;
    str_clear(line);
    return ok || err_sys(e, errno, "data export: writing");
}

/* All of a manifest, samples before what is set aside. part[row]: PART_COUNT for none. */
static bool write_manifest(
    struct export *x, const struct manifest *m, const char *words, const int *part, struct err *e) {
    struct str line = {0};
    bool ok = true;
    if (!x->headed) {
        str_add(&line, COLUMNS);
        ok = write_line(x->stream, &line, words ? "split" : NULL, "part", e);
        x->headed = true;
    }
    for (size_t i = 0; ok && i < m->n; i++) {
        add_sample(&line, &m->samples[i]);
        ok = write_line(
            x->stream, &line, words, part && part[i] != PART_COUNT ? part_name[part[i]] : NULL, e);
    }
    for (size_t i = 0; ok && i < m->n_aside; i++) {
        add_text(&line, m->aside[i].file);
        str_add(&line, ",,,,,,,,");
        add_text(&line, m->aside[i].reason);
        ok = write_line(x->stream, &line, words, NULL, e);
    }
    str_free(&line);
    return ok;
}

static bool write_split(void *context, const struct data_split *d, struct err *e) {
    struct str words = {0};
    int *part = split_part_of(d->split, d->manifest->n);
    split_words(&words, d->config);
    bool ok = write_manifest(context, d->manifest, words.text, part, e);
    str_free(&words);
    free(part);
    return ok;
}

static bool write_all(const struct data_verb *v, FILE *stream, struct err *e) {
    struct export x = {.stream = stream};
    struct grid g = {0};
    struct manifest m;
    bool ok;
    if (data_verb_on_grid(v)) {
        ok = data_verb_walk(v, &g, write_split, &x, e);
        grid_free(&g);
    } else {
        ok = data_verb_open(v, &m, e);
        if (ok) {
            ok = duplicates_mark(&m, v->cache_dir, v->threads, e) &&
                 write_manifest(&x, &m, NULL, NULL, e);
            manifest_close(&m);
        }
    }
    return ok;
}

bool data_export(const struct data_verb *v, struct err *e) {
    struct file_output out;
    if (!v->out)
        return write_all(v, stdout, e);
    if (!file_output_open(&out, v->out, e))
        return false;
    if (write_all(v, out.stream, e) && file_commit(&out, e))
        return true;
    file_abandon(&out);
    return false;
}
