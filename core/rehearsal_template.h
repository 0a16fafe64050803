/* rehearsal_template.h - the copy of the target by CREATE DATABASE ... TEMPLATE: where the
 * rehearsal database is on the target's server and nobody else is connected. It is made beside the
 * rehearsal database and takes its place once the caller has proven it; until then that one stays.
 * When this way is not open, pg_dump and pg_restore of rehearsal_copy.c are. */
#ifndef MIGHOST_REHEARSAL_TEMPLATE_H
#define MIGHOST_REHEARSAL_TEMPLATE_H

#include "side.h"

#define REHEARSAL_TEMPLATE_OURS 3
struct rehearsal_template {
    struct side *target, *copy;
    /* All our connections to the target, NULL: none. They are made anew, the server counts them
     * as users of the template. */
    struct pg *ours[REHEARSAL_TEMPLATE_OURS];
    int production;
    struct pg *pg;   /* of the copy's role, to a third database of that server */
    struct pg *made; /* the new database; NULL: none was made, `why` says the reason */
    char name[80];   /* of what is to be dropped in the end; "" */
    char why[300];
};

/* 0, whether one was made or not. A status when the target cannot be reached any more. */
int rehearsal_template_make(struct rehearsal_template *t, struct error *err);
/* 1: the new database has the rehearsal database's name, which `copy` is connected to; what had it
 * is gone. 0: all is as before, `why` says the reason. Needs `made`. */
int rehearsal_template_take(struct rehearsal_template *t);
/* Drops what was made and not taken. */
void rehearsal_template_clear(struct rehearsal_template *t);

#endif
