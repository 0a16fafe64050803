/* secret.h - the project's secret: what is derived from it depends on the place of a value and, but
 * for salts and generated passwords, on the value. */
#ifndef MIGHOST_PASSWORD_SECRET_H
#define MIGHOST_PASSWORD_SECRET_H

#include <mighost/plugin.h>

#define SECRET_DERIVED 32
#define SECRET_LEAST 16 /* bytes */

/* What is wrong with it, as a static sentence, or NULL. */
const char *secret_fault(mig_str_t secret);
/* HMAC-SHA-256 over purpose, place and `more`. 0, or -1: OpenSSL refuses. */
int secret_derive(mig_str_t secret, const char *purpose, const mig_place_t *place, mig_str_t more,
                  unsigned char out[SECRET_DERIVED]);

#endif
