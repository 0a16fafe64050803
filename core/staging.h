/* staging.h - the run's staging tables, and the numbers of the records in them. [main] */
#ifndef MIGHOST_STAGING_H
#define MIGHOST_STAGING_H

#include <stdint.h>

#include "job.h"
#include "state.h"

/* Record numbers of a run: stage, part of the stage, chunk of the part, record of the chunk; so
 * they have the order of the source, however many processes read it. The chunk's low bits and the
 * record share the low half: the server's hash of an int8 folds the halves together, and with one
 * number in each of them a hash join over all rows would never end. The part falls on bits of the
 * record that a chunk of usual size leaves 0. */
#define STAGING_PART_BITS 26
#define STAGING_PARTS_MAX 64
#define STAGING_CHUNK(stage, k) (((int64_t)(stage) << 32) | (int64_t)(k))
#define STAGING_PART(stage, p) (STAGING_CHUNK(stage, 0) | ((int64_t)(p) << STAGING_PART_BITS))
#define STAGING_CHUNK_NUMBER(chunk)                                                                \
    ((int64_t)(chunk)&0xffffffff) /* k again; of parts: the first's */
#define STAGING_RECORD(chunk, n) (((int64_t)(chunk) << 20) | (int64_t)(n))
#define STAGING_ROWS_MAX ((uint32_t)1 << 20) /* of a chunk: numbers are below */

/* (no, oid, policy, columns, key columns) of the table, as a row of VALUES: what the rows in
 * its staging table depend on. */
void staging_shape(const struct job_table *t, struct str *sql);
/* Makes the tables of the run (idempotent). In the caller's transaction. */
int staging_create(struct state *s, struct job *job, struct error *err);
/* Planner settings for the current transaction, once staging tables hold rows and statistics:
 * estimates of anti-joins are poor, and a nested loop over two large sets would never end. */
int staging_tune(struct state *s, const struct job *job, struct error *err);
/* Drops everything that belongs to the run's tables: staging, match, delete, views; before-
 * images too when `all`. In the caller's transaction. */
int staging_drop(struct state *s, const struct job *job, int all, struct error *err);
/* The same for a run whose job is not at hand, by the names in the state schema. */
int staging_drop_run(struct state *s, int64_t run, struct error *err);

#endif
