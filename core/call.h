/* call.h - every call into a unit. Each is named for the words after a crash (crash.h), and its
 * answer is held to what plugin.h allows: a unit that breaks its contract ends the run under its
 * own name, as MIG_E_BUG, instead of confusing the host. host_error() makes an error of it. */
#ifndef MIGHOST_CALL_H
#define MIGHOST_CALL_H

#include "host.h"
#include "job.h"

int32_t call_create(struct unit *u);
void call_destroy(struct unit *u);

int32_t call_ping(struct unit *source);
int32_t call_identity(const struct job_stage *stage, mig_str_t *out);
/* The next open() is to give the wanted records alone, where the source can. MIG_END: it gives all,
 * and feed_next() passes over the others. */
int32_t call_only(const struct job_stage *stage);
int32_t call_open(const struct job_stage *stage, mig_str_t position);
int32_t call_next(const struct job_stage *stage, mig_record_t *record, mig_wait_t *wait);
/* Empty when the source does not give it. */
mig_str_t call_raw(const struct job_stage *stage);
mig_str_t call_position(const struct job_stage *stage);
int64_t call_progress(const struct job_stage *stage);
/* Empty when the source does not give it. */
int32_t call_snapshot(const struct job_stage *stage, mig_str_t *out);
/* As mig_source_ops_t.unchanged; MIG_END also when the source has no such function. */
int32_t call_unchanged(const struct job_stage *stage, const char *before, uint64_t *written,
                       uint64_t *records);
/* It can end the state in which it reads; does so. `source` is told by u->released afterwards. */
int call_can_release(const struct unit *source);
int32_t call_release(struct unit *source);
/* As mig_source_ops_t.unread; MIG_END when the source has no such function. */
int32_t call_unread(const struct job_stage *stage, void *ctx,
                    int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled));
/* As mig_source_ops_t.soon. */
int32_t call_soon(const struct job_stage *stage);
/* As mig_source_ops_t.amend; MIG_END also when the source has no such function. */
int32_t call_amend(const struct job_stage *stage, uint64_t *records);
/* It reads in a session of a database, by the sign that it can name its snapshot. */
int call_keeps_session(const struct job_stage *stage);
/* The source can cut entities into parts and have other processes read them. */
int call_can_split(const struct job_stage *stage);
int32_t call_split(const struct job_stage *stage, uint32_t wanted, void *ctx,
                   int32_t (*part)(void *ctx, mig_str_t part));
int32_t call_share(const struct job_stage *stage, mig_str_t *out);
int32_t call_join(const struct job_stage *stage, mig_str_t shared);
void call_close(const struct job_stage *stage);
/* MIG_END also when the source has no such function. */
int32_t call_written(const struct job_stage *stage, void *ctx,
                     int32_t (*row)(void *ctx, int32_t removed, mig_str_t key));

/* MIG_END also when the source has no such function. */
int32_t call_facts(const struct job_stage *stage, void *ctx,
                   int32_t (*fact)(void *ctx, const char *name, const char *value));

int32_t call_describe(struct unit *migrator);
int32_t call_record(struct unit *migrator, const mig_record_t *record);
/* Values of a row that a migrator emits: MIG_OK, or MIG_E_BUG. */
int32_t call_row(struct unit *migrator, const mig_value_t *values, size_t n);

/* quick() and, where that left it, apply(). */
int32_t call_apply(struct unit *transform, const mig_value_t *in, uint32_t n, mig_value_t *out);
/* MIG_LATER also when the transform has no such call: apply() is due. */
int32_t call_quick(struct unit *transform, const mig_value_t *in, uint32_t n, mig_value_t *out);
/* apply() alone. Like call_prove() in any thread, if nobody else has the unit or its host. */
int32_t call_slow(struct unit *transform, const mig_value_t *in, uint32_t n, mig_value_t *out);
/* MIG_END also when the transform has no such call. */
int32_t call_mark(struct unit *transform, const mig_value_t *in, uint32_t n, unsigned char out[32]);
/* Has it opens()? Does `stored` admit who types `typed`: MIG_OK, MIG_END, or negative. */
int call_can_open(const struct unit *transform);
int32_t call_opens(struct unit *transform, const mig_value_t *typed, const mig_value_t *stored);
int32_t call_prove(struct unit *transform, const mig_value_t *in, uint32_t n,
                   const mig_value_t *stored);
int32_t call_check(struct unit *validator, uint32_t number, mig_check_t *out);
int32_t call_report(struct unit *reporter, const mig_report_t *report);

#endif
