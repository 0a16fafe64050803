/* main.c - argv -> action -> exit code. The only place that ends the program. */
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions.h"
#include "crash.h"
#include "log.h"
#include "output.h"
#include "signals.h"
#include "surround.h"

/* Descriptors 0, 1, 2 may be closed: a file opened later must not become one of them. Core
 * dumps and ptrace would show passwords; the umask must not widen what is made 0600. */
static void harden(void)
{
    int fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2)
        fd = open("/dev/null", O_RDWR);
    if (fd > 2)
        close(fd);
    umask(077);
    prctl(PR_SET_DUMPABLE, 0);
    unsetenv("LTDL_LIBRARY_PATH");
}

/* By itself glibc raises this with each large block that is freed: buffers of chunks would then lie
 * in a heap full of gaps, and the peak would depend on how long the run is. */
static void bound_memory(void)
{
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
#endif
}

int main(int argc, char **argv)
{
    struct cli cli;
    struct error err = {0};
    harden();
    bound_memory();
    output_init();
    signals_init();
    crash_init();
    surround_keep();
    int code = cli_parse(argc, argv, &cli, &err);
    if (cli.verbose)
        log_level_set(LOG_DEBUG);
    if (cli.quiet)
        log_level_set(LOG_WARNING);
    if (code)
        log_error(&err, "nothing was written");
    else
        code = actions_run(&cli);
    cli_clear(&cli);
    int unwritten = output_end();
    if (unwritten && (code == STATUS_OK || code == STATUS_PARTIAL)) {
        error_set(&err, STATUS_BACKUP, "the results cannot be written to stdout: %s",
                  strerror(unwritten));
        error_fix(&err, "free space where stdout leads; --status and --report show them again");
        log_error(&err, "what the action did stands");
        code = STATUS_BACKUP;
    }
    return code;
}
