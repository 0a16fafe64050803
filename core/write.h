/* write.h - the writes of publish: before-images, updates, insertions, id map. All
 * inside the caller's publish transaction; each compares what the server counted with what was
 * planned (BEFORE triggers and rules can swallow rows without an error). */
#ifndef MIGHOST_WRITE_H
#define MIGHOST_WRITE_H

#include "job.h"
#include "state.h"

enum write_progress { WRITE_NOT, WRITE_BEGUN, WRITE_DONE };

struct write_counts {
    int64_t staged, rejected, inserted, updated, unchanged, left_existing, deleted;
    int was_empty;
    enum write_progress progress; /* within the transaction that is open */
    double seconds;               /* of the writes */
};

/* What will be written, from staging, match and delete tables; by one stage only, without looking
 * at the live table (was_empty), where `stage` is not 0. */
int write_plan(struct state *s, const struct job_table *t, size_t stage, struct write_counts *out,
               struct error *err);
/* The same of a table with one stage, as publish counted it. */
int write_kept(struct state *s, const struct job_table *t, struct write_counts *out,
               struct error *err);
/* Makes the table of before-images with all of them, or empty; or adds to it. */
enum write_images { IMAGES_ALL, IMAGES_NONE, IMAGES_MORE };
int write_before_images(struct state *s, const struct job_table *t, enum write_images which,
                        struct error *err);
/* Those of the rows that will be updated, behind check and outside of publish's lock: where publish
 * finds under lock that no matched row changed since check, they are what they would be then. In
 * the caller's transaction. */
int write_images_ahead(struct state *s, struct job *job, struct error *err);
/* Under lock: those of the rows that `part`, the same table over views, holds; they changed since.
 */
int write_images_again(struct state *s, struct job_table *t, const struct job_table *part,
                       struct error *err);
/* Under lock, behind the drift check: what write_images_ahead() did not take, or all anew. */
int write_images_rest(struct state *s, const struct job_table *t, const struct write_counts *c,
                      struct error *err);
/* Updates, then insertions. */
int write_rows(struct state *s, const struct job_table *t, const struct write_counts *c,
               struct error *err);
/* References of a cycle that write_rows left NULL, or as they were. */
int write_second_pass(struct state *s, const struct job_table *t, struct error *err);
/* Values that a sequence gives to rows that are about to be inserted. */
int write_moving_defaults(struct state *s, const struct job_table *t, struct error *err);
/* The error of rows that the server took and did not write. */
int write_swallowed(const struct job_table *t, const char *what, int64_t written, int64_t expected,
                    struct error *err);
/* Makes the stage's keys part of the id map. */
int write_id_map(struct state *s, const struct job *job, const struct job_stage *st,
                 struct error *err);

#endif
