/* schema_sync.h - the statements that bring one database up to another: what is missing is made,
 * what is another is changed where SQL can, rows stay. Nothing is dropped but to be made again. */
#ifndef MIGHOST_SCHEMA_SYNC_H
#define MIGHOST_SCHEMA_SYNC_H

#include "schema_compare.h"

/* Appends the script that makes b like a, with what it leaves alone as comments. */
void schema_sync_text(const struct schema_differences *d, struct str *out);
/* Does it, in one transaction on b. Nothing was done where this is not 0: the error names the
 * object that could not be made. */
int schema_sync_apply(struct pg *pg, const struct schema_differences *d, struct error *err);

#endif
