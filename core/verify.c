/* verify.c - live = staging, as one comparison per table in the target. Same means the same
 * image (record_image_eq): 1.0 is not 1.00 here. A row that is not as this run left it, because
 * another transaction wrote it since publish, is counted apart; undo would refuse it. */
#include "verify.h"

#include <stdio.h>
#include <string.h>

#include "delta.h"
#include "lineage.h"
#include "match.h"
#include "plural.h"
#include "sql.h"
#include "staging.h"
#include "verify_groups.h"

static void rows_of(const struct job_table *t, const char *alias, const char *suffix,
                    struct str *sql)
{
    str_add(sql, "ROW(");
    for (size_t i = 0; i < t->n_columns; i++) {
        str_printf(sql, "%s%s.", i ? ", " : "", alias);
        sql_ident(sql, t->columns[i]->name);
        if (suffix)
            str_printf(sql, "::%s", t->columns[i]->declared);
    }
    str_add_char(sql, ')');
}

void verify_pairs(const struct job_table *t, struct str *sql)
{
    str_printf(sql, "%s s LEFT JOIN %s m ON m._mig_id = s._mig_id LEFT JOIN %s l ON ", t->staging,
               delta_or_all(t), t->t->quoted);
    match_condition(t->match, "s", "l", sql);
    str_add(sql, " WHERE s._mig_state = 0");
    if (!match_overwrites(t)) /* what was there stays: not ours to compare, unless the same */
        str_add(sql, " AND (m._mig_id IS NULL OR m._mig_same)");
}

/* An inserted row meets no live row in check, and NULL there would hide that others changed it. */
void verify_ours(const struct state *s, const struct job_table *t, struct str *sql)
{
    str_add(sql, "(coalesce(l.xmin = m._mig_xmin");
    if (t->xmin)
        str_printf(sql, " OR %s = m._mig_xmin::text::bigint", t->xmin);
    str_add(sql, ", false) OR ");
    lineage_as_left(s, t, sql);
    str_add_char(sql, ')');
}

/* `by_stage`: a line for each stage, its number at the end. */
static void compare_keyed(const struct state *s, const struct job_table *t, int by_stage,
                          struct str *sql)
{
    str_add(sql, "SELECT count(*), count(*) FILTER (WHERE l.ctid IS NULL), count(*) FILTER (WHERE"
                 " NOT record_image_eq(");
    rows_of(t, "s", "", sql);
    str_add(sql, ", ");
    rows_of(t, "l", NULL, sql);
    str_add(sql, ") AND l.ctid IS NOT NULL AND ");
    verify_ours(s, t, sql);
    str_add(sql, "), count(*) FILTER (WHERE l.ctid IS NOT NULL AND NOT ");
    verify_ours(s, t, sql);
    str_printf(sql, ")%s FROM ", by_stage ? ", s._mig_record >> 52" : "");
    verify_pairs(t, sql);
    str_add(sql, by_stage ? " GROUP BY 5" : "");
}

/* Without a key rows can only be compared as a multiset, and only where nothing was before. */
static void compare_multiset(const struct job_table *t, struct str *sql)
{
    str_add(sql, "SELECT (SELECT count(*) FROM ");
    str_printf(sql, "%s WHERE _mig_state = 0), (SELECT count(*) FROM (SELECT ", t->staging);
    rows_of(t, "s", "", sql);
    str_printf(sql, "::text FROM %s s WHERE _mig_state = 0 EXCEPT ALL SELECT ", t->staging);
    rows_of(t, "l", NULL, sql);
    str_printf(sql, "::text FROM %s l) x), 0, 0", t->t->quoted);
}

/* FROM staged rows beside live rows, WHERE this column is not the same. */
static void differing(const struct job_table *t, const struct catalog_column *c, struct str *sql)
{
    str_add(sql, " FROM ");
    verify_pairs(t, sql);
    str_add(sql, " AND l.ctid IS NOT NULL AND NOT record_image_eq(ROW(s.");
    sql_ident(sql, c->name);
    str_printf(sql, "::%s), ROW(l.", c->declared);
    sql_ident(sql, c->name);
    str_add(sql, "))");
}

