/* verify.h - live = staging, every row, every field, after publish. The expected value comes
 * through the migrator, so that a changed shape is no obstacle. */
#ifndef MIGHOST_VERIFY_H
#define MIGHOST_VERIFY_H

#include "job.h"
#include "state.h"
#include "str.h"
#include "write.h"

/* The rows of one stage in one table. */
struct verify_group {
    const char *stage;             /* "": the stages of that table cannot be told apart */
    const char *table;             /* schema.name */
    size_t stage_no, table_no;     /* of the stage 0: see above */
    int64_t rows;                  /* expected */
    int64_t wrong, target, others; /* not found as staged: the run's fault, or by whom */
};

struct verify_result {
    int64_t rows, fields; /* compared */
    int64_t by_sum;       /* rows of them: all of their table at once, by its fingerprint */
    int64_t differences;  /* rows that are missing or differ */
    int64_t by_target;    /* rows that triggers of the target changed: declared differences */
    int64_t by_others;    /* rows that somebody changed since publish */
    struct str details;   /* "table column: n rows" lines, names only */
    struct arena *mem;    /* of the groups: they outlive the job that was compared */
    struct verify_group *groups; /* in order of tables, then stages */
    size_t n_groups;
};

/* In the caller's transaction. Works with a job of ran_load too. `met`: see expect.h, or NULL. */
int verify_run(struct state *s, const struct job *job, const int64_t *met,
               struct verify_result *out, struct error *err);
/* " s ... m ... l WHERE" of the staged rows that publish accepted and wrote or left, beside the
 * live rows `l` of the same key. Appended. */
void verify_pairs(const struct job_table *t, struct str *sql);
/* Of these: the condition that publish wrote the live row, or left it as check saw it. Appended. */
void verify_ours(const struct state *s, const struct job_table *t, struct str *sql);
/* The same for a run that wrote nothing: check compared every row that has a live row, field by
 * field, and publish found all of them untouched since. In the caller's transaction. */
int verify_unchanged(struct state *s, const struct job *job, const struct write_counts *counts,
                     struct verify_result *out, struct error *err);
enum verify_of {
    VERIFY_FIELD,    /* of a row, whose value is another */
    VERIFY_MISSING,  /* the whole row */
    VERIFY_REWRITTEN /* the whole row: by others, with the values that it had */
};
struct verify_difference { /* values as text, NULL: SQL NULL; borrowed for the call */
    enum verify_of of;
    const struct job_table *table;
    const char *key, *column, *expected, *found; /* the last three of a field only */
};
/* Calls `tell` for fields that differ, by whoever's hand, at most `most` of a column, then for rows
 * that are missing or were written again, at most `most` of each in a table. Values of
 * rows: for the eyes of who asked, never for a log or report. In the caller's transaction. */
int verify_differences(struct state *s, const struct job *job, int most,
                       void (*tell)(const struct verify_difference *d), struct error *err);
/* The same comparison as statements for verify.sql: each gives its count of differences. */
void verify_sql(const struct state *s, const struct job *job, struct str *out);
void verify_clear(struct verify_result *r);

#endif
