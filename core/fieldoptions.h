/* fieldoptions.h - a unit's options in a project file. Used by section.c. */
#ifndef MIGHOST_FIELDOPTIONS_H
#define MIGHOST_FIELDOPTIONS_H

#include "fieldread.h"

/* Writes the JSON text to `out` at the field's offset and notes the setting, secrets masked. */
void fieldoptions_read(struct fields *f, struct fieldread *v, void *out);

#endif
