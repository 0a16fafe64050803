/* digest.h - SHA-256, UUID version 5 (RFC 9562), random bytes, and what is sealed for this process
 * alone. Only digest.c includes OpenSSL. */
#ifndef MIGHOST_DIGEST_H
#define MIGHOST_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct digest; /* a running SHA-256 */

/* NULL when OpenSSL offers no SHA-256. Objects are independent: one thread each. */
struct digest *digest_new(void);
void digest_add(struct digest *d, const void *data, size_t n);
/* Lower-case hex, 64 characters and NUL; the digest starts anew. Should OpenSSL fail, the text
 * is empty, which equals no digest. */
void digest_hex(struct digest *d, char out[65]);
void digest_free(struct digest *d);

void digest_text(const char *text, char out[65]);
/* The file read from its start through an open descriptor; 0 or -1 with errno. */
int digest_fd(int fd, char out[65]);

/* A namespace made ready once, then used for many names: four times as fast as hashing the
 * namespace again for each. The namespace of an entity is, with NAMESPACE_URL of RFC 9562,
 *     uuid5(uuid5(NAMESPACE_URL, "mighost:" project), entity)
 * so that anybody can compute the keys of a project elsewhere. It never changes: keys in live
 * databases were made with it. NULL when OpenSSL offers no SHA-1. */
struct digest_uuid;
struct digest_uuid *digest_uuid_new(const char *project, const char *entity);
/* The same for a namespace given as its 16 bytes. */
struct digest_uuid *digest_uuid_namespace(const unsigned char space[16]);
/* Canonical lower-case text, 36 characters and NUL. Should OpenSSL fail, the text is empty,
 * which is no valid UUID. */
void digest_uuid5(struct digest_uuid *u, const void *name, size_t n, char out[37]);
void digest_uuid_free(struct digest_uuid *u);

int digest_random(void *out, size_t n); /* 0 or -1 */
/* 1 when the bytes are the same; takes as long when they are not. */
int digest_same(const void *a, const void *b, size_t n);

/* AES-256-GCM under a random key that is nowhere but in the object: nobody else, and no later
 * process, can read what it sealed. NULL when OpenSSL offers none. One thread. */
struct digest_seal;
#define DIGEST_TAG_BYTES 16
struct digest_seal *digest_seal_new(void);
/* In place. `number` is used for one text only, and told again to unseal it. 0 or -1. */
int digest_seal(struct digest_seal *s, uint64_t number, void *data, size_t n,
                unsigned char tag[DIGEST_TAG_BYTES]);
/* -1 also when the bytes are not those that were sealed. */
int digest_unseal(struct digest_seal *s, uint64_t number, void *data, size_t n,
                  const unsigned char tag[DIGEST_TAG_BYTES]);
void digest_seal_free(struct digest_seal *s);

#endif
