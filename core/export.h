/* export.h - the export directory: what sources give, kept so that a later run needs them no more,
 * and CSV files of it for other programs. Which source can is its own to say (MIG_SOURCE_RECORDS).
 */
#ifndef MIGHOST_EXPORT_H
#define MIGHOST_EXPORT_H

#include "job.h"
#include "session.h"

/* Key and mode for the units that are to be made; with --skip-export the directory is compared with
 * its manifest. A fault for each thing that is wrong. */
void export_prepare(struct host *host, const struct session_options *options,
                    struct faults *faults);
/* Behind the units: is there a source that can be exported, and all that the stages read? */
void export_check(const struct job *job, struct faults *faults);
/* Before a run reads: takes the directory. Nothing where the run exports nothing. */
int export_begin(struct job *job, const struct state *s, struct error *err);
/* Behind it: CSV files and the manifest. */
int export_finish(struct job *job, const struct state *s, struct error *err);
/* As mig_source_ops_t.written(), of a source that is read from the export: what others wrote while
 * the export was made. MIG_END: it is not known. */
int32_t export_changed(const struct job_stage *st, void *ctx,
                       int32_t (*row)(void *ctx, int32_t removed, mig_str_t key));
/* --export-only: all of it, without a target. */
int export_only(struct job *job, int confirmed, struct error *err);

#endif
