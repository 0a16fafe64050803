/* digest.c - SHA-256, UUID version 5, random bytes, AES-256-GCM, by OpenSSL 3.
 *
 * The only file that includes OpenSSL. SHA-1 serves names only (RFC 9562 section 5.5), never a
 * proof. SHA-256 goes by EVP, its algorithm fetched once per object. A key has one block to hash
 * and each record several keys: there EVP's allocations cost more than SHA-1 itself, so it is
 * called by the older interface, which OpenSSL 3 marks as deprecated and keeps.
 * No object is shared between threads.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"

#define SHA256_BYTES 32
#define UUID_BYTES 16
#define READ_BYTES ((size_t)32 << 10)

struct digest {
    EVP_MD *md;
    EVP_MD_CTX *ctx;
    int failed; /* since the last digest_hex() */
};

struct digest_uuid {
    SHA_CTX ready; /* has taken the namespace and nothing else */
};

/* NAMESPACE_URL, RFC 9562 section 6.6. */
static const unsigned char namespace_url[UUID_BYTES] = {
    0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

static char *put_hex(char *out, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    return out;
}

struct digest *digest_new(void)
{
    struct digest *d = arena_heap(NULL, sizeof *d);
    d->md = EVP_MD_fetch(NULL, "SHA2-256", NULL);
    d->ctx = EVP_MD_CTX_new();
    d->failed = 0;
    if (!d->md || !d->ctx || !EVP_DigestInit_ex2(d->ctx, d->md, NULL)) {
        digest_free(d);
        return NULL;
    }
    return d;
}

void digest_add(struct digest *d, const void *data, size_t n)
{
    if (!EVP_DigestUpdate(d->ctx, data, n))
        d->failed = 1;
}

void digest_hex(struct digest *d, char out[65])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    if (!EVP_DigestFinal_ex(d->ctx, bytes, NULL))
        d->failed = 1;
    char *end = d->failed ? out : put_hex(out, bytes, SHA256_BYTES);
    *end = '\0';
    d->failed = !EVP_DigestInit_ex2(d->ctx, d->md, NULL);
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->ctx);
    EVP_MD_free(d->md);
    free(d);
}

void digest_text(const char *text, char out[65])
{
    out[0] = '\0';
    struct digest *d = digest_new();
    if (!d)
        return;
    digest_add(d, text, strlen(text));
    digest_hex(d, out);
    digest_free(d);
}

/* pread, so that the descriptor's offset stays where its owner has it. */
static int add_file(struct digest *d, int fd)
{
    unsigned char buffer[READ_BYTES];
    for (off_t at = 0;;) {
        ssize_t n = pread(fd, buffer, sizeof buffer, at);
        if (n == 0)
            return 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        digest_add(d, buffer, (size_t)n);
        at += n;
    }
}

int digest_fd(int fd, char out[65])
{
    out[0] = '\0';
    struct digest *d = digest_new();
    if (!d) {
        errno = ENOTSUP;
        return -1;
    }
    int status = add_file(d, fd), saved = errno;
    if (status == 0)
        digest_hex(d, out);
    digest_free(d);
    errno = saved;
    if (status == 0 && out[0] == '\0') {
        errno = EIO;
        status = -1;
    }
    return status;
}

