/* number.h - keys that a sequence gives (ids "sequence"): numbered in check behind what table and
 * sequence hold, moved behind what others took since in publish. Check moves no sequence. */
#ifndef MIGHOST_NUMBER_H
#define MIGHOST_NUMBER_H

#include "job.h"
#include "state.h"

/* In check, before anything compares keys: the number that an earlier run gave to the source key,
 * else the next one, in the order of the records. */
int number_run(struct state *s, const struct job *job, struct error *err);
/* In publish, tables locked: where others took numbers since check, all new ones and what refers
 * to them move behind those, by one offset for each table. */
int number_shift(struct state *s, const struct job *job, struct error *err);

#endif
