/* How a table is set in LaTeX: in which size, how wide its names are, and in how many parts. LaTeX warns of what is too
 * wide or too high for a page and then cuts it off, so a large table is cut here, by an estimate of its size. */
#ifndef REPORT_LATEX_LAYOUT_H
#define REPORT_LATEX_LAYOUT_H

#include "report/table.h"

/* Of the text, in points: an article at 10 pt. Wider and higher ones leave room. */
enum { LATEX_TEXT_WIDTH = 345, LATEX_TEXT_HEIGHT = 550 };

struct latex_part { /* rows and columns [first, end) */
    size_t row, row_end, column, column_end;
};

struct latex_layout {
    const char *size, *smaller; /* commands: "\\small", and for deviations one size less */
    int name_width;             /* points */
    /* [columns]: points before each number that put it in the middle below a wider head */
    int *pad;
    /* by rows, and within these by columns; none of a table without rows */
    struct latex_part *parts;
    size_t n_parts;
    bool notes_apart; /* the notes do not fit below the last part */
};

/* The largest of three sizes in which all columns stand side by side, else the middle one and parts. To be freed. */
void latex_layout_make(struct latex_layout *l, const struct table *t);
void latex_layout_free(struct latex_layout *l);

#endif
