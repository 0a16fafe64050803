/* embedded_cluster.c - initdb and pg_ctl for a data directory of ours. Both run in the place's home
 * with relative names, because pg_ctl hands its arguments to a shell. Whether a server runs is read
 * from /proc: the number in postmaster.pid may belong to any process after a crash. */
#include "embedded_cluster.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "child.h"

#define START_SECONDS "120" /* crash recovery included */
#define LEAVE_MS 10000      /* backends notice within moments that their postmaster is gone */

static void path_in(const struct embedded_place *p, const char *name, char out[PATH_MAX + 64])
{
    snprintf(out, PATH_MAX + 64, "%s/%s", p->home, name);
}

int embedded_cluster_tools(const struct embedded_place *p, struct pgtools *out, struct error *err)
{
    const char *const programs[] = {"postgres", "initdb", "pg_ctl", NULL};
    char path[PATH_MAX + 64], text[16] = "";
    path_in(p, "data/PG_VERSION", path);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    int major = n > 0 ? (int)strtol(text, NULL, 10) : 0;
    if (major == 0) {
        if (pgtools_newest(programs, out) == 0)
            return STATUS_OK;
        error_set(err, STATUS_PREFLIGHT, "no programs of PostgreSQL %d or newer on this machine",
                  PGTOOLS_OLDEST);
        error_why(err, "the project names no server, so that mighost starts one of its own");
        error_fix(err, "apt-get install postgresql, or set the target's url (DATABASE_URL)");
        return STATUS_PREFLIGHT;
    }
    if (pgtools_nearest(programs, major, out) == 0 && out->major == major)
        return STATUS_OK;
    error_set(err, STATUS_PREFLIGHT, "%s/data was made by PostgreSQL %d, whose programs are gone",
              p->home, major);
    error_fix(err, "apt-get install postgresql-%d, or move that directory away to start anew",
              major);
    return STATUS_PREFLIGHT;
}

/* ---- is it running -------------------------------------------------------------------------- */

/* 1 when the process works in the data directory, as all processes of its server do. */
static int works_in(const struct embedded_place *p, const char *pid)
{
    char link[64], target[PATH_MAX + 64], data[PATH_MAX + 64];
    snprintf(link, sizeof link, "/proc/%.20s/cwd", pid);
    path_in(p, "data", data);
    ssize_t n = readlink(link, target, sizeof target - 1);
    if (n < 0)
        return 0;
    target[n] = '\0';
    return strcmp(target, data) == 0;
}

/* The number that a lock file of PostgreSQL begins with, as text. 0 or -1 with errno. */
static int read_pid(const char *path, char pid[16])
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, pid, 15);
    close(fd);
    pid[n > 0 ? n : 0] = '\0';
    pid[strspn(pid, "0123456789")] = '\0';
    errno = 0;
    return *pid ? 0 : -1;
}

int embedded_cluster_running(const struct embedded_place *p)
{
    char pid[16], path[PATH_MAX + 64];
    path_in(p, "data/postmaster.pid", path);
    if (read_pid(path, pid))
        return errno == EACCES ? -1 : 0;
    return works_in(p, pid);
}

