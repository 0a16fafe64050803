/* sqlstate.h - what an SQLSTATE means. Pure. */
#ifndef MIGHOST_SQLSTATE_H
#define MIGHOST_SQLSTATE_H

/* Its first two characters are `class`. */
int sqlstate_class(const char *sqlstate, const char *class);
/* "a duplicate key": what stands for the server's message. */
const char *sqlstate_text(const char *sqlstate);
/* The exit code when nothing is known but the SQLSTATE; "" is a lost connection. */
int sqlstate_status(const char *sqlstate);

#endif
