/* rehearsal_copy.h - makes the rehearsal database a copy of the target: what is there is backed up,
 * then goes; schema and rows of the target come; the copy is compared with what was copied. The
 * target is only read. */
#ifndef MIGHOST_REHEARSAL_COPY_H
#define MIGHOST_REHEARSAL_COPY_H

#include "project.h"
#include "rehearsal_rights.h"
#include "side.h"
#include "tablesums.h"

struct rehearsal_copy {
    const struct project *project;
    struct arena *mem; /* of the sums */
    struct side *target, *copy;
    int own_server;        /* the copy is on the embedded server: its roles are ours to make */
    struct pg *others[2];  /* further connections of ours to the target, or NULL; made anew */
    int by_template;       /* out: as a file copy on the server, not by dump and restore */
    char way[300];         /* out: why that way */
    char backup[64];       /* of what was there; "" when nothing was */
    struct tablesums sums; /* of the copy, without the state schema */
    struct str different;  /* tables that are not as in the target; owned */
    int64_t bytes, rows;   /* of the target's tables */
    struct rehearsal_rights rights;
    double backup_seconds, copy_seconds, proof_seconds;
};

/* Are pg_dump and pg_restore as new as the two servers, where they are needed? Writes nothing;
 * `use`: no copy will be made. STATUS_BACKUP. */
int rehearsal_copy_tools(const struct rehearsal_copy *c, int use, struct error *err);
/* 0; then `different` is empty where the copy is good. A status where none could be made: the
 * error says what is in the rehearsal database. */
int rehearsal_copy_make(struct rehearsal_copy *c, struct error *err);
/* In place of it: what is there is used as it is. */
int rehearsal_copy_use(struct rehearsal_copy *c, struct error *err);
void rehearsal_copy_clear(struct rehearsal_copy *c);
/* Directory of the backups of what was in rehearsal databases. */
const char *rehearsal_copy_backups(const struct project *p, struct arena *mem);
/* Of those that the rehearsed run makes. */
const char *rehearsal_copy_run_backups(const struct project *p, struct arena *mem);

#endif
