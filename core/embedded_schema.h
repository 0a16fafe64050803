/* embedded_schema.h - gives a new database of the embedded server what the project says it holds.
 */
#ifndef MIGHOST_EMBEDDED_SCHEMA_H
#define MIGHOST_EMBEDDED_SCHEMA_H

#include "status.h"

/* Runs the SQL file at `path` by psql in the database at `url` (no password in it), all of it or
 * nothing, unless there is a table already. 0 or a status. */
int embedded_schema(const char *url, const char *path, struct error *err);

#endif
