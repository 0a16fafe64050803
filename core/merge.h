/* merge.h - whose value a column gets where a record meets a live row: the source's, the target's,
 * the newer one, the source's where there is none; or the record is refused. [main] */
#ifndef MIGHOST_MERGE_H
#define MIGHOST_MERGE_H

#include "job.h"
#include "reject.h"
#include "state.h"

/* The rule of each staged column, from the project; what cannot be so is a fault. */
void merge_plan(struct job *job, struct job_table *t, const struct project_table *set,
                struct faults *faults);
/* Once the table is matched, its keys and absent values settled: puts live values that win into the
 * staged rows, so that whoever asks for the row as it will be finds it there, and counts them as
 * repairs. `changed`: some rows are others now. In check's transaction. */
int merge_resolve(struct state *s, const struct job_table *t, int *changed, struct error *err);
/* For some rows once more, because their live rows changed: can that be without check, are the
 * values as they were loaded, and who wins. The key that they were matched by stays. */
int merge_can_again(const struct job_table *t);
int merge_undo(struct state *s, const struct job_table *t, struct error *err);
int merge_again(struct state *s, const struct job_table *t, int *changed, struct error *err);
/* Columns in which a record may not differ from its live row. */
void merge_rules(const struct job_table *t, struct reject_rules *rules);
/* The rules in words, for the plan; nothing where all is overwritten. */
void merge_print(const struct job_table *t, struct str *out);

#endif