/* The key as staging has it, which is also that of a row that is gone. */
static void key_of(const struct job_table *t, struct str *sql)
{
    str_add(sql, "concat_ws(', '");
    for (size_t i = 0; i < t->match->n; i++) {
        str_add(sql, ", s.");
        sql_ident(sql, t->match->columns[i]);
    }
    str_add_char(sql, ')');
}

/* Runs `sql`, which gives key, expected, found, and hands `most` rows of it on. */
static int tell_rows(struct state *s, struct verify_difference d, struct str *sql, int most,
                     void (*tell)(const struct verify_difference *d), struct error *err)
{
    str_printf(sql, " ORDER BY s._mig_id LIMIT %d", most);
    struct pg_result *res = pg_query_str(s->pg, sql, err);
    if (!res)
        return err->code;
    for (int i = 0; i < pg_rows(res); i++) {
        d.key = pg_get(res, i, 0);
        d.expected = pg_get(res, i, 1);
        d.found = pg_get(res, i, 2);
        tell(&d);
    }
    pg_free(res);
    return 0;
}

static int tell_column(struct state *s, const struct job_table *t, const struct catalog_column *c,
                       int most, void (*tell)(const struct verify_difference *d), struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT ");
    key_of(t, &sql);
    str_add(&sql, ", s.");
    sql_ident(&sql, c->name);
    str_add(&sql, "::text, l.");
    sql_ident(&sql, c->name);
    str_add(&sql, "::text");
    differing(t, c, &sql);
    return tell_rows(s, (struct verify_difference){.table = t, .column = c->name}, &sql, most, tell,
                     err);
}

/* Rows that are counted without a field that differs. */
static int tell_whole(struct state *s, const struct job_table *t, enum verify_of of, int most,
                      void (*tell)(const struct verify_difference *d), struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT ");
    key_of(t, &sql);
    str_add(&sql, ", NULL, NULL FROM ");
    verify_pairs(t, &sql);
    if (of == VERIFY_MISSING) {
        str_add(&sql, " AND l.ctid IS NULL");
    } else {
        str_add(&sql, " AND l.ctid IS NOT NULL AND record_image_eq(");
        rows_of(t, "s", "", &sql);
        str_add(&sql, ", ");
        rows_of(t, "l", NULL, &sql);
        str_add(&sql, ") AND NOT ");
        verify_ours(s, t, &sql);
    }
    return tell_rows(s, (struct verify_difference){.of = of, .table = t}, &sql, most, tell, err);
}

int verify_differences(struct state *s, const struct job *job, int most,
                       void (*tell)(const struct verify_difference *d), struct error *err)
{
    int code = staging_tune(s, job, err);
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        if (!t->match)
            continue;
        for (size_t k = 0; !code && k < t->n_columns; k++)
            code = tell_column(s, t, t->columns[k], most, tell, err);
        if (!code)
            code = tell_whole(s, t, VERIFY_MISSING, most, tell, err);
        if (!code)
            code = tell_whole(s, t, VERIFY_REWRITTEN, most, tell, err);
    }
    return code;
}

static int name_columns(struct state *s, const struct job_table *t, struct str *details,
                        struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < t->n_columns; i++) {
        struct str sql;
        str_init(&sql, 0);
        str_add(&sql, "SELECT count(*)");
        differing(t, t->columns[i], &sql);
        struct pg_result *res = pg_query(s->pg, err, sql.data, 0, NULL);
        str_clear(&sql);
        if (!res)
            return err->code;
        if (pg_get_int(res, 0, 0))
            str_printf(details, "%s.%s column %s: %lld %s\n", t->t->schema, t->t->name,
                       t->columns[i]->name, (long long)pg_get_int(res, 0, 0),
                       plural(pg_get_int(res, 0, 0), "row differs", "rows differ"));
        pg_free(res);
    }
    return code;
}

/* What publish counted the server took: what is gone since was deleted, by the application unless a
 * trigger may have done it. */
