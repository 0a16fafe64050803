/* backup_rows_restore.c - the rows of one owner as they were, in one transaction: what belongs to
 * the group now goes, and what has a key that comes back; then the rows of the backup are put in
 * by way of temporary tables. No SQL out of the backup is run: the rule is the project's, and must
 * be the one that the backup was made by. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup.h"
#include "backup_archive.h"
#include "backup_load.h"
#include "backup_prepare.h"
#include "backup_rows.h"
#include "outdir.h"
#include "sql.h"

#define COMMIT_SECONDS 60

struct back {
    const struct backup_request *request;
    const struct project_rows *rule;
    struct arena *mem;
    struct pg *pg;
    struct backup_manifest m; /* its tables become those of the part */
    struct backup_part now;   /* the group as it is */
    FILE *script;
};

static int refuse(const struct back *b, const char *what, struct error *err)
{
    error_set(err, STATUS_REFUSED, "rows %s of backup %s: %s", b->rule->name, b->m.id, what);
    error_why(err, "the restore was undone as a whole, nothing changed");
    error_fix(err, "rows-%s.sql in the backup is plain SQL: restore by hand what you need of it",
              b->rule->name);
    return STATUS_REFUSED;
}

/* ---- the part ------------------------------------------------------------------------------- */

static const struct backup_part *find_part(const struct back *b)
{
    for (size_t i = 0; i < b->m.n_parts; i++)
        if (str_equal(b->m.parts[i].kind, "rows") && str_equal(b->m.parts[i].name, b->rule->name))
            return &b->m.parts[i];
    return NULL;
}

static int open_script(struct back *b, int dir, struct error *err)
{
    const struct backup_part *part = find_part(b);
    if (!part)
        return refuse(b, "it has none of that name", err);
    if (!str_equal(part->table, b->rule->table) || !str_equal(part->where, b->rule->where))
        return refuse(b, "they were found by another rule than the project has now", err);
    b->m.tables = part->tables;
    b->m.n_tables = part->n_tables;
    int fd = backup_archive_open(dir, &b->m, part->file, err);
    b->script = fd < 0 ? NULL : fdopen(fd, "r");
    if (!b->script && fd >= 0)
        close(fd);
    if (b->script)
        return STATUS_OK;
    error_set(err, STATUS_BACKUP, "%s cannot be read", part->file);
    error_fix(err, "let this user read the backup, or choose another: --backups lists them");
    return err->code;
}

/* ---- the target ----------------------------------------------------------------------------- */

static int same_tables(struct back *b, struct error *err)
{
    int same = b->now.n_tables == b->m.n_tables;
    for (size_t i = 0; same && i < b->m.n_tables; i++)
        same = str_equal(b->now.tables[i].schema, b->m.tables[i].schema) &&
               str_equal(b->now.tables[i].name, b->m.tables[i].name) &&
               str_equal(b->now.tables[i].columns, b->m.tables[i].columns);
    return same ? STATUS_OK : refuse(b, "tables, columns or references were altered since", err);
}

static int make_temporary(struct back *b, struct error *err)
{
    int rc = STATUS_OK;
    for (size_t i = 0; !rc && i < b->m.n_tables; i++) {
        struct backup_table *t = &b->m.tables[i];
        struct str sql;
        t->into = arena_printf(b->mem, "pg_temp._mig_back_%zu", i);
        str_init(&sql, 0);
        str_printf(&sql, "CREATE TEMP TABLE _mig_back_%zu ON COMMIT DROP AS SELECT %s FROM ", i,
                   t->columns);
        sql_table(&sql, t->schema, t->name);
        str_add(&sql, " WITH NO DATA");
        rc = pg_exec_str(b->pg, &sql, err);
    }
    return rc;
}

/* "t.id = b.id" of the primary key, into `out`; nothing where there is none. */
static int same_key(struct back *b, const char *table, struct str *out, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT string_agg(format('t.%1$I = b.%1$I', attname), ' AND ') FROM pg_index"
                  " JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey) WHERE"
                  " indisprimary AND indrelid = ");
    sql_literal(&sql, table);
    str_add(&sql, "::regclass");
    struct pg_result *r = pg_query_str(b->pg, &sql, err);
    if (r && pg_get(r, 0, 0))
        str_add(out, pg_get(r, 0, 0));
    pg_free(r);
    return r ? STATUS_OK : err->code;
}

/* `statement` with the table, the backup's rows and the condition in the place of its three %s. */
static int by_key(struct back *b, const struct backup_table *t, const char *statement,
                  struct error *err)
{
    struct str table, key;
    str_init(&table, 0);
    str_init(&key, 0);
    sql_table(&table, t->schema, t->name);
    int rc = same_key(b, table.data, &key, err);
    if (!rc && key.len)
        rc = pg_execf(b->pg, err, statement, table.data, t->into, key.data);
    str_clear(&key);
    str_clear(&table);
    return rc;
}

/* The group as it is now, and the owners that come back, whoever they are by now, with all that
 * they have. */
