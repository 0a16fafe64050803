/* endtable.h - what became of the records of each stage, for people, when a run has ended. */
#ifndef MIGHOST_ENDTABLE_H
#define MIGHOST_ENDTABLE_H

#include "state.h"

/* Lines of at most `columns`, in the order of the plan; in a transaction of its own. */
int endtable_make(struct state *s, int columns, struct str *out, struct error *err);

#endif
