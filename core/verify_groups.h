/* verify_groups.h - what verify found, apart for each stage in each table: the groups of rows that
 * people ask for. [main] */
#ifndef MIGHOST_VERIFY_GROUPS_H
#define MIGHOST_VERIFY_GROUPS_H

#include "verify.h"

/* A group for each stage of each table, as far as the job knows its stages; verify_clear() ends
 * them. */
void verify_groups_begin(const struct job *job, struct verify_result *out);
/* Number of the only stage that writes the table; 0: there are others, or none is known. */
size_t verify_groups_only(const struct job_table *t);
/* The group of a stage number; one that lacks is added. */
struct verify_group *verify_groups_of(const struct job_table *t, size_t no,
                                      struct verify_result *out);
/* All rows of a table, `rows`, are found as they were staged: how many are whose? In the caller's
 * transaction. */
int verify_groups_found(struct state *s, const struct job_table *t, int64_t rows,
                        struct verify_result *out, struct error *err);
/* By what the run itself called its stages: who goes on with it may have another project. In the
 * caller's transaction. */
int verify_groups_name(struct state *s, struct verify_result *out, struct error *err);
/* "passed", "failed" by the run's fault, "warning" by others' doing. */
const char *verify_groups_result(const struct verify_group *g);

#endif
