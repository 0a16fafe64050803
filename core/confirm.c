/* confirm.c - asks before something is done to a target that is marked as production. */
#include "confirm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

int confirm_ask(const struct cli *cli, struct session *s)
{
    if (!s->project->target.production || cli->yes || cli->action == ACTION_DRY_RUN)
        return 0;
    if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
        char answer[16];
        log_line("The target of project %s is marked as production. Type yes to go on:",
                 s->project->name);
        if (fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0)
            return 0;
    }
    error_set(&s->err, STATUS_USAGE, "the target is marked as production and nobody confirmed");
    error_fix(&s->err, "repeat with --yes");
    return STATUS_USAGE;
}
