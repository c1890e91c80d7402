#include "core/version.h"

#include "commit.h" /* made by the Makefile: COMMIT, COMMIT_DIRTY */

const char *version_commit(void) {
    return COMMIT;
}

bool version_dirty(void) {
    return COMMIT_DIRTY;
}
