/* isolate.h - which staged rows does the server refuse? [main] */
#ifndef MIGHOST_ISOLATE_H
#define MIGHOST_ISOLATE_H

#include "staged.h"

struct isolate_refusal {
    uint32_t record;               /* number within the chunk */
    const char *key;               /* the record's source key */
    const char *sqlstate, *column; /* column: "" when the server does not say */
};
typedef void isolate_refused(void *ctx, const struct isolate_refusal *refusal);

/* Finds the rows that the server refuses, under savepoints: by the line that it names, by halving
 * where it names none. Calls `bad` for each, which marks its record in `left`. Texts live for the
 * call. Leaves nothing written. */
int isolate_rows(struct state *s, const struct job_table *t, const struct staged_rows *rows,
                 const char *left, isolate_refused *bad, void *ctx, struct error *err);

#endif
