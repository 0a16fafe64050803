/* coverage.c - what became of each field of a source, and of each column of a target: the counts of
 * the chunks (counted.c) and the staged rows, laid against what the stages declare. All stages that
 * read one entity count together: what one of them leaves out another may take. */
#include "coverage.h"

#include <stdlib.h>
#include <string.h>

#include "counted.h"
#include "keyset.h"
#include "plural.h"
#include "sql.h"

#define NAMED_MOST 10 /* fields in a message */

const char *coverage_use_text(enum coverage_use use)
{
    static const char *const names[] = {"mapped", "key", "ignored", "elsewhere", "unmapped"};
    return names[use];
}

/* ---- what is declared ------------------------------------------------------------------ */

static int is_one_of(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_equal(list[i], name))
            return 1;
    return 0;
}

static int reads(const struct job_stage *st, const char *field)
{
    return is_one_of(field, st->migrator->fields, st->migrator->n_fields);
}

static int ignores(const struct job_stage *st, const char *field)
{
    return is_one_of(field, st->p->ignore, st->p->n_ignore) ||
           is_one_of(field, st->migrator->ignored, st->migrator->n_ignored);
}

static int same_entity(const struct project_stage *a, const struct project_stage *b)
{
    return str_equal(a->source, b->source) && str_equal(a->entity, b->entity);
}

enum coverage_use coverage_use_of(const struct job *job, const struct job_stage *st,
                                  const char *field, const char **by)
{
    enum coverage_use use = COVERAGE_UNMAPPED;
    const char *other = NULL;
    if (reads(st, field))
        return COVERAGE_MAPPED;
    for (size_t i = 0; i < job->n_stages; i++) {
        const struct job_stage *also = &job->stages[i];
        if (!same_entity(also->p, st->p))
            continue;
        if (also != st && !other && reads(also, field))
            other = also->p->name;
        if (ignores(also, field))
            use = COVERAGE_IGNORED;
    }
    if (is_one_of(field, st->fields, st->n_fields))
        use = COVERAGE_KEY;
    else if (other)
        use = COVERAGE_ELSEWHERE;
    if (by)
        *by = use == COVERAGE_ELSEWHERE ? other : NULL;
    return use;
}

/* ---- fields of the source -------------------------------------------------------------- */

/* Names are kept as the target's encoding can hold them: that of a declared field, or the kept one.
 */
static const char *declared_name(struct state *s, const struct job *job, const char *kept)
{
    struct str name;
    const char *found = NULL;
    if (pg_takes_all_text(s->pg))
        return kept;
    str_init(&name, 0);
    for (size_t i = 0; !found && i < job->n_stages; i++)
        for (size_t k = 0; !found && k < job->stages[i].n_fields; k++) {
            const char *field = job->stages[i].fields[k];
            counted_name(field, strlen(field), 1, &name);
            if (str_equal(name.data, kept))
                found = field;
        }
    str_clear(&name);
    return found ? found : kept;
}

static void add_field(struct state *s, const struct job *job, size_t stage, struct coverage *c,
                      const struct pg_result *res, int row)
{
    struct coverage_field *f = &c[stage].fields[c[stage].n++];
    const char *kept = arena_strdup(job->mem, pg_get(res, row, 1));
    *f = (struct coverage_field){.name = declared_name(s, job, kept),
                                 .filled = pg_get_int(res, row, 2)};
    f->use = coverage_use_of(job, &job->stages[stage], f->name, &f->by);
}

int coverage_read(struct state *s, const struct job *job, struct coverage **out, struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT c.stage, f.key, sum(f.value::bigint) FROM %s.chunk c, json_each_text(c.filled) f"
        " WHERE c.run = %lld GROUP BY 1, 2 ORDER BY c.stage, f.key COLLATE \"C\"",
        s->q, (long long)s->run);
    if (!res)
        return err->code;
    struct coverage *c = arena_alloc(job->mem, (job->n_stages + 1) * sizeof *c);
    memset(c, 0, (job->n_stages + 1) * sizeof *c);
    for (size_t i = 0; i < job->n_stages; i++)
        c[i].fields = arena_alloc(job->mem, ((size_t)pg_rows(res) + 1) * sizeof *c->fields);
    for (int row = 0; row < pg_rows(res); row++) {
        size_t stage = job_find_stage(job, pg_get(res, row, 0));
        if (stage != SIZE_MAX)
            add_field(s, job, stage, c, res, row);
    }
    pg_free(res);
    *out = c;
    return 0;
}

/* ---- columns of the target ------------------------------------------------------------- */

const char *coverage_otherwise(const struct catalog_column *c)
{
    return c->generated ? "generated" : c->identity ? "identity" : c->fallback ? "default" : "null";
}

int coverage_fills(const struct job_stage *st, size_t table, const char *column)
{
    const struct host_table *t = &st->migrator->tables[table];
    return is_one_of(column, t->columns, t->n_columns);
}

/* Columns that the staging table has: of a run that was published by a plan that is no more, they
 * are not this plan's. NULL: err. */
static struct keyset *staged_names(struct state *s, const struct job_table *t, struct error *err)
{
    const char *const params[] = {t->staging};
    struct pg_result *res = pg_query(s->pg, err,
                                     "SELECT attname FROM pg_attribute WHERE attrelid ="
                                     " to_regclass($1) AND attnum > 0 AND NOT attisdropped",
                                     1, params);
    struct keyset *names = res ? keyset_new() : NULL;
    for (int i = 0; names && i < pg_rows(res); i++)
        keyset_add(names, pg_get(res, i, 0), strlen(pg_get(res, i, 0)));
    pg_free(res);
    return names;
}

