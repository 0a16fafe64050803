/* rule.h - one rule of the project: its members as the builders read them, and the checks that
 * come out of it. */
#ifndef MIGHOST_VALIDATORS_RULE_H
#define MIGHOST_VALIDATORS_RULE_H

#include <jansson.h>
#include <mighost/plugin.h>

#include "common/faultlist.h"
#include "sqltext.h"

#define RULE_MAX_COLUMNS 32

struct kind;

struct rule_checks { /* of one validator; all texts live in memory of the host */
    const mig_host_t *host;
    const struct kind *kinds; /* all there are, for lists of rules */
    mig_check_t *items;
    size_t n, capacity;
    struct faultlist faults;
};

struct rule {
    struct rule_checks *checks;
    const json_t *members;
    const char *where; /* "rule 3 (range)", for faults; may be NULL */
    uint32_t severity;
};

struct rule_columns {
    const char *names[RULE_MAX_COLUMNS]; /* borrowed from the JSON */
    size_t n;
};

/* What a check says when it is violated. Texts are copied. */
struct rule_says {
    const char *name; /* made unique within the validator */
    const char *code;
    const char *message;
    const char *column; /* or NULL */
};

void rule_fault(const struct rule *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The text of a member; NULL and a fault when it is another thing or, if `required`, not there. */
const char *rule_text(const struct rule *r, const char *member, int required);
int rule_flag(const struct rule *r, const char *member);
/* "severity"; where it is not there, that of the validator stays. */
void rule_read_severity(struct rule *r);
/* Names from a member that is a text or a list of texts. 0, or -1 and a fault. */
int rule_columns(const struct rule *r, const char *member, struct rule_columns *out);
/* The same from "columns" or "column", of which there must be one. */
int rule_own_columns(const struct rule *r, struct rule_columns *out);

/* Add a check with that SQL, or the fault of the SQL. Both end `sql`. */
void rule_row_check(const struct rule *r, const char *table, const struct rule_says *says,
                    struct sqltext *sql);
void rule_query_check(const struct rule *r, const struct rule_says *says, struct sqltext *sql);

#endif
