/* The words that the store, the tables and the command line share: attributes, parts, read-outs,
 * states. Numbers are stored; never renumber, only append. */
#ifndef CORE_WORDS_H
#define CORE_WORDS_H

enum attribute { ATTR_AGE, ATTR_GENDER, ATTR_RACE, ATTR_COUNT };
enum part { PART_TRAIN, PART_VALIDATION, PART_TEST, PART_COUNT };
enum readout {
    READOUT_COUNT_RANKS,
    READOUT_ARGMAX,
    READOUT_EXPECTATION,
    READOUT_MEDIAN,
    READOUT_COUNT
};
enum cell_state { CELL_PENDING, CELL_RUNNING, CELL_DONE, CELL_FAILED, CELL_STATE_COUNT };

extern const char *const attribute_name[ATTR_COUNT];        /* age gender race */
extern const char *const part_name[PART_COUNT];             /* train validation test */
extern const char *const readout_name[READOUT_COUNT];       /* count argmax expectation median */
extern const char *const cell_state_name[CELL_STATE_COUNT]; /* pending running done failed */

#define LABEL_MISSING (-1)

/* The index of `word` in a table of `count` names, or -1. */
int word_find(const char *const *names, int count, const char *word);

#endif
