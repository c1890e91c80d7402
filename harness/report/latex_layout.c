#include "report/latex_layout.h"

#include "core/escape.h"
#include "core/mem.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of an article at 10 pt; widths of digits are those of Computer Modern and Latin Modern. */
struct size {
    const char *command, *smaller;
    double digit, smaller_digit, line; /* points */
};
static const struct size sizes[] = {{"\\small", "\\footnotesize", 4.63, 4.25, 11},
    {"\\footnotesize", "\\scriptsize", 4.25, 3.98, 9.5},
    {"\\scriptsize", "\\scriptsize", 3.98, 3.98, 8}};
enum { SIZES = ARRAY_LEN(sizes), PARTED = 1 /* the size of a table in parts */ };

#define COLUMN_SEP 6.0
#define NAME_LEAST 40.0
#define NAME_MOST 110.0
#define PAD_LEAST 5.0
#define SOURCE "published (10)"
#define HEAD_LINES 5.0
#define NOTE_LINE 9.5 /* the notes are \footnotesize */
#define NOTE_DIGIT 4.25
#define CAPTION_LINE 12.0
#define CAPTION_DIGIT 5.0

struct measures {
    const struct table *t;
    const struct size *size;
    double name, *column; /* widths; [n_columns] */
    int *pad;             /* [n_columns]: latex_layout.pad */
    double *height;       /* [n_rows] */
};

/* ---- widths ---- */

/* About how many digits wide a text is, rather too many than too few. */
static double digits_of(const char *text) {
    double digits = 0;
    struct str shown = {0};
    escape_latex(&shown, text);
    for (const char *s = shown.text; s && (s = strstr(s, "{[}U+")); s++)
        digits += 8; /* [U+05D0] */
    str_free(&shown);
    for (const unsigned char *s = (const unsigned char *)text; *s; s++)
        digits += *s >= 0xC0                       ? 1.2
                  : *s >= 0x80                     ? 0
                  : isupper(*s)                    ? 1.45
                  : strchr("mw%@", *s)             ? 1.7
                  : strchr(" fijlrst.,:;-()'", *s) ? 0.72
                                                   : 1.01;
    return digits;
}

static double number_digits(const struct table_column *c, double x) {
    struct str text = {0};
    table_value(&text, c, x);
    double digits = digits_of(text.text);
    str_free(&text);
    return digits;
}

/* Of the column's numbers, and of what stands over both halves of them: heads and what is missing. */
struct widths {
    double numbers, spanning;
};

static double missing_width(const struct size *s, const struct result_number *n) {
    char *text = xasprintf("%zu of %zu cells", n->n, n->planned);
    double width = digits_of(text) * s->digit;
    free(text);
    return width;
}

static double number_width(
    const struct size *s, const struct table_column *c, const struct table_cell *cell) {
    const struct result_number *n = &cell->number;
    double width = number_digits(c, n->mean) * s->digit * (cell->best ? 1.17 : 1);
    if (isfinite(n->sd))
        width += (number_digits(c, n->sd) + 1.45) * s->smaller_digit;
    if (n->n < n->planned)
        width += digits_of(" ()") * s->digit + missing_width(s, n);
    return width + (cell->test.significant ? 0.8 * s->digit : 0);
}

static struct widths column_widths(const struct table *t, const struct size *s, size_t c) {
    const struct table_column *column = &t->columns[c];
    double bins = *column->bins ? digits_of(", ") + digits_of(column->bins) : 0;
    double head = digits_of(column->title) + (column->better ? 2 : 0);
    double unit = digits_of("()") + digits_of(column->unit) + bins;
    struct widths w = {0, fmax(head, unit) * s->digit};
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct table_cell *cell = &t->rows[i].cells[c];
        if (t->rows[i].run && cell->has && cell->number.n == 0)
            w.spanning = fmax(w.spanning, missing_width(s, &cell->number));
        else if (cell->has)
            w.numbers = fmax(w.numbers, number_width(s, column, cell));
    }
    return w;
}

static double row_name_width(const struct size *s, const struct table_row *row) {
    struct str name = {0};
    table_row_name(&name, row, str_add);
    double width = digits_of(name.text) * s->digit;
    str_free(&name);
    return width;
}

/* ---- measures ---- */

