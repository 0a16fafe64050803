/* chunk.h - what a bounded number of records became: rows, rejects, repairs and counts, all in
 * memory, as one transaction will make them durable (chunk_send.h). [main] */
#ifndef MIGHOST_CHUNK_H
#define MIGHOST_CHUNK_H

#include <stdint.h>

#include "highwater.h"
#include "job.h"
#include "keyorder.h"
#include "staged.h"
#include "state.h"

struct chunk_reject {
    uint32_t record;                                             /* within the chunk, from 1 */
    int32_t outcome;                                             /* MIG_REJECT or MIG_SKIP */
    uint64_t number;                                             /* within the entity, from 1 */
    const char *key, *final_key, *table, *field, *code, *reason; /* NULL: unknown */
    mig_str_t raw;                                               /* empty: not kept */
};

struct chunk_memo { /* see memo.h */
    unsigned char bytes[32];
    mig_str_t value;
};

struct chunk {
    struct arena *mem; /* texts of the rejects */
    int64_t no;
    const struct job_stage *stage;
    struct staged_rows *rows; /* per job table */
    size_t n_tables;
    struct chunk_reject *rejects;
    size_t n_rejects, capacity;
    uint32_t records;      /* read into this chunk */
    uint64_t first_number; /* of its first record in the entity */
    char *left;            /* per record: 1 = its rows are not sent */
    uint32_t left_capacity;
    int64_t made; /* rows of all records that are not left */
    char *position_before, *position_after;
    const char *snapshot; /* that it was read from; borrowed until it is sent; "": none */
    const char *filled;   /* JSON object: field of the source -> records with a value there */
    int64_t parts;        /* of 1000000 of the source, read at its end; -1 unknown */
    struct host_repair *repairs;
    size_t n_repairs;
    struct host_repaired *repaired;
    size_t n_repaired;
    struct chunk_memo *memos; /* of what was computed for it */
    size_t n_memos, memos_capacity;
    struct highwater_mark mark; /* of an incremental stage */
    struct keyorder order;      /* of source keys */
    int own_keys;               /* so far the first table's key is the stage's own key */
};

void chunk_init(struct chunk *c, const struct job *job);
void chunk_clear(struct chunk *c);
/* Empties it for the next records. */
void chunk_begin(struct chunk *c, const struct job_stage *stage, int64_t no, uint64_t first_number,
                 mig_str_t position);
size_t chunk_bytes(const struct chunk *c);
/* Keeps a reject; texts are copied. */
void chunk_reject(struct chunk *c, const struct chunk_reject *r);
/* Keeps what was computed; the value is copied. */
void chunk_memo(struct chunk *c, const unsigned char bytes[32], mig_str_t value);
/* One byte a record of the chunk, from 1: 1 where its rows are not to be sent. */
char *chunk_left(struct chunk *c);
/* Ends the filling: takes the host's repairs; `position` and `parts` are behind the last record. */
void chunk_seal(struct chunk *c, struct host *host, mig_str_t position, int64_t parts,
                int own_keys);

#endif
