/* embedded.c - the embedded default: a private PostgreSQL for a project that names no server.
 * One lock for each work directory makes sure that two starters get one server. Where it lives
 * is embedded_place.c's, how it is run embedded_cluster.c's. */
#include "embedded.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "embedded_cluster.h"
#include "embedded_place.h"
#include "outdir.h"
#include "pg.h"
#include "pgtools.h"
#include "sql.h"
#include "str.h"

#define LOCK_SECONDS 180 /* another starter may be in initdb and then in crash recovery */
#define READY_SECONDS 60 /* a server that another program started may still recover */

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* The lock's descriptor, or -1. It ends with the process, also a killed one. */
static int take_lock(struct outdir *base, struct error *err)
{
    int fd = outdir_openat(outdir_fd(base), "lock", O_RDWR | O_CREAT, 0600);
    if (fd < 0) {
        error_set(err, STATUS_PREFLIGHT, "%s/lock: %s", outdir_path(base), strerror(errno));
        return -1;
    }
    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB); waited += 100) {
        if (waited >= LOCK_SECONDS * 1000 || (errno != EWOULDBLOCK && errno != EINTR)) {
            error_set(err, STATUS_TEMPORARY, "%s/lock is held by another mighost",
                      outdir_path(base));
            error_fix(err, "repeat the command when the other one has started its server");
            close(fd);
            return -1;
        }
        pause_ms(100);
    }
    return fd;
}

static struct outdir *open_base(const char *work_dir, struct error *err)
{
    struct str path;
    str_init(&path, PATH_MAX);
    str_printf(&path, "%s/embedded", work_dir);
    struct outdir *base = NULL;
    if (path.failed)
        error_set(err, STATUS_CONFIG, "the work directory's path is too long");
    else
        base = outdir_open_all(path.data, err);
    str_clear(&path);
    return base;
}

/* ---- the database --------------------------------------------------------------------------- */

static void make_url(const struct embedded_place *p, const char *dbname, struct str *out)
{
    str_add(out, "postgresql://" EMBEDDED_ROLE "@/");
    for (const unsigned char *c = (const unsigned char *)dbname; *c; c++)
        str_printf(out, isalnum(*c) && *c < 0x80 ? "%c" : "%%%02X", *c);
    str_printf(out, "?host=%s&port=" EMBEDDED_PORT, p->socket);
}

static struct pg *connect_ready(const struct embedded_place *p, struct error *err)
{
    struct str url;
    struct pg *pg = NULL;
    str_init(&url, 0);
    make_url(p, "postgres", &url);
    for (int waited = 0; !pg && waited <= READY_SECONDS * 1000; waited += 200) {
        if (waited)
            pause_ms(200);
        error_clear(err);
        pg = pg_connect(url.data, "embedded server", NULL, err);
        if (!pg && err->code != STATUS_TEMPORARY)
            break;
    }
    str_clear(&url);
    return pg;
}

static int create_database(struct pg *pg, const char *dbname, struct error *err)
{
    struct pg_result *r =
        pg_query(pg, err, "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", 1, &dbname);
    if (!r)
        return err->code;
    int there = pg_rows(r) > 0;
    pg_free(r);
    if (there)
        return STATUS_OK;
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "CREATE DATABASE ");
    sql_ident(&sql, dbname);
    str_add(&sql, " TEMPLATE template0 ENCODING 'UTF8'");
    int rc = pg_exec_str(pg, &sql, err);
    return rc;
}

static int provide_database(const struct embedded_place *p, const char *dbname, struct error *err)
{
    struct pg *pg = connect_ready(p, err);
    if (!pg)
        return err->code;
    int rc = create_database(pg, dbname, err);
    pg_close(pg);
    return rc;
}

/* ---- start, stop ----------------------------------------------------------------------------- */

