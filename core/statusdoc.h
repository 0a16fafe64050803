/* statusdoc.h - the state of a target's runs as one JSON document: what --status --json prints, the
 * page shows and --status --follow looks at. share/status.schema.json describes it. Names and
 * counts only: no key and no value of a record. [main] */
#ifndef MIGHOST_STATUSDOC_H
#define MIGHOST_STATUSDOC_H

#include "project.h"
#include "state.h"

struct json_t;

/* Of more rejects than these (and a run may have millions) the first ones are looked at for the
 * reasons. */
#define STATUSDOC_MOST_REJECTS "20000"

/* From the state schema alone, so that it works while another process, on whatever machine, has the
 * run. Its own read-only transaction. `kept`: also how much each run's tables take, which asks the
 * server for the size of many files. The document is the caller's to json_decref(); NULL and err.
 */
struct json_t *statusdoc_make(struct state *s, const struct project *project, int kept,
                              struct error *err);
/* Members that are not there count as "" and 0. */
const char *statusdoc_text(const struct json_t *object, const char *name);
double statusdoc_number(const struct json_t *object, const char *name);

#endif
