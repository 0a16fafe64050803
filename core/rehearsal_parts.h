/* rehearsal_parts.h - what a plan is made of, piece by piece, so that a later run which is another
 * one can be told by name what differs. Pure. */
#ifndef MIGHOST_REHEARSAL_PARTS_H
#define MIGHOST_REHEARSAL_PARTS_H

#include "job.h"
#include "str.h"

/* Appends a JSON object: "column public.items.name" and the like, each with a digest. The same
 * pieces as in struct rehearsal_plan, and no others. */
void rehearsal_parts_json(const struct job *job, struct str *out);

#endif
