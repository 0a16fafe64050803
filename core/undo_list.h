/* undo_list.h - the rows that stand against an undo, as a file beside the bundles: table, key, why.
 */
#ifndef MIGHOST_UNDO_LIST_H
#define MIGHOST_UNDO_LIST_H

#include "job.h"
#include "state.h"

struct undo_list {
    char path[4200];
    int64_t n;
    char first[2000]; /* lines "table key KEY: why"; of the first ones */
};

/* `sql` selects table, key and reason; it is cleared. In the caller's transaction, which only
 * reads for it. */
int undo_list_write(struct state *s, const struct project *project, struct str *sql,
                    struct undo_list *out, struct error *err);

#endif
