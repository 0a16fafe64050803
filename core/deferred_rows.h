/* deferred_rows.h - rows of a chunk that wait for values which are computed beside the stream
 * (deferred.h): kept as values, and encoded when all are there, in their order. A value that was
 * refused takes its whole record with it. [main] */
#ifndef MIGHOST_DEFERRED_ROWS_H
#define MIGHOST_DEFERRED_ROWS_H

#include "chunk.h"
#include "deferred.h"

struct deferred_rows_record;
struct deferred_rows_row;

struct deferred_rows {
    struct arena *mem;
    struct deferred_rows_record *records;
    size_t n_records, records_capacity;
    struct deferred_rows_row *rows;
    size_t n_rows, rows_capacity;
    struct deferred_value **values;
    size_t n_values, values_capacity;
    size_t n_added;     /* of them, those that are being computed */
    atomic_size_t left; /* of those that are not there yet */
};

struct deferred_rows_about { /* what is said of a record that is refused */
    uint32_t record;
    uint64_t number;
    const char *key, *final_key;
    mig_str_t raw;
};

struct deferred_rows_into { /* where the rows go */
    struct chunk *chunk;
    struct job *job;
    size_t **from; /* per table of the migrator, see staged_encode */
};

void deferred_rows_init(struct deferred_rows *h);
void deferred_rows_clear(struct deferred_rows *h);
/* Nobody computes anything of it any more. */
void deferred_rows_begin(struct deferred_rows *h);
size_t deferred_rows_bytes(const struct deferred_rows *h);

/* A row of the record that is being made. MIG_OK, or MIG_E_BUG: it has a value of apply_to() where
 * that was not given for. */
int32_t deferred_rows_row(struct deferred_rows *h, struct unit *migrator, size_t table, int64_t id);
/* A value of it. */
/* `mark` may be NULL. */
mig_value_t deferred_rows_value(struct deferred_rows *h, const struct host_value *v, mig_str_t key,
                                const unsigned char *mark);
/* The record is complete: its values are computed. */
void deferred_rows_keep(struct deferred_rows *h, struct deferred *l,
                        const struct deferred_rows_about *about);
/* The record was refused behind its values. Would one of them, whose transform says so in apply()
 * only, have refused it before? Then that is its outcome. MIG_OK, or negative. */
int32_t deferred_rows_refuse(struct deferred_rows *h, struct unit *migrator);
/* It is none, or was refused: as before. */
void deferred_rows_drop(struct deferred_rows *h);

/* Are all values there? */
int deferred_rows_is_ready(struct deferred_rows *h);
/* Encodes the rows. `*rejected` grows by the records that were refused. A status. */
int deferred_rows_settle(struct deferred_rows *h, const struct deferred_rows_into *into,
                         uint64_t *rejected, struct error *err);

#endif
