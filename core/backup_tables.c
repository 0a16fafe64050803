/* backup_tables.c - asks the target's catalog what belongs to a backup. pg_dump 15 takes only the
 * named table, not its partitions, and only sequences that a column owns; both are added here. */
#include "backup_tables.h"

#include <string.h>

#include "sql.h"
#include "str.h"

/* `tree`: oids of the tables; %s is a list of rows ('schema', 'name'). */
#define TREE_GIVEN                                                                                 \
    "WITH RECURSIVE given (schema, name) AS (VALUES %s), tree AS ("                                \
    " SELECT c.oid FROM given g JOIN pg_namespace n ON n.nspname = g.schema"                       \
    " JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = g.name"                            \
    " WHERE c.relkind IN ('r', 'p')"                                                               \
    " UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.oid"               \
    " JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relispartition AND c.relkind IN ('r', 'p')) "

/* The whole database; %s is the state schema as a literal. */
#define TREE_ALL                                                                                   \
    "WITH tree AS (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"     \
    " WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname <> %s"               \
    " AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%%'"                      \
    " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass"            \
    " AND d.objid = c.oid AND d.deptype = 'e')) "

#define SELECT_TABLES                                                                              \
    "SELECT n.nspname, c.relname, c.relkind = 'p', pg_table_size(c.oid) FROM tree"                 \
    " JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = c.relnamespace"           \
    " ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\""

/* A sequence that another table draws from is not set back: that would give keys twice. */
#define SELECT_SEQUENCES                                                                           \
    ", uses AS (SELECT d.refobjid AS sequence, a.adrelid AS user FROM pg_attrdef a"                \
    " JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid"                  \
    " AND d.refclassid = 'pg_class'::regclass"                                                     \
    " JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S')"                                  \
    " SELECT n.nspname, c.relname FROM (SELECT sequence FROM uses GROUP BY sequence"               \
    " HAVING bool_and(\"user\" IN (SELECT oid FROM tree))) u"                                      \
    " JOIN pg_class c ON c.oid = u.sequence JOIN pg_namespace n ON n.oid = c.relnamespace"         \
    " ORDER BY 1, 2"

static void add_given(struct str *out, const struct backup_request *request)
{
    for (size_t i = 0; i < request->n_tables; i++) {
        str_add(out, i ? ", (" : "(");
        sql_literal(out, request->tables[2 * i]);
        str_add(out, ", ");
        sql_literal(out, request->tables[2 * i + 1]);
        str_add_char(out, ')');
    }
}

static void add_tree(struct str *sql, const struct backup_request *request)
{
    struct str part;
    str_init(&part, 0);
    if (request->scope == BACKUP_DATABASE) {
        sql_literal(&part, request->state_schema ? request->state_schema : "mighost");
        str_printf(sql, TREE_ALL, part.data);
    } else {
        add_given(&part, request);
        str_printf(sql, TREE_GIVEN, part.data);
    }
    sql->failed |= part.failed;
    str_clear(&part);
}

static struct pg_result *ask(struct pg *pg, const struct backup_request *request,
                             const char *select, struct error *err)
{
    struct pg_result *r = NULL;
    struct str sql;
    str_init(&sql, 0);
    add_tree(&sql, request);
    str_add(&sql, select);
    if (sql.failed)
        error_set(err, STATUS_BACKUP, "too many tables for one backup");
    else
        r = pg_query_str(pg, &sql, err);
    return r;
}

/* In the form that pg_dump's patterns take literally. */
static int add_pattern(struct backup_tables *out, const char *schema, const char *name,
                       struct arena *mem, struct error *err)
{
    if (!sql_name_ok(schema) || !sql_name_ok(name)) {
        error_set(err, STATUS_BACKUP,
                  "a table or sequence in schema \"%s\" has a name with control "
                  "characters",
                  sql_name_ok(schema) ? schema : "?");
        error_why(err, "such a name cannot be written safely into scripts");
        error_fix(err, "rename it, or leave it out of the backup");
        return STATUS_BACKUP;
    }
    struct str quoted;
    str_init(&quoted, 0);
    sql_table(&quoted, schema, name);
    out->patterns[out->n_patterns++] = arena_strdup(mem, quoted.data);
    str_clear(&quoted);
    return STATUS_OK;
}

static int has_table(const struct backup_tables *t, const char *schema, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->tables[i].schema, schema) == 0 && strcmp(t->tables[i].name, name) == 0)
            return 1;
    return 0;
}

static int check_given(const struct backup_request *request, const struct backup_tables *out,
                       struct error *err)
{
    for (size_t i = 0; request->scope != BACKUP_DATABASE && i < request->n_tables; i++)
        if (!has_table(out, request->tables[2 * i], request->tables[2 * i + 1])) {
            error_set(err, STATUS_BACKUP, "table %s.%s to be backed up does not exist",
                      request->tables[2 * i], request->tables[2 * i + 1]);
            error_fix(err, "check the target; the role must also be allowed to see the table");
            return STATUS_BACKUP;
        }
    return STATUS_OK;
}

static int take(const struct pg_result *tables, const struct pg_result *sequences,
                struct arena *mem, struct backup_tables *out, struct error *err)
{
    size_t n = (size_t)pg_rows(tables), m = (size_t)pg_rows(sequences);
    struct backup_table *list = arena_alloc(mem, n * sizeof *list);
    out->patterns = arena_alloc(mem, (n + m) * sizeof *out->patterns);
    out->tables = list;
    for (int i = 0; i < (int)n; i++) {
        struct backup_table *t = &list[out->n++];
        t->schema = arena_strdup(mem, pg_get(tables, i, 0));
        t->name = arena_strdup(mem, pg_get(tables, i, 1));
        t->partitioned = pg_get(tables, i, 2)[0] == 't';
        out->bytes += (uint64_t)pg_get_int(tables, i, 3);
        if (add_pattern(out, t->schema, t->name, mem, err))
            return STATUS_BACKUP;
    }
    for (int i = 0; i < (int)m; i++)
        if (add_pattern(out, pg_get(sequences, i, 0), pg_get(sequences, i, 1), mem, err))
            return STATUS_BACKUP;
    return STATUS_OK;
}

int backup_tables_read(struct pg *pg, const struct backup_request *request, struct arena *mem,
                       struct backup_tables *out, struct error *err)
{
    memset(out, 0, sizeof *out);
    if (request->scope == BACKUP_NONE)
        return STATUS_OK;
    if (request->scope != BACKUP_DATABASE && !request->n_tables)
        return error_set(err, STATUS_BACKUP, "a backup of no tables was asked for");
    int rc = pg_begin(pg, "READ ONLY", err);
    if (rc)
        return rc;
    struct pg_result *tables = ask(pg, request, SELECT_TABLES, err);
    struct pg_result *sequences = tables ? ask(pg, request, SELECT_SEQUENCES, err) : NULL;
    rc = sequences ? take(tables, sequences, mem, out, err) : err->code;
    pg_free(tables);
    pg_free(sequences);
    pg_rollback(pg);
    return rc ? rc : check_given(request, out, err);
}
