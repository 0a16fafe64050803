/* validate.h - the project's validators and invariants. ROW checks refuse records in the check
 * step; QUERY checks look at the outcome: before publish through the views of the tables as if
 * published, inside publish and later at the live tables. */
#ifndef MIGHOST_VALIDATE_H
#define MIGHOST_VALIDATE_H

#include "job.h"
#include "reject.h"
#include "state.h"

enum validate_phase { VALIDATE_AS_IF, VALIDATE_LIVE };

struct validate_result {
    const char *validator, *name, *kind, *severity, *sql; /* live in the job's memory */
    int64_t violations;
    int failed; /* violations of severity error */
    double seconds;
};

struct validate_list {
    struct validate_result *items;
    size_t n, errors; /* errors: failed ones */
};

/* Adds the ROW checks of severity error of all validators for one of the job's tables. */
int validate_rules(struct job *job, size_t table, struct reject_rules *rules, struct error *err);
/* All checks, as queries, on `reader`, in a read-only transaction of their own. */
int validate_run(struct pg *reader, struct job *job, enum validate_phase phase,
                 struct validate_list *out, struct error *err);
/* What a query check found: the first column of up to `most` rows. Values of rows: for the eyes of
 * who asked, never for a log or report. In a read-only transaction of its own. */
int validate_found(struct pg *reader, const struct validate_result *r, int most,
                   void (*tell)(const char *found), struct error *err);
/* validate_run, with the results kept in the state schema and logged; STATUS_INVALID when checks
 * of severity error found faults. Own transactions. */
int validate_step(struct state *s, struct pg *reader, struct job *job, enum validate_phase phase,
                  struct error *err);
/* For checks of others: appended to the list, kept in the state schema in a transaction of its own
 * ("before", "after"). */
void validate_add(struct job *job, struct validate_list *list, const struct validate_result *r);
int validate_keep(struct state *s, const struct validate_list *list, const char *phase,
                  struct error *err);
/* "a, b": the names of the failed ones. */
void validate_failed(const struct validate_list *list, struct str *out);
/* The project's invariants, on the live tables, inside the caller's (publish) transaction;
 * STATUS_INVALID names the first that does not hold. */
int validate_invariants(struct state *s, const struct job *job, struct error *err);
/* The SQL of every check with live table names, one statement each, for verify.sql. */
void validate_sql(struct job *job, struct str *out);

#endif