int embedded_cluster_has_socket(const struct embedded_place *p)
{
    char path[EMBEDDED_SOCKET_SIZE + 32];
    struct stat st;
    snprintf(path, sizeof path, "%s/.s.PGSQL." EMBEDDED_PORT, p->socket);
    return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int in_use(const struct embedded_place *p)
{
    DIR *proc = opendir("/proc");
    int found = 0;
    for (const struct dirent *e; !found && proc && (e = readdir(proc));)
        found = e->d_name[0] >= '1' && e->d_name[0] <= '9' && works_in(p, e->d_name);
    if (proc)
        closedir(proc);
    return found;
}

/* ---- programs ------------------------------------------------------------------------------- */

/* Runs argv in the home as the place's user; argv[0] is a program's name in `tools`. */
static int run(const struct embedded_place *p, const struct pgtools *tools, const char **argv,
               int timeout_seconds, struct str *errors)
{
    char path[PATH_MAX];
    if (tools && pgtools_path(tools, argv[0], path, sizeof path) == 0)
        argv[0] = path;
    const struct child_request request = {.argv = argv,
                                          .out_fd = -1,
                                          .in_fd = -1,
                                          .errors = errors,
                                          .user = p->user,
                                          .timeout_seconds = timeout_seconds,
                                          .cwd = p->home};
    return child_run(&request);
}

static int run_initdb(const struct embedded_place *p, const struct pgtools *tools,
                      const char *locale, struct str *errors)
{
    const char *clean[] = {"rm", "-rf", "--", "data.new", NULL};
    const char *initdb[] = {"initdb",
                            "-D",
                            "data.new",
                            "-U",
                            EMBEDDED_ROLE,
                            locale,
                            "--encoding=UTF8",
                            "--auth-local=trust",
                            "--auth-host=reject",
                            NULL};
    str_reset(errors);
    int rc = run(p, NULL, clean, 60, errors);
    return rc ? rc : run(p, tools, initdb, 600, errors);
}

int embedded_cluster_init(const struct embedded_place *p, const struct pgtools *tools,
                          struct error *err)
{
    char from[PATH_MAX + 64], to[PATH_MAX + 64], reason[256];
    struct str errors;
    path_in(p, "data.new", from);
    path_in(p, "data", to);
    if (access(to, F_OK) == 0)
        return STATUS_OK;
    str_init(&errors, 2 * CHILD_ERRORS_MAX);
    int rc = run_initdb(p, tools, "--locale=C.UTF-8", &errors);
    if (rc) /* not every system has that locale */
        rc = run_initdb(p, tools, "--locale=C", &errors);
    if (rc) {
        child_reason(&errors, reason, sizeof reason);
        rc = error_set(err, STATUS_PREFLIGHT, "the embedded server cannot be made in %s: %s",
                       p->home, reason);
        error_fix(err, "free space or fix the directory, or set the target's url");
    } else if (rename(from, to)) {
        rc = error_set(err, STATUS_PREFLIGHT, "%s: %s", to, strerror(errno));
    }
    str_clear(&errors);
    return rc;
}

static int names_living(const char *path)
{
    char pid[16], proc[32];
    if (read_pid(path, pid))
        return 0;
    snprintf(proc, sizeof proc, "/proc/%s", pid);
    return access(proc, F_OK) == 0;
}

/* After a crash the two lock files may name a living process that has nothing to do with us;
 * PostgreSQL would then refuse to start. Only called when nobody works in the data directory. */
static void forget_strangers(const struct embedded_place *p)
{
    char data[PATH_MAX + 64], socket[EMBEDDED_SOCKET_SIZE + 32];
    path_in(p, "data/postmaster.pid", data);
    snprintf(socket, sizeof socket, "%s/.s.PGSQL." EMBEDDED_PORT ".lock", p->socket);
    const char *argv[] = {"rm", "-f", "--", data, socket, NULL};
    if (names_living(data) || names_living(socket))
        run(p, NULL, argv, 60, NULL);
}

int embedded_cluster_start(const struct embedded_place *p, const struct pgtools *tools,
                           struct error *err)
{
    char options[512];
    struct str errors;
    for (int waited = 0; in_use(p) && waited < LEAVE_MS; waited += 50)
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000000}, NULL);
    if (in_use(p)) {
        error_set(err, STATUS_TEMPORARY, "processes of an ended server still use %s/data", p->home);
        error_fix(err, "repeat the command in a moment");
        return STATUS_TEMPORARY;
    }
    forget_strangers(p);
    snprintf(options, sizeof options,
             "-c listen_addresses= -c port=" EMBEDDED_PORT " -c unix_socket_directories=%s"
             " -c unix_socket_permissions=0700 -c shared_buffers=256MB -c max_wal_size=4GB",
             p->socket);
    const char *argv[] = {"pg_ctl", "start", "-D",          "data", "-l",    "log", "-s",
                          "-w",     "-t",    START_SECONDS, "-o",   options, NULL};
    str_init(&errors, CHILD_ERRORS_MAX + 256);
    int rc = run(p, tools, argv, 0, &errors);
    str_clear(&errors);
    if (rc == 0)
        return STATUS_OK;
    error_set(err, STATUS_TEMPORARY, "the embedded server in %s did not start", p->home);
    error_fix(err, "%s/log says why; when it is still recovering, repeat the command", p->home);
    return STATUS_TEMPORARY;
}

int embedded_cluster_stop(const struct embedded_place *p, const struct pgtools *tools,
                          struct error *err)
{
    const char *argv[] = {"pg_ctl", "stop",        "-D", "data", "-s", "-w",
                          "-t",     START_SECONDS, "-m", "fast", NULL};
    struct str errors;
    str_init(&errors, CHILD_ERRORS_MAX + 256);
    int rc = run(p, tools, argv, 0, &errors);
    str_clear(&errors);
    if (rc == 0 || embedded_cluster_running(p) == 0)
        return STATUS_OK;
    error_set(err, STATUS_TEMPORARY, "the embedded server in %s did not stop", p->home);
    error_fix(err, "%s/log says why; repeat the command", p->home);
    return STATUS_TEMPORARY;
}
