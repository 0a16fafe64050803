/* report_coverage.h - the members "fields" of a stage and "columns" of its tables in report.json.
 */
#ifndef MIGHOST_REPORT_COVERAGE_H
#define MIGHOST_REPORT_COVERAGE_H

#include "coverage.h"

struct json_t;

/* A list with each field of the entity: what became of it, and in how many records it has a value.
 */
struct json_t *report_coverage_fields(const struct coverage *c);
/* A list with each column of the stage's table: rows in which it is filled, NULL, left out. In the
 * caller's transaction. NULL and err when it cannot be counted. */
struct json_t *report_coverage_columns(struct state *s, const struct job *job,
                                       const struct job_stage *st, size_t table, struct error *err);

#endif
