/* rehearsal_template.c - a database cannot be a template while somebody is connected to it, and who
 * connects while it is copied waits: so never that of production, and never for long. What is
 * doubtful is no fault, but a reason to dump and restore. */
#include "rehearsal_template.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "scratch.h"
#include "sql.h"

/* So long who connects to the target may have to wait. Given with the connection: a pooler that
 * would hand a setting on to others takes none, and this way is closed. */
#define MOST_SECONDS 30
#define SERVER_SIZE 128
#define TRIES 10 /* a client that has just left takes its time, and so does autovacuum */
static const char third[] = "postgres";
static const char busy[] = "others are connected";

static int __attribute__((format(printf, 2, 3)))
refuse(struct rehearsal_template *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(t->why, sizeof t->why, format, ap);
    va_end(ap);
    return 0;
}

/* ---- may it be done ------------------------------------------------------------------------ */

/* A clone of a server has its identifier, but was not started in the same microsecond. */
static int server_of(struct pg *pg, char out[SERVER_SIZE], struct error *err)
{
    out[0] = '\0';
    struct pg_result *res =
        pg_begin_anew(pg, "READ ONLY", err)
            ? NULL
            : pg_query(pg, err,
                       "SELECT format('%s %s %s', system_identifier, extract(epoch FROM"
                       " pg_postmaster_start_time()), current_setting('port')) FROM"
                       " pg_control_system()",
                       0, NULL);
    if (res && pg_rows(res))
        snprintf(out, SERVER_SIZE, "%s", pg_get(res, 0, 0));
    pg_free(res);
    pg_rollback(pg);
    return out[0] != '\0';
}

static int is_one_server(struct rehearsal_template *t)
{
    char there[SERVER_SIZE], here[SERVER_SIZE], between[SERVER_SIZE];
    struct str url;
    struct error err = {0};
    if (t->production)
        return refuse(t, "the target is production: who connects to it would have to wait");
    if (!server_of(t->target->pg, there, &err) || !server_of(t->copy->pg, here, &err) ||
        strcmp(there, here) != 0)
        return refuse(t, "the rehearsal database is not on the target's server");
    str_init(&url, 0);
    if (!strstr(t->copy->url, "options=") && !pg_url_database(t->copy->url, third, &url, &err)) {
        str_printf(&url, " options='-c statement_timeout=%ds'", MOST_SECONDS);
        t->pg = pg_connect(url.data, "server of the rehearsal", NULL, &err);
    }
    explicit_bzero(url.data, url.len);
    str_clear(&url);
    if (!t->pg || !server_of(t->pg, between, &err) || strcmp(between, here) != 0)
        return refuse(t, "database %s of that server cannot be reached", third);
    return 1;
}

/* What a role could make but not clear again would stand in the way of the next rehearsal. $1: the
 * role. */
static const char foreign_sql[] =
    "SELECT count(*) FROM (SELECT relowner FROM pg_class WHERE oid >= 16384 UNION SELECT nspowner"
    " FROM pg_namespace WHERE oid >= 16384 OR nspname = 'public' UNION SELECT proowner FROM pg_proc"
    " WHERE oid >= 16384 UNION SELECT typowner FROM pg_type WHERE oid >= 16384 UNION SELECT"
    " extowner FROM pg_extension WHERE oid >= 16384 UNION SELECT evtowner FROM pg_event_trigger)"
    " x(owner) WHERE NOT pg_has_role($1::name, owner, 'USAGE')";

/* $1 and $2: the databases, $3: our backends, $4: the target's role, which earlier rehearsals gave
 * the right to make schemas. A new database has no privileges, settings or limits of the old. */
