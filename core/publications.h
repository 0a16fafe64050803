/* publications.h - what of the target would carry the state schema elsewhere, or act on it. */
#ifndef MIGHOST_PUBLICATIONS_H
#define MIGHOST_PUBLICATIONS_H

#include "pg.h"

/* A fault for each publication of which schema `schema` is, or would be, a part; a note for each
 * event trigger that fires at the tables made there. In the caller's transaction. */
int publications_check(struct pg *pg, const char *schema, struct faults *faults, struct str *notes,
                       struct error *err);

#endif
