/* The grid's table for a paper. A number takes two columns of the tabular, its mean to the right and what belongs to it
 * to the left of one line, so that decimal points stand below each other without a package for it. */
#include "report/report.h"

#include "core/escape.h"
#include "report/latex_layout.h"
#include "report/table.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

struct latex { /* what is written, and from what */
    struct str *out;
    const struct table *t;
    const struct latex_layout *l;
};

/* ---- cells ---- */

static void value(struct str *out, const struct table_column *c, double x) {
    struct str text = {0};
    table_value(&text, c, x);
    str_addf(out, "%s%s", *text.text == '-' ? "$-$" : "", text.text + (*text.text == '-'));
    str_free(&text);
}

/* Its point below those of the column: what it has more of decimals goes to the right of them, what it has less is
 * left free. */
static void published_cell(struct str *out, const struct table_column *c, double x) {
    struct str text = {0};
    table_published(&text, c, x);
    const char *number = text.text + (*text.text == '-'), *point = strchr(number, '.');
    size_t whole = point ? (size_t)(point - number) : strlen(number);
    size_t room = whole + (c->decimals ? 1 + (size_t)c->decimals : 0);
    size_t left = strlen(number) < room ? strlen(number) : room;
    str_add(out, *text.text == '-' ? "$-$" : "");
    str_addn(out, number, left);
    if (left < room) {
        str_addf(out, "\\phantom{%s", point ? "" : ".");
        for (size_t i = left + !point; i < room; i++)
            str_addc(out, '0');
        str_addc(out, '}');
    }
    str_addf(out, " & %s", number + left);
    str_free(&text);
}

static void number_cell(const struct latex *x, size_t c, const struct table_row *row) {
    const struct table_cell *cell = &row->cells[c];
    const struct result_number *n = &cell->number;
    struct str *out = x->out;
    bool number = cell->has && (!row->run || n->n > 0);
    if (number && x->l->pad[c])
        str_addf(out, "\\hspace*{%dpt}", x->l->pad[c]);
    if (!cell->has) {
        str_add(out, "\\multicolumn{2}{c}{--}");
    } else if (!number) {
        str_addf(out, "\\multicolumn{2}{c}{0 of %zu cells}", n->planned);
    } else if (!row->run) {
        published_cell(out, &x->t->columns[c], n->mean);
    } else {
        str_add(out, cell->best ? "\\textbf{" : "");
        value(out, &x->t->columns[c], n->mean);
        str_add(out, cell->best ? "} & " : " & ");
        if (isfinite(n->sd)) {
            str_addf(out, "{%s$\\pm$", x->l->smaller);
            value(out, &x->t->columns[c], n->sd);
            str_addc(out, '}');
        }
        str_add(out, cell->test.significant ? "$^\\dagger$" : "");
        if (n->n < n->planned)
            str_addf(out, " (%zu of %zu cells)", n->n, n->planned);
    }
}

static void row(const struct latex *x, const struct table_row *row, const struct latex_part *p) {
    str_add(x->out, "\\raggedright\\hangindent1em ");
    table_row_name(x->out, row, escape_latex);
    if (x->t->n_sources && row->run)
        str_add(x->out, " & run here");
    else if (x->t->n_sources)
        str_addf(x->out, " & published (%d)", row->source);
    for (size_t c = p->column; c < p->column_end; c++) {
        str_add(x->out, " & ");
        number_cell(x, c, row);
    }
    str_add(x->out, " \\\\\n");
}

/* ---- the head: task, metric with its direction, unit ---- */

static void task_line(const struct latex *x, const struct latex_part *p) {
    struct str rules = {0};
    int first = x->t->n_sources ? 3 : 2;
    str_add(x->out, x->t->n_sources ? " &" : "");
    for (size_t c = p->column; c < p->column_end;) {
        size_t end = c;
        while (end < p->column_end && x->t->columns[end].task == x->t->columns[c].task)
            end++;
        int from = first + 2 * (int)(c - p->column), to = first + 2 * (int)(end - p->column) - 1;
        str_addf(x->out, " & \\multicolumn{%d}{c}{%s}", to - from + 1,
            table_task(x->t->columns[c].task));
        str_addf(&rules, "\\cmidrule(lr){%d-%d}", from, to);
        c = end;
    }
    str_add(x->out, " \\\\\n");
    str_add(x->out, rules.text ? rules.text : "");
    str_addc(x->out, '\n');
    str_free(&rules);
}

