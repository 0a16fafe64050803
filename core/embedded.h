/* embedded.h - the embedded default: a private PostgreSQL where a project names no server.
 * initdb of the machine's own packages, unix socket only, in the project's work directory;
 * as root it runs as user "postgres" (or the first fitting system user). The system's own
 * cluster is never touched. Stays up between runs until embedded_stop. */
#ifndef MIGHOST_EMBEDDED_H
#define MIGHOST_EMBEDDED_H

#include "status.h"

/* Makes and starts what is missing below `work_dir`/embedded; fills `url` with a libpq URI to
 * database `dbname` (created when missing) that works for the caller. 0, STATUS_PREFLIGHT (no
 * PostgreSQL programs: names the Debian package), STATUS_TEMPORARY. */
int embedded_start(const char *work_dir, const char *dbname, char *url, size_t url_size,
                   struct error *err);
/* 1 running, 0 not, -1 unknown. */
int embedded_status(const char *work_dir);
int embedded_stop(const char *work_dir, struct error *err);
/* "psql -h DIR -U mighost DBNAME", for the user to copy. */
void embedded_psql(const char *work_dir, const char *dbname, char *out, size_t size);
/* The newest directory with initdb and postgres ("/usr/lib/postgresql/15/bin"); 0 or -1. */
int embedded_bindir(char *out, size_t size);

#endif
