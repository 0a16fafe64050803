/* untouched.h - within publish: has the transaction changed a row that the project preserves? */
#ifndef MIGHOST_UNTOUCHED_H
#define MIGHOST_UNTOUCHED_H

#include "job.h"
#include "state.h"

struct untouched_mark {
    const char *text; /* what must be the same in the end */
    int by_place;     /* of the rows' places, under lock; else of the server's counts */
};

struct untouched_row { /* a preserved row that the run changed */
    size_t group;      /* index into the project's list */
    const char *key, *what;
};

struct untouched { /* of one publish, over all its tries; what it holds lives in the job's memory */
    const struct job_table *locked; /* the only table that is locked; NULL: all that it writes */
    struct untouched_mark *marks;   /* per group */
    char own[16];                   /* the transaction's number */
    int closely; /* a try found a change: the next one locks and lists the rows */
    struct untouched_row *rows;
    size_t n_rows; /* the first of them */
    int64_t changed;
};

/* In the publish transaction, before all that it writes. */
int untouched_begin(struct state *s, const struct job *job, struct untouched *u, struct error *err);
/* Behind all that it writes. STATUS_INVALID: preserved rows are no longer as they were. Where that
 * sets `closely`, which ones, and whether they are the run's, is left to the next try. */
int untouched_end(struct state *s, const struct job *job, struct untouched *u, struct error *err);
/* Keeps what was found, for the report, once the transaction is undone. A transaction of its own.
 */
void untouched_keep(struct state *s, const struct untouched *u);

#endif
