/* adopted.c - a computed key is a proposal: where rows are found by another key, the live one wins,
 * in the row and in what refers to it. Parents that an earlier run met are looked up in the id map,
 * read backwards; only redrives and incremental runs pay for that, and only where a reference would
 * be an orphan otherwise. */
#include "adopted.h"

#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "found.h"
#include "highwater.h"
#include "match.h"
#include "rewrite.h"
#include "sql.h"

/* ---- keys of earlier runs ------------------------------------------------------------------ */

#define BATCH_ROWS 5000 /* of the id map, held in memory at a time */

struct reader {
    struct state *s;
    const struct job_stage *stage; /* makes the parents' keys */
    struct digest_uuid *own;       /* NULL: kept keys */
    struct str lines;              /* of COPY: key as made, live key */
    char table[200];               /* takes them in; lives for the transaction */
};

/* " c.column IS NOT NULL" and that no parent has it, staged or live. */
static void meets_nobody(const struct job_table *parent, const struct catalog_reference *k,
                         struct str *sql)
{
    const char *const tables[] = {parent->staging, parent->t->quoted};
    str_add(sql, "c.");
    sql_ident(sql, k->columns[0]);
    str_add(sql, " IS NOT NULL");
    for (int i = 0; i < 2; i++) {
        str_printf(sql, " AND NOT EXISTS (SELECT FROM %s p WHERE ", tables[i]);
        match_reference(k, "p", "c", sql);
        str_add_char(sql, ')');
    }
}

static int any_left(struct state *s, const struct job_table *child, const struct job_table *parent,
                    const struct catalog_reference *k, int *any, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT EXISTS (SELECT FROM %s c WHERE ", child->staging);
    meets_nobody(parent, k, &sql);
    str_add_char(&sql, ')');
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    *any = res && pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    return err->code;
}

/* Keys that are the same in both places are no news. */
static int keep_batch(struct reader *x, const struct pg_result *res, struct error *err)
{
    str_reset(&x->lines);
    for (int i = 0; i < pg_rows(res); i++) {
        char uuid[37];
        const char *made = pg_get(res, i, 0);
        if (x->own) {
            digest_uuid5(x->own, made, strlen(made), uuid);
            made = uuid;
        }
        if (str_equal(made, pg_get(res, i, 1)))
            continue;
        sql_copy_field(&x->lines, made, '\t');
        sql_copy_field(&x->lines, pg_get(res, i, 1), '\n');
    }
    if (!x->lines.len)
        return 0;
    char sql[250];
    int64_t rows;
    snprintf(sql, sizeof sql, "COPY %s FROM STDIN", x->table);
    int code = pg_copy_begin(x->s->pg, sql, err);
    if (!code)
        code = pg_copy_write(x->s->pg, x->lines.data, x->lines.len, err);
    return code ? code : pg_copy_end(x->s->pg, &rows, err);
}

static int read_map(struct reader *x, struct error *err)
{
    struct str sql;
    int more = 1;
    str_init(&sql, 0);
    str_printf(&sql,
               "CREATE TABLE %s (made text NOT NULL, live text NOT NULL); DECLARE adopted CURSOR"
               " FOR SELECT source_key, final_key FROM %s.id_map WHERE project = %lld AND stage = ",
               x->table, x->s->q, (long long)x->s->project);
    sql_literal(&sql, x->stage->p->name);
    int code = pg_exec_str(x->s->pg, &sql, err);
    while (!code && more) {
        struct pg_result *res = pg_queryf(x->s->pg, err, "FETCH %d FROM adopted", BATCH_ROWS);
        code = res ? keep_batch(x, res, err) : err->code;
        more = res && pg_rows(res) == BATCH_ROWS;
        pg_free(res);
    }
    if (!code)
        code = pg_execf(x->s->pg, err, "CLOSE adopted; ANALYZE %s", x->table);
    return code;
}

static int put_in_place(struct reader *x, const struct job_table *child,
                        const struct job_table *parent, const struct catalog_reference *k,
                        struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s c SET ", child->staging);
    sql_ident(&sql, k->columns[0]);
    str_printf(&sql, " = a.live::%s", job_find_staged(child, k->columns[0])->base);
    rewrite_keep(child, "c", k->columns, 1, &sql);
    str_printf(&sql, " FROM %s a WHERE a.made = c.", x->table);
    sql_ident(&sql, k->columns[0]);
    str_add(&sql, "::text AND ");
    meets_nobody(parent, k, &sql);
    str_printf(&sql, "; DROP TABLE %s", x->table);
    return pg_exec_str(x->s->pg, &sql, err);
}

static int from_stage(struct state *s, const struct job *job, const struct job_stage *st,
                      const struct job_table *child, const struct job_table *parent,
                      const struct catalog_reference *k, struct error *err)
{
    struct reader x = {.s = s, .stage = st};
    if (st->p->ids == ID_UUID5)
        x.own = digest_uuid_new(job->project->name, st->p->name);
    snprintf(x.table, sizeof x.table, "%s.adopted_%lld", s->q, (long long)s->run);
    str_init(&x.lines, 0);
    int code = read_map(&x, err);
    if (!code)
        code = put_in_place(&x, child, parent, k, err);
    str_clear(&x.lines);
    digest_uuid_free(x.own);
    return code;
}

/* Parents that an incremental run does not read. */
static int reads_part(const struct job *job, size_t table)
{
    int part = 0;
    for (size_t i = 0; i < job->n_stages; i++)
        part |= job->stages[i].tables[0] == table && !highwater_is_whole(&job->stages[i]);
    return part;
}

/* References of `child` that meet neither a staged nor a live row of their parent, whose own key a
 * stage makes: where the id map knows that key, the live one is put in its place. */
static int earlier(struct state *s, const struct job *job, const struct job_table *child,
                   const struct job_reference *r, struct error *err)
{
    const struct job_table *parent = &job->tables[r->parent];
    int any = 0, code = 0;
    if ((!s->parent && !reads_part(job, r->parent)) || r->key.n != 1)
        return 0;
    code = any_left(s, child, parent, &r->key, &any, err);
    for (size_t i = 0; !code && any && i < job->n_stages; i++)
        if (job->stages[i].tables[0] == r->parent && !project_ids_wait(job->stages[i].p->ids))
            code = from_stage(s, job, &job->stages[i], child, parent, &r->key, err);
    return code;
}

/* ---- keys of this run ------------------------------------------------------------------- */

/* The table whose rows take over keys, and those that do: _mig_id, the columns as they are staged,
 * and what the live row has in them, _mig_live_N. */
struct taking {
    const struct job_table *t;
    const char **columns; /* at most all staged ones */
    size_t n;
    struct found rows;
};

static int is_listed(const struct taking *x, const char *name)
{
    size_t i = 0;
    while (i < x->n && !str_equal(x->columns[i], name))
        i++;
    return i < x->n;
}

static void list_columns(struct taking *x, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_listed(x, names[i]))
            x->columns[x->n++] = names[i];
}

