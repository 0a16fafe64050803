/* table.h - one CSV file that is open: its header, its records as values. */
#ifndef MIGHOST_SOURCE_CSV_TABLE_H
#define MIGHOST_SOURCE_CSV_TABLE_H

#include "columns.h"
#include "common/buf.h"
#include "reader.h"

enum table_empty { TABLE_UNQUOTED, TABLE_ALWAYS, TABLE_NEVER }; /* when an empty field is NULL */

struct table {
    const mig_host_t *host; /* borrowed */
    struct input input;
    struct decode text;
    struct reader reader;
    struct columns columns;
    enum table_empty empty;
    int has_header, fails_on_bytes;
    const json_t *json_names; /* columns whose objects and lists are JSON, or NULL; borrowed */

    int fit;             /* the record that table_next() gave may be used */
    mig_value_t *values; /* of that record, one per field asked for; owned, as is_json */
    char *is_json;       /* one a field */
    struct buf unquoted; /* its fields that hold quotes */
    struct buf quoted;   /* table_raw() */
};

void table_init(struct table *t, const mig_host_t *host, size_t record_limit);
void table_clear(struct table *t);
/* Opens the file, unless it is open, and reads its header. `names` are the columns' names where
 * the option "columns" has some for this entity, else NULL. 0 or negative, said to the host. */
int32_t table_open(struct table *t, const char *path, const char *encoding, const char *entity,
                   const json_t *names, const char *const *fields, uint32_t n_fields);
void table_close(struct table *t); /* the file stays open */
/* MIG_OK, MIG_END, MIG_REJECT or negative; the last two said to the host. */
int32_t table_next(struct table *t);
/* As mig_source_ops_t.unread. */
int32_t table_unread(struct table *t, void *ctx,
                     int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled));
/* The last record as JSON: an object; of one that is refused, its text as a string; "" of one that
 * was too long. Lives until the next call. */
int32_t table_raw(struct table *t, mig_str_t *out);

#endif
