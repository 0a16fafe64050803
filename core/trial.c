/* trial.c - foreign code in a child process. What the child finds stands in memory that both share,
 * so that it is there whatever becomes of the child. Texts of calls are static: they have one
 * address in both. Locks, handlers and streams of the parent mean nothing here: the child ends by
 * _exit(). */
#include "trial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "surround.h"

/* Calls behind which the surroundings are looked at; then only at the end. */
#define LOOKED_AT 200

static struct shared {
    struct trial out;
    const char *volatile call, *volatile with;
    volatile int inside, done;
    volatile int guarded; /* 1: read behind a value, 2: wrote to one */
    volatile uint64_t calls;
} * shared;

static int output = -1; /* of the child: its stdout and stderr */

static struct guard {
    const char *begin, *end, *behind;
} guards[64];
static size_t n_guards;

/* ---- said by the body ------------------------------------------------------------------ */

const char *trial_where(void)
{
    static char text[160];
    const char *call = shared && shared->call ? shared->call : "load";
    const char *with = shared && shared->call ? shared->with : "";
    snprintf(text, sizeof text, "%s()%s%s", call, with[0] ? " with " : "", with);
    return text;
}

int trial_same(const char *a, const char *b)
{
    const char *with = strstr(a, " with ");
    size_t n = with ? (size_t)(with - a) + 1 : strlen(a) + 1;
    return strncmp(a, b, n) == 0;
}

static void add_fault(const char *fix, const char *what)
{
    struct trial *t = &shared->out;
    for (uint32_t i = 0; i < t->n; i++)
        if (trial_same(t->faults[i].what, what))
            return;
    if (t->n == TRIAL_MAX_FAULTS)
        return;
    snprintf(t->faults[t->n].what, sizeof t->faults->what, "%s", what);
    snprintf(t->faults[t->n].fix, sizeof t->faults->fix, "%s", fix);
    t->n++;
}

void trial_fault(const char *fix, const char *format, ...)
{
    char text[sizeof shared->out.faults->what];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    add_fault(fix, text);
}

void trial_remark(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (!shared->out.remark[0])
        vsnprintf(shared->out.remark, sizeof shared->out.remark, format, ap);
    va_end(ap);
}

/* Only the first place is told: where it is not looked for behind each call, others are not known.
 */
static int is_first(const char *what)
{
    static const char *told[8];
    static size_t n;
    for (size_t i = 0; i < n; i++)
        if (strcmp(told[i], what) == 0)
            return 0;
    if (n < sizeof told / sizeof *told)
        told[n++] = what;
    return 1;
}

static void changed(void *ctx, const char *what)
{
    (void)ctx;
    if (is_first(what))
        trial_fault("leave it as it is: it belongs to the whole program",
                    "changed the %s of the program in %s", what, trial_where());
}

static void look_around(void)
{
    char text[61];
    fflush(stdout);
    off_t size = lseek(output, 0, SEEK_END);
    surround_put_back(changed, NULL);
    if (size <= 0)
        return;
    ssize_t n = pread(output, text, sizeof text - 1, 0);
    text[n < 0 ? 0 : n] = '\0';
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
            *c = '?';
    if (is_first("output"))
        trial_fault("use host->log()",
                    "printed \"%s\" in %s: standard output and error are the host's", text,
                    trial_where());
    if (ftruncate(output, 0) != 0 || lseek(output, 0, SEEK_SET) != 0)
        _exit(1);
}

void trial_enter(const char *call, const char *with)
{
    shared->call = call;
    shared->with = with;
    shared->inside = 1;
    shared->calls++;
}

void trial_alive(void)
{
    __atomic_fetch_add(&shared->calls, 1, __ATOMIC_RELAXED);
}

void trial_leave(void)
{
    if (shared->calls < LOOKED_AT)
        look_around();
    shared->inside = 0;
    shared->calls++;
}

/* ---- memory with walls ----------------------------------------------------------------- */

const char *trial_guarded(const char *data, size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (len / page + 1) * page;
    if (n_guards == sizeof guards / sizeof *guards)
        return NULL;
    char *at = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    char *copy = at + whole - len;
    memcpy(copy, data, len);
    if (mprotect(at, whole, PROT_READ) != 0 || mprotect(at + whole, page, PROT_NONE) != 0)
        return NULL;
    guards[n_guards++] = (struct guard){at, at + whole, at + whole + page};
    return copy;
}

/* The second time round the fault is the child's end. */
static void crashed(int number, siginfo_t *info, void *context)
{
    const char *at = info->si_addr;
    (void)context;
    for (size_t i = 0; i < n_guards; i++)
        if (at >= guards[i].begin && at < guards[i].behind)
            shared->guarded = at >= guards[i].end ? 1 : 2;
    signal(number, SIG_DFL);
}

