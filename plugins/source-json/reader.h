/* reader.h - cuts a list of records into its elements. */
#ifndef MIGHOST_SOURCE_JSON_READER_H
#define MIGHOST_SOURCE_JSON_READER_H

#include "common/fields.h"
#include "common/input.h"

enum reader_form {
    READER_ARRAY, /* [ {...}, {...} ] */
    READER_LINES, /* one record a line (NDJSON) */
    READER_OBJECT /* the part is one record */
};

enum reader_state {
    READER_BEFORE, /* a list has not begun */
    READER_BEHIND  /* behind a record: a comma or the end is due */
};

enum reader_fault {
    READER_FINE,
    READER_TOO_LONG, /* over record_limit: passed over unread, no text */
    READER_CUT       /* the last line has no end: broken unless it is valid JSON */
};

struct reader {
    struct input *in;      /* borrowed; stands on its part */
    struct fields *fields; /* borrowed */
    enum reader_form form;
    size_t record_limit; /* bytes */
    uint64_t number;     /* of the record, from 1 */
    enum reader_state state;
    int ended;
    uint64_t end; /* of a list that ended: where its ']' stands, so that it can end again */

    /* The record that reader_next() gave; slices hold until its next call. */
    enum reader_fault fault;
    const char *text;
    size_t len;
    uint64_t offset;            /* in the file */
    int is_object;              /* its structure is that of one object: `raw` is set */
    struct jsonscan_slice *raw; /* one per field asked for, NULL data: absent; owned */
};

/* MIG_OK, MIG_END or negative, said to the host. The record may still be no valid JSON. */
int32_t reader_next(struct reader *r);
/* Where reading goes on behind the last record. */
uint64_t reader_at(const struct reader *r);

#endif
