/* selection.h - --only, --phase, --skip and --with-dependencies: which stages, validators and
 * reporters of a project are enabled. Pure. */
#ifndef MIGHOST_SELECTION_H
#define MIGHOST_SELECTION_H

#include "fields.h"
#include "project.h"

/* --only acts on each kind (stages, validators, reporters) of which it names at least one: those
 * named are enabled, the others of that kind are not. --phase adds the stages of a phase that the
 * project does not disable. --skip disables. A name may have its kind before it ("stage:users").
 * Unknown names and phases, and names in both lists, are faults of STATUS_USAGE. */
void selection_apply(struct fields *f, const struct project_overrides *o, struct project *p);
/* Stages may be left out that write the same tables: nobody knows what is gone from the source. */
int selection_is_part(const struct project_overrides *o);

#endif
