/* SHA-256 (OpenSSL's libcrypto), as 64 lower-case hexadecimal digits. */
#ifndef CORE_SHA256_H
#define CORE_SHA256_H

#include "core/err.h"

#include <stddef.h>

#define SHA256_HEX 65 /* digits and NUL */

struct sha256; /* a running sum */
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *sum, const void *bytes, size_t n);
void sha256_end(struct sha256 *sum, char hex[SHA256_HEX]); /* frees `sum` */

void sha256_bytes(const void *bytes, size_t n, char hex[SHA256_HEX]);
bool sha256_file(const char *path, char hex[SHA256_HEX], struct err *e);

#endif
