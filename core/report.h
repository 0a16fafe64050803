/* report.h - report.json: what one run did, counted from the state schema and the staging
 * tables, never from what the program remembers. share/report.schema.json describes it. */
#ifndef MIGHOST_REPORT_H
#define MIGHOST_REPORT_H

#include "job.h"
#include "logins.h"
#include "state.h"
#include "verify.h"

#define REPORT_STEPS 12

struct report_step {
    const char *name;
    double seconds;
};

/* What became of a run that was found wrong behind publish. */
struct report_undo {
    const char *status; /* "done", "refused", "kept"; NULL: it was not */
    char cause[1024];   /* what was found */
    char reason[1024];  /* why it was refused */
    int proven;         /* by fingerprint */
    char before[65], undone[65];
    double seconds;
};

struct report_input {
    const char *action; /* "run", "dry-run" */
    int exit_code;
    const char *message;
    const char *started; /* ISO 8601, server's time */
    double seconds, publish_seconds;
    int published;
    struct report_step steps[REPORT_STEPS];
    size_t n_steps;
    const struct verify_result *verify; /* NULL: not verified */
    const struct logins_list *logins;   /* proven, where the project asks for it */
    const char *backup;                 /* id, or "" */
    const struct str *notes;            /* warnings, one a line */
    const struct report_undo *undo;
    const struct error *err; /* what ended the run, or NULL */
    const char *gate;        /* JSON of member "rehearsal", or "" */
};

struct report_totals { /* filled for the last line and the exit code */
    int64_t read, skipped, rejected, migrated, staged, inserted, updated, unchanged, left, deleted;
    int64_t vanished; /* records that earlier runs published and the source no longer has */
    int64_t waiting;  /* of the skipped: left out with a parent; counted by report_totals() only */
};

/* Tells the rest once the totals are counted: the verdict's words name them. */
typedef void report_tell(void *arg, struct report_input *in);

/* The text is the caller's to free. NULL and err when the target cannot be read. In the
 * caller's transaction. */
char *report_build(struct state *s, const struct job *job, report_tell *tell, void *arg,
                   struct report_totals *totals, struct error *err);
/* The member "summary". */
struct json_t *report_summary(const struct report_totals *t);
/* Counts only. */
int report_totals(struct state *s, struct report_totals *out, struct error *err);
/* Keeps the report in the run's row, for --report RUN. In the caller's transaction. */
int report_keep(struct state *s, const char *text, struct error *err);

#endif
