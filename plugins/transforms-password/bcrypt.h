/* bcrypt.h - bcrypt through libxcrypt: what is a hash, what a password may be, hashing, comparing.
 * Policies and salts are not known here. */
#ifndef MIGHOST_PASSWORD_BCRYPT_H
#define MIGHOST_PASSWORD_BCRYPT_H

#include <stddef.h>

#define BCRYPT_HASH_LEN 60
#define BCRYPT_MOST 72 /* bytes of a password that count; what is behind is not looked at */
#define BCRYPT_SALT_BYTES 16

struct bcrypt; /* working memory, of one thread */

struct bcrypt *bcrypt_new(void); /* NULL: no memory */
void bcrypt_free(struct bcrypt *b);
/* "$2a$", "$2b$" or "$2y$", cost 4 to 31, 53 characters of its alphabet, and nothing else. */
int bcrypt_is_hash(const char *text, size_t len);
/* A "$2b$" hash of at most BCRYPT_MOST bytes without NUL. 0, or -1: libcrypt refuses. */
int bcrypt_hash(struct bcrypt *b, const char *password, size_t len, int cost,
                const unsigned char salt[BCRYPT_SALT_BYTES], char out[BCRYPT_HASH_LEN + 1]);
/* 1: the password gives that hash, under the hash's own cost and salt. */
int bcrypt_fits(struct bcrypt *b, const char *password, size_t len, const char *hash,
                size_t hash_len);

#endif
