/* surround.c - puts back what a plugin changed in the process. Paths are resolved against the
 * working directory, files get their modes from the umask, numbers are written by the locale and
 * a run is stopped by signals: none of them is a plugin's to choose. [main] thread only. */
#include "surround.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "str.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGSEGV,
                              SIGBUS, SIGFPE,  SIGILL, SIGABRT, SIGALRM};
#define N_SIGNALS (sizeof signals / sizeof *signals)

static struct {
    int kept, cwd;
    dev_t dev;
    ino_t ino;
    mode_t mask;
    struct sigaction actions[N_SIGNALS];
} own;

static mode_t read_umask(void)
{
    mode_t mask = umask(077);
    umask(mask);
    return mask;
}

void surround_keep(void)
{
    struct stat st;
    own.cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (own.cwd >= 0 && fstat(own.cwd, &st) == 0) {
        own.dev = st.st_dev;
        own.ino = st.st_ino;
    }
    own.mask = read_umask();
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], NULL, &own.actions[i]);
    own.kept = 1;
}

static void warn(const char *who, const char *what)
{
    log_write(LOG_WARNING, "%s changed the %s of the program; it is put back", who, what);
}

static void restore_directory(const char *who)
{
    struct stat st;
    if (own.cwd < 0 || (stat(".", &st) == 0 && st.st_dev == own.dev && st.st_ino == own.ino))
        return;
    if (fchdir(own.cwd) == 0)
        warn(who, "working directory");
}

static void restore_signals(const char *who)
{
    int changed = 0;
    for (size_t i = 0; i < N_SIGNALS; i++) {
        struct sigaction found;
        sigaction(signals[i], NULL, &found);
        if (found.sa_handler == own.actions[i].sa_handler)
            continue;
        sigaction(signals[i], &own.actions[i], NULL);
        changed = 1;
    }
    if (changed)
        warn(who, "signal handlers");
}

void surround_restore(const char *who)
{
    if (!own.kept)
        return;
    restore_directory(who);
    restore_signals(who);
    if (read_umask() != own.mask) {
        umask(own.mask);
        warn(who, "umask");
    }
    if (!str_equal(setlocale(LC_ALL, NULL), "C")) {
        setlocale(LC_ALL, "C");
        warn(who, "locale");
    }
}
