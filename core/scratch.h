/* scratch.h - a database that is made to try something in, and dropped again. */
#ifndef MIGHOST_SCRATCH_H
#define MIGHOST_SCRATCH_H

#include "pg.h"
#include "status.h"
#include "str.h"

struct scratch {
    struct pg *pg;   /* to the database beside which it is */
    struct pg *held; /* to the scratch database, as long as it is in use */
    char name[64];
    struct str url; /* of the scratch database; may hold a password */
};

/* Makes an empty database on the server of `url`, of the encoding and locale of its database. Those
 * that killed processes left there are dropped first. 0, STATUS_PREFLIGHT where the role may make
 * none. Close in every case: that drops it. */
int scratch_open(struct scratch *s, const char *url, struct error *err);
/* 0, or what kept it from being dropped; `err` may hold an earlier error, which stays. */
int scratch_close(struct scratch *s, struct error *err);
/* For who makes one otherwise: a name that no other has, and the sweep of what was left. */
void scratch_name(char *out, size_t size);
int scratch_sweep(struct pg *pg, struct error *err);

#endif
