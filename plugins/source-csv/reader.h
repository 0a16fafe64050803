/* reader.h - one CSV record after the other. */
#ifndef MIGHOST_SOURCE_CSV_READER_H
#define MIGHOST_SOURCE_CSV_READER_H

#include "decode.h"
#include "scan.h"

struct reader {
    struct decode *text; /* borrowed */
    struct scan scan;
    size_t record_limit; /* bytes of UTF-8 */
    size_t columns;      /* that a record should have; 0: not known yet */
    uint64_t number;     /* of the record, from 1; the header has none */
    uint64_t next_line;  /* where the next record begins, from 1 */

    /* The record that reader_next() gave; slices hold until its next call. */
    uint64_t line; /* of the file, where it begins */
    int too_long;  /* over record_limit: passed over, no text */
    const char *record;
    size_t len; /* without its line end */
};

/* The next record that is no blank line (which is one where there is one column): MIG_OK, MIG_END
 * or negative, said to the host. Its fields are in `scan`. */
int32_t reader_next(struct reader *r);

#endif
