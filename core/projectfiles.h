/* projectfiles.h - parts of a project that stand in files of their own: {"$file": "PATH"}. */
#ifndef MIGHOST_PROJECTFILES_H
#define MIGHOST_PROJECTFILES_H

#include "fields.h"

/* Puts the content of the file in the place of each such object in `node`, of `node` itself too,
 * and in what the files hold in turn. `key` is for messages. Faults are added to f->faults with the
 * file's name, line and column; what could not be read stays as it is. */
void projectfiles_include(struct fields *f, const struct jsonfile_node *node, const char *key);

#endif
