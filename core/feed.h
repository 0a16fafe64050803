/* feed.h - the records of a stage, one after the other, from its source, or from where they were
 * set aside (spool.h). What is not wanted is passed over, as if it were not there. [main] */
#ifndef MIGHOST_FEED_H
#define MIGHOST_FEED_H

#include "chunk_send.h"
#include "job.h"

#define FEED_SNAPSHOT_SIZE 17
#define FEED_KEY_SEPARATOR '\x1f' /* between the parts of a composite source key */

/* At `position` of the source, or behind as many set aside records as were `passed`. A status. */
int feed_open(const struct job_stage *st, const char *position, uint64_t passed, struct error *err);
/* MIG_OK, MIG_END, MIG_REJECT (the host has the outcome), or negative, said to the host. While it
 * waits, `send`, which may be NULL, goes on. `key` is scratch. */
int32_t feed_next(const struct job_stage *st, mig_record_t *record, struct chunk_send *send,
                  struct str *key);
/* The same for who has nothing to send. */
int32_t feed_next_alone(const struct job_stage *st, mig_record_t *record);
void feed_close(const struct job_stage *st);
/* As call_raw() and its like. */
mig_str_t feed_raw(const struct job_stage *st);
mig_str_t feed_position(const struct job_stage *st);
int64_t feed_progress(const struct job_stage *st);
/* A short name of the state of the source that is read, "" where it has none. Too long a name for
 * each chunk, and only ever compared. A status. */
int feed_snapshot(const struct job_stage *st, char out[FEED_SNAPSHOT_SIZE], struct error *err);

/* The source key as text: its fields, joined. 0 when a part is missing. */
int feed_key(const struct job_stage *st, const mig_record_t *record, struct str *key);

#endif
