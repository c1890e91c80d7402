#include "report/figure_page.h"

#include "core/escape.h"
#include "core/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Print: 8 pt where a screen has 14 px, which are 10.5 pt at 96 pixels an inch. */
#define PRINT_SCALE (8 / 10.5)

static double scale(const struct figure_options *o) {
    return o->width == WIDTH_SCREEN ? 1 : PRINT_SCALE;
}

static int layout_px(double mm) {
    return (int)lround(mm / 25.4 * 96 / PRINT_SCALE);
}

int page_width(const struct figure_options *o) {
    return o->width == WIDTH_COLUMN ? layout_px(85) : o->width == WIDTH_PAGE ? layout_px(178) : 0;
}

int page_height(const struct figure_options *o) {
    return o->width == WIDTH_SCREEN ? 1500 : layout_px(235);
}

bool page_panels(struct figure *f, const struct figure_options *o, int panels, int per_page,
    int *first, int *end, struct err *e) {
    per_page = per_page < 1 ? 1 : per_page;
    int pages = (panels + per_page - 1) / per_page, page = o->page < 1 ? 1 : o->page;
    f->pages = pages < 1 ? 1 : pages;
    if (page > f->pages)
        return err_usage(e, "--page %d: the figure has %d page%s", page, f->pages,
            f->pages == 1 ? "" : "s, at this width");
    *first = (page - 1) * per_page;
    *end = *first + per_page < panels ? *first + per_page : panels;
    if (pages > 1)
        str_addf(&f->paging,
            "page %d of %d: panels %d to %d of %d; the others by --page, fewer by --task or --by\n",
            page, pages, *first + 1, *end, panels);
    return true;
}

void page_terminal(struct str *script, const struct figure_options *o, int width, int height) {
    double s = scale(o), dots = o->width == WIDTH_SCREEN ? 2 : 300.0 / 96;
    if (o->format == PICTURE_SVG)
        str_addf(script,
            "base_font = %.4g\nset pointsize %.3g\n"
            "set terminal svg size %.0f,%.0f font 'DejaVu Sans,%.4g' linewidth %.3g noenhanced "
            "background '#ffffff'\n",
            14 * s, 0.6 * s, width * s, height * s, 14 * s, s);
    else if (o->format ==
             PICTURE_PDF) /* its points are as large as they say with this fontscale alone */
        str_addf(script,
            "base_font = %.4g\nset pointsize %.3g\n"
            "set terminal pdfcairo size %.3fin,%.3fin font 'DejaVu Sans,%.4g' fontscale 0.75 linewidth %.3g "
            "noenhanced background '#ffffff'\n",
            10.5 * s, 0.6 * s, width * s / 96, height * s / 96, 10.5 * s, s);
    else
        str_addf(script,
            "base_font = %.4g\n"
            "set terminal pngcairo size %.0f,%.0f font 'DejaVu Sans,%.4g' linewidth %.3g pointscale %.3g "
            "noenhanced background '#ffffff'\n",
            10.5 * s * dots, width * s * dots, height * s * dots, 10.5 * s * dots, dots * s,
            0.75 * dots * s);
    /* The SVG terminal takes a line of text to be a third higher than the others do. */
    bool svg = o->format == PICTURE_SVG;
    str_addf(script, "line_scale = %s\ntitle_at = %s\nlabel_raise = %s\n", svg ? "0.74" : "1",
        svg ? "-0.75" : "-0.4", svg ? "0.4" : "0");
    /* Of points by themselves: the format's scale is in PNG's terminal, elsewhere in the number. */
    str_addf(script, "marker = %.3g\nwidth = %d\nheight = %d\n",
        o->format == PICTURE_PNG ? 1.2 : 0.9 * s, width, height);
}

/* ---- text ---- */

static size_t next_letter(const char *text) {
    size_t n = str_utf8(text, strlen(text));
    return n ? n : 1;
}

int text_length(const char *text) {
    int letters = 0;
    for (; *text; text += next_letter(text))
        letters++;
    return letters;
}

int label_px(int letters) {
    return (letters * 77 + 9) / 10;
}

static const char *after(const char *text, int letters) {
    for (; *text && letters > 0; letters--)
        text += next_letter(text);
    return text;
}

