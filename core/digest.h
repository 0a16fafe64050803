/* digest.h - SHA-256, UUID version 5 (RFC 9562), random bytes. Only digest.c includes OpenSSL. */
#ifndef MIGHOST_DIGEST_H
#define MIGHOST_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

struct digest; /* a running SHA-256 */

struct digest *digest_new(void);
void digest_add(struct digest *d, const void *data, size_t n);
/* Lower-case hex, 64 characters and NUL; the digest starts anew. */
void digest_hex(struct digest *d, char out[65]);
void digest_free(struct digest *d);

void digest_text(const char *text, char out[65]);
/* The file read from its start through an open descriptor; 0 or -1 with errno. */
int digest_fd(int fd, char out[65]);

/* A namespace made ready once, then used for many names (performance.md section 12). */
struct digest_uuid;
struct digest_uuid *digest_uuid_new(const char *project, const char *entity);
/* Canonical lower-case text, 36 characters and NUL. */
void digest_uuid5(struct digest_uuid *u, const void *name, size_t n, char out[37]);
void digest_uuid_free(struct digest_uuid *u);

int digest_random(void *out, size_t n); /* 0 or -1 */

#endif
