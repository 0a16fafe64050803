/* backup_digest.c - the digests of a backup's tables. The text of rows and not their binary form,
 * which names types by numbers that another database has otherwise; 120 bits are kept of each sum,
 * so that equal rows do not cancel out. */
#include "backup_digest.h"

#include "sql.h"
#include "str.h"

/* The clock, which is not read, keeps the server from making each hash anew for both sums. */
void backup_digest_sql(const char *from, struct str *sql)
{
    str_printf(sql,
               "SELECT count(*), concat_ws('-', coalesce(sum(('x' || substr(h, 1,"
               " 15))::bit(60)::int8), 0), coalesce(sum(('x' || substr(h, 16,"
               " 15))::bit(60)::int8), 0)) FROM (SELECT encode(sha256(convert_to(_mig_row::text,"
               " 'UTF8')), 'hex') AS h, clock_timestamp() FROM %s) x",
               from);
}

static void add_table(const struct backup_table *t, struct str *sql)
{
    struct str from;
    str_init(&from, 0);
    str_add(&from, t->partitioned ? "" : "ONLY ");
    sql_table(&from, t->schema, t->name);
    str_add(&from, " AS _mig_row");
    backup_digest_sql(from.data, sql);
    str_clear(&from);
}

int backup_digest_send(struct pg *pg, const struct backup_table *tables, size_t n,
                       struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    for (size_t i = 0; i < n; i++) {
        if (tables[i].partitioned)
            continue;
        add_table(&tables[i], &sql);
        str_add(&sql, ";\n");
    }
    int rc = sql.len && !sql.failed ? pg_later_send(pg, sql.data, err) : STATUS_OK;
    if (sql.failed) {
        rc = error_set(err, STATUS_BACKUP, "too many tables for one backup");
        error_fix(
            err, "set \"backup.scope\" to \"tables\", so that only those of the project are in it");
    }
    str_clear(&sql);
    return rc;
}

int backup_digest_take(struct pg *pg, struct backup_table *tables, size_t n, struct arena *mem,
                       struct error *err)
{
    struct pg_result *r;
    size_t sent = 0;
    for (size_t i = 0; i < n; i++) {
        if (tables[i].partitioned)
            continue;
        sent++;
        r = pg_later_take(pg);
        if (!r) {
            error_set(err, STATUS_BACKUP, "the rows of %s.%s could not be read a second time",
                      tables[i].schema, tables[i].name);
            error_why(err, "a backup whose digests are not known cannot be proven");
            error_fix(err,
                      "remove the cause, which the server's log tells, and repeat the command");
            return STATUS_BACKUP;
        }
        tables[i].rows = arena_strdup(mem, pg_get(r, 0, 0));
        tables[i].digest = arena_strdup(mem, pg_get(r, 0, 1));
        pg_free(r);
    }
    while (sent && (r = pg_later_take(pg)))
        pg_free(r);
    return STATUS_OK;
}

int64_t backup_digest_compare(struct pg *pg, const struct backup_table *tables, size_t n,
                              struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!tables[i].digest)
            continue;
        struct str sql;
        str_init(&sql, 0);
        add_table(&tables[i], &sql);
        struct pg_result *r = pg_query_str(pg, &sql, err);
        if (!r)
            return -err->code;
        int same = str_equal(pg_get(r, 0, 0), tables[i].rows) &&
                   str_equal(pg_get(r, 0, 1), tables[i].digest);
        pg_free(r);
        if (!same)
            return (int64_t)i;
    }
    return (int64_t)n;
}
