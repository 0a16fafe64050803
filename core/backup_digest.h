/* backup_digest.h - what the rows of a table come to, comparable between databases: their number
 * and the order-free sum of the SHA-256 of each row's text, under the settings that pg_begin()
 * pins. Also with plain SQL, see docs/how-it-works.md. */
#ifndef MIGHOST_BACKUP_DIGEST_H
#define MIGHOST_BACKUP_DIGEST_H

#include "arena.h"
#include "backup_manifest.h"
#include "pg.h"

/* Appends the SELECT of both for the rows of `from`, which calls them _mig_row. */
void backup_digest_sql(const char *from, struct str *sql);
/* Lets the server work on all tables, in the transaction that is open, while the caller does other
 * things. To be followed by backup_digest_take, or pg_later_drop. */
int backup_digest_send(struct pg *pg, const struct backup_table *tables, size_t n,
                       struct error *err);
/* Fills `rows` and `digest` of each table; texts live in `mem`. */
int backup_digest_take(struct pg *pg, struct backup_table *tables, size_t n, struct arena *mem,
                       struct error *err);
/* The first table whose rows are others now than its digest says, in the transaction that is open:
 * its index, `n` when there is none, or a negative status. Tables without a digest are passed
 * over. */
int64_t backup_digest_compare(struct pg *pg, const struct backup_table *tables, size_t n,
                              struct error *err);

#endif
