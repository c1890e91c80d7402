/* The files of a cell: beside X/NAME.db stands X/NAME/CELL/ with its checkpoints, named by their steps, its lock and its
 * log. */
#ifndef GRID_CELL_FOLDER_H
#define GRID_CELL_FOLDER_H

#include "store/store.h"

/* "results/demo/CELL" for "results/demo.db"; the caller frees. */
char *cell_folder(const char *db_path, const char *cell_id);

/* Steps of the checkpoints in a cell's folder, newest first, and the file of one; the caller frees. */
int64_t *cell_steps(const char *folder, size_t *n);
char *cell_step_path(const char *folder, int64_t step);
void cell_step_drop(const char *folder, int64_t step);

/* Leaves only that of `step`; where it is not there, all. */
void cell_keep_only(const char *folder, int64_t step);

/* The checkpoint whose results the store has of a cell that is done; NULL: it is not there, or e. The caller frees. */
char *cell_checkpoint(struct store *s, const char *cell_id, struct err *e);

/* Removes the other checkpoints of every cell that is done: a worker that was killed once its results were stored has
 * not. */
bool cells_tidy(struct store *s, struct err *e);

#endif
