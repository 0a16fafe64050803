/* surround.c - puts back what a plugin changed in the process. Paths are resolved against the
 * working directory, files get their modes from the umask, numbers are written by the locale and
 * a run is stopped by signals: none of them is a plugin's to choose. [main] thread only. */
#include "surround.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdint.h>
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

static int directory_changed(void)
{
    struct stat st;
    if (own.cwd < 0 || (stat(".", &st) == 0 && st.st_dev == own.dev && st.st_ino == own.ino))
        return 0;
    return fchdir(own.cwd) == 0;
}

static int signals_changed(void)
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
    return changed;
}

void surround_put_back(void (*told)(void *ctx, const char *what), void *ctx)
{
    if (!own.kept)
        return;
    if (directory_changed())
        told(ctx, "working directory");
    if (signals_changed())
        told(ctx, "signal handlers");
    if (read_umask() != own.mask) {
        umask(own.mask);
        told(ctx, "umask");
    }
    if (!str_equal(setlocale(LC_ALL, NULL), "C")) {
        setlocale(LC_ALL, "C");
        told(ctx, "locale");
    }
}

static void warn(void *who, const char *what)
{
    log_write(LOG_WARNING, "%s changed the %s of the program; it is put back", (const char *)who,
              what);
}

void surround_restore(const char *who)
{
    surround_put_back(warn, (void *)(uintptr_t)who);
}
