#include "core/words.h"

#include <string.h>

const char *const attribute_name[ATTR_COUNT] = {
    [ATTR_AGE] = "age", [ATTR_GENDER] = "gender", [ATTR_RACE] = "race"};
const char *const part_name[PART_COUNT] = {
    [PART_TRAIN] = "train", [PART_VALIDATION] = "validation", [PART_TEST] = "test"};
const char *const readout_name[READOUT_COUNT] = {
    [READOUT_COUNT_RANKS] = "count",
    [READOUT_ARGMAX] = "argmax",
    [READOUT_EXPECTATION] = "expectation",
    [READOUT_MEDIAN] = "median",
};
const char *const cell_state_name[CELL_STATE_COUNT] = {
    [CELL_PENDING] = "pending",
    [CELL_RUNNING] = "running",
    [CELL_DONE] = "done",
    [CELL_FAILED] = "failed",
};

int word_find(const char *const *names, int count, const char *word) {
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], word) == 0)
            return i;
    return -1;
}
