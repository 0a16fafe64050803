/* match.h - staged rows against live rows: which live row each staged row stands for, and which of
 * them are the same already. Sets only. */
#ifndef MIGHOST_MATCH_H
#define MIGHOST_MATCH_H

#include "job.h"
#include "state.h"

/* The match table of one table, from scratch. */
int match_make(struct state *s, struct job_table *t, struct error *err);
int match_drop(struct state *s, const struct job_table *t, struct error *err);
/* Staged row s and live row l are the same image. Domain casts are left out. */
void match_same_image(const struct job_table *t, struct str *sql);
/* Other rows into the match table that is there, which may be a view of a part. */
int match_refill(struct state *s, struct job_table *t, struct error *err);
/* Marks the matched rows that are the same as their live row: again, after staged rows changed. */
int match_same(struct state *s, struct job_table *t, struct error *err);
/* Where most rows are the same: keeps the list of the others, and t->has_rest says so. */
int match_rest(struct state *s, struct job_table *t, struct error *err);
/* Makes that list anew: other rows are the same now. */
int match_rest_again(struct state *s, struct job_table *t, struct error *err);
/* Every live row has a staged one that stands for it, where that is known: what asks for live rows
 * that have none needs no look. Rows that others add meanwhile are the next run's. */
int match_takes_all(const struct job_table *t);
/* Condition on a row "w" of the view of what will be: it is not as its live row. */
void match_not_same(const struct job_table *t, struct str *sql);
/* "s.k1 OP l.k1 AND ..." for two aliases over the table's match key. */
void match_condition(const struct catalog_key *k, const char *left, const char *right,
                     struct str *out);
/* "p.k1 OP c.r1 AND ..." for aliases of a parent and a child. */
void match_reference(const struct catalog_reference *k, const char *parent, const char *child,
                     struct str *out);
/* Do both refer by the same columns of the parent? */
int match_same_parent(const struct catalog_reference *a, const struct catalog_reference *b);
/* (SELECT ids, (part) AS k0, ... FROM source WHERE predicate): an index's key of each row. */
void match_key_rows(const struct catalog_key *k, const char *ids, const char *from,
                    struct str *sql);
/* "a.k0 OP b.k0 AND ..." over two of these. */
void match_key_equal(const struct catalog_key *k, const char *left, const char *right,
                     struct str *sql);
/* The place of the live row with this alias, appended; of alias "l" it is match_at(). */
void match_place(const struct job_table *t, const char *alias, struct str *sql);
/* The place of live row "l", as _mig_at of the match and delete tables keeps it. */
const char *match_at(const struct job_table *t);
/* Staged rows that overwrite their live row: policies update and replace. */
int match_overwrites(const struct job_table *t);

#endif
