/* staging.h - the run's staging tables, and rows on their way into them: encoded, held for one
 * chunk (bounded), sent by COPY. The encoder is the check of each value. [main] */
#ifndef MIGHOST_STAGING_H
#define MIGHOST_STAGING_H

#include <stdint.h>

#include "encode.h"
#include "job.h"
#include "pg_script.h"
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

struct staging_row {
    uint64_t offset; /* into data */
    uint32_t size;
    uint32_t record; /* number within the chunk, from 1 */
};

struct staging_rows { /* rows of one table in one chunk */
    struct encode_buffer data;
    struct staging_row *rows;
    size_t n, capacity;
};

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

/* Encodes one row of `table` (columns in the order of table->columns; `from[i]` is the index
 * into `values`, SIZE_MAX: absent). 0, or -1 with fault and column; the buffer is as before. */
struct staging_encode {
    const struct job_table *table;
    const mig_value_t *values;
    const size_t *from;
    int64_t id, record;
    mig_str_t key;
};
int staging_encode(struct staging_rows *rows, const struct staging_encode *row,
                   uint32_t record_in_chunk, struct encode_fault *fault,
                   const struct catalog_column **column);
/* Forgets rows behind the first `n`. */
void staging_truncate(struct staging_rows *rows, size_t n);
void staging_clear(struct staging_rows *rows);

/* Adds to a script the COPY of all rows but those of records marked in `left` (one byte per record
 * of the chunk, may be NULL). `rows` must stay until the script has ended. Returns how many they
 * are. STATUS_INVALID of the script: the server refused a value, see staging_isolate. */
int64_t staging_add(struct pg_script *script, const struct job_table *t,
                    const struct staging_rows *rows, const char *left);
struct staging_refusal {
    uint32_t record;               /* number within the chunk */
    const char *key;               /* the record's source key */
    const char *sqlstate, *column; /* column: "" when the server does not say */
};
typedef void staging_refused(void *ctx, const struct staging_refusal *refusal);

/* Finds the rows that the server refuses, under savepoints: by the line that it names, by halving
 * where it names none. Calls `bad` for each, which marks its record in `left`. Texts live for the
 * call. Leaves nothing written. */
int staging_isolate(struct state *s, const struct job_table *t, const struct staging_rows *rows,
                    const char *left, staging_refused *bad, void *ctx, struct error *err);

#endif
