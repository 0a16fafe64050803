/* embedded_drive.c - calls the embedded server's functions for embedded.sh.
 *
 *     embedded_drive start DIR DB    prints the URL
 *     embedded_drive psql DIR DB     prints the line for the user
 *     embedded_drive status DIR      prints 1, 0 or -1
 *     embedded_drive stop DIR
 *     embedded_drive bindir
 *
 * Ends with the status; errors go to stdout as "error: what / fix". No part of mighost. */
#include <stdio.h>
#include <string.h>

#include "embedded.h"

static int report(int status, const struct error *err)
{
    if (status)
        printf("error: %s / %s\n", err->what, err->fix);
    return status;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    char text[8192] = "";
    const char *action = argc > 1 ? argv[1] : "";
    if (strcmp(action, "start") == 0 && argc == 4) {
        int status = embedded_start(argv[2], argv[3], text, sizeof text, &err);
        if (!status)
            printf("%s\n", text);
        return report(status, &err);
    }
    if (strcmp(action, "psql") == 0 && argc == 4) {
        embedded_psql(argv[2], argv[3], text, sizeof text);
        printf("%s\n", text);
        return 0;
    }
    if (strcmp(action, "status") == 0 && argc == 3) {
        printf("%d\n", embedded_status(argv[2]));
        return 0;
    }
    if (strcmp(action, "stop") == 0 && argc == 3)
        return report(embedded_stop(argv[2], &err), &err);
    if (strcmp(action, "bindir") == 0) {
        int status = embedded_bindir(text, sizeof text);
        printf("%s\n", text);
        return status ? 1 : 0;
    }
    printf("usage: embedded_drive start|psql|status|stop|bindir ...\n");
    return 2;
}
