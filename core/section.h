/* section.h - an object of a project file into a struct. */
#ifndef MIGHOST_SECTION_H
#define MIGHOST_SECTION_H

#include "fields.h"

/* Reads all keys of `section` into `out` (zeroed by the caller) and sets defaults. `prefix` leads
 * the keys in faults and settings ("" or "stages.orders."). Every fault is added. */
void section_read(struct fields *f, const struct jsonfile_node *object,
                  const struct section *section, const char *prefix, void *out);

#endif
