/* batch.h - publishes a run batch by batch: each is one transaction with fence, lock, drift check,
 * before-images, writes, sequences, counts and its mark in the state schema. */
#ifndef MIGHOST_BATCH_H
#define MIGHOST_BATCH_H

#include "publish.h"

/* Cuts the run where no batch is done yet, and publishes what is left. Behind it, s->at is
 * RUN_PUBLISHED, or says how far it came: RUN_PARTLY when some batches are published. `out` gets
 * the counts of the whole run. Statuses as publish_run(). */
int batch_publish_run(struct state *s, struct job *job, struct publish_result *out,
                      struct error *err);

#endif
