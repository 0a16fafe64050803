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
#include "pg.h"
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

/* What these name has run already, but has seen no password and no row. sudo takes them away; where
 * they are left, somebody else than root may have set them. */
static int refuse_loaded(const struct cli *cli, struct error *err)
{
    static const char *const names[] = {"LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH"};
    if (geteuid() != 0 || cli->session.allow_root)
        return 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (!value || !*value)
            continue;
        error_set(err, STATUS_CONFIG, "running as root with %s set", names[i]);
        error_why(err, "what it names is loaded into this process, and the programs that it "
                       "starts, with all rights");
        error_fix(err,
                  "unset %s, or run as a user who owns the project; if this is meant: "
                  "--allow-root",
                  names[i]);
        return STATUS_CONFIG;
    }
    return 0;
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
    if (str_equal(cli.log_format, "json"))
        log_json();
    if (cli.verbose)
        log_level_set(LOG_DEBUG);
    if (cli.quiet)
        log_level_set(LOG_WARNING);
    if (!code)
        code = refuse_loaded(&cli, &err);
    if (cli.session.allow_insecure_tls)
        pg_allow_insecure_tls();
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
