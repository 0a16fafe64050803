/* check.h - everything that can fail is made to fail here, before a live table changes: values,
 * collisions, references, to a fixed point. Refused rows take their whole record along; what
 * refers to it is left out with the first cause. Sets in the target. */
#ifndef MIGHOST_CHECK_H
#define MIGHOST_CHECK_H

#include "job.h"
#include "state.h"

struct check_options {
    int may_delete;       /* replace may delete: the sources were read completely */
    int delete_confirmed; /* also more than max_delete */
};

/* One fenced transaction; from scratch each time, so that drift can ask for it again. */
int check_run(struct state *s, struct job *job, const struct check_options *options,
              struct str *notes, struct error *err);

/* In publish, under lock: what check found out from live rows is still so, or STATUS_DRIFT. */
int check_again(struct state *s, struct job *job, struct error *err);

#endif
