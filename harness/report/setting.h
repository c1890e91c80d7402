/* Axes and chosen values in a line: {"/seed":2,"/optimiser/lr":0.1} is "optimiser.lr=0.1". */
#ifndef REPORT_SETTING_H
#define REPORT_SETTING_H

/* Of a JSON object, pointer -> value, those that are no repetition: seeds, split seeds and folds are.
 * The caller frees. */
char *setting_text(const char *axes);

#endif