/* Are all columns on both sides staged, and of the parent listed? */
static int is_staged(const struct taking *x, const struct job_table *child,
                     const struct catalog_reference *k)
{
    for (size_t i = 0; i < k->n; i++)
        if (!job_find_staged(child, k->columns[i]) || !job_find_staged(x->t, k->parent_columns[i]))
            return 0;
    return 1;
}

/* Is a value that equals another one always written like it? Of most types that is not so, or not
 * in every collation. */
static int equal_is_same(const struct catalog_column *c)
{
    uint32_t type = c->type.oid;
    return type == 20 || type == 21 || type == 23 || type == 2950; /* integers, uuid */
}

static void live_value(const struct taking *x, const char *column, struct str *sql)
{
    str_printf(sql, "p._mig_live_%d", catalog_column(x->t->t, column)->attnum);
}

/* " AND" that columns are not as the live row's `from`: only few are written. */
static void differ(const struct taking *x, const struct job_table *t, const char *alias,
                   const char *const *columns, const char *const *from, size_t n, struct str *sql)
{
    str_add(sql, " AND record_image_ne(ROW(");
    for (size_t i = 0; i < n; i++) {
        str_printf(sql, "%s%s.", i ? ", " : "", alias);
        sql_ident(sql, columns[i]);
    }
    str_add(sql, "), ROW(");
    for (size_t i = 0; i < n; i++) {
        str_add(sql, i ? ", " : "");
        live_value(x, from[i], sql);
        str_printf(sql, "::%s", job_find_staged(t, columns[i])->base);
    }
    str_add(sql, "))");
}

