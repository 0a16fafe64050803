/* report_sources.c - from table source_fact, and from staging what became of references. Only of
 * stages whose source tells: a large table is not gone through for it. */
#include "report_sources.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sql.h"

static int is_digest(const char *name)
{
    return strcmp(name, "digest") == 0;
}

static json_t *value_of(const char *name, const char *value)
{
    return is_digest(name) ? json_string(value) : json_integer(strtoll(value, NULL, 10));
}

/* ---- references ------------------------------------------------------------------------ */

static int one_reference(struct state *s, const struct job_stage *st, const struct job_table *t,
                         const struct job_reference *r, json_t *list, struct error *err)
{
    struct str sql;
    char name[520], to[520];
    str_init(&sql, 0);
    str_add(&sql, "SELECT count(*), count(s.");
    sql_ident(&sql, r->key.columns[0]);
    str_printf(&sql,
               "), (SELECT coalesce(sum(count), 0)::bigint FROM %s.repair WHERE run = %lld AND"
               " stage = ",
               s->q, (long long)s->run);
    sql_literal(&sql, st->p->name);
    str_add(&sql, " AND field = ");
    sql_literal(&sql, r->key.columns[0]);
    str_printf(&sql,
               " AND rule = 'missing parent set to NULL') FROM %s s JOIN %s.chunk c ON c.run = %lld"
               " AND c.no = s._mig_record >> 20 AND c.stage = ",
               t->staging, s->q, (long long)s->run);
    sql_literal(&sql, st->p->name);
    str_add(&sql, " WHERE s._mig_state = 0");
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    snprintf(name, sizeof name, "%s.%s", t->t->schema, t->t->name);
    snprintf(to, sizeof to, "%s.%s", r->key.parent_schema, r->key.parent_table);
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "table", name, "column",
                                          r->key.columns[0], "to", to, "rows",
                                          (json_int_t)pg_get_int(res, 0, 0), "filled",
                                          (json_int_t)pg_get_int(res, 0, 1), "set_null",
                                          (json_int_t)pg_get_int(res, 0, 2)));
    pg_free(res);
    return 0;
}

static int is_there(struct state *s, const struct job_table *t, int *there, struct error *err)
{
    const char *const params[] = {t->staging};
    struct pg_result *res = pg_query(s->pg, err, "SELECT to_regclass($1) IS NOT NULL", 1, params);
    *there = res && pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    return res ? 0 : err->code;
}

static int references(struct state *s, const struct job *job, const struct job_stage *st,
                      json_t *list, struct error *err)
{
    int code = 0, there = 0;
    for (size_t m = 0; !code && st->tables && m < st->migrator->n_tables; m++) {
        const struct job_table *t = &job->tables[st->tables[m]];
        code = is_there(s, t, &there, err);
        for (size_t i = 0; !code && there && i < t->n_references; i++)
            if (job_find_staged(t, t->references[i].key.columns[0]))
                code = one_reference(s, st, t, &t->references[i], list, err);
    }
    return code;
}

/* ---- stages ---------------------------------------------------------------------------- */

static int one_stage(struct state *s, const struct job *job, const struct job_stage *st,
                     json_t *list, struct error *err)
{
    char run[32], sql[300];
    const char *const params[] = {run, st->p->name};
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    snprintf(
        sql, sizeof sql,
        "SELECT name, value FROM %s.source_fact WHERE run = $1::text::bigint AND stage = $2 ORDER"
        " BY name",
        s->q);
    struct pg_result *res = pg_query(s->pg, err, sql, 2, params);
    int n = res ? pg_rows(res) : 0;
    json_t *source = json_pack("{s:s, s:s, s:s, s:[]}", "stage", st->p->name, "source",
                               st->p->source, "entity", st->p->entity, "references");
    for (int i = 0; i < n; i++)
        json_object_set_new(source, pg_get(res, i, 0),
                            value_of(pg_get(res, i, 0), pg_get(res, i, 1)));
    pg_free(res);
    int code = res ? 0 : err->code;
    if (n)
        code = references(s, job, st, json_object_get(source, "references"), err);
    if (n)
        json_array_append(list, source);
    json_decref(source);
    return code;
}

int report_sources(struct state *s, const struct job *job, struct json_t *root, struct error *err)
{
    json_t *list = json_array();
    int code = 0;
    for (size_t i = 0; !code && i < job->n_stages; i++)
        code = one_stage(s, job, &job->stages[i], list, err);
    if (json_array_size(list))
        json_object_set(root, "sources", list);
    json_decref(list);
    return code;
}

struct json_t *report_sources_digests(const struct json_t *report)
{
    static const char *const members[] = {"stage", "source", "entity", "records", "digest"};
    json_t *all = json_array(), *source;
    size_t i;
    json_array_foreach(json_object_get(report, "sources"), i, source)
    {
        json_t *one = json_object();
        for (size_t k = 0; k < sizeof members / sizeof *members; k++)
            if (json_object_get(source, members[k]))
                json_object_set(one, members[k], json_object_get(source, members[k]));
        json_array_append_new(all, one);
    }
    return all;
}
