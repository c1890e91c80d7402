/* A manifest is the list of a set's samples: what each is called, where its image is, what is known
 * about it, and why it is not used where it is not. One model of a sample for all sets.
 *
 * Labels are integers, as data/labels.h says, LABEL_MISSING where there is none. */
#ifndef DATA_MANIFEST_H
#define DATA_MANIFEST_H

#include "core/err.h"
#include "core/sha256.h"
#include "core/words.h"
#include "data/labels.h"

#include <stddef.h>
#include <stdint.h>

struct sample {
    char *id;   /* unique in the set, stable: UTKFace's file name, Adience's "USER/FACE.IMAGE" */
    char *file; /* relative to the manifest's root */
    int16_t label[ATTR_COUNT];
    char *subject;            /* NULL where the set has no identities */
    char *album;              /* likewise */
    int32_t duplicate_group;  /* by duplicates_mark (duplicates.h); -1: none, or not looked for */
    int16_t fold;             /* as the set ships it, -1: none */
    char content[SHA256_HEX]; /* of the file's bytes */
};

struct set_aside { /* a file that is in the folder, or should be, and is not used */
    char *file;
    char *reason; /* for people, one line: "name has no race field" */
};

struct adience_rows;

struct manifest {
    enum dataset_id set;
    struct reading reading; /* its text is the manifest's own */
    char *root;             /* the folder */
    struct sample *samples; /* usable ones, sorted by id (bytes) */
    size_t n;
    struct set_aside *aside; /* sorted by file */
    size_t n_aside;
    char fingerprint[SHA256_HEX]; /* over sorted (id, content, labels) of the usable samples */
    struct adience_rows *rows;    /* of Adience's fold files, without texts; NULL for other sets */
    size_t corrected;             /* labels that /data/corrections set */
    size_t disputed;              /* entries there that are not applied */
    bool duplicates_known;        /* duplicates_mark was here */
    bool drawn;                   /* synthetic: results carry a mark wherever they are shown */
};

/* Reads a set's folder; samples' contents are hashed with `threads` threads, and hashes of files
 * whose size and modification time are unchanged come from `cache_dir` (NULL: hash all, write
 * nothing). Errors (ERR_USAGE) say what the folder should hold; a set without a usable image is one. */
bool manifest_open(struct manifest *m, enum dataset_id set, struct reading reading,
    const char *root, const char *cache_dir, int threads, struct err *e);
/* The same, but all of a set may be set aside, as where its list is there and its images are not. */
bool manifest_open_any(struct manifest *m, enum dataset_id set, struct reading reading,
    const char *root, const char *cache_dir, int threads, struct err *e);
void manifest_close(struct manifest *m);

#endif
