/* gate.h - what a run on a production target needs before it begins: a passed rehearsal of the very
 * same plan, and a checklist that somebody has gone through. */
#ifndef MIGHOST_GATE_H
#define MIGHOST_GATE_H

#include "cli.h"
#include "session.h"
#include "str.h"

struct gate {
    int64_t rehearsal; /* that the run is compared with, or 0 */
    struct str report; /* JSON for the report; "" where nothing is asked for */
};

/* 0, or STATUS_CONFIG where the project file still lists what somebody has to look at. No --force:
 * a line is taken out instead. */
int gate_review(const struct cli *cli, struct session *s);
/* The session is ready for a run. 0, or STATUS_PREFLIGHT with everything that is missing among the
 * faults; --force lets it pass and says so in the report. gate_clear() in any case. */
int gate_check(const struct cli *cli, struct session *s, struct gate *out);
void gate_clear(struct gate *gate);
/* Before the way back from a run on production is given up: 0, or STATUS_PREFLIGHT with what of the
 * checklist is open, also of that behind the run. --force lets it pass. */
int gate_end(const struct cli *cli, struct session *s);
/* What the checklist has next, behind a run on production; to the log. */
void gate_tell_next(const struct cli *cli, struct session *s);
/* The project's checklist, and whether the gate is open, as lines on stdout. Refuses nothing. */
int gate_tell(const struct cli *cli, struct session *s);
/* The checklist alone: needs no target. */
int gate_tell_checklist(const struct cli *cli, struct session *s);

#endif
