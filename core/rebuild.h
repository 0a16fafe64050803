/* rebuild.h - indexes and foreign keys of a table that receives many rows: dropped before the
 * writes of publish and made again behind them, in the same transaction. One sort or join is
 * several times cheaper than a check for each row. What is dropped, and what never is: rebuild.c.
 * In the caller's publish transaction. */
#ifndef MIGHOST_REBUILD_H
#define MIGHOST_REBUILD_H

#include "job.h"
#include "state.h"

struct rebuild_object;

struct rebuild_table {
    int chosen; /* by the number of rows; then the table is locked ACCESS EXCLUSIVE */
    struct rebuild_object *objects;
    size_t n;
};

struct rebuild {
    struct rebuild_table *tables; /* per job table; all lives in the job's memory */
    int off;                      /* the server did not make them again: the next try keeps all */
};

/* Which tables, from the statistics that check left: before they are locked. */
int rebuild_choose(struct state *s, const struct job *job, struct rebuild *out, struct error *err);
/* What of the chosen tables can be made again exactly as it is; the search_path must be the pinned
 * one, so that definitions carry their schemas. */
int rebuild_read(struct state *s, const struct job *job, struct rebuild *r, struct error *err);
int rebuild_drop(struct state *s, const struct job *job, const struct rebuild *r,
                 struct error *err);
/* All constraints must be immediate. Compares what there is then with what there was. Where a
 * right is missing, or something is another, `off` is set for the next transaction. */
int rebuild_make(struct state *s, const struct job *job, struct rebuild *r, struct error *err);
/* Why the table's indexes stay whatever the number of rows, or NULL. */
const char *rebuild_never(const struct job_table *t);

#endif