/* ---- what the process has -------------------------------------------------------------- */

size_t trial_memory(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return 0;
#else
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

static unsigned entries(const char *dir)
{
    unsigned n = 0;
    DIR *d = opendir(dir);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

unsigned trial_descriptors(void)
{
    return entries("/proc/self/fd");
}

unsigned trial_threads(void)
{
    return entries("/proc/self/task") - 2;
}

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double trial_clock(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double trial_work(void)
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

/* ---- the child ------------------------------------------------------------------------- */

static void surround_child(void)
{
    static char stack[64 << 10];
    static const int reset[] = {SIGABRT, SIGFPE, SIGILL, SIGINT, SIGTERM, SIGHUP, SIGALRM};
    const struct rlimit none = {0, 0};
    const stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = crashed, .sa_flags = SA_ONSTACK | SA_SIGINFO};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &none);
    for (size_t i = 0; i < sizeof reset / sizeof *reset; i++)
        signal(reset[i], SIG_DFL);
    sigaltstack(&own, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
        _exit(1);
    close(nothing);
    surround_keep();
}

/* Seconds in which the child could have gone on, and other programs had the processors: on a busy
 * machine they are not the plugin's. 0 where the kernel does not tell. */
static double kept_waiting(pid_t child)
{
    char path[64];
    unsigned long long waited = 0;
    snprintf(path, sizeof path, "/proc/%ld/schedstat", (long)child);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    if (fscanf(f, "%*u %llu", &waited) != 1)
        waited = 0;
    fclose(f);
    return (double)waited / 1e9;
}

/* The child holds the only writing end for as long as it lives. */
static void wait_for(pid_t child, int alive, unsigned seconds)
{
    uint64_t seen = shared->calls;
    double since = trial_clock() - kept_waiting(child), now;
    struct pollfd end = {.fd = alive, .events = POLLIN};
    for (;;) {
        int got = poll(&end, 1, 100);
        if (got > 0 || (got < 0 && errno != EINTR))
            return;
        now = trial_clock() - kept_waiting(child);
        if (seen != shared->calls || !shared->inside) {
            seen = shared->calls;
            since = now;
        } else if (now - since > (double)seconds) {
            trial_fault("let it come back, and ask host->cancelled() in long work",
                        "has not come back within %u seconds from %s", seconds, trial_where());
            kill(child, SIGKILL);
            return;
        }
    }
}

/* Why a program was ended is in its last words, such as a sanitizer's report. */
static void tell_words(int status)
{
    char text[2000];
    off_t size = lseek(output, 0, SEEK_END);
    off_t at = size < (off_t)sizeof text ? 0 : size - (off_t)sizeof text + 1;
    ssize_t n = pread(output, text, sizeof text - 1, at);
    text[n > 0 ? n : 0] = '\0';
    log_write(LOG_INFO, "it ended with status %d, and had printed: %s", WEXITSTATUS(status), text);
}

static void tell_end(int status)
{
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (number == SIGINT || number == SIGTERM || number == SIGHUP)
        shared->out.stopped = 1;
    else if (shared->guarded == 1)
        trial_fault("a value has a length and no NUL byte behind it",
                    "reads behind the end of a value in %s", trial_where());
    else if (shared->guarded == 2)
        trial_fault("work on a copy from host->alloc()",
                    "writes to a value that it was given in %s", trial_where());
    else if (number && number != SIGKILL)
        trial_fault("correct it; a debugger shows where", "crashed with SIG%s in %s",
                    sigabbrev_np(number), trial_where());
    else if (!number && !shared->done) {
        trial_fault("return an error instead", "ended the program by exit() in %s", trial_where());
        tell_words(status);
    }
}

int trial_run(void (*body)(void *ctx), void *ctx, unsigned seconds, struct trial *out)
{
    int pipe_ends[2], status = 0;
    *out = (struct trial){0};
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return -1;
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
        munmap(shared, sizeof *shared);
        return -1;
    }
    fflush(NULL);
    output = memfd_create("output", MFD_CLOEXEC);
    pid_t child = output < 0 ? -1 : fork();
    if (child == 0) {
        surround_child();
        body(ctx);
        look_around();
        shared->done = 1;
        _exit(0);
    }
    close(pipe_ends[1]);
    if (child > 0) {
        wait_for(child, pipe_ends[0], seconds);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        tell_end(status);
        shared->out.broken = !shared->done;
        shared->out.calls = shared->calls / 2;
        *out = shared->out;
    }
    close(pipe_ends[0]);
    if (output >= 0)
        close(output);
    munmap(shared, sizeof *shared);
    shared = NULL;
    return child < 0 ? -1 : 0;
}