/* The caller frees. */
static char *shorten(const char *text, int characters) {
    int n = text_length(text), head = (characters - 1) * 2 / 3, tail = characters - 1 - head;
    if (n <= characters || characters < 2)
        return xstrdup(text);
    const char *cut = after(text, head);
    return xasprintf("%.*s…%s", (int)(cut - text), text, after(text, n - tail));
}

void text_fit(struct str *script, const char *text, int characters) {
    char *fit = shorten(text, characters);
    escape_gnuplot(script, fit);
    free(fit);
}

void text_fit_tic(struct str *script, const char *text, int characters) {
    char *fit = shorten(text, characters);
    struct str doubled = {0};
    str_add(&doubled, "");
    for (const char *c = fit; *c; c++)
        str_addf(&doubled, *c == '%' ? "%%%%" : "%c", *c);
    escape_gnuplot(script, doubled.text);
    str_free(&doubled);
    free(fit);
}

void text_set(struct str *script, const char *array, int i, const char *text, int characters) {
    str_addf(script, "%s[%d] = ", array, i);
    text_fit(script, text, characters);
    str_addc(script, '\n');
}

/* ---- title ---- */

enum { TITLE_LINES = 4, TITLE_NAME = 40 };

char *page_title_name(const char *name) {
    return shorten(name, TITLE_NAME);
}

/* Bytes of the text's next line: up to a space where there is one. */
static size_t line_length(const char *text, int characters) {
    const char *end = after(text, characters), *space = end;
    if (!*end)
        return (size_t)(end - text);
    while (space > text && *space != ' ')
        space--;
    return (size_t)((space > text ? space : end) - text);
}

static int title_characters(int width) {
    return (width - 16) * 10 / 77;
}

static int title_lines(const char *title, int width) {
    int lines = 0;
    for (; *title && lines < TITLE_LINES; lines++) {
        title += line_length(title, title_characters(width));
        title += *title == ' ';
    }
    return lines < 1 ? 1 : lines;
}

int page_title_px(const struct figure_options *o, const char *title, int width) {
    enum { AROUND_PX = 12, LINE_PX = 18, SVG_AROUND_PX = 16, SVG_LINE_PX = 22 };
    int lines = title_lines(title, width);
    return o->format == PICTURE_SVG ? SVG_AROUND_PX + SVG_LINE_PX * lines
                                    : AROUND_PX + LINE_PX * lines;
}

/* gnuplot knows line breaks in double quotes alone, where a backquote would run: the format has them, the text not. */
void page_title(struct str *script, const struct figure_options *o, const char *title, int width) {
    int lines = title_lines(title, width), characters = title_characters(width);
    str_addf(script, "title_px = %d\nfigure_title = sprintf(\"", page_title_px(o, title, width));
    for (int i = 0; i < lines; i++)
        str_add(script, i ? "\\n%s" : "%s");
    str_addc(script, '"');
    for (int i = 0; i < lines; i++) {
        size_t n = i + 1 < lines ? line_length(title, characters) : strlen(title);
        char *line = xstrndup(title, n);
        str_add(script, ", ");
        text_fit(script, line, characters);
        title += n + (title[n] == ' ');
        free(line);
    }
    str_add(script, ")\n");
}

void page_boxes(struct str *script, const struct page_box *box, int n, int width, int height) {
    str_addf(
        script, "array left[%d]\narray right[%d]\narray bottom[%d]\narray top[%d]\n", n, n, n, n);
    for (int i = 0; i < n; i++)
        str_addf(script, "left[%d] = %.6g\nright[%d] = %.6g\nbottom[%d] = %.6g\ntop[%d] = %.6g\n",
            i + 1, (double)box[i].left / width, i + 1, (double)box[i].right / width, i + 1,
            1 - (double)box[i].bottom / height, i + 1, 1 - (double)box[i].top / height);
}

void figure_csv(struct str *csv, const char *types, ...) {
    va_list values;
    va_start(values, types);
    for (const char *t = types; *t; t++) {
        str_add(csv, t == types ? "" : ",");
        if (*t == 's')
            escape_csv(csv, va_arg(values, const char *));
        else if (*t == 'd')
            str_addf(csv, "%ld", va_arg(values, long));
        else {
            double x = va_arg(values, double);
            if (!isnan(x))
                str_addf(csv, "%.17g", x);
        }
    }
    va_end(values);
    str_add(csv, "\r\n");
}
