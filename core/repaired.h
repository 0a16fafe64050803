/* repaired.h - which records were repaired, by which rule: the file repairs.csv of a bundle, where
 * there are any. */
#ifndef MIGHOST_REPAIRED_H
#define MIGHOST_REPAIRED_H

#include "outdir.h"
#include "project.h"
#include "state.h"

/* At most HOSTREPAIRS_LISTED of each stage, field and rule, each with how many there are. `reader`
 * is in no transaction. */
int repaired_write(const struct state *s, struct pg *reader, const struct project *project,
                   struct outdir *dir, struct error *err);

#endif
