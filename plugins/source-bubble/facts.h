/* facts.h - what is told of an entity's reading: how often was asked, and a digest of what was read
 * that does not depend on its order. */
#ifndef MIGHOST_SOURCE_BUBBLE_FACTS_H
#define MIGHOST_SOURCE_BUBBLE_FACTS_H

#include "record.h"
#include "transfer.h"

/* For a position, so that they outlive the process; a new reference. */
json_t *facts_keep(const struct record *r, const struct transfers_count *c);
void facts_restore(const json_t *kept, struct record *r, struct transfers_count *c);
/* As mig_source_ops_t.facts(). */
int32_t facts_tell(const struct record *r, const struct transfers_count *c, void *ctx,
                   int32_t (*fact)(void *ctx, const char *name, const char *value));

#endif