/* The 16 bytes of a version 5 UUID; 0 when OpenSSL failed. */
static int uuid5_bytes(const struct digest_uuid *u, const void *name, size_t n,
                       unsigned char out[SHA_DIGEST_LENGTH])
{
    SHA_CTX work = u->ready;
    if (!SHA1_Update(&work, name, n) || !SHA1_Final(out, &work))
        return 0;
    out[6] = (unsigned char)((out[6] & 0x0f) | 0x50); /* version 5 */
    out[8] = (unsigned char)((out[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
    return 1;
}

static int set_namespace(struct digest_uuid *u, const unsigned char space[UUID_BYTES])
{
    return SHA1_Init(&u->ready) && SHA1_Update(&u->ready, space, UUID_BYTES);
}

struct digest_uuid *digest_uuid_namespace(const unsigned char space[16])
{
    struct digest_uuid *u = arena_heap(NULL, sizeof *u);
    if (!set_namespace(u, space)) {
        digest_uuid_free(u);
        return NULL;
    }
    return u;
}

struct digest_uuid *digest_uuid_new(const char *project, const char *entity)
{
    static const char prefix[] = "mighost:";
    struct digest_uuid *u = digest_uuid_namespace(namespace_url);
    if (!u)
        return NULL;
    size_t n = strlen(project);
    char *name = arena_heap(NULL, sizeof prefix - 1 + n);
    memcpy(name, prefix, sizeof prefix - 1);
    memcpy(name + sizeof prefix - 1, project, n);
    unsigned char bytes[SHA_DIGEST_LENGTH];
    int ok = uuid5_bytes(u, name, sizeof prefix - 1 + n, bytes) && set_namespace(u, bytes) &&
             uuid5_bytes(u, entity, strlen(entity), bytes) && set_namespace(u, bytes);
    free(name);
    if (!ok) {
        digest_uuid_free(u);
        return NULL;
    }
    return u;
}

void digest_uuid5(struct digest_uuid *u, const void *name, size_t n, char out[37])
{
    unsigned char bytes[SHA_DIGEST_LENGTH];
    if (!uuid5_bytes(u, name, n, bytes)) {
        out[0] = '\0';
        return;
    }
    static const unsigned char groups[] = {4, 2, 2, 2, 6};
    const unsigned char *from = bytes;
    for (size_t i = 0; i < sizeof groups; i++) {
        out = put_hex(out, from, groups[i]);
        *out++ = i + 1 < sizeof groups ? '-' : '\0';
        from += groups[i];
    }
}

void digest_uuid_free(struct digest_uuid *u)
{
    free(u);
}

int digest_same(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

int digest_random(void *out, size_t n)
{
    unsigned char *p = out;
    while (n) {
        int part = n > 1 << 20 ? 1 << 20 : (int)n;
        if (RAND_bytes(p, part) != 1)
            return -1;
        p += part;
        n -= (size_t)part;
    }
    return 0;
}

/* ---- sealing --------------------------------------------------------------------------- */

#define NONCE_BYTES 12
#define SEAL_PIECE ((size_t)1 << 30) /* lengths are int */

struct digest_seal {
    EVP_CIPHER_CTX *to, *from; /* with the key; OpenSSL wipes them when they are freed */
};

struct digest_seal *digest_seal_new(void)
{
    unsigned char key[32];
    struct digest_seal *s = arena_heap(NULL, sizeof *s);
    s->to = EVP_CIPHER_CTX_new();
    s->from = EVP_CIPHER_CTX_new();
    int ok = s->to && s->from && digest_random(key, sizeof key) == 0 &&
             EVP_EncryptInit_ex2(s->to, EVP_aes_256_gcm(), key, NULL, NULL) &&
             EVP_DecryptInit_ex2(s->from, EVP_aes_256_gcm(), key, NULL, NULL);
    explicit_bzero(key, sizeof key);
    if (ok)
        return s;
    digest_seal_free(s);
    return NULL;
}

static void nonce_of(uint64_t number, unsigned char out[NONCE_BYTES])
{
    memset(out, 0, NONCE_BYTES);
    for (int i = 0; i < 8; i++)
        out[NONCE_BYTES - 1 - i] = (unsigned char)(number >> (8 * i));
}

static int run_cipher(EVP_CIPHER_CTX *ctx, unsigned char *data, size_t n)
{
    while (n) {
        size_t piece = n > SEAL_PIECE ? SEAL_PIECE : n;
        int done = 0;
        if (!EVP_CipherUpdate(ctx, data, &done, data, (int)piece) || (size_t)done != piece)
            return 0;
        data += piece;
        n -= piece;
    }
    return 1;
}

int digest_seal(struct digest_seal *s, uint64_t number, void *data, size_t n,
                unsigned char tag[DIGEST_TAG_BYTES])
{
    unsigned char nonce[NONCE_BYTES], rest[DIGEST_TAG_BYTES];
    int none = 0;
    nonce_of(number, nonce);
    int ok = EVP_EncryptInit_ex2(s->to, NULL, NULL, nonce, NULL) && run_cipher(s->to, data, n) &&
             EVP_EncryptFinal_ex(s->to, rest, &none) &&
             EVP_CIPHER_CTX_ctrl(s->to, EVP_CTRL_AEAD_GET_TAG, DIGEST_TAG_BYTES, tag);
    return ok ? 0 : -1;
}

int digest_unseal(struct digest_seal *s, uint64_t number, void *data, size_t n,
                  const unsigned char tag[DIGEST_TAG_BYTES])
{
    unsigned char nonce[NONCE_BYTES], rest[DIGEST_TAG_BYTES];
    int none = 0;
    nonce_of(number, nonce);
    memcpy(rest, tag, sizeof rest);
    int ok = EVP_DecryptInit_ex2(s->from, NULL, NULL, nonce, NULL) &&
             EVP_CIPHER_CTX_ctrl(s->from, EVP_CTRL_AEAD_SET_TAG, DIGEST_TAG_BYTES, rest) &&
             run_cipher(s->from, data, n) && EVP_DecryptFinal_ex(s->from, rest, &none);
    return ok ? 0 : -1;
}

void digest_seal_free(struct digest_seal *s)
{
    if (!s)
        return;
    EVP_CIPHER_CTX_free(s->to);
    EVP_CIPHER_CTX_free(s->from);
    free(s);
}
