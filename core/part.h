/* part.h - the parts of a stage that several processes load: which there are, who has one, what is
 * done. A part has a range of chunk numbers of its own, so that record numbers keep the source's
 * order. Whoever claims a part begins it anew: its chunks are bound to the attempt. [main] */
#ifndef MIGHOST_PART_H
#define MIGHOST_PART_H

#include "job.h"
#include "state.h"

struct part {
    int64_t no;   /* of the chunk before its first */
    char *bounds; /* what open() takes; owned */
};

/* `n` parts of the stage, in order, from bounds[0] on. Own transaction. */
int part_make(struct state *s, const struct job_stage *st, const char *const *bounds, size_t n,
              struct error *err);
/* The first part that is not done and that nobody else works on; what earlier attempts left of it
 * is forgotten. 1: s->part and s->attempt fence all that follows; 0: none is free; else a negative
 * status. out->bounds is the caller's to free. Own transaction. */
int part_claim(struct state *s, const struct job *job, const struct job_stage *st, struct part *out,
               struct error *err);
/* The claimed part is loaded; it is no longer ours. Own transaction. */
int part_done(struct state *s, struct error *err);
/* The claimed part is for others, or for the next run. */
void part_leave(struct state *s);
/* Nobody works on the stage: its parts that are not done are free, whoever claimed them and died.
 * What a dead worker's backend commits later is not seen: to be repeated until all are done. Own
 * transaction. */
int part_free(struct state *s, const struct job_stage *st, struct error *err);

struct part_progress {
    int64_t parts, done, read, rejected;
    char cause[160]; /* of the first reject in the order of the records, or "" */
};
/* In the caller's transaction. */
int part_progress(struct state *s, const struct job_stage *st, struct part_progress *out,
                  struct error *err);
/* All parts are done: from here on chunks and rejects carry the numbers of the entity's records,
 * not of the part's. A statement, appended. */
void part_settle_sql(const struct state *s, const struct job_stage *st, struct str *sql);

#endif