/* Who has the live row's values already concerns no child. */
static int find_taking(struct state *s, struct taking *x, struct error *err)
{
    const struct job_table *t = x->t;
    struct str sql;
    int all = 0;
    str_init(&sql, 0);
    str_add(&sql, "SELECT * FROM (SELECT s._mig_id");
    for (size_t i = 0; i < x->n; i++) {
        const struct catalog_column *c = job_find_staged(t, x->columns[i]);
        all |= !equal_is_same(c);
        str_add(&sql, ", s.");
        sql_ident(&sql, c->name);
        str_add(&sql, ", l.");
        sql_ident(&sql, c->name);
        str_printf(&sql, " AS _mig_live_%d", c->attnum);
    }
    str_printf(&sql,
               " FROM %s m JOIN %s s ON s._mig_id = m._mig_id JOIN %s l ON %s = m._mig_at) p WHERE"
               " true",
               t->match_table, t->staging, t->t->quoted, match_at(t));
    if (!all)
        differ(x, t, "p", x->columns, x->columns, x->n, &sql);
    return found_make(s, &sql, &x->rows, err);
}

/* "column = the live row's" for each of the columns. */
static void set_from_live(const struct taking *x, const char *const *columns,
                          const char *const *from, size_t n, struct str *sql)
{
    for (size_t i = 0; i < n; i++) {
        str_add(sql, i ? ", " : "");
        sql_ident(sql, columns[i]);
        str_add(sql, " = ");
        live_value(x, from[i], sql);
    }
}

/* Where rows are found by another key than the one that children refer to, the live key wins:
 * references in staged children are rewritten first, then the staged row takes the key. */
static int adopt_reference(struct state *s, const struct taking *x, const struct job_table *child,
                           const struct catalog_reference *k, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s c SET ", child->staging);
    set_from_live(x, k->columns, k->parent_columns, k->n, &sql);
    rewrite_keep(child, "c", k->columns, k->n, &sql);
    str_printf(&sql, " FROM %s p WHERE ", x->rows.table);
    match_reference(k, "p", "c", &sql);
    differ(x, child, "c", k->columns, k->parent_columns, k->n, &sql);
    return pg_exec_str(s->pg, &sql, err);
}

static int adopt_own(struct state *s, const struct taking *x, struct error *err)
{
    const struct catalog_key *k = &x->t->t->keys[0];
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s s SET ", x->t->staging);
    set_from_live(x, k->columns, k->columns, k->n, &sql);
    rewrite_keep(x->t, "s", k->columns, k->n, &sql);
    str_printf(&sql, " FROM %s p WHERE p._mig_id = s._mig_id", x->rows.table);
    differ(x, x->t, "s", k->columns, k->columns, k->n, &sql);
    return pg_exec_str(s->pg, &sql, err);
}

/* `changed` is set where the child is the table itself. */
static int adopt_in(struct state *s, struct job *job, size_t index, size_t i,
                    const struct taking *x, int *changed, struct error *err)
{
    int code = 0;
    for (size_t k = 0; !code && k < job->tables[i].n_references; k++) {
        const struct job_reference *r = &job->tables[i].references[k];
        if (r->parent != index || !is_staged(x, &job->tables[i], &r->key))
            continue;
        *changed |= i == index;
        if (x->rows.rows)
            code = adopt_reference(s, x, &job->tables[i], &r->key, err);
        if (!code)
            code = earlier(s, job, &job->tables[i], r, err);
        if (!code && i < index) /* in a cycle: it was compared before */
            code = match_same(s, &job->tables[i], err);
    }
    return code;
}

int adopted_keys(struct state *s, struct job *job, size_t index, int *changed, struct error *err)
{
    const struct job_table *t = &job->tables[index];
    struct taking x = {.t = t};
    if (!rewrite_adopts(t))
        return 0;
    x.columns = arena_alloc(job->mem, (t->n_columns + 1) * sizeof *x.columns);
    list_columns(&x, t->t->keys[0].columns, t->t->keys[0].n);
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; k < job->tables[i].n_references; k++) {
            const struct job_reference *r = &job->tables[i].references[k];
            if (r->parent == index && is_staged(&x, &job->tables[i], &r->key))
                list_columns(&x, r->key.parent_columns, r->key.n);
        }
    int code = find_taking(s, &x, err);
    *changed |= x.rows.rows > 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = adopt_in(s, job, index, i, &x, changed, err);
    if (!code && x.rows.rows)
        code = adopt_own(s, &x, err);
    return code ? code : found_drop(s, &x.rows, err);
}
