/* rollbackinfo.h - rollback_info.json of a bundle: which run, where, and what it wrote, so that a
 * run can be taken back by this file alone. */
#ifndef MIGHOST_ROLLBACKINFO_H
#define MIGHOST_ROLLBACKINFO_H

#include "job.h"
#include "outdir.h"
#include "state.h"

struct rollbackinfo {
    int64_t run;
    char started[40];      /* as in struct state: another target has a run of the same number */
    char project[200];     /* its name */
    char state_schema[64]; /* where the run's state is */
    int production;
};

int rollbackinfo_write(struct outdir *dir, struct state *s, const struct job *job,
                       struct error *err);
int rollbackinfo_read(const char *path, struct rollbackinfo *out, struct error *err);
/* Stands in for the run's project file, which may be gone: the target comes from the environment or
 * the command line. NULL with faults. */
struct project *rollbackinfo_project(const struct rollbackinfo *info,
                                     const struct project_overrides *overrides,
                                     struct faults *faults);

#endif
