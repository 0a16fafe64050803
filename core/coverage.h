/* coverage.h - which fields of a source and which columns of a target a run made use of, counted
 * from the state schema. [main] */
#ifndef MIGHOST_COVERAGE_H
#define MIGHOST_COVERAGE_H

#include "job.h"
#include "state.h"

enum coverage_use {
    COVERAGE_MAPPED,    /* the stage's migrator reads it */
    COVERAGE_KEY,       /* it is part of the source key, or the field of "incremental" */
    COVERAGE_IGNORED,   /* left out on purpose, says the project or a migrator */
    COVERAGE_ELSEWHERE, /* another stage reads it from the same entity */
    COVERAGE_UNMAPPED
};

struct coverage_field {
    const char *name; /* "": all for which a source has no room */
    int64_t filled;   /* records with a value there, of those that were read */
    enum coverage_use use;
    const char *by; /* ELSEWHERE: that stage */
};

struct coverage { /* of a stage */
    struct coverage_field *fields;
    size_t n;
};

struct coverage_column { /* of a table, rows of one stage that check accepted */
    const struct catalog_column *column;
    int is_staged;         /* the stage fills it */
    int64_t filled, nulls; /* rows with a value of the stage, with NULL of the stage */
    int64_t left;          /* rows for which it says nothing: see coverage_otherwise() */
};

const char *coverage_use_text(enum coverage_use use);
/* What the plan alone tells of a field of that stage; `by` may be NULL. */
enum coverage_use coverage_use_of(const struct job *job, const struct job_stage *st,
                                  const char *field, const char **by);
/* Counts of all stages, in their order; texts live as long as the job. In the caller's transaction.
 * 0 or the error's code. */
int coverage_read(struct state *s, const struct job *job, struct coverage **out, struct error *err);
/* The columns of a table that a stage writes, in the table's order: an array of
 * t->t->n_columns. Staging is there. In the caller's transaction. */
int coverage_columns(struct state *s, const struct job *job, const struct job_stage *st,
                     size_t table, struct coverage_column **out, struct error *err);
/* Does the stage fill that column of its table number `table`? */
int coverage_fills(const struct job_stage *st, size_t table, const char *column);
/* What a new row has in a column that its stage leaves out: "default", "identity", "generated", or
 * "null". */
const char *coverage_otherwise(const struct catalog_column *c);
/* --strict: STATUS_INVALID where a field has values and nothing reads it. */
int coverage_check(struct state *s, struct job *job, struct error *err);

#endif
