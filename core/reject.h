/* reject.h - refusing staged records by sets; all in the check transaction. */
#ifndef MIGHOST_REJECT_H
#define MIGHOST_REJECT_H

#include "job.h"
#include "state.h"
#include "str.h"

/* Around the source key of the record that stays, in a reason. */
#define REJECT_WINNER ": the one with the source key "
#define REJECT_STAYS " stays"

struct reject_rule {
    const char *condition;             /* SQL over the alias w, the row as it will be */
    const char *code, *reason, *field; /* field may be NULL */
};

struct reject_rules { /* the rules of one table, asked for in one pass over its rows */
    size_t n;
    struct str cases, texts;
};

void reject_rules_init(struct reject_rules *rules);
void reject_rule_add(struct reject_rules *rules, const struct reject_rule *rule);
void reject_rules_clear(struct reject_rules *rules);
/* Rejects the records of rows of `t` that satisfy a rule's condition; the first rule counts.
 * `rest`: passes over the rows that are as their live row, where these are most. */
int reject_rows(struct state *s, const struct job_table *t, const struct reject_rules *rules,
                int rest, struct error *err);
/* Before the first refusal of a check. */
void reject_begin(struct state *s, struct job *job);
/* All rows of records that were refused since the last call leave the accepted ones. */
int reject_spread(struct state *s, const struct job *job, struct error *err);
/* The same in one table; what was refused still counts as not spread. */
int reject_spread_table(struct state *s, struct job *job, size_t table, struct error *err);

/* Pieces for statements of the form INSERT INTO reject ... SELECT ... FROM w. */
void reject_head(const struct state *s, const struct job_table *t, int outcome, struct str *sql);
void reject_reason(const struct reject_rule *rule, struct str *sql);
/* The same, and which record stays: `winner` is SQL for its source key. */
void reject_for(const struct reject_rule *rule, const char *winner, struct str *sql);
void reject_join(const struct state *s, struct str *sql); /* w with its chunk, alias c */
void reject_text(struct str *sql, const char *text);      /* a literal or NULL */
/* Runs the statement, counts what it refused, and frees its text. */
int reject_run(struct state *s, struct str *sql, struct error *err);

#endif
