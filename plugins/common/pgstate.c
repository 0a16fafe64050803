/* pgstate.c - the SQLSTATE of a refused login: all that stands behind "FATAL:  " then. */
#include "pgstate.h"

#include <string.h>

void pgstate_find(const char *message, char state[6])
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    state[0] = '\0';
    for (const char *p = message; (p = strstr(p, ":  ")) != NULL; p++)
        if (strspn(p + 3, letters) == 5 && (p[8] == '\n' || p[8] == '\0')) {
            memcpy(state, p + 3, 5);
            state[5] = '\0';
        }
}
