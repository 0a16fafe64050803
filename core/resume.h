/* resume.h - where a stage's load goes on after it was stopped. */
#ifndef MIGHOST_RESUME_H
#define MIGHOST_RESUME_H

#include "job.h"
#include "state.h"

struct resume_point {
    int64_t chunks; /* done */
    uint64_t read, rejected;
    char *position; /* owned */
    int done;
    int parts;       /* it was cut (part.h): the parts say what is left */
    int same_state;  /* what is there is as the source's present state has it */
    int64_t records; /* that there must be in the end for that to be true; -1: not known */
};

/* Behind the stage's last chunk when nothing changed and the source can tell positions; else from
 * the start, with everything that the stage brought forgotten (`fresh`). `forced`: from the start
 * in any case. at->position is the caller's to free. */
int resume_find(struct state *s, const struct job *job, struct job_stage *st, int forced,
                struct resume_point *at, int *fresh, struct error *err);

/* How far the stage's chunks are, whoever knows that they may stay. Own transaction. */
int resume_count(struct state *s, const struct job_stage *st, struct resume_point *at,
                 struct error *err);
/* Forgets all that the stage's chunks `from`, up to but not `to`, brought into the run. In the
 * caller's transaction. */
int resume_forget(struct state *s, const struct job *job, const struct job_stage *st, int64_t from,
                  int64_t to, struct error *err);

#endif
