/* highwater.h - where an incremental stage begins to read: at the greatest value of its field that
 * the newest published run saw, less an overlap for records that were committed late. The mark of a
 * run lies with its chunks, so that it counts only, and as long as, the run is published. */
#ifndef MIGHOST_HIGHWATER_H
#define MIGHOST_HIGHWATER_H

#include <stdint.h>

#include "job.h"
#include "state.h"

struct highwater {
    size_t index; /* of the field in job_stage.fields */
    int is_time;
    int64_t most; /* greater values are no time of a change: they do not move the mark */
    int has_since;
    int64_t since;     /* records below are passed over; times in microseconds from 2000-01-01 */
    const char *text;  /* the same as a source takes it: ISO 8601 in UTC, or digits; "": none */
    int64_t published; /* the run whose mark it is; 0 none */
};

struct highwater_mark { /* of the records seen so far */
    int64_t value;
    int known;
};

struct highwater_options {
    int full; /* everything is read */
    int held; /* the run's own bounds, by which it was loaded: nothing more is read */
};

/* Where each stage begins. Notes say which stages read everything again, and why. The run is open;
 * opens a transaction of its own. */
int highwater_find(struct state *s, struct job *job, const struct highwater_options *options,
                   struct error *err);
/* Behind load: a note for each stage that was read whole and gave no mark. */
int highwater_note(struct state *s, struct job *job, struct error *err);
/* Below the bound: passed over as if it were not there. Never without a bound, or a value. */
int highwater_below(const struct job_stage *st, const mig_record_t *record);
void highwater_raise(const struct job_stage *st, const mig_record_t *record,
                     struct highwater_mark *mark);
/* Were all records of the stage's entity asked for? */
int highwater_is_whole(const struct job_stage *st);
/* "NULL" or digits, for SQL. */
void highwater_sql(int known, int64_t value, char out[32]);

#endif
