#include "core/sha256.h"

#include "core/file.h"
#include "core/mem.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>

struct sha256 *sha256_new(void) {
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
    assert(ok);
    (void)ok;
    return (struct sha256 *)ctx;
}

void sha256_add(struct sha256 *sum, const void *bytes, size_t n) {
    int ok = EVP_DigestUpdate((EVP_MD_CTX *)sum, bytes, n);
    assert(ok);
    (void)ok;
}

void sha256_end(struct sha256 *sum, char hex[SHA256_HEX]) {
    unsigned char digest[32];
    int ok = EVP_DigestFinal_ex((EVP_MD_CTX *)sum, digest, NULL);
    assert(ok);
    (void)ok;
    EVP_MD_CTX_free((EVP_MD_CTX *)sum);
    for (int i = 0; i < 32; i++)
        snprintf(hex + (ptrdiff_t)2 * i, 3, "%02x", digest[i]);
}

void sha256_bytes(const void *bytes, size_t n, char hex[SHA256_HEX]) {
    struct sha256 *sum = sha256_new();
    sha256_add(sum, bytes, n);
    sha256_end(sum, hex);
}

bool sha256_file(const char *path, char hex[SHA256_HEX], struct err *e) {
    struct file_map map;
    if (!file_map_open(&map, path, e))
        return false;
    sha256_bytes(map.bytes, map.size, hex);
    file_map_close(&map);
    return true;
}