static void measures_make(struct measures *m, const struct table *t, const struct size *size) {
    *m = (struct measures){.t = t, .size = size, .name = NAME_LEAST};
    m->column = xcalloc(t->n_columns, sizeof *m->column);
    m->pad = xcalloc(t->n_columns, sizeof *m->pad);
    m->height = xcalloc(t->n_rows, sizeof *m->height);
    for (size_t c = 0; c < t->n_columns; c++) {
        struct widths w = column_widths(t, size, c);
        m->column[c] = fmax(w.numbers, w.spanning) + COLUMN_SEP;
        m->pad[c] = w.spanning - w.numbers > PAD_LEAST ? (int)(w.spanning - w.numbers) / 2 : 0;
    }
    for (size_t i = 0; i < t->n_rows; i++)
        m->name = fmax(m->name, fmin(NAME_MOST, row_name_width(size, &t->rows[i])));
    for (size_t i = 0; i < t->n_rows; i++) { /* wrapped lines are not full, and hang */
        double width = row_name_width(size, &t->rows[i]);
        m->height[i] = size->line * (width <= m->name ? 1 : ceil(width / (0.7 * m->name)));
    }
}

static void measures_free(struct measures *m) {
    free(m->column);
    free(m->pad);
    free(m->height);
}

static double width_before_columns(const struct measures *m) {
    return m->name + (m->t->n_sources ? COLUMN_SEP + digits_of(SOURCE) * m->size->digit : 0);
}

static double whole_width(const struct measures *m) {
    double width = width_before_columns(m);
    for (size_t c = 0; c < m->t->n_columns; c++)
        width += m->column[c];
    return width;
}

static double text_height(const char *text, double digit, double line) {
    return line * (1 + floor(digits_of(text) * digit / LATEX_TEXT_WIDTH));
}

static double notes_height(const struct table *t) {
    double height = NOTE_LINE;
    for (size_t i = 0; i < t->n_notes; i++)
        height += text_height(t->notes[i].text, NOTE_DIGIT, NOTE_LINE);
    for (size_t s = 0; s < t->n_sources; s++)
        height += text_height(t->sources[s], NOTE_DIGIT, NOTE_LINE);
    return height;
}

/* What caption and head of columns leave of a page. */
static double room_of(const struct measures *m) {
    struct str caption = {0};
    str_add(&caption, m->t->title);
    table_data_text(&caption, m->t->results);
    double taken = text_height(caption.text, CAPTION_DIGIT, CAPTION_LINE) + 2 * CAPTION_LINE +
                   HEAD_LINES * m->size->line;
    str_free(&caption);
    return fmax(LATEX_TEXT_HEIGHT - taken, 0);
}

/* ---- parts ---- */

/* The first of [from, end) that does not fit any more into `room`; one always fits. */
static size_t fitting(const double *size, size_t from, size_t end, double room) {
    size_t at = from;
    while (at < end && (at == from || size[at] <= room))
        room -= size[at++];
    return at;
}

static void cut(struct latex_layout *l, const struct measures *m, double room) {
    size_t capacity = 0, rows = m->t->n_rows, columns = m->t->n_columns;
    for (size_t row = 0; row < rows;) {
        size_t row_end = fitting(m->height, row, rows, room);
        for (size_t column = 0; column < columns;) {
            size_t column_end =
                fitting(m->column, column, columns, LATEX_TEXT_WIDTH - width_before_columns(m));
            l->parts = xgrow(l->parts, &capacity, l->n_parts + 1, sizeof *l->parts);
            l->parts[l->n_parts++] = (struct latex_part){row, row_end, column, column_end};
            column = column_end;
        }
        row = row_end;
    }
}

void latex_layout_make(struct latex_layout *l, const struct table *t) {
    struct measures m;
    size_t s = 0;
    measures_make(&m, t, &sizes[s]);
    while (whole_width(&m) > LATEX_TEXT_WIDTH && s != SIZES) {
        s++;
        measures_free(&m);
        measures_make(&m, t, &sizes[s < SIZES ? s : PARTED]);
    }
    *l = (struct latex_layout){.size = m.size->command,
        .smaller = m.size->smaller,
        .name_width = (int)ceil(m.name),
        .pad = m.pad};
    m.pad = NULL;
    double room = room_of(&m), last = 0;
    cut(l, &m, room);
    for (size_t i = l->n_parts ? l->parts[l->n_parts - 1].row : 0; i < t->n_rows; i++)
        last += m.height[i];
    l->notes_apart = l->n_parts && last + notes_height(t) > room;
    measures_free(&m);
}

void latex_layout_free(struct latex_layout *l) {
    free(l->parts);
    free(l->pad);
    *l = (struct latex_layout){0};
}