static void add_counts(const struct job_table *t, const struct pg_result *res, int row,
                       struct verify_group *g, struct verify_result *out)
{
    int64_t rows = pg_get_int(res, row, 0), missing = pg_get_int(res, row, 1);
    int64_t differ = pg_get_int(res, row, 2), others = pg_get_int(res, row, 3);
    int is_gone = t->match && !t->t->row_triggers;
    g->rows = rows;
    g->wrong = (is_gone ? 0 : missing) + (t->t->row_triggers ? 0 : differ);
    g->target = t->t->row_triggers ? differ : 0;
    g->others = others + (is_gone ? missing : 0);
    out->rows += rows;
    out->fields += rows * (int64_t)t->n_columns;
    out->differences += g->wrong;
    out->by_target += g->target;
    out->by_others += g->others;
}

static int verify_table(struct state *s, const struct job_table *t, struct verify_result *out,
                        struct error *err)
{
    struct str sql;
    int by_stage = t->match && t->n_stages != 1;
    int64_t missing = 0, differ = 0;
    str_init(&sql, 0);
    if (t->match)
        compare_keyed(s, t, by_stage, &sql);
    else
        compare_multiset(t, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    for (int i = 0; i < pg_rows(res); i++) {
        size_t no = by_stage ? (size_t)pg_get_int(res, i, 4) : verify_groups_only(t);
        add_counts(t, res, i, verify_groups_of(t, no, out), out);
        missing += pg_get_int(res, i, 1);
        differ += pg_get_int(res, i, 2);
    }
    pg_free(res);
    if (missing)
        str_printf(&out->details, "%s.%s: %lld %s missing\n", t->t->schema, t->t->name,
                   (long long)missing, plural(missing, "row is", "rows are"));
    return differ && t->match ? name_columns(s, t, &out->details, err) : 0;
}

/* Their fingerprint is that of the staged rows: the same in every column. */
static void add_met(const struct job_table *t, int64_t rows, struct verify_result *out)
{
    out->rows += rows;
    out->by_sum += rows;
    out->fields += rows * (int64_t)t->n_columns;
}

int verify_run(struct state *s, const struct job *job, const int64_t *met,
               struct verify_result *out, struct error *err)
{
    memset(out, 0, sizeof *out);
    str_init(&out->details, 1 << 20);
    int code = staging_tune(s, job, err);
    verify_groups_begin(job, out);
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        if (met && met[i] >= 0) {
            add_met(t, met[i], out);
            code = verify_groups_found(s, t, met[i], out, err);
        } else {
            code = verify_table(s, t, out, err);
        }
    }
    return code ? code : verify_groups_name(s, out, err);
}

int verify_unchanged(struct state *s, const struct job *job, const struct write_counts *counts,
                     struct verify_result *out, struct error *err)
{
    memset(out, 0, sizeof *out);
    str_init(&out->details, 1 << 20);
    int code = 0;
    verify_groups_begin(job, out);
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        out->rows += counts[i].unchanged;
        out->fields += counts[i].unchanged * (int64_t)job->tables[i].n_columns;
        code = verify_groups_found(s, &job->tables[i], counts[i].unchanged, out, err);
    }
    return code ? code : verify_groups_name(s, out, err);
}

void verify_clear(struct verify_result *r)
{
    str_clear(&r->details);
    arena_free(r->mem);
}

void verify_sql(const struct state *s, const struct job *job, struct str *out)
{
    str_add(out,
            "-- Every staged row against its live row; all counts behind \"rows\" must be 0.\n");
    for (size_t i = 0; i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        struct str sql;
        str_init(&sql, 0);
        if (t->match)
            compare_keyed(s, t, 0, &sql);
        else
            compare_multiset(t, &sql);
        str_add(out, "SELECT ");
        sql_literal(out, t->t->quoted);
        str_printf(out,
                   " AS table_name, x.* FROM (%s) AS x(rows, missing, different, changed_since);\n",
                   sql.data);
        str_clear(&sql);
    }
}
