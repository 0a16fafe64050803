/* reject.h - refusing staged records by sets; all in the check transaction. */
#ifndef MIGHOST_REJECT_H
#define MIGHOST_REJECT_H

#include "job.h"
#include "state.h"
#include "str.h"

struct reject_rule {
    const char *condition;             /* SQL over the alias w, the row as it will be */
    const char *code, *reason, *field; /* field may be NULL */
};

/* Rejects the records of rows of `t` that satisfy the rule's condition. */
int reject_rows(struct state *s, const struct job_table *t, const struct reject_rule *rule,
                struct error *err);
/* All rows of rejected records leave the accepted ones; adds their number to `changed`. */
int reject_spread(struct state *s, const struct job *job, int64_t *changed, struct error *err);

/* Pieces for statements of the form INSERT INTO reject ... SELECT ... FROM w. */
void reject_head(const struct state *s, const struct job_table *t, int outcome, struct str *sql);
void reject_reason(const struct reject_rule *rule, struct str *sql);
/* The same, and which record stays: `winner` is SQL for its source key. */
void reject_for(const struct reject_rule *rule, const char *winner, struct str *sql);
void reject_join(const struct state *s, struct str *sql); /* w with its chunk, alias c */
void reject_text(struct str *sql, const char *text);      /* a literal or NULL */
/* Runs the statement and frees its text. */
int reject_run(struct state *s, struct str *sql, struct error *err);

#endif
