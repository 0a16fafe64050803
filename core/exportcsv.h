/* exportcsv.h - one entity of a source as a CSV file (RFC 4180), values as the source gives them:
 * read by the source "csv" they make the same rows. Not meant for a spreadsheet: what looks like a
 * formula stays as it is. */
#ifndef MIGHOST_EXPORTCSV_H
#define MIGHOST_EXPORTCSV_H

#include "job.h"
#include "outdir.h"

struct json_t;

/* Reads what `st` says (its fields are first) and writes `file`. The result: {"records", "unfit":
 * those that no file can hold, "columns", "json": names of columns with objects or lists in them,
 * "left_out": names of secret fields}. NULL and err. */
struct json_t *exportcsv_write(const struct job_stage *st, struct outdir *dir, const char *file,
                               void (*progress)(void *ctx, const struct job_stage *st,
                                                uint64_t records),
                               void *ctx, struct error *err);

#endif
