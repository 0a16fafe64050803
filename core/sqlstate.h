/* sqlstate.h - what an SQLSTATE means. Pure. */
#ifndef MIGHOST_SQLSTATE_H
#define MIGHOST_SQLSTATE_H

#include "status.h"

/* Its first two characters are `class`. */
int sqlstate_class(const char *sqlstate, const char *class);
/* "a duplicate key": what stands for the server's message. */
const char *sqlstate_text(const char *sqlstate);
/* The exit code when nothing is known but the SQLSTATE; "" is a lost connection. */
int sqlstate_status(const char *sqlstate);

struct sqlstate_login {
    const char *role, *text, *host, *port; /* text: of the failure; may hold secrets */
    const char *state;                     /* SQLSTATE where it is known, else "" */
};
/* What a login that failed means: STATUS_PREFLIGHT when the server refused it, else
 * STATUS_TEMPORARY. */
int sqlstate_login(const struct sqlstate_login *x, struct error *err);
/* The server says why, in words that sqlstate_login() does not know: they may be of another
 * language. */
int sqlstate_is_foreign(const char *text);

#endif
