/* projectkeys.h - every key of a project file: the tables behind project_load(), docs/project.md
 * and share/project.schema.json. */
#ifndef MIGHOST_PROJECTKEYS_H
#define MIGHOST_PROJECTKEYS_H

#include "fields.h"

/* The whole file, into struct project. */
extern const struct section projectkeys_root;

/* All sections, the root first; for tests and documentation. */
const struct section *const *projectkeys_sections(size_t *n);

#endif
