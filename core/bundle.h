/* bundle.h - the directory that a run leaves: its log while it runs, the reporters' files at the
 * end, and a manifest with the SHA-256 of each. 0700, files 0600. */
#ifndef MIGHOST_BUNDLE_H
#define MIGHOST_BUNDLE_H

#include <stdio.h>

#include "job.h"
#include "outdir.h"
#include "state.h"

struct bundle {
    struct outdir *parent, *dir;
    FILE *log;
    char path[4096];
};

/* The report directory, made where it is missing; NULL with `err`. */
struct outdir *bundle_reports(const struct project *project, struct error *err);
/* Can bundles be made there? Makes the report directory when it is missing. */
int bundle_check(const struct project *project, struct error *err);
/* Makes <report_dir>/run-<id> (-2, -3 ... when it is there) and begins its run.log. */
int bundle_open(struct bundle *b, const struct project *project, int64_t run, struct error *err);
/* Runs the reporters over the report and writes the manifest. `reader` is a connection of its
 * own. Every reporter is tried; the first failure is returned. */
int bundle_write(struct bundle *b, struct state *s, struct job *job, struct pg *reader,
                 const char *report, struct error *err);
void bundle_close(struct bundle *b);

#endif
