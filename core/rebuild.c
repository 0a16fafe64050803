/* rebuild.c - drops and makes again non-unique indexes and outgoing foreign keys; a primary key or
 * unique index only when nothing refers to it and it is no replica identity. Never: what is not
 * valid, belongs to a partition, is clustered on, is part of a cycle that publish breaks, or has
 * dependents that would go with it. Everything else of the table stays. */
#include "rebuild.h"

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "plural.h"
#include "sql.h"

/* From so many rows on the gain outweighs the stronger lock. */
#define MANY_ROWS 20000

struct rebuild_object {
    int is_reference;
    const char *name, *drop, *make; /* SQL */
    const char *image;              /* all that must be as before, as one text */
};

/* ---- which tables ---------------------------------------------------------------------- */

const char *rebuild_never(const struct job_table *t)
{
    if (t->indexes == INDEXES_KEEP)
        return "as the project says";
    if (!t->t->owned)
        return "the role does not own the table";
    if (t->t->kind != 'r' || t->t->many_files)
        return "the table has partitions or children";
    return NULL;
}

/* Rows to be inserted, by the statistics of check, and whether there are fewer live ones. */
static int choose(struct state *s, const struct job_table *t, int *chosen, struct error *err)
{
    struct str sql;
    if (t->has_delta) { /* as many rows are there as are staged, but for a few */
        *chosen = t->indexes == INDEXES_REBUILD;
        return 0;
    }
    str_init(&sql, 0);
    str_add(&sql, "WITH n AS (SELECT sum(CASE WHEN oid = to_regclass(");
    sql_literal(&sql, t->staging);
    str_add(&sql, ") THEN reltuples ELSE -reltuples END)::bigint AS n FROM pg_class WHERE oid IN ("
                  "to_regclass(");
    sql_literal(&sql, t->staging);
    str_add(&sql, "), to_regclass(");
    sql_literal(&sql, t->match_table);
    str_printf(&sql,
               "))) SELECT n, (SELECT count(*) FROM (SELECT FROM %s LIMIT (SELECT greatest(n, 0)"
               " FROM n)) x) FROM n",
               t->t->quoted);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    int64_t rows = pg_get_int(res, 0, 0), live = pg_get_int(res, 0, 1);
    pg_free(res);
    *chosen = t->indexes == INDEXES_REBUILD || (rows >= MANY_ROWS && rows > live);
    return 0;
}

int rebuild_choose(struct state *s, const struct job *job, struct rebuild *out, struct error *err)
{
    int code = 0;
    out->tables = arena_alloc(job->mem, (job->n_tables + 1) * sizeof *out->tables);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        if (!out->off && !rebuild_never(&job->tables[i]))
            code = choose(s, &job->tables[i], &out->tables[i].chosen, err);
    return code;
}

/* ---- what of a table ------------------------------------------------------------------- */

/* Foreign keys: is_reference, name, drop, make, comment, image. Switched-off triggers of a key and
 * a parent that may not be referred to would not come back. */
static const char references_sql[] =
    "SELECT 1, c.conname, format('ALTER TABLE %%s DROP CONSTRAINT %%I', c.conrelid::regclass,"
    " c.conname), format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', c.conrelid::regclass,"
    " c.conname, pg_get_constraintdef(c.oid)), CASE WHEN d.text IS NOT NULL THEN format('COMMENT"
    " ON CONSTRAINT %%I ON %%s IS %%L', c.conname, c.conrelid::regclass, d.text) END,"
    " concat_ws(' ', pg_get_constraintdef(c.oid), d.text) FROM pg_constraint c CROSS JOIN"
    " obj_description(c.oid, 'pg_constraint') d(text) WHERE c.conrelid = %u AND c.contype = 'f'"
    " AND c.convalidated AND c.conparentid = 0 AND has_table_privilege(c.confrelid, 'REFERENCES')"
    " AND NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgconstraint = c.oid AND g.tgenabled <>"
    " 'O') AND NOT EXISTS (SELECT FROM pg_depend p WHERE p.refclassid = 'pg_constraint'::regclass"
    " AND p.refobjid = c.oid AND p.deptype <> 'i') ORDER BY 2";

/* Indexes, alone or of a constraint. `i` is the index, `k` its constraint or nothing. A foreign
 * key depends on the index that it refers by. */
