/* Letters that no font here has. */
#ifndef REPORT_FIGURE_LETTERS_H
#define REPORT_FIGURE_LETTERS_H

#include "core/str.h"

/* Puts a ? where gnuplot's script has a letter that no installed font has, and says so in `notes`: Pango would draw its
 * number, which gnuplot's terminals of PNG and PDF make larger than the whole figure. Fontconfig's fc-list is asked,
 * which comes with Pango; without it, or without a font, all stays. */
void letters_drawable(struct str *script, struct str *notes);

#endif
