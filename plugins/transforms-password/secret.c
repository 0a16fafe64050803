/*
 * secret.c - derivation by HMAC-SHA-256 (RFC 2104) of OpenSSL.
 */
#include "secret.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define KINDS_LEAST 6 /* different bytes: fewer are a pattern, not a secret */

const char *secret_fault(mig_str_t secret)
{
    unsigned char seen[256] = {0};
    size_t kinds = 0;
    for (size_t i = 0; i < secret.len; i++) {
        unsigned char c = (unsigned char)secret.data[i];
        kinds += !seen[c];
        seen[c] = 1;
    }
    if (secret.len < SECRET_LEAST)
        return "the secret has less than 16 bytes";
    return kinds < KINDS_LEAST ? "the secret is made of too few different characters" : NULL;
}

/* Each part behind its length: so that no two places give the same text. */
static unsigned char *add(unsigned char *to, mig_str_t part)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        *to++ = (unsigned char)((uint64_t)part.len >> shift);
    if (part.len)
        memcpy(to, part.data, part.len);
    return to + part.len;
}

int secret_derive(mig_str_t secret, const char *purpose, const mig_place_t *place, mig_str_t more,
                  unsigned char out[SECRET_DERIVED])
{
    const mig_str_t parts[] = {
        {purpose, strlen(purpose)}, place->project, place->stage, place->key, place->column, more};
    size_t bytes = 0;
    unsigned n = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        bytes += 8 + parts[i].len;
    unsigned char *text = malloc(bytes), *end = text;
    if (!text)
        return -1;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        end = add(end, parts[i]);
    const unsigned char *done =
        HMAC(EVP_sha256(), secret.data, (int)secret.len, text, bytes, out, &n);
    explicit_bzero(text, bytes);
    free(text);
    return done && n == SECRET_DERIVED ? 0 : -1;
}