static const char indexes_sql[] =
    "SELECT 0, i.relname, CASE WHEN k.oid IS NULL THEN format('DROP INDEX %%s',"
    " x.indexrelid::regclass) ELSE format('ALTER TABLE %%s DROP CONSTRAINT %%I',"
    " x.indrelid::regclass, k.conname) END, CASE WHEN k.oid IS NULL THEN"
    " pg_get_indexdef(x.indexrelid) ELSE format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s',"
    " x.indrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) END, nullif(concat_ws(';',"
    " CASE WHEN k.oid IS NULL AND d.text IS NOT NULL THEN format('COMMENT ON INDEX %%s IS %%L',"
    " x.indexrelid::regclass, d.text) WHEN d.text IS NOT NULL THEN format('COMMENT ON CONSTRAINT"
    " %%I ON %%s IS %%L', k.conname, x.indrelid::regclass, d.text) END, (SELECT"
    " string_agg(format('ALTER INDEX %%s ALTER COLUMN %%s SET STATISTICS %%s',"
    " x.indexrelid::regclass, a.attnum, a.attstattarget), ';' ORDER BY a.attnum) FROM pg_attribute"
    " a WHERE a.attrelid = x.indexrelid AND a.attstattarget >= 0)), ''), concat_ws(' ',"
    " pg_get_indexdef(x.indexrelid), pg_get_constraintdef(k.oid), d.text, i.reltablespace, (SELECT"
    " string_agg(a.attstattarget::text, ',' ORDER BY a.attnum) FROM pg_attribute a WHERE"
    " a.attrelid = x.indexrelid)), (SELECT spcname FROM pg_tablespace WHERE oid = i.reltablespace)"
    " FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid LEFT JOIN pg_constraint k ON"
    " k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x') CROSS JOIN LATERAL (SELECT CASE"
    " WHEN k.oid IS NULL THEN obj_description(x.indexrelid, 'pg_class') ELSE"
    " obj_description(k.oid, 'pg_constraint') END AS text) d WHERE x.indrelid = %u AND"
    " has_schema_privilege(i.relnamespace, 'CREATE') AND (i.reltablespace = 0 OR"
    " has_tablespace_privilege(i.reltablespace, 'CREATE')) AND x.indisvalid AND x.indisready AND"
    " x.indislive AND NOT x.indisclustered AND NOT x.indisreplident AND NOT x.indisexclusion AND"
    " i.relkind = 'i' AND NOT i.relispartition AND NOT EXISTS (SELECT FROM pg_depend p WHERE"
    " p.refclassid = 'pg_class'::regclass AND p.refobjid = x.indexrelid AND p.deptype <> 'i') AND"
    " NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid ="
    " x.indexrelid AND e.deptype IN ('e', 'x')) AND (NOT x.indisunique OR ((k.oid IS NULL OR (NOT"
    " k.condeferrable AND i.reloptions IS NULL AND i.reltablespace = 0 AND"
    " obj_description(x.indexrelid, 'pg_class') IS NULL)) AND NOT EXISTS (SELECT FROM pg_depend p"
    " WHERE p.refclassid = 'pg_constraint'::regclass AND p.refobjid = k.oid AND p.deptype <> 'i')"
    " AND NOT (x.indisprimary AND (%d >= 180000 OR EXISTS (SELECT FROM pg_publication_tables b"
    " JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace WHERE"
    " b.schemaname = n.nspname AND b.tablename = t.relname))))) ORDER BY x.indisprimary DESC, 2";

/* Publish itself defers, loosens or splits it. */
static int breaks_cycle(const struct job_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_references; i++)
        if (t->references[i].cycle != CYCLE_NONE && str_equal(t->references[i].key.name, name))
            return 1;
    return 0;
}

/* The statement that makes it again, between those that it needs. */
static const char *make_sql(const struct job *job, const struct pg_result *res, int row)
{
    const char *make = pg_get(res, row, 3), *behind = pg_get(res, row, 4);
    const char *space = pg_get_int(res, row, 0) ? NULL : pg_get(res, row, 6);
    struct str sql;
    str_init(&sql, 0);
    if (space) {
        str_add(&sql, "SET LOCAL default_tablespace = ");
        sql_ident(&sql, space);
        str_add_char(&sql, ';');
    }
    str_printf(&sql, "%s%s%s%s", make, behind ? ";" : "", behind ? behind : "",
               space ? ";SET LOCAL default_tablespace = ''" : "");
    const char *kept = arena_strdup(job->mem, sql.data);
    str_clear(&sql);
    return kept;
}

