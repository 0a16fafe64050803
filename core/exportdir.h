/* exportdir.h - the export directory as a whole: who writes it, whether it is whole, and whether it
 * is as it was when it was finished. What sources put into it is theirs. */
#ifndef MIGHOST_EXPORTDIR_H
#define MIGHOST_EXPORTDIR_H

#include "outdir.h"
#include "project.h"

struct json_t;

struct exportdir_owner { /* the run that fills it; number 0: --export-only */
    int64_t run;
    const char *started, *database; /* tell it from runs of the same number elsewhere */
};

/* Opens the directory, makes it where it is missing (0700), and takes it for the owner. Another's,
 * a whole one, one that holds other files: STATUS_BACKUP. A half one of --export-only is gone on
 * with, after a day only when that is confirmed. `whole`: this very run has finished it before. */
struct outdir *exportdir_take(const struct project *p, const struct exportdir_owner *owner,
                              int confirmed, int *whole, struct error *err);
/* All is there: writes the manifest with `about`'s members (taken over) and the digest of each
 * file. */
int exportdir_finish(struct outdir *dir, const struct project *p,
                     const struct exportdir_owner *owner, struct json_t *about, struct error *err);
/* The manifest of a whole export, each of whose files is as it says; `id` gets its own SHA-256.
 * NULL and STATUS_BACKUP. */
struct json_t *exportdir_verify(const struct project *p, char id[65], struct error *err);
/* The same without a look at the files; NULL: there is none. */
struct json_t *exportdir_manifest(const struct project *p);

#endif
