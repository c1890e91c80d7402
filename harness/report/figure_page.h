/* The paper that figures are drawn on: sizes, text that fits, and rows of their CSV.
 *
 * Lengths are layout pixels, 14 of which are the font's size. On a screen they are real pixels; in print the whole
 * drawing is smaller, so that the font has 8 pt and the least that scripts use (0.875 of it) 7 pt. */
#ifndef REPORT_FIGURE_PAGE_H
#define REPORT_FIGURE_PAGE_H

#include "report/figure.h"

enum {
    FONT_PX = 14,
    LETTER_PX = 9,   /* room for a letter at full size, wide ones too */
    LABEL_PX = 8,    /* at the size of labels */
    SCREEN_PX = 1400 /* the widest on a screen */
};

/* The width that is given, or 0 where the figure takes what it needs up to SCREEN_PX; the most height. */
int page_width(const struct figure_options *o);
int page_height(const struct figure_options *o);

/* The panels [*first, *end) of the page that is asked for, `per_page` at most each; notes what is on others. */
bool page_panels(struct figure *f, const struct figure_options *o, int panels, int per_page,
    int *first, int *end, struct err *e);

/* Appends the terminal; base_font, width and height are set for scripts. Then the title, `lines` of which
 * are broken to fit. */
void page_terminal(struct str *script, const struct figure_options *o, int width, int height);
char *page_title_name(
    const char *name); /* so short that a title has room for more; the caller frees */
int page_title_px(const struct figure_options *o, const char *title, int width); /* its room */
void page_title(struct str *script, const struct figure_options *o, const char *title, int width);

/* Where a panel's plot stands, from the picture's left and upper edge. */
struct page_box {
    int left, right, top, bottom;
};
/* array left[n], right[n], bottom[n], top[n] in shares of width and height, as gnuplot's margins. */
void page_boxes(struct str *script, const struct page_box *box, int n, int width, int height);

int text_length(const char *text); /* in characters */
int label_px(int letters);         /* room for them where they are 0.9 of the font's size */
/* A gnuplot string of at most so many characters; what is too long loses its middle, for ends tell names apart. */
void text_fit(struct str *script, const char *text, int characters);
/* The same for the label of a tic, which is a format for its place: its `%` are doubled. */
void text_fit_tic(struct str *script, const char *text, int characters);
/* NAME[i] = 'text' */
void text_set(struct str *script, const char *array, int i, const char *text, int characters);

/* A line of a CSV, by the letters of `types`: s text, g double (NaN: empty), d long. */
void figure_csv(struct str *csv, const char *types, ...);

#endif
