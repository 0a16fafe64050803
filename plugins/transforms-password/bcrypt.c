/*
 * bcrypt.c - crypt_rn() of libxcrypt, with its working memory wiped after each use.
 */
#include "bcrypt.h"

#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bcrypt {
    struct crypt_data data;
    char password[BCRYPT_MOST + 1];
};

static const char alphabet[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

struct bcrypt *bcrypt_new(void)
{
    return calloc(1, sizeof(struct bcrypt));
}

void bcrypt_free(struct bcrypt *b)
{
    if (b)
        explicit_bzero(b, sizeof *b);
    free(b);
}

int bcrypt_is_hash(const char *text, size_t len)
{
    if (len != BCRYPT_HASH_LEN || memcmp(text, "$2", 2) != 0 || !memchr("aby", text[2], 3) ||
        text[3] != '$' || text[6] != '$')
        return 0;
    int tens = text[4] - '0', ones = text[5] - '0';
    if (tens < 0 || tens > 3 || ones < 0 || ones > 9 || tens * 10 + ones < 4 ||
        tens * 10 + ones > 31)
        return 0;
    for (size_t i = 7; i < len; i++)
        if (text[i] == '\0' || !strchr(alphabet, text[i]))
            return 0;
    return 1;
}

/* bcrypt's own base 64: its alphabet, no padding. */
static void encode(const unsigned char *in, size_t n, char *out)
{
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | in[i];
        for (have += 8; have >= 6; have -= 6)
            *out++ = alphabet[bits >> (have - 6) & 63];
    }
    if (have)
        *out++ = alphabet[bits << (6 - have) & 63];
    *out = '\0';
}

/* The setting, or a whole hash, says cost and salt. NULL: refused. */
static const char *run(struct bcrypt *b, const char *password, size_t len, const char *setting)
{
    if (len > BCRYPT_MOST || (len && memchr(password, '\0', len)))
        return NULL;
    if (len)
        memcpy(b->password, password, len);
    b->password[len] = '\0';
    memset(&b->data, 0, sizeof b->data);
    /* Not crypt_r(): sanitizers replace that by one that needs libcrypt in the program itself. */
    const char *hash = crypt_rn(b->password, setting, &b->data, (int)sizeof b->data);
    explicit_bzero(b->password, sizeof b->password);
    return hash && bcrypt_is_hash(hash, strlen(hash)) ? hash : NULL;
}

int bcrypt_hash(struct bcrypt *b, const char *password, size_t len, int cost,
                const unsigned char salt[BCRYPT_SALT_BYTES], char out[BCRYPT_HASH_LEN + 1])
{
    char setting[32];
    int n = snprintf(setting, sizeof setting, "$2b$%02d$", cost);
    encode(salt, BCRYPT_SALT_BYTES, setting + n);
    const char *hash = run(b, password, len, setting);
    if (hash)
        memcpy(out, hash, BCRYPT_HASH_LEN + 1);
    explicit_bzero(&b->data, sizeof b->data);
    return hash ? 0 : -1;
}

int bcrypt_fits(struct bcrypt *b, const char *password, size_t len, const char *hash,
                size_t hash_len)
{
    char setting[BCRYPT_HASH_LEN + 1];
    if (!bcrypt_is_hash(hash, hash_len))
        return 0;
    memcpy(setting, hash, BCRYPT_HASH_LEN);
    setting[BCRYPT_HASH_LEN] = '\0';
    const char *made = run(b, password, len, setting);
    /* $2b$ and $2y$ are the same algorithm; the letter is that of the setting. */
    int fits = made && memcmp(made, setting, BCRYPT_HASH_LEN) == 0;
    explicit_bzero(&b->data, sizeof b->data);
    return fits;
}
