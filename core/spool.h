/* spool.h - records of an entity that wait outside of their source, in a file without a name: read
 * once in order, given as often as wanted. What stands in the file is sealed under a key that only
 * this process has, so that no secret of a record is on a disk. Memory is bounded by one record.
 * Whose records they are, and why they wait, is not known here. [main] */
#ifndef MIGHOST_SPOOL_H
#define MIGHOST_SPOOL_H

#include "host.h"

struct spool;

/* In the directory, which is made where it is missing. NULL: STATUS_BACKUP. */
struct spool *spool_new(const char *dir, struct error *err);
void spool_free(struct spool *s); /* NULL is nothing */
/* A record that next() gave; or, where `outcome` is not NULL, one that could not be read. `raw` may
 * be empty. A status. */
int spool_add(struct spool *s, const mig_record_t *record, const struct host_outcome *outcome,
              mig_str_t raw, struct error *err);
/* All are there: they are given from behind the first `passed` on. May be called again. A status.
 */
int spool_begin(struct spool *s, uint64_t passed, struct error *err);
/* MIG_OK with the record, MIG_REJECT with the outcome, MIG_END, or -1 and err. What is given lives
 * until the next call. */
int32_t spool_next(struct spool *s, mig_record_t *record, struct host_outcome *outcome,
                   struct error *err);
mig_str_t spool_raw(const struct spool *s); /* of the record that was given last */
uint64_t spool_records(const struct spool *s);
int64_t spool_progress(const struct spool *s); /* in 0..1000000 parts */

#endif
