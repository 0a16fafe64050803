/* batch_drift.h - one batch, and what live rows have become since check. In its transaction. */
#ifndef MIGHOST_BATCH_DRIFT_H
#define MIGHOST_BATCH_DRIFT_H

#include "batches.h"
#include "publish.h"
#include "untouched.h"

struct batch_part { /* the job as one batch sees it */
    struct state *s;
    const struct job *whole;
    struct job job;              /* its tables are ours; only the batch's one differs */
    struct job_table *t;         /* that one, over the views */
    struct write_counts *counts; /* per table */
    struct batch batch;
    struct untouched untouched;
    int altered; /* the catalog is another */
    struct error *err;
};

/* Rows to write: matched anew where live rows changed. STATUS_DRIFT: a key is taken, or a parent
 * is gone. */
int batch_drift_writes(struct batch_part *p);
/* Rows to delete: what others changed, or came to refer to, is taken from the delete table. */
int batch_drift_deletes(struct batch_part *p);

#endif