static const char fault_sql[] =
    "SELECT CASE WHEN current_database() IN (t.datname, c.datname) THEN 'there is no third"
    " database' WHEN NOT (r.rolsuper OR r.rolcreatedb) THEN 'the role may make no databases'"
    " WHEN c.datdba <> r.oid OR NOT pg_has_role(t.datdba, 'USAGE') THEN 'the role owns not both"
    " databases' WHEN EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = t.oid AND a.pid <>"
    " ALL ($3::text::int[])) THEN 'others are connected to the target' WHEN EXISTS (SELECT FROM"
    " pg_stat_activity a WHERE a.datid = c.oid AND a.pid <> ALL ($3::text::int[])) THEN 'others are"
    " connected to the rehearsal database' WHEN EXISTS (SELECT FROM pg_prepared_xacts WHERE"
    " database IN (t.datname, c.datname)) THEN 'there are prepared transactions' WHEN to_jsonb(t)"
    " - own <> to_jsonb(c) - own THEN 'the two databases differ in encoding, collation, tablespace"
    " or kind' WHEN c.datistemplate OR c.datconnlimit <> -1 OR EXISTS (SELECT FROM"
    " pg_db_role_setting s WHERE s.setdatabase = c.oid) OR shobj_description(c.oid, 'pg_database')"
    " IS NOT NULL OR EXISTS (SELECT FROM pg_shseclabel l WHERE l.classoid ="
    " 'pg_database'::regclass AND l.objoid = c.oid) THEN 'the rehearsal database has settings of"
    " its own' WHEN EXISTS ((SELECT grantee, privilege_type, is_grantable FROM aclexplode("
    "coalesce(c.datacl, acldefault('d', c.datdba))) WHERE NOT (privilege_type = 'CREATE' AND"
    " grantee = (SELECT oid FROM pg_roles WHERE rolname = $4))) EXCEPT SELECT grantee,"
    " privilege_type, is_grantable FROM aclexplode(acldefault('d', c.datdba))) OR EXISTS (SELECT"
    " grantee, privilege_type FROM aclexplode(acldefault('d', c.datdba)) EXCEPT SELECT grantee,"
    " privilege_type FROM aclexplode(coalesce(c.datacl, acldefault('d', c.datdba)))) THEN 'the"
    " rehearsal database has grants of its own' WHEN EXISTS (SELECT FROM pg_replication_slots p"
    " WHERE p.database = c.datname) OR EXISTS (SELECT subdbid FROM pg_subscription WHERE subdbid ="
    " c.oid) THEN 'the rehearsal database takes part in replication' END FROM pg_database t,"
    " pg_database c, pg_roles r, (SELECT '{oid,datname,datdba,datfrozenxid,datminmxid,datacl,"
    "datlastsysoid,datcollversion}'::text[] AS own) o WHERE t.datname = $1 AND c.datname = $2 AND"
    " r.rolname = current_user";

static int is_free(struct rehearsal_template *t, const char *const *params)
{
    struct error err = {0};
    struct pg_result *res =
        pg_begin(t->pg, "READ ONLY", &err) ? NULL : pg_query(t->pg, &err, fault_sql, 4, params);
    int found = res && pg_rows(res) == 1;
    const char *fault = found ? pg_get(res, 0, 0) : NULL;
    if (!found)
        refuse(t, "the databases cannot be looked at: %.200s", err.what);
    else if (fault)
        refuse(t, "%s", fault);
    pg_free(res);
    pg_rollback(t->pg);
    return found && !fault;
}

static int is_all_ours(struct rehearsal_template *t, const char *role)
{
    struct error err = {0};
    int64_t foreign = -1;
    struct pg_result *res = pg_begin_anew(t->target->pg, "READ ONLY", &err)
                                ? NULL
                                : pg_query(t->target->pg, &err, foreign_sql, 1, &role);
    if (res)
        foreign = pg_get_int(res, 0, 0);
    pg_free(res);
    pg_rollback(t->target->pg);
    return !foreign || refuse(t, "the role is not that of all owners of the target's objects");
}

static int is_allowed(struct rehearsal_template *t, const char *target, const char *copy)
{
    struct pg_where own, theirs;
    char pids[96];
    int n = snprintf(pids, sizeof pids, "{%d", pg_backend_pid(t->copy->pg));
    for (size_t i = 0; i < REHEARSAL_TEMPLATE_OURS; i++)
        if (t->ours[i])
            n += snprintf(pids + n, sizeof pids - (size_t)n, ",%d", pg_backend_pid(t->ours[i]));
    snprintf(pids + n, sizeof pids - (size_t)n, "}");
    pg_where(t->pg, &own);
    pg_where(t->target->pg, &theirs);
    const char *const params[] = {target, copy, pids, theirs.user};
    int allowed = is_free(t, params);
    for (int i = 0; i < TRIES && !allowed && strncmp(t->why, busy, strlen(busy)) == 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        allowed = is_free(t, params);
    }
    if (allowed)
        t->why[0] = '\0';
    return allowed && is_all_ours(t, own.user);
}

