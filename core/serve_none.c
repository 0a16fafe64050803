/* serve_none.c - --serve where mighost was built without libmicrohttpd. */
#include "actions.h"

int serve_run(const struct cli *cli, struct session *s)
{
    (void)cli;
    error_set(&s->err, STATUS_USAGE, "this mighost was built without --serve");
    error_fix(&s->err, "build it where libmicrohttpd is (Debian: libmicrohttpd-dev), or use "
                       "--status --follow");
    session_report(s, "nothing was written");
    return STATUS_USAGE;
}
