/* counted.h - in how many records each field of the source has a value: exactly, of those that were
 * read, told with each chunk. [main] */
#ifndef MIGHOST_COUNTED_H
#define MIGHOST_COUNTED_H

#include "chunk.h"

struct counted {
    uint64_t *filled; /* per field that the source is asked for, since the last chunk; owned */
    size_t n;
};

void counted_begin(struct counted *c, const struct job_stage *stage);
void counted_clear(struct counted *c);
/* A record that the source gave: once each, whatever becomes of it. */
void counted_record(struct counted *c, const mig_record_t *record);
/* A stage is read and set aside before it is loaded: keeps what its source says now of fields that
 * nobody reads, for counted_seal() of its first chunk. 0 or the error's code. */
int counted_set_aside(struct job *job, struct job_stage *stage, int ascii, struct error *err);
/* Leaves the counts in the chunk, those of fields that nobody reads too, and begins anew. `ascii`:
 * the target takes no other names, see counted_name(). 0 or the error's code. */
int counted_seal(struct counted *c, struct chunk *chunk, int ascii, struct error *err);
/* The field's name as it is kept: what a target that is not in UTF-8 lacks is \u2603 there. */
void counted_name(const char *name, size_t n, int ascii, struct str *out);

#endif