static int find_group(struct back *b, struct error *err)
{
    int rc = backup_rows_find(b->pg, b->request, b->rule, &b->now, b->mem, err);
    if (!rc)
        rc =
            by_key(b, &b->m.tables[0],
                   "INSERT INTO " BACKUP_ROWS_FOUND " SELECT t.tableoid, t.ctid FROM %s t JOIN %s b"
                   " ON %s ON CONFLICT DO NOTHING",
                   err);
    return rc ? rc : backup_rows_follow(b->pg, err);
}

static int replace(struct back *b, const struct backup_table *t, struct error *err)
{
    struct str table;
    str_init(&table, 0);
    sql_table(&table, t->schema, t->name);
    int rc = pg_execf(b->pg, err,
                      "DELETE FROM %s t USING " BACKUP_ROWS_FOUND " k WHERE k.tableoid_ ="
                      " t.tableoid AND k.id = t.ctid",
                      table.data);
    if (!rc)
        rc = by_key(b, t, "DELETE FROM %s t USING %s b WHERE %s", err);
    if (!rc)
        rc = pg_execf(b->pg, err, "INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s",
                      table.data, t->columns, t->columns, t->into);
    str_clear(&table);
    return rc;
}

static int replace_all(struct back *b, struct error *err)
{
    int rc = STATUS_OK;
    for (size_t i = 0; !rc && i < b->m.n_tables; i++)
        rc = replace(b, &b->m.tables[i], err);
    if (rc && strncmp(pg_sqlstate(b->pg), "23", 2) == 0) {
        char what[400];
        snprintf(what, sizeof what, "others took their place (constraint %.120s of %.120s)",
                 pg_failed_constraint(b->pg), pg_failed_table(b->pg));
        error_clear(err);
        return refuse(b, what, err);
    }
    return rc;
}

static int lock(struct back *b, struct error *err)
{
    int rc = STATUS_OK;
    for (size_t i = 0; !rc && i < b->m.n_tables; i++) {
        struct str sql;
        str_init(&sql, 0);
        str_add(&sql, "LOCK TABLE ");
        sql_table(&sql, b->m.tables[i].schema, b->m.tables[i].name);
        str_add(&sql, " IN ACCESS EXCLUSIVE MODE");
        rc = pg_exec_str(b->pg, &sql, err);
    }
    return rc;
}

/* The group is looked for twice: for its tables, and, under their lock, for its rows; then the
 * references, which lead from one to the next, are dropped. */
static int prepare_tables(struct back *b, struct backup_prepare *prepare, struct error *err)
{
    int rc = backup_rows_find(b->pg, b->request, b->rule, &b->now, b->mem, err);
    if (!rc)
        rc = same_tables(b, err);
    if (!rc)
        rc = lock(b, err);
    if (!rc)
        rc = make_temporary(b, err);
    if (!rc)
        rc = backup_load(b->pg, b->script, &b->m, err);
    if (!rc)
        rc = find_group(b, err);
    return rc ? rc : backup_prepare_begin(prepare, &b->m, err);
}

static int restore(struct back *b, struct error *err)
{
    struct backup_prepare prepare = {.pg = b->pg, .keep_rows = 1};
    int rc = pg_begin(b->pg, "", err);
    if (rc)
        return rc;
    rc = prepare_tables(b, &prepare, err);
    if (!rc)
        rc = replace_all(b, err);
    if (!rc)
        rc = backup_prepare_end(&prepare, err);
    backup_prepare_clear(&prepare);
    if (rc)
        pg_rollback(b->pg);
    else
        rc = pg_commit(b->pg, COMMIT_SECONDS, err);
    if (rc == STATUS_UNKNOWN)
        error_fix(err, "repeat the restore: it can be done any number of times");
    return rc;
}

static int restore_from(struct back *b, int dir, const char *id, struct error *err)
{
    int rc = backup_manifest_read(dir, id, b->mem, &b->m, err);
    if (!rc)
        rc = open_script(b, dir, err);
    if (!rc && !(b->pg = pg_connect(b->request->url, "target", NULL, err)))
        rc = err->code;
    if (!rc)
        rc = restore(b, err);
    pg_close(b->pg);
    if (b->script)
        fclose(b->script);
    return rc;
}

int backup_rows_restore(const char *dir, const char *id, const struct backup_request *request,
                        struct error *err)
{
    int rc = backup_verify(dir, id, err);
    if (rc)
        return rc;
    struct back b = {.request = request, .rule = request->rows, .mem = arena_new()};
    int all = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = all < 0 ? -1 : outdir_openat(all, id, O_RDONLY | O_DIRECTORY, 0);
    rc = fd < 0
             ? error_set(err, STATUS_BACKUP, "backup %s cannot be opened: %s", id, strerror(errno))
             : restore_from(&b, fd, id, err);
    if (fd >= 0)
        close(fd);
    if (all >= 0)
        close(all);
    arena_free(b.mem);
    return rc;
}
