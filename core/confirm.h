/* confirm.h - what may be done to a production target, and who said so. */
#ifndef MIGHOST_CONFIRM_H
#define MIGHOST_CONFIRM_H

#include "cli.h"
#include "session.h"

/* 0, or STATUS_USAGE where the target is marked as production, or looks like it and the project
 * does not say, and neither --yes nor a person at the terminal confirmed. */
int confirm_ask(const struct cli *cli, struct session *s);

#endif
