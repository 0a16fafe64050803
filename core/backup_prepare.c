/* backup_prepare.c - empties tables for a restore and leaves nothing else changed.
 *
 * Rows are deleted and loaded table by table, which no order of tables makes right in general:
 * there are cycles, and tables outside of the backup whose foreign keys would stop the deletion
 * or, worse, delete or change their own rows with it (ON DELETE CASCADE, SET NULL). So that all
 * foreign keys from and to the tables are dropped first and made again at the end, in the same
 * transaction: that checks every row, and what fails undoes all. Switching triggers off instead
 * would need a superuser and would check nothing. Users' triggers are disabled meanwhile: rows
 * come back as they were, not as a trigger makes them. */
#include "backup_prepare.h"

#include <string.h>

#include "sql.h"

static int refuse(struct error *err, const char *fix)
{
    error_why(err, "the restore was undone as a whole, nothing changed");
    error_fix(err, "%s", fix);
    return STATUS_REFUSED;
}

/* ---- which tables --------------------------------------------------------------------------- */

static void add_names(struct str *out, const struct backup_manifest *m)
{
    for (size_t i = 0; i < m->n_tables; i++) {
        str_add(out, i ? ", (" : "(");
        sql_literal(out, m->tables[i].schema);
        str_add(out, ", ");
        sql_literal(out, m->tables[i].name);
        str_add_char(out, ')');
    }
}

static struct pg_result *query_names(struct backup_prepare *p, const struct backup_manifest *m,
                                     const char *rest, struct error *err)
{
    struct str names;
    str_init(&names, 0);
    add_names(&names, m);
    struct pg_result *r = NULL;
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "WITH RECURSIVE names (schema, name) AS (VALUES ");
    str_add(&sql, names.data);
    str_add(&sql, ") ");
    str_add(&sql, rest);
    if (names.failed || sql.failed)
        error_set(err, STATUS_BACKUP, "too many tables for one restore");
    else
        r = pg_query(p->pg, err, sql.data, 0, NULL);
    str_clear(&names);
    str_clear(&sql);
    return r;
}

static int check_missing(struct backup_prepare *p, const struct backup_manifest *m,
                         struct error *err)
{
    struct pg_result *r =
        query_names(p, m,
                    "SELECT schema, name FROM names WHERE NOT EXISTS (SELECT 1 FROM pg_class c"
                    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = schema"
                    " AND c.relname = name AND c.relkind IN ('r', 'p')) LIMIT 1",
                    err);
    if (!r)
        return err->code;
    int rc = STATUS_OK;
    if (pg_rows(r)) {
        error_set(err, STATUS_REFUSED, "table %s.%s of the backup is not in the target",
                  pg_get(r, 0, 0), pg_get(r, 0, 1));
        rc = refuse(err, "make the table again (pg_restore --schema-only has its definition)");
    }
    pg_free(r);
    return rc;
}

/* Also partitions that were attached since: their rows are not in the backup. */
static int find_tables(struct backup_prepare *p, const struct backup_manifest *m, struct error *err)
{
    struct pg_result *r =
        query_names(p, m,
                    ", tree AS (SELECT c.oid FROM names JOIN pg_namespace n ON n.nspname = schema"
                    " JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = name"
                    " UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.oid"
                    " JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relispartition)"
                    " SELECT oid FROM tree ORDER BY oid",
                    err);
    if (!r)
        return err->code;
    for (int i = 0; i < pg_rows(r); i++)
        str_printf(&p->oids, "%s%s", i ? ", " : "", pg_get(r, i, 0));
    pg_free(r);
    return p->oids.failed ? error_set(err, STATUS_BACKUP, "too many tables for one restore") : 0;
}

/* The text with the oids in place of its one "{oids}". NULL on failure. */
static struct pg_result *query_oids(struct backup_prepare *p, const char *text, struct error *err)
{
    struct pg_result *r = NULL;
    struct str sql;
    const char *mark = strstr(text, "{oids}");
    str_init(&sql, 0);
    str_add_n(&sql, text, (size_t)(mark - text));
    str_add(&sql, p->oids.data);
    str_add(&sql, mark + strlen("{oids}"));
    if (sql.failed)
        error_set(err, STATUS_BACKUP, "too many tables for one restore");
    else
        r = pg_query_str(p->pg, &sql, err);
    return r;
}

/* Runs the statement in column 0 of each row; column 1 is kept for the end. */
static int run_each(struct backup_prepare *p, const char *select, struct error *err)
{
    int rc = STATUS_OK;
    struct pg_result *r = query_oids(p, select, err);
    for (int i = 0; r && !rc && i < pg_rows(r); i++) {
        rc = pg_exec(p->pg, err, pg_get(r, i, 0));
        str_add(&p->finish, pg_get(r, i, 1));
    }
    rc = r ? rc : err->code;
    pg_free(r);
    return rc;
}

/* ---- begin ---------------------------------------------------------------------------------- */

