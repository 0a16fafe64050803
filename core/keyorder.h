/* keyorder.h - proves without a search that no two rows of a stage have the same key: where each
 * source key is a whole number greater than the one before, and each record's one row has the key
 * that was made from it, chunks only have to keep the range of theirs. [main] */
#ifndef MIGHOST_KEYORDER_H
#define MIGHOST_KEYORDER_H

#include <stdint.h>

#include "job.h"
#include "state.h"

struct keyorder { /* of the records seen so far */
    int64_t low, high;
    uint32_t last; /* record that made a row, from 1 */
    int any, broken;
};

/* The source key of the next record. */
void keyorder_key(struct keyorder *o, const char *key, size_t n);
/* A row of the first table, with the stage's own key or not, made by this record. */
void keyorder_row(struct keyorder *o, uint32_t record, int is_own);
/* An int8range for SQL: "NULL" without order, "'empty'" without records. */
void keyorder_sql(const struct keyorder *o, char out[64]);
/* Is it proven that staged rows of the table differ in this key? 1, 0, or -status. */
int keyorder_proves(struct state *s, const struct job *job, const struct job_table *t,
                    const struct catalog_key *k, struct error *err);

#endif
