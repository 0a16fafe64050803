/* rehearsal.h - what is known of the rehearsals of a target, in its state schema: of which plan
 * each was, how it ended, what was measured. Who may run without one is gate.c's. */
#ifndef MIGHOST_REHEARSAL_H
#define MIGHOST_REHEARSAL_H

#include "job.h"
#include "state.h"

/* Digests of what must be the same in the run that was rehearsed and the one that follows. */
struct rehearsal_plan {
    char project[65]; /* the project file, and which validators take part */
    char stages[65];  /* the chosen stages, variables replaced, with their plugins */
    char plugins[65]; /* of all plugins that are loaded */
    char catalog[65]; /* of the target's tables that are written */
    struct str parts; /* all of it piece by piece, see rehearsal_parts.h */
};

/* The job has units and catalog, of the target itself. */
void rehearsal_plan_of(const struct job *job, struct rehearsal_plan *out);
void rehearsal_plan_clear(struct rehearsal_plan *plan);

/* Counts and times of a finished run, as JSON; the caller frees. Appends a line for people. In a
 * transaction on the database where it ran. */
char *rehearsal_measure(struct state *s, struct str *text, struct error *err);

struct rehearsal_record {
    const struct rehearsal_plan *plan;
    const char *project, *place, *bundle, *measured;
    int go;
};
/* Keeps it in the target; `id` is its number there. Own transaction. */
int rehearsal_keep(struct state *s, const struct rehearsal_record *record, int64_t *id,
                   struct error *err);

struct rehearsal_found {
    int64_t id;        /* of the newest one of this plan, which said go; 0: there is none */
    char why[1000];    /* then: what is missing, or differs from the newest one */
    char bundle[4096]; /* of the newest one, "" when there is none */
};
/* Own transaction. */
int rehearsal_find(struct state *s, const char *project, const struct rehearsal_plan *plan,
                   struct rehearsal_found *out, struct error *err);

#endif
