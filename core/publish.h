/* publish.h - the one transaction that changes live tables: fence, catalog unchanged?, lock,
 * drift check, before-images, writes in dependency order, sequences, invariants, COMMIT. */
#ifndef MIGHOST_PUBLISH_H
#define MIGHOST_PUBLISH_H

#include "job.h"
#include "state.h"
#include "write.h"

struct publish_result {
    struct write_counts *tables; /* per job table; lives in the job's memory */
    double seconds;              /* from lock to COMMIT */
    int altered;                 /* the catalog is another: checking again does not help */
};

/* 0; STATUS_DRIFT: a live row or the catalog is no longer as check saw it, nothing was
 * written, check again; STATUS_UNKNOWN: see state_attach; others: nothing was written. */
int publish_run(struct state *s, struct job *job, struct publish_result *out, struct error *err);
/* `alone`: readers wait, too. STATUS_DRIFT: the table is gone. */
int publish_lock(struct state *s, const struct job_table *t, int alone, struct error *err);
/* All tables of the job, in the order of job_lock_order(), within the time limit of one lock;
 * `rebuild` may be NULL. */
struct rebuild;
int publish_lock_all(struct state *s, const struct job *job, const struct rebuild *rebuild,
                     struct error *err);
/* STATUS_DRIFT: rows that check matched or chose to delete are no longer what they were, or keys
 * that check found free are taken. */
int publish_no_drift(struct state *s, const struct job_table *t, struct error *err);
/* The server refused a row by a key, which check found free or its parent there: STATUS_DRIFT in
 * place of STATUS_INVALID. */
int publish_drift_of_keys(struct state *s, int code, struct error *err);
/* 0, or STATUS_DRIFT with what was altered since the plan was made. In a transaction. */
int publish_same_catalog(struct state *s, const struct job *job, struct error *err);
/* Whether it writes, or hooks may: what may be left out where nothing changes. */
int publish_writes(const struct job *job, const struct publish_result *result);
/* ANALYZE or VACUUM of the written tables, after COMMIT; failures are only logged. */
void publish_finish(struct state *s, const struct job *job, const struct publish_result *result);

#endif
