/* seal.h - a page under a key: AES-256-GCM, so that what comes back is what was put in. */
#ifndef MIGHOST_SOURCE_BUBBLE_SEAL_H
#define MIGHOST_SOURCE_BUBBLE_SEAL_H

#include "common/buf.h"

#define SEAL_MORE 28U /* bytes by which a sealed text is longer: nonce and tag */

/* `about` is not kept, and must be the same when the text is opened: a page that stands in
 * another's place is none. Both replace what is in `out`. 0, or -1: no memory, or OpenSSL failed.
 */
int seal_close(const unsigned char key[32], const char *about, const struct buf *in,
               struct buf *out);
/* -1 also when key, `about` or text are others. */
int seal_open(const unsigned char key[32], const char *about, const struct buf *in,
              struct buf *out);

#endif
