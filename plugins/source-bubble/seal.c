/*
 * seal.c - nonce, ciphertext, tag.
 *
 * The nonce is random for each page: 2^32 pages under one key are safe (NIST SP 800-38D, 8.3).
 */
#include "seal.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#define NONCE 12
#define TAG 16

static unsigned char *bytes(const struct buf *b, size_t at)
{
    return (unsigned char *)b->data + at;
}

static int begin(EVP_CIPHER_CTX *c, const unsigned char *key, const unsigned char *nonce,
                 const char *about, int encrypts)
{
    int n;
    return EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce, encrypts) &&
           EVP_CipherUpdate(c, NULL, &n, (const unsigned char *)about, (int)strlen(about));
}

static int close_text(EVP_CIPHER_CTX *c, const unsigned char *key, const char *about,
                      const struct buf *in, struct buf *out)
{
    int n = 0, end = 0;
    return RAND_bytes(bytes(out, 0), NONCE) == 1 && begin(c, key, bytes(out, 0), about, 1) &&
           EVP_CipherUpdate(c, bytes(out, NONCE), &n, bytes(in, 0), (int)in->len) &&
           EVP_CipherFinal_ex(c, bytes(out, NONCE + (size_t)n), &end) && (size_t)n == in->len &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, bytes(out, NONCE + (size_t)n));
}

int seal_close(const unsigned char key[32], const char *about, const struct buf *in,
               struct buf *out)
{
    if (in->len > INT_MAX || buf_reserve(out, in->len + SEAL_MORE) != 0)
        return -1;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int done = c && close_text(c, key, about, in, out);
    EVP_CIPHER_CTX_free(c);
    out->len = done ? in->len + SEAL_MORE : 0;
    return done ? 0 : -1;
}

static int open_text(EVP_CIPHER_CTX *c, const unsigned char *key, const char *about,
                     const struct buf *in, struct buf *out)
{
    size_t len = in->len - SEAL_MORE;
    int n = 0, end = 0;
    return begin(c, key, bytes(in, 0), about, 0) &&
           EVP_CipherUpdate(c, bytes(out, 0), &n, bytes(in, NONCE), (int)len) &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, bytes(in, NONCE + len)) &&
           EVP_CipherFinal_ex(c, bytes(out, (size_t)n), &end) == 1 && (size_t)n == len;
}

int seal_open(const unsigned char key[32], const char *about, const struct buf *in, struct buf *out)
{
    if (in->len < SEAL_MORE || in->len > INT_MAX || buf_reserve(out, in->len) != 0)
        return -1;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int done = c && open_text(c, key, about, in, out);
    EVP_CIPHER_CTX_free(c);
    out->len = done ? in->len - SEAL_MORE : 0;
    return done ? 0 : -1;
}
