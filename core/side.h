/* side.h - a database that an action names: "target", "rehearsal", "source", or a connection URL.
 */
#ifndef MIGHOST_SIDE_H
#define MIGHOST_SIDE_H

#include "samedb.h"
#include "session.h"

struct side {
    const char *name; /* for messages; holds no secret */
    char url[4096];   /* may hold a password; side_clear() wipes it */
    struct pg *pg;
    char identity[SAMEDB_SIZE]; /* of the database, wherever it is reached from */
};

/* Connects. Words need the session's project; "source:NAME" chooses one of several. A project that
 * names no target, or no rehearsal server, has a database of its own embedded server there. 0 or
 * a status with s->err or s->faults filled. */
int side_open(struct session *s, const char *word, struct side *out);
/* May the rehearsal database be written? STATUS_PREFLIGHT where it is the target itself, or one of
 * the sources, by whatever URL. */
int side_guard(struct session *s, const struct side *target, const struct side *rehearsal);
void side_clear(struct side *side);
/* 1 for a word that needs a project, 0 for a URL. */
int side_is_word(const char *word);

#endif
