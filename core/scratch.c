/* scratch.c - scratch databases are told by their name and their owner. One that is in use has a
 * connection, which keeps others from dropping it; one whose maker was killed has none for long. */
#include "scratch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "sql.h"

#define PREFIX "mighost_scratch_"

static int drop(struct pg *pg, const char *name, const char *how, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "DROP DATABASE IF EXISTS ");
    sql_ident(&sql, name);
    str_add(&sql, how);
    return pg_exec_str(pg, &sql, err);
}

/* Those in use stay (55006), and so do others' own. */
int scratch_sweep(struct pg *pg, struct error *err)
{
    struct pg_result *r = pg_query(pg, err,
                                   "SELECT datname FROM pg_database WHERE starts_with(datname,"
                                   " '" PREFIX "') AND pg_get_userbyid(datdba) = current_user"
                                   " ORDER BY 1",
                                   0, NULL);
    for (int i = 0; r && i < pg_rows(r); i++) {
        struct error in_use = {0};
        if (drop(pg, pg_get(r, i, 0), "", &in_use) == 0)
            log_write(LOG_INFO,
                      "scratch database %s, left by a process that was killed, is dropped",
                      pg_get(r, i, 0));
    }
    int code = r ? 0 : err->code;
    pg_free(r);
    return code;
}

void scratch_name(char *out, size_t size)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(out, size, PREFIX "%lld_%ld_%ld", (long long)now.tv_sec, now.tv_nsec / 1000,
             (long)getpid());
}

static int create(struct scratch *s, struct error *err)
{
    struct pg_result *r = pg_query(s->pg, err,
                                   "SELECT pg_encoding_to_char(encoding), datcollate, datctype"
                                   " FROM pg_database WHERE datname = current_database()",
                                   0, NULL);
    if (!r)
        return err->code;
    struct str sql;
    scratch_name(s->name, sizeof s->name);
    str_init(&sql, 0);
    str_add(&sql, "CREATE DATABASE ");
    sql_ident(&sql, s->name);
    const char *const parts[] = {" TEMPLATE template0 ENCODING ", " LC_COLLATE ", " LC_CTYPE "};
    for (int i = 0; i < 3; i++) {
        str_add(&sql, parts[i]);
        sql_literal(&sql, pg_get(r, 0, i));
    }
    pg_free(r);
    int code = pg_exec_str(s->pg, &sql, err);
    if (code)
        s->name[0] = '\0';
    if (code && strcmp(pg_sqlstate(s->pg), "42501") == 0) {
        error_why(err, "a scratch database is needed there");
        error_fix(err, "ALTER ROLE ... CREATEDB; or \"scratch\": \"embedded\" in the project's "
                       "\"backup\"");
    }
    return code;
}

int scratch_open(struct scratch *s, const char *url, struct error *err)
{
    memset(s, 0, sizeof *s);
    str_init(&s->url, 0);
    s->pg = pg_connect(url, "server of the scratch database", NULL, err);
    if (!s->pg)
        return err->code;
    int code = scratch_sweep(s->pg, err);
    if (!code)
        code = create(s, err);
    if (!code)
        code = pg_url_database(url, s->name, &s->url, err);
    if (!code && !(s->held = pg_connect(s->url.data, "scratch database", NULL, err)))
        code = err->code;
    return code;
}

int scratch_close(struct scratch *s, struct error *err)
{
    struct error own = {0};
    pg_close(s->held);
    int code = s->pg && s->name[0] ? drop(s->pg, s->name, " WITH (FORCE)", &own) : 0;
    pg_close(s->pg);
    explicit_bzero(s->url.data, s->url.len);
    str_clear(&s->url);
    if (code && !err->code) {
        *err = own;
        error_fix(err, "drop database %s by hand", s->name);
    }
    return code;
}
