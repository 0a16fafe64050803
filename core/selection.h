/* selection.h - --only, --skip and --with-dependencies: which stages, validators and reporters of
 * a project are enabled. Pure. */
#ifndef MIGHOST_SELECTION_H
#define MIGHOST_SELECTION_H

#include "fields.h"
#include "project.h"

/* --only acts on each kind (stages, validators, reporters) of which it names at least one: those
 * named are enabled, the others of that kind are not. --skip disables. A name may have its kind
 * before it ("stage:users"). Unknown names and ones in both lists are faults of STATUS_USAGE. */
void selection_apply(struct fields *f, const struct project_overrides *o, struct project *p);

#endif
