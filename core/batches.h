/* batches.h - `"publish": "batched"`, for sizes where one publish transaction is out of reach: the
 * run is cut into batches, each published by a transaction of its own (batch.h) that also says so
 * in the state schema. What is not all at once is still whole, can be gone on with, and undone. */
#ifndef MIGHOST_BATCHES_H
#define MIGHOST_BATCHES_H

#include "job.h"
#include "state.h"

enum batch_kind {
    BATCH_EARLY, /* deletes, before the writes: what is written may take over a unique key */
    BATCH_WRITE, /* updates and inserts */
    BATCH_LATE   /* deletes what a row that stays referred to until it was updated */
};

struct batch {
    int64_t no, n; /* from 1; 0: none is left; of so many */
    size_t table;  /* index into job.tables */
    enum batch_kind kind;
    int64_t first_id, last_id; /* BATCH_WRITE: of staged rows, both included */
    int first;                 /* of its table's writes */
};

/* What batches rule out, as faults, and what they give up, as a note for plan and report. */
void batches_plan(struct job *job, struct faults *faults);
/* Cuts the checked run into batches. Own transaction; writes no live table. */
int batches_cut(struct state *s, struct job *job, struct error *err);
/* The first batch that is not done. Own transaction. */
int batches_next(struct state *s, const struct job *job, struct batch *out, struct error *err);
/* STATUS_DRIFT where the plan or the catalog is another than that of the batches that are done. */
int batches_same_plan(struct state *s, const struct job *job, struct error *err);
/* "batches 1 to 3 of 10 are published, ...", what a run stands at that stopped between two. */
void batches_tell(struct state *s, char *out, size_t size);

#endif
