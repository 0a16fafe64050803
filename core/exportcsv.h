/* exportcsv.h - one entity of a source as a CSV file (RFC 4180), values as the source gives them:
 * read by the source "csv" they make the same rows. Not meant for a spreadsheet: what looks like a
 * formula stays as it is. */
#ifndef MIGHOST_EXPORTCSV_H
#define MIGHOST_EXPORTCSV_H

#include "job.h"
#include "outdir.h"

struct exportcsv;
struct json_t;

/* Of what `st` says; its fields are the first columns. */
struct exportcsv *exportcsv_new(const struct job_stage *st);
void exportcsv_free(struct exportcsv *x); /* NULL is allowed */
/* Reads all once, for the names of the fields: the source makes its recording of that. Again, when
 * the recording is another one. 0 or the error's code. */
int exportcsv_read(struct exportcsv *x,
                   void (*progress)(void *ctx, const struct job_stage *st, uint64_t records),
                   void *ctx, struct error *err);
/* Behind it: reads all again, and writes `file` ("": none). The result: {"records", "unfit": those
 * that no file can hold, "columns", "json": names of columns with objects or lists in them,
 * "left_out": names of secret fields}. NULL and err. */
struct json_t *exportcsv_write(struct exportcsv *x, struct outdir *dir, const char *file,
                               struct error *err);

#endif
