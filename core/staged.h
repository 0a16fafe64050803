/* staged.h - rows on their way into staging tables: encoded, held for one chunk (bounded), sent by
 * COPY. The encoder is the check of each value. [main] */
#ifndef MIGHOST_STAGED_H
#define MIGHOST_STAGED_H

#include <stdint.h>

#include "encode.h"
#include "job.h"
#include "pg_script.h"
#include "state.h"

struct staged_row {
    uint64_t offset; /* into data */
    uint32_t size;
    uint32_t record; /* number within the chunk, from 1 */
};

struct staged_rows { /* rows of one table in one chunk */
    struct encode_buffer data;
    struct staged_row *rows;
    size_t n, capacity;
};

/* Encodes one row of `table` (columns in the order of table->columns; `from[i]` is the index
 * into `values`, SIZE_MAX: absent). 0, or -1 with fault and column; the buffer is as before. */
struct staged_encode {
    const struct job_table *table;
    const mig_value_t *values;
    const size_t *from;
    int64_t id, record;
    mig_str_t key;
};
int staged_encode(struct staged_rows *rows, const struct staged_encode *row,
                  uint32_t record_in_chunk, struct encode_fault *fault,
                  const struct catalog_column **column);
/* Forgets rows behind the first `n`. */
void staged_truncate(struct staged_rows *rows, size_t n);
void staged_clear(struct staged_rows *rows);

/* Adds to a script the COPY of all rows but those of records marked in `left` (one byte per record
 * of the chunk, may be NULL). `rows` must stay until the script has ended. Returns how many they
 * are. STATUS_INVALID of the script: the server refused a value, see isolate.h. */
int64_t staged_add(struct pg_script *script, const struct job_table *t,
                   const struct staged_rows *rows, const char *left);
/* Sends rows [from, to) of them and waits for the answer. STATUS_INVALID: refused, as above. */
int staged_send(struct state *s, const struct job_table *t, const struct staged_rows *rows,
                size_t from, size_t to, const char *left, struct error *err);

#endif
