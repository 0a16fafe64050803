/* held.h - rows of a chunk that wait for values which are computed beside the stream (later.h):
 * kept as values, and encoded when all are there, in their order. A value that was refused takes
 * its whole record with it. [main] */
#ifndef MIGHOST_HELD_H
#define MIGHOST_HELD_H

#include "chunk.h"
#include "later.h"

struct held_record;
struct held_row;

struct held {
    struct arena *mem;
    struct held_record *records;
    size_t n_records, records_capacity;
    struct held_row *rows;
    size_t n_rows, rows_capacity;
    struct later_value **values;
    size_t n_values, values_capacity;
    size_t n_added;     /* of them, those that are being computed */
    atomic_size_t left; /* of those that are not there yet */
};

struct held_about { /* what is said of a record that is refused */
    uint32_t record;
    uint64_t number;
    const char *key, *final_key;
    mig_str_t raw;
};

struct held_into { /* where the rows go */
    struct chunk *chunk;
    struct job *job;
    size_t **from; /* per table of the migrator, see staged_encode */
};

void held_init(struct held *h);
void held_clear(struct held *h);
/* Nobody computes anything of it any more. */
void held_begin(struct held *h);
size_t held_bytes(const struct held *h);

/* A row of the record that is being made. MIG_OK, or MIG_E_BUG: it has a value of apply_to() where
 * that was not given for. */
int32_t held_row(struct held *h, struct unit *migrator, size_t table, int64_t id);
/* A value of it. */
/* `mark` may be NULL. */
mig_value_t held_value(struct held *h, const struct host_value *v, mig_str_t key,
                       const unsigned char *mark);
/* The record is complete: its values are computed. */
void held_keep(struct held *h, struct later *l, const struct held_about *about);
/* The record was refused behind its values. Would one of them, whose transform says so in apply()
 * only, have refused it before? Then that is its outcome. MIG_OK, or negative. */
int32_t held_refuse(struct held *h, struct unit *migrator);
/* It is none, or was refused: as before. */
void held_drop(struct held *h);

/* Are all values there? */
int held_is_ready(struct held *h);
/* Encodes the rows. `*rejected` grows by the records that were refused. A status. */
int held_settle(struct held *h, const struct held_into *into, uint64_t *rejected,
                struct error *err);

#endif
