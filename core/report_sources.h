/* report_sources.h - the member "sources" of report.json: how stages were read from sources that
 * tell it, how much their fields and references are filled, and what was read as a digest. */
#ifndef MIGHOST_REPORT_SOURCES_H
#define MIGHOST_REPORT_SOURCES_H

#include "job.h"
#include "state.h"

struct json_t;

/* Adds it, where there is anything to tell. In the caller's transaction. */
int report_sources(struct state *s, const struct job *job, struct json_t *root, struct error *err);
/* For a bundle's manifest: of a report, the digest of each. A new reference; a list. */
struct json_t *report_sources_digests(const struct json_t *report);

#endif