static int is_staged(const struct job_stage *st, size_t table, const char *column,
                     const struct keyset *names)
{
    return coverage_fills(st, table, column) && keyset_has(names, column, strlen(column));
}

/* SELECT accepted rows, then of each staged column the values and the rows that leave it out. */
static void columns_sql(const struct job *job, const struct job_stage *st, size_t table,
                        const struct keyset *names, struct str *sql)
{
    const struct job_table *t = &job->tables[st->tables[table]];
    int absent = t->any_absent || !job->checked;
    str_add(sql, "SELECT count(*)");
    for (size_t i = 0; i < t->t->n_columns; i++) {
        const struct catalog_column *c = &t->t->columns[i];
        if (!is_staged(st, table, c->name, names))
            continue;
        str_add(sql, ", count(");
        sql_ident(sql, c->name);
        if (absent)
            str_printf(sql,
                       ") FILTER (WHERE (%d = ANY (_mig_absent)) IS NOT TRUE), count(*) FILTER"
                       " (WHERE %d = ANY (_mig_absent))",
                       c->attnum, c->attnum);
        else
            str_add(sql, "), 0");
    }
    str_printf(sql, " FROM %s WHERE _mig_state = 0", t->staging);
    if (t->n_stages > 1)
        str_printf(sql, " AND _mig_record >> 52 = %zu", st->no);
}

static void take_columns(const struct pg_result *res, const struct job_stage *st, size_t table,
                         const struct catalog_table *t, const struct keyset *names,
                         struct coverage_column *list)
{
    int64_t rows = pg_get_int(res, 0, 0);
    for (size_t i = 0, k = 1; i < t->n_columns; i++) {
        struct coverage_column *c = &list[i];
        *c = (struct coverage_column){.column = &t->columns[i], .left = rows};
        c->is_staged = is_staged(st, table, t->columns[i].name, names);
        if (!c->is_staged)
            continue;
        c->filled = pg_get_int(res, 0, (int)k);
        c->left = pg_get_int(res, 0, (int)k + 1);
        c->nulls = rows - c->filled - c->left;
        k += 2;
    }
}

int coverage_columns(struct state *s, const struct job *job, const struct job_stage *st,
                     size_t table, struct coverage_column **out, struct error *err)
{
    const struct job_table *t = &job->tables[st->tables[table]];
    struct keyset *names = staged_names(s, t, err);
    if (!names)
        return err->code;
    struct str sql;
    str_init(&sql, 0);
    columns_sql(job, st, table, names, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    *out = arena_alloc(job->mem, (t->t->n_columns + 1) * sizeof **out);
    if (res)
        take_columns(res, st, table, t->t, names, *out);
    pg_free(res);
    keyset_free(names);
    return err->code;
}

/* ---- strict ---------------------------------------------------------------------------- */

/* A stage that reads the same entity and takes no part: what it reads is not known. */
static const char *absent_reader(const struct job *job, const struct job_stage *st)
{
    for (size_t i = 0; i < job->project->n_stages; i++) {
        const struct project_stage *p = &job->project->stages[i];
        if (!p->enabled && same_entity(p, st->p))
            return p->name;
    }
    return NULL;
}

/* "nickname" (3 values), "note" (1 value) */
static size_t list_unmapped(const struct coverage *c, struct str *out)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct coverage_field *f = &c->fields[i];
        if (f->use != COVERAGE_UNMAPPED || !f->filled || n++ >= NAMED_MOST)
            continue;
        str_add(out, n > 1 ? ", " : "");
        if (f->name[0])
            str_printf(out, "\"%.100s\" (%lld %s)", f->name, (long long)f->filled,
                       plural(f->filled, "value", "values"));
        else
            str_printf(out, "others, too many to be named (%lld %s)", (long long)f->filled,
                       plural(f->filled, "value", "values"));
    }
    if (n > NAMED_MOST)
        str_printf(out, " and %zu more", n - NAMED_MOST);
    return n;
}

static int judge(struct job *job, const struct job_stage *st, const struct coverage *c,
                 struct error *err)
{
    struct str list;
    int code = 0;
    const char *absent = absent_reader(job, st);
    str_init(&list, 0);
    size_t n = list_unmapped(c, &list);
    if (n && absent) {
        str_printf(&job->notes,
                   "stage %s: fields that hold values are read by no stage: %s; --strict does not "
                   "judge them, because stage %s reads the same records and takes no part\n",
                   st->p->name, list.data, absent);
    } else if (n) {
        code = error_set(err, STATUS_INVALID,
                         "stage %s: %zu %s of \"%s\" %s values and %s "
                         "read by no stage: %s",
                         st->p->name, n, plural(n, "field", "fields"), st->p->entity,
                         plural(n, "holds", "hold"), plural(n, "is", "are"), list.data);
        error_why(err, "with --strict, or \"strict\": true, nothing of a source is lost unnoticed");
        error_fix(err, "map them, or name them in \"ignore\" of the stage; all counts are in "
                       "summary.txt of the bundle");
    }
    str_clear(&list);
    return code;
}

int coverage_check(struct state *s, struct job *job, struct error *err)
{
    struct coverage *c = NULL;
    int code = job->project->strict ? pg_begin(s->pg, "READ ONLY", err) : 0;
    if (code || !job->project->strict)
        return code;
    code = coverage_read(s, job, &c, err);
    pg_rollback(s->pg);
    for (size_t i = 0; !code && i < job->n_stages; i++)
        code = judge(job, &job->stages[i], &c[i], err);
    return code;
}
