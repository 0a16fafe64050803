/* marks.h - what slow transforms have computed in this run, by keyed marks of their input: so that
 * a load which is taken up again, and reads its source from the beginning, computes nothing twice.
 * Lives in a table of the run, from the first such chunk until all is loaded. [main] */
#ifndef MIGHOST_MARKS_H
#define MIGHOST_MARKS_H

#include "job.h"
#include "state.h"

#define MARKS_BYTES 32

struct marks; /* those of a resumed run, in memory */

/* The table, where a stage of the job has use for it. In the caller's transaction. */
int marks_create(struct state *s, const struct job *job, struct error *err);
/* All is loaded: they have served. Own transaction; nothing where no stage has use for them. */
int marks_drop(struct state *s, const struct job *job, struct error *err);
/* Drops it, appended; nothing where there is none. */
void marks_drop_sql(const struct state *s, struct str *sql);
/* COPY statement of (mark, value), appended. */
void marks_copy_sql(const struct state *s, struct str *sql);

/* NULL without an error: there is nothing to be found. Own transaction. */
struct marks *marks_load(struct state *s, const struct job_stage *st, struct error *err);
void marks_free(struct marks *m);
/* The value, or NULL. Lives as long as `m`, which may be NULL. */
const char *marks_find(const struct marks *m, const unsigned char mark[MARKS_BYTES]);
/* Does the transform give marks? */
int marks_has(const struct unit *transform);

#endif
