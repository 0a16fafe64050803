/* rehearsal_rights.h - owners and privileges of the target, given to its copy as far as the role
 * there may, and the target's role with them: a grant that lacks is then found in the rehearsal.
 * What the copy holds is rehearsal_copy.c's. */
#ifndef MIGHOST_REHEARSAL_RIGHTS_H
#define MIGHOST_REHEARSAL_RIGHTS_H

#include "pg.h"

struct rehearsal_rights {
    size_t given, refused; /* statements */
    char first[300];       /* why the first was refused, without values */
    char role[64];         /* the target's role, which the run takes there; "": it cannot */
};

/* Makes, without login, the roles that the target's objects and policies name and `to` has not: on
 * a server of our own only. `from` is in a transaction, `to` is not. */
int rehearsal_rights_roles(struct pg *from, struct pg *to, struct error *err);
/* The same for owners and privileges, when the objects are there. What the server refuses is
 * counted, and no fault. */
int rehearsal_rights_copy(struct pg *from, struct pg *to, struct rehearsal_rights *out,
                          struct error *err);
/* The same for a copy whose objects have them all: what belongs to the database as a whole. */
int rehearsal_rights_database(struct pg *from, struct pg *to, struct rehearsal_rights *out,
                              struct error *err);

#endif
