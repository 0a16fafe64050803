/* summary.h - the sections of summary.txt. Each prints nothing when the report has nothing for
 * it, unless that is itself worth knowing. */
#ifndef MIGHOST_REPORTERS_SUMMARY_H
#define MIGHOST_REPORTERS_SUMMARY_H

#include <jansson.h>

#include "out.h"

void summary_stages(struct out *o, const json_t *root); /* and the totals over them */
void summary_tables(struct out *o, const json_t *root);
void summary_coverage(struct out *o, const json_t *root);

void summary_sources(struct out *o, const json_t *root);

void summary_causes(struct out *o, const json_t *root);
void summary_repairs(struct out *o, const json_t *root);
void summary_warnings(struct out *o, const json_t *root);
void summary_checks(struct out *o, const json_t *root);
void summary_verify(struct out *o, const json_t *root);
void summary_criteria(struct out *o, const json_t *root);

#endif
