/* kinds.h - the kinds of rules. Each is a validator of its own and may stand in the list of the
 * validator "rules"; its options there are its members. */
#ifndef MIGHOST_VALIDATORS_KINDS_H
#define MIGHOST_VALIDATORS_KINDS_H

#include "rule.h"

struct kind {
    const mig_unit_t *unit; /* its name and its options */
    void (*build)(const struct rule *r);
};

/* In a list that ends with a NULL unit; NULL: none of that name. */
const struct kind *kinds_find(const struct kind *kinds, const char *name);
/* Adds the checks of one rule; reads "severity" and refuses members that the kind lacks. */
void kinds_build(const struct kind *kind, struct rule_checks *checks, const json_t *members,
                 const char *where);
void kinds_build_rules(const struct rule *r);

/* rows.c: conditions on one row */
void rows_required(const struct rule *r);
void rows_email(const struct rule *r);
void rows_range(const struct rule *r);
void rows_expression(const struct rule *r);
/* relations.c: rows that need others */
void relations_orphans(const struct rule *r);
void relations_exists(const struct rule *r);
/* queries.c: whole tables */
void queries_unique(const struct rule *r);
void queries_filled(const struct rule *r);
void queries_counts(const struct rule *r);
void queries_sql(const struct rule *r);

#endif