static void head(const struct latex *x, const struct latex_part *p) {
    static const char *const arrows[] = {" $\\downarrow$", "", " $\\uparrow$"};
    task_line(x, p);
    str_addf(x->out, "Approach%s", x->t->n_sources ? " & Source" : "");
    for (size_t c = p->column; c < p->column_end; c++) {
        str_add(x->out, " & \\multicolumn{2}{c}{");
        escape_latex(x->out, x->t->columns[c].title);
        str_addf(x->out, "%s}", arrows[x->t->columns[c].better + 1]);
    }
    str_addf(x->out, " \\\\\n%s", x->t->n_sources ? " &" : "");
    for (size_t c = p->column; c < p->column_end; c++) {
        str_add(x->out, " & \\multicolumn{2}{c}{(");
        escape_latex(x->out, x->t->columns[c].unit);
        str_add(x->out, *x->t->columns[c].bins ? ", " : "");
        escape_latex(x->out, x->t->columns[c].bins);
        str_add(x->out, ")}");
    }
    str_add(x->out, " \\\\\n\\midrule\n");
}

static void tabular(const struct latex *x, const struct latex_part *p) {
    str_addf(x->out, "\\begin{tabular}{@{}p{%dpt}%s*{%zu}{r@{}l}@{}}\n\\toprule\n",
        x->l->name_width, x->t->n_sources ? "l" : "", p->column_end - p->column);
    head(x, p);
    for (size_t i = p->row; i < p->row_end; i++)
        row(x, &x->t->rows[i], p);
    str_add(x->out, "\\bottomrule\n\\end{tabular}\n");
}

/* ---- around it ---- */

static void notes(const struct latex *x) {
    str_add(
        x->out, "\\par\\smallskip\n\\begin{minipage}{\\linewidth}\\footnotesize\\raggedright\n");
    for (size_t i = 0; i < x->t->n_notes; i++) {
        if (*x->t->notes[i].lead)
            str_addf(x->out, "\\textbf{%s} ", x->t->notes[i].lead);
        escape_latex(x->out, x->t->notes[i].text);
        str_add(x->out, "\\par\n");
    }
    for (size_t s = 0; s < x->t->n_sources; s++) {
        str_addf(x->out, "(%zu) ", s + 1);
        escape_latex(x->out, x->t->sources[s]);
        str_add(x->out, "\\par\n");
    }
    str_add(x->out, "\\end{minipage}\n");
}

static void caption(const struct latex *x, size_t part, size_t parts) {
    struct str title = {0}, data = {0};
    table_data_text(&data, x->t->results);
    escape_latex(&title, x->t->title);
    if (parts > 1)
        str_addf(&title, " (part %zu of %zu)", part + 1, parts);
    str_addf(x->out, "\\caption[%s]{%s. ", title.text,
        title.text); /* the list of tables has the title alone */
    escape_latex(x->out, data.text);
    str_add(x->out, ".}\n\\label{tab:");
    for (const char *s = x->t->results->grid.name; *s; s++)
        str_addc(x->out, (unsigned char)*s < 0x80 && isalnum((unsigned char)*s) ? *s : '-');
    if (part)
        str_addf(x->out, "-%zu", part + 1);
    str_add(x->out, "}\n");
    str_free(&title);
    str_free(&data);
}

static void environments(const struct latex *x) {
    size_t parts = x->l->n_parts + x->l->notes_apart;
    for (size_t p = 0; p < parts; p++) {
        str_addf(x->out,
            "\\begin{table}[htbp]\n\\centering%s\\setlength{\\tabcolsep}{3pt}\\setlength{\\belowcaptionskip}{4pt}\n",
            x->l->size);
        caption(x, p, parts);
        if (p < x->l->n_parts)
            tabular(x, &x->l->parts[p]);
        if (p + 1 == parts)
            notes(x);
        str_add(x->out, "\\end{table}\n");
    }
}

static void comment(struct str *out, const struct results *r) {
    struct str machine = {0};
    table_machine_text(&machine, r);
    str_add(out, "% Made by: dmtl report ");
    escape_line(out, r->grid.name);
    str_addf(out,
        " --format tex\n"
        "%% Needs \\usepackage{booktabs}; letters that are no ASCII also \\usepackage[T1]{fontenc} and UTF-8 input.\n"
        "%% Made for a text of %d pt by %d pt or more (article at 10 pt); a larger table comes in parts.\n"
        "%% Decimals of a column: as many as show two digits of the half-width of its narrowest interval, 0 to 4;\n"
        "%% without any interval 2 of a percentage or a squared error, else 3.\n"
        "%% [U+05D0] and the like: a character that pdflatex cannot set with these, by its number.\n%% Run on: ",
        LATEX_TEXT_WIDTH, LATEX_TEXT_HEIGHT);
    escape_line(out, machine.text);
    str_addc(out, '\n');
    str_free(&machine);
}

void report_latex(struct str *out, const struct results *r, const struct row_tests *tests) {
    struct table t;
    struct latex_layout l;
    table_of_grid(&t, r, tests);
    comment(out, r);
    if (r->cells_done) {
        latex_layout_make(&l, &t);
        environments(&(struct latex){out, &t, &l});
        latex_layout_free(&l);
    } else {
        str_add(out, "\\par\\noindent\\textbf{");
        escape_latex(out, t.title);
        str_addf(out, ":} no cell is done yet (0 of %zu), so there is no number to show.\\par\n",
            r->n_cells);
    }
    table_free(&t);
}