static int start_at(const struct embedded_place *p, struct error *err)
{
    struct pgtools tools;
    int rc = embedded_cluster_tools(p, &tools, err);
    if (!rc)
        rc = embedded_cluster_init(p, &tools, err);
    if (rc)
        return rc;
    int running = embedded_cluster_running(p) == 1;
    if (running && embedded_cluster_has_socket(p))
        return STATUS_OK;
    /* Its socket directory was removed under it: nobody can use it any more. */
    if (running)
        rc = embedded_cluster_stop(p, &tools, err);
    return rc ? rc : embedded_cluster_start(p, &tools, err);
}

static int start_locked(struct outdir *base, const char *dbname, struct str *url, struct error *err)
{
    struct embedded_place p;
    int rc = embedded_place_make(base, &p, err);
    if (!rc)
        rc = start_at(&p, err);
    if (!rc)
        rc = provide_database(&p, dbname, err);
    if (!rc)
        make_url(&p, dbname, url);
    return rc;
}

int embedded_start(const char *work_dir, const char *dbname, char *url, size_t url_size,
                   struct error *err)
{
    struct error own = {0};
    struct str text;
    if (!err)
        err = &own;
    if (!sql_name_ok(dbname))
        return error_set(err, STATUS_CONFIG, "the embedded server's database has an unfit name");
    struct outdir *base = open_base(work_dir, err);
    if (!base)
        return err->code;
    str_init(&text, url_size);
    int lock = take_lock(base, err);
    int rc = lock < 0 ? err->code : start_locked(base, dbname, &text, err);
    if (!rc && text.failed)
        rc = error_set(err, STATUS_BUG, "the embedded server's URL is too long");
    snprintf(url, url_size, "%s", rc ? "" : text.data);
    if (lock >= 0)
        close(lock);
    str_clear(&text);
    outdir_close(base);
    return rc;
}

int embedded_status(const char *work_dir)
{
    struct embedded_place p;
    if (embedded_place_find(work_dir, &p))
        return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
    return embedded_cluster_running(&p);
}

int embedded_stop(const char *work_dir, struct error *err)
{
    struct embedded_place p;
    struct pgtools tools;
    struct error own = {0};
    if (!err)
        err = &own;
    if (embedded_place_find(work_dir, &p))
        return STATUS_OK;
    struct outdir *base = open_base(work_dir, err);
    int lock = base ? take_lock(base, err) : -1;
    int rc = lock < 0 ? err->code : STATUS_OK;
    if (!rc && embedded_cluster_running(&p) == 1)
        rc = embedded_cluster_tools(&p, &tools, err);
    if (!rc && embedded_cluster_running(&p) == 1)
        rc = embedded_cluster_stop(&p, &tools, err);
    if (lock >= 0)
        close(lock);
    outdir_close(base);
    return rc;
}

/* In single quotes where a shell would read anything into it. */
static void shell_word(struct str *out, const char *word)
{
    if (*word && !strpbrk(word, " \t\"'\\$`&|;<>()*?[]{}#~!=")) {
        str_add(out, word);
        return;
    }
    str_add_char(out, '\'');
    for (; *word; word++)
        if (*word == '\'')
            str_add(out, "'\\''");
        else
            str_add_char(out, *word);
    str_add_char(out, '\'');
}

void embedded_psql(const char *work_dir, const char *dbname, char *out, size_t size)
{
    struct embedded_place p;
    struct str text;
    str_init(&text, 0);
    if (embedded_place_find(work_dir, &p) == 0) {
        str_printf(&text, "psql -h %s -U " EMBEDDED_ROLE " ", p.socket);
        shell_word(&text, dbname);
    }
    snprintf(out, size, "%s", text.data);
    str_clear(&text);
}

int embedded_bindir(char *out, size_t size)
{
    const char *const programs[] = {"postgres", "initdb", "pg_ctl", NULL};
    struct pgtools tools;
    if (pgtools_newest(programs, &tools) || strlen(tools.dir) >= size)
        return -1;
    snprintf(out, size, "%s", tools.dir);
    return 0;
}
