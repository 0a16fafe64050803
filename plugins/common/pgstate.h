/* pgstate.h - the SQLSTATE of a refused login. For the plugin and for the host, which compiles this
 * in, too. Pure. */
#ifndef MIGHOST_PLUGINS_PGSTATE_H
#define MIGHOST_PLUGINS_PGSTATE_H

/* Of the text that libpq has for it with PQERRORS_SQLSTATE, in whatever language the server speaks:
 * a login has no result object to ask. Empty where there is none. */
void pgstate_find(const char *message, char state[6]);

#endif
