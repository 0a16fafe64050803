/* backup_rows.c - finds rows from their owners down, by sets: each pass follows every reference
 * from rows that are in to rows that are not, until a pass finds none; cycles and tables that refer
 * to themselves need nothing more. A row is told by its place (tableoid, ctid), which holds within
 * a snapshot and under a lock. */
#include "backup_rows.h"

#include <string.h>

#include "backup_digest.h"
#include "sql.h"

#define LINKS "pg_temp._mig_links"
#define DEEPEST 60 /* where a cycle ends, for the order of tables only */

/* ---- references ----------------------------------------------------------------------------- */

static const char make_links[] =
    "DROP TABLE IF EXISTS " BACKUP_ROWS_FOUND ", " LINKS ";"
    "CREATE TEMP TABLE _mig_rows (tableoid_ oid, id tid, PRIMARY KEY (tableoid_, id)) ON COMMIT"
    " DROP; CREATE TEMP TABLE _mig_links ON COMMIT DROP AS SELECT conrelid AS child, confrelid AS"
    " parent, (SELECT string_agg(format('p.%I OPERATOR(%I.%s) c.%I', pa.attname, n.nspname,"
    " o.oprname, ca.attname), ' AND ') FROM unnest(conkey, confkey, conpfeqop) AS k (c, p, op) JOIN"
    " pg_attribute ca ON ca.attrelid = conrelid AND ca.attnum = k.c JOIN pg_attribute pa ON"
    " pa.attrelid = confrelid AND pa.attnum = k.p JOIN pg_operator o ON o.oid = k.op JOIN"
    " pg_namespace n ON n.oid = o.oprnamespace) AS condition FROM pg_constraint WHERE contype = 'f'"
    " AND conparentid = 0";

/* Who is an owner says the rule alone: no reference leads to one (invited_by, manager). */
static int add_links(struct pg *pg, const struct backup_request *r, const char *owners,
                     struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, make_links);
    for (size_t i = 0; i < r->n_links; i++) {
        str_add(&sql, "; INSERT INTO " LINKS " SELECT ");
        sql_literal(&sql, r->links[i].child);
        str_add(&sql, "::regclass, ");
        sql_literal(&sql, r->links[i].parent);
        str_add(&sql, "::regclass, ");
        sql_literal(&sql, r->links[i].condition);
    }
    str_add(&sql, "; DELETE FROM " LINKS " WHERE child = ");
    sql_literal(&sql, owners);
    str_add(&sql, "::regclass");
    return pg_exec_str(pg, &sql, err);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static int add_owners(struct pg *pg, const struct project_rows *rule, const char *owners,
                      struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "INSERT INTO " BACKUP_ROWS_FOUND " SELECT tableoid, ctid FROM %s WHERE (%s\n)",
               owners, rule->where);
    struct pg_result *r = pg_query_one(pg, err, sql.data);
    str_clear(&sql);
    if (!r)
        error_why(err, "the rule of \"rows\" named %s in the project's backup", rule->name);
    pg_free(r);
    return r ? STATUS_OK : err->code;
}

/* References of which the parent has rows in the group; a partition counts for its tables above. */
static const char asked_links[] =
    "SELECT child::regclass, parent::regclass, condition FROM " LINKS " WHERE parent IN (SELECT"
    " unnest(tableoid_ || ARRAY(SELECT relid::oid FROM pg_partition_ancestors(tableoid_))) FROM"
    " (SELECT DISTINCT tableoid_ FROM " BACKUP_ROWS_FOUND ") x) ORDER BY 1, 2, 3";

static int follow(struct pg *pg, int64_t *added, struct error *err)
{
    struct pg_result *links = pg_query(pg, err, asked_links, 0, NULL);
    int rc = links ? STATUS_OK : err->code;
    *added = 0;
    for (int i = 0; !rc && i < pg_rows(links); i++) {
        struct pg_result *r =
            pg_queryf(pg, err,
                      "INSERT INTO " BACKUP_ROWS_FOUND " SELECT c.tableoid, c.ctid FROM %s c JOIN"
                      " %s p ON %s JOIN " BACKUP_ROWS_FOUND " k ON k.tableoid_ = p.tableoid AND"
                      " k.id = p.ctid ON CONFLICT DO NOTHING",
                      pg_get(links, i, 0), pg_get(links, i, 1), pg_get(links, i, 2));
        rc = r ? STATUS_OK : err->code;
        *added += r ? pg_affected(r) : 0;
        pg_free(r);
    }
    pg_free(links);
    return rc;
}

int backup_rows_follow(struct pg *pg, struct error *err)
{
    int rc = STATUS_OK;
    for (int64_t added = 1; !rc && added;)
        rc = follow(pg, &added, err);
    return rc;
}

/* ---- tables --------------------------------------------------------------------------------- */

