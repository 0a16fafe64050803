/* prove.h - a backup is restored, by the code that would restore it in earnest, into a scratch
 * database, and its digests compared with those of the rows that were backed up. */
#ifndef MIGHOST_PROVE_H
#define MIGHOST_PROVE_H

#include <stddef.h>
#include <stdint.h>

#include "project.h"
#include "status.h"

struct prove_request {
    const struct project *project;
    const char *id;
    const char *url; /* of the target */
    int embedded;    /* the target is on the embedded server itself */
    int server_version;
};

struct prove_result {
    size_t tables, unknown; /* restored; of them those whose digest the backup does not have */
    int64_t rows;
    const char *where; /* static: "on the target's server" */
    double seconds;
};

/* 0; STATUS_BACKUP where the backup is damaged, cannot be restored, or gives other rows;
 * STATUS_PREFLIGHT where no scratch database can be made. Nothing of the target changes but that
 * database, which is gone at the end; one that a killed process left goes with the next call. */
int prove_backup(const struct prove_request *request, struct prove_result *out, struct error *err);

#endif