/* ---- made, and taken ----------------------------------------------------------------------- */

static int create(struct rehearsal_template *t, const char *target)
{
    struct str sql;
    struct error err = {0};
    char name[sizeof t->name];
    scratch_name(name, sizeof name);
    str_init(&sql, 0);
    str_add(&sql, "CREATE DATABASE ");
    sql_ident(&sql, name);
    str_add(&sql, " TEMPLATE ");
    sql_ident(&sql, target);
    if (scratch_sweep(t->pg, &err) || pg_exec_str(t->pg, &sql, &err)) {
        str_clear(&sql);
        return refuse(t, "CREATE DATABASE: %.200s", err.what);
    }
    snprintf(t->name, sizeof t->name, "%s", name);
    return 1;
}

static int reach(struct rehearsal_template *t)
{
    struct str url;
    struct error err = {0};
    str_init(&url, 0);
    if (!pg_url_database(t->copy->url, t->name, &url, &err))
        t->made = pg_connect(url.data, "new rehearsal database", NULL, &err);
    explicit_bzero(url.data, url.len);
    str_clear(&url);
    return t->made || refuse(t, "the new database cannot be reached: %.200s", err.what);
}

int rehearsal_template_make(struct rehearsal_template *t, struct error *err)
{
    struct pg_where target, copy;
    int code = 0;
    pg_where(t->target->pg, &target);
    pg_where(t->copy->pg, &copy);
    if (!is_one_server(t) || !is_allowed(t, target.dbname, copy.dbname))
        return 0;
    for (size_t i = 0; i < REHEARSAL_TEMPLATE_OURS; i++)
        if (t->ours[i])
            pg_hang_up(t->ours[i]);
    int made = create(t, target.dbname);
    for (size_t i = 0; !code && i < REHEARSAL_TEMPLATE_OURS; i++)
        if (t->ours[i])
            code = pg_reconnect(t->ours[i], err);
    if (!code && made)
        reach(t);
    return code;
}

/* Both names in one transaction: at no time is there no rehearsal database. */
static int rename_both(struct rehearsal_template *t, const char *name, const char *old,
                       struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "ALTER DATABASE ");
    sql_ident(&sql, name);
    str_add(&sql, " RENAME TO ");
    sql_ident(&sql, old);
    str_add(&sql, "; ALTER DATABASE ");
    sql_ident(&sql, t->name);
    str_add(&sql, " RENAME TO ");
    sql_ident(&sql, name);
    return pg_exec_str(t->pg, &sql, err);
}

int rehearsal_template_take(struct rehearsal_template *t)
{
    struct pg_where copy;
    struct error err = {0};
    char old[sizeof t->name];
    pg_where(t->copy->pg, &copy);
    scratch_name(old, sizeof old);
    pg_close(t->made);
    t->made = NULL;
    pg_hang_up(t->copy->pg);
    int code = rename_both(t, copy.dbname, old, &err);
    if (code)
        refuse(t, "the new database cannot take the place of the old: %.200s", err.what);
    else
        snprintf(t->name, sizeof t->name, "%s", old);
    error_clear(&err);
    if (!pg_reconnect(t->copy->pg, &err))
        samedb_identity(t->copy->pg, t->copy->identity, &err);
    return !code;
}

void rehearsal_template_clear(struct rehearsal_template *t)
{
    struct error err = {0};
    struct str sql;
    pg_close(t->made);
    if (t->name[0]) {
        str_init(&sql, 0);
        str_add(&sql, "DROP DATABASE IF EXISTS ");
        sql_ident(&sql, t->name);
        if (pg_exec_str(t->pg, &sql, &err))
            log_write(LOG_WARNING, "database %s is left, the next rehearsal drops it: %s", t->name,
                      err.what);
    }
    pg_close(t->pg);
    t->pg = t->made = NULL;
}