static int find_tables(struct pg *pg, const char *owners, struct backup_part *part,
                       struct arena *mem, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "WITH RECURSIVE down (oid, depth) AS (SELECT ");
    sql_literal(&sql, owners);
    str_printf(&sql,
               "::regclass::oid, 0 UNION SELECT l.child, depth + 1 FROM down JOIN " LINKS " l ON"
               " l.parent = down.oid AND l.child <> l.parent WHERE depth < %d) SELECT n.nspname,"
               " c.relname, c.relkind = 'p', (SELECT string_agg(quote_ident(attname), ', ' ORDER"
               " BY attnum) FROM pg_attribute a WHERE attrelid = c.oid AND attnum > 0 AND NOT"
               " attisdropped AND attgenerated = '') FROM (SELECT oid, max(depth) AS depth FROM"
               " down GROUP BY oid) d JOIN pg_class c ON c.oid = d.oid JOIN pg_namespace n ON"
               " n.oid = c.relnamespace ORDER BY d.depth, n.nspname COLLATE \"C\", c.relname"
               " COLLATE \"C\"",
               DEEPEST);
    struct pg_result *r = pg_query_str(pg, &sql, err);
    part->n_tables = r ? (size_t)pg_rows(r) : 0;
    part->tables = arena_alloc(mem, (part->n_tables + 1) * sizeof *part->tables);
    for (int i = 0; i < (int)part->n_tables; i++)
        part->tables[i] = (struct backup_table){.schema = arena_strdup(mem, pg_get(r, i, 0)),
                                                .name = arena_strdup(mem, pg_get(r, i, 1)),
                                                .partitioned = pg_get(r, i, 2)[0] == 't',
                                                .columns = arena_strdup(mem, pg_get(r, i, 3))};
    pg_free(r);
    return r ? STATUS_OK : err->code;
}

int backup_rows_find(struct pg *pg, const struct backup_request *request,
                     const struct project_rows *rule, struct backup_part *part, struct arena *mem,
                     struct error *err)
{
    struct sql_name name;
    struct str owners;
    sql_split(rule->table, "public", &name);
    str_init(&owners, 0);
    sql_table(&owners, name.schema, name.table);
    part->kind = "rows";
    part->name = rule->name;
    part->table = rule->table;
    part->where = rule->where;
    part->file = arena_printf(mem, "rows-%s.sql", rule->name);
    int rc = add_links(pg, request, owners.data, err);
    if (!rc)
        rc = find_tables(pg, owners.data, part, mem, err);
    if (!rc)
        rc = add_owners(pg, rule, owners.data, err);
    if (!rc)
        rc = backup_rows_follow(pg, err);
    str_clear(&owners);
    return rc;
}

/* ---- the file ------------------------------------------------------------------------------- */

static void add_from(const struct backup_table *t, const char *alias, struct str *out)
{
    str_add(out, t->partitioned ? "" : "ONLY ");
    sql_table(out, t->schema, t->name);
    str_printf(out,
               " AS %s WHERE (%s.tableoid, %s.ctid) IN (SELECT k.tableoid_, k.id FROM"
               " " BACKUP_ROWS_FOUND " k)",
               alias, alias, alias);
}

static int take_digest(struct pg *pg, struct backup_table *t, struct arena *mem, struct error *err)
{
    struct str from, sql;
    str_init(&from, 0);
    str_init(&sql, 0);
    add_from(t, "_mig_row", &from);
    backup_digest_sql(from.data, &sql);
    str_clear(&from);
    struct pg_result *r = pg_query_str(pg, &sql, err);
    if (!r)
        return err->code;
    t->rows = arena_strdup(mem, pg_get(r, 0, 0));
    t->digest = arena_strdup(mem, pg_get(r, 0, 1));
    pg_free(r);
    return STATUS_OK;
}

static int write_line(void *ctx, const char *line, size_t n, struct error *err)
{
    return outfile_write(ctx, line, n, err);
}

static int write_table(struct pg *pg, const struct backup_table *t, struct outfile *file,
                       struct error *err)
{
    struct str head, sql;
    str_init(&head, 0);
    str_add(&head, "COPY ");
    sql_table(&head, t->schema, t->name);
    str_printf(&head, " (%s) FROM stdin;\n", t->columns ? t->columns : "");
    int rc = outfile_write(file, head.data, head.len, err);
    str_clear(&head);
    str_init(&sql, 0);
    str_printf(&sql, "COPY (SELECT %s FROM ", t->columns ? t->columns : "");
    add_from(t, "r", &sql);
    str_add(&sql, ") TO STDOUT");
    if (!rc)
        rc = pg_copy_out(pg, sql.data, file, write_line, err);
    str_clear(&sql);
    return rc ? rc : outfile_write(file, "\\.\n\n", 4, err);
}

int backup_rows_write(struct pg *pg, struct backup_part *part, struct outdir *dir,
                      struct arena *mem, struct backup_file *file, struct error *err)
{
    static const char head[] = "-- Rows of one owner and all below them: psql -1 -f FILE.\n"
                               "SET client_encoding = 'UTF8';\nSET DateStyle = 'ISO, YMD';\n"
                               "SET IntervalStyle = 'postgres';\n\n";
    char *sha256 = arena_alloc(mem, 65);
    struct outfile *out = outfile_open(dir, part->file, err);
    int rc = out ? outfile_write(out, head, sizeof head - 1, err) : err->code;
    for (size_t i = 0; !rc && i < part->n_tables; i++) {
        rc = write_table(pg, &part->tables[i], out, err);
        if (!rc)
            rc = take_digest(pg, &part->tables[i], mem, err);
    }
    file->name = part->file;
    file->sha256 = sha256;
    if (!rc)
        return outfile_close_digest(out, sha256, &file->size, err);
    outfile_abandon(out);
    return rc;
}
