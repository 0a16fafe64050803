/* hostrepairs.h - repairs that units make to records: each is a named rule of a field; counted by
 * it, and the first ones listed. [main] thread. */
#ifndef MIGHOST_HOSTREPAIRS_H
#define MIGHOST_HOSTREPAIRS_H

#include "host.h"

#define HOSTREPAIRS_LISTED 1000 /* of one rule, field and stage; the others are counted only */

/* host->repaired(). Without a record, as of a source that makes one, it is counted and not listed.
 */
void hostrepairs_count(const mig_host_t *h, const char *field, const char *rule);
/* Another stage, or the same from its beginning: nothing was repaired yet. */
void hostrepairs_stage(struct host *h);
/* Another chunk: counts begin anew. What is listed by then is listed. */
void hostrepairs_chunk(struct host *h);
void hostrepairs_clear(struct host *h);

#endif