static const char lock_tables[] =
    "SELECT format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', oid::regclass), ''"
    " FROM pg_class WHERE oid IN ({oids}) AND relkind IN ('r', 'p') ORDER BY oid";

/* Of a partitioned table only the topmost constraint can be dropped, and takes all with it. */
static const char drop_foreign_keys[] =
    "WITH RECURSIVE given (oid) AS (SELECT oid FROM pg_class WHERE oid IN ({oids})),"
    " up AS (SELECT c.oid, c.conparentid FROM pg_constraint c WHERE c.contype = 'f'"
    "   AND (c.conrelid IN (SELECT oid FROM given) OR c.confrelid IN (SELECT oid FROM given))"
    "  UNION SELECT c.oid, c.conparentid FROM pg_constraint c JOIN up ON c.oid = up.conparentid)"
    " SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),"
    "  format('ALTER TABLE %s ADD CONSTRAINT %I %s;', conrelid::regclass, conname,"
    "   pg_get_constraintdef(c.oid)) ||"
    "  coalesce(format('COMMENT ON CONSTRAINT %I ON %s IS %L;', conname, conrelid::regclass,"
    "   obj_description(c.oid, 'pg_constraint')), '')"
    " FROM up JOIN pg_constraint c ON c.oid = up.oid WHERE c.conparentid = 0 ORDER BY c.oid";

static const char disable_triggers[] =
    "SELECT format('ALTER TABLE ONLY %s DISABLE TRIGGER %I', tgrelid::regclass, tgname),"
    "  format('ALTER TABLE ONLY %s ENABLE %s TRIGGER %I;', tgrelid::regclass,"
    "   CASE tgenabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, tgname)"
    " FROM pg_trigger WHERE tgrelid IN ({oids}) AND NOT tgisinternal AND tgenabled <> 'D'"
    " ORDER BY tgrelid, tgname";

static const char delete_rows[] = "SELECT format('DELETE FROM ONLY %s', oid::regclass), ''"
                                  " FROM pg_class WHERE oid IN ({oids}) AND relkind = 'r'";

static const char ask_empty[] =
    "SELECT format('SELECT 1 FROM ONLY %s LIMIT 1', oid::regclass), oid::regclass"
    " FROM pg_class WHERE oid IN ({oids}) AND relkind = 'r'";

/* A rule may have turned DELETE into something else. */
static int check_empty(struct backup_prepare *p, struct error *err)
{
    int rc = STATUS_OK;
    struct pg_result *tables = query_oids(p, ask_empty, err);
    for (int i = 0; tables && !rc && i < pg_rows(tables); i++) {
        struct pg_result *r = pg_query(p->pg, err, pg_get(tables, i, 0), 0, NULL);
        if (!r) {
            rc = err->code;
        } else if (pg_rows(r)) {
            error_set(err, STATUS_REFUSED, "table %s cannot be emptied: a rule keeps its rows",
                      pg_get(tables, i, 1));
            rc = refuse(err, "disable the rule for the time of the restore");
        }
        pg_free(r);
    }
    rc = tables ? rc : err->code;
    pg_free(tables);
    return rc;
}

int backup_prepare_begin(struct backup_prepare *p, const struct backup_manifest *m,
                         struct error *err)
{
    str_init(&p->oids, 0);
    str_init(&p->finish, 0);
    int rc = check_missing(p, m, err);
    if (!rc)
        rc = find_tables(p, m, err);
    const char *const steps[] = {lock_tables, drop_foreign_keys, disable_triggers, delete_rows};
    for (size_t i = 0; !rc && i < sizeof steps / sizeof *steps - (p->keep_rows ? 1 : 0); i++)
        rc = run_each(p, steps[i], err);
    if (!rc && !p->keep_rows)
        rc = check_empty(p, err);
    if (rc && strcmp(pg_sqlstate(p->pg), "42501") == 0)
        error_fix(err, "restore as the owner of the tables and of those that refer to them");
    return rc;
}

/* ---- end ------------------------------------------------------------------------------------ */

int backup_prepare_end(struct backup_prepare *p, struct error *err)
{
    struct error own = {0};
    int rc = p->finish.failed ? error_set(err, STATUS_BACKUP, "too many tables for one restore")
                              : pg_exec(p->pg, err, "SET CONSTRAINTS ALL IMMEDIATE");
    if (rc || !p->finish.len)
        return rc;
    rc = pg_exec(p->pg, &own, p->finish.data);
    if (!rc)
        return STATUS_OK;
    if (strcmp(pg_sqlstate(p->pg), "23503") != 0) {
        *err = own;
        return rc;
    }
    error_set(err, STATUS_REFUSED,
              "rows of table %s refer to rows that are not in the backup"
              " (foreign key %s)",
              pg_failed_table(p->pg), pg_failed_constraint(p->pg));
    return refuse(err,
                  "remove or change those rows first, or restore a backup that has both tables");
}

void backup_prepare_clear(struct backup_prepare *p)
{
    str_clear(&p->oids);
    str_clear(&p->finish);
}