static int read_objects(struct state *s, const struct job *job, const struct job_table *t,
                        struct rebuild_table *out, struct error *err)
{
    struct pg_result *parts[2] = {pg_queryf(s->pg, err, references_sql, t->t->oid), NULL};
    if (parts[0])
        parts[1] = pg_queryf(s->pg, err, indexes_sql, t->t->oid, pg_server_version(s->pg));
    int n = parts[1] ? pg_rows(parts[0]) + pg_rows(parts[1]) : 0;
    out->n = 0;
    out->objects = arena_alloc(job->mem, ((size_t)n + 1) * sizeof *out->objects);
    for (int p = 0; parts[1] && p < 2; p++)
        for (int i = 0; i < pg_rows(parts[p]); i++) {
            const struct pg_result *res = parts[p];
            if (pg_get_int(res, i, 0) && breaks_cycle(t, pg_get(res, i, 1)))
                continue;
            out->objects[out->n++] =
                (struct rebuild_object){.is_reference = pg_get_int(res, i, 0) == 1,
                                        .name = arena_strdup(job->mem, pg_get(res, i, 1)),
                                        .drop = arena_strdup(job->mem, pg_get(res, i, 2)),
                                        .make = make_sql(job, res, i),
                                        .image = arena_strdup(job->mem, pg_get(res, i, 5))};
        }
    int failed = !parts[1];
    pg_free(parts[0]);
    pg_free(parts[1]);
    return failed ? err->code : 0;
}

/* Who watches DDL would see keys go and come. */
static int watched(struct state *s, int *yes, struct error *err)
{
    struct pg_result *res = pg_query(s->pg, err,
                                     "SELECT EXISTS (SELECT FROM pg_event_trigger WHERE evtenabled"
                                     " <> 'D')",
                                     0, NULL);
    if (!res)
        return err->code;
    *yes = pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    return 0;
}

int rebuild_read(struct state *s, const struct job *job, struct rebuild *r, struct error *err)
{
    int none = 0, code = watched(s, &none, err);
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        struct rebuild_table *t = &r->tables[i];
        t->chosen &= !none;
        if (!t->chosen)
            continue;
        code = read_objects(s, job, &job->tables[i], t, err);
        if (!code && t->n)
            log_write(LOG_INFO, "%s.%s: %zu %s and keys are dropped and made again",
                      job->tables[i].t->schema, job->tables[i].t->name, t->n,
                      plural(t->n, "index", "indexes"));
    }
    return code;
}

/* ---- drop and make --------------------------------------------------------------------- */

int rebuild_drop(struct state *s, const struct job *job, const struct rebuild *r, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        for (size_t k = 0; !code && k < r->tables[i].n; k++)
            code = pg_exec(s->pg, err, r->tables[i].objects[k].drop);
    return code;
}

static int make_all(struct state *s, const struct job *job, const struct rebuild *r, int references,
                    struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        for (size_t k = 0; !code && k < r->tables[i].n; k++)
            if (r->tables[i].objects[k].is_reference == references)
                code = pg_exec(s->pg, err, r->tables[i].objects[k].make);
    return code;
}

static int same_again(struct state *s, const struct job *job, size_t i,
                      const struct rebuild_table *was, struct error *err)
{
    struct rebuild_table now = {0};
    int code = read_objects(s, job, &job->tables[i], &now, err);
    int same = now.n == was->n;
    for (size_t k = 0; !code && same && k < now.n; k++)
        same = str_equal(now.objects[k].image, was->objects[k].image) &&
               str_equal(now.objects[k].name, was->objects[k].name);
    if (code || same)
        return code;
    return error_set(err, STATUS_BUG, "indexes and keys of %s.%s did not come back as they were",
                     job->tables[i].t->schema, job->tables[i].t->name);
}

int rebuild_make(struct state *s, const struct job *job, struct rebuild *r, struct error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < job->n_tables; i++)
        n += r->tables[i].n;
    if (!n)
        return 0;
    /* Sorts of this size are worth more memory than a session usually has. */
    int code = pg_exec(s->pg, err,
                       "SET LOCAL default_tablespace = ''; SELECT set_config("
                       "'maintenance_work_mem', '256MB', true) WHERE"
                       " pg_size_bytes(current_setting('maintenance_work_mem')) < 268435456");
    /* The server looks at keys by one process and makes indexes by several: first what leaves cores
     * to whoever works beside. No key needs an index that is made here, see indexes_sql. */
    if (!code)
        code = make_all(s, job, r, 1, err);
    if (!code)
        code = make_all(s, job, r, 0, err);
    if (!code)
        code = pg_exec(s->pg, err, "SET LOCAL search_path = pg_catalog, pg_temp");
    for (size_t i = 0; !code && i < job->n_tables; i++)
        if (r->tables[i].n)
            code = same_again(s, job, i, &r->tables[i], err);
    if (!code)
        code = pg_exec(s->pg, err,
                       "SELECT set_config(name, coalesce(reset_val, ''), true) FROM pg_settings"
                       " WHERE name IN ('default_tablespace', 'maintenance_work_mem')");
    if (!code)
        code = pg_own_path(s->pg, err);
    r->off = code == STATUS_PREFLIGHT || code == STATUS_BUG;
    return code;
}
