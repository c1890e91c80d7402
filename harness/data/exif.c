#include "data/codec.h"

#include "core/mem.h"

#include <libexif/exif-data.h>
#include <stdlib.h>
#include <string.h>

static const char head[] = "Exif\0";

int exif_orientation(const uint8_t *bytes, size_t n) {
    int orientation = 1;
    ExifData *data = exif_data_new_from_data(bytes, (unsigned)n);
    ExifEntry *entry =
        data ? exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION) : NULL;
    if (entry && entry->format == EXIF_FORMAT_SHORT && entry->size >= 2)
        orientation = exif_get_short(entry->data, exif_data_get_byte_order(data));
    if (data)
        exif_data_unref(data);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

bool exif_headed(const uint8_t *bytes, size_t n) {
    return n >= sizeof head && memcmp(bytes, head, sizeof head) == 0;
}

int exif_orientation_bare(const uint8_t *bytes, size_t n) {
    if (n == 0 || n > EXIF_MAX_BYTES)
        return 1;
    uint8_t *with = xmalloc(sizeof head + n); /* libexif asks for JPEG's head */
    memcpy(with, head, sizeof head);
    memcpy(with + sizeof head, bytes, n);
    int orientation = exif_orientation(with, sizeof head + n);
    free(with);
    return orientation;
}
