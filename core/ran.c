/* ran.c - the tables of a run that is over, rebuilt from what it left in the state schema. */
#include "ran.h"

#include <stdlib.h>
#include <string.h>

#include "lineage.h"

static int parse_policy(const char *text, enum policy *out)
{
    for (int p = POLICY_INSERT; p <= POLICY_REJECT; p++)
        if (str_equal(policy_text((enum policy)p), text)) {
            *out = (enum policy)p;
            return 0;
        }
    return -1;
}

static const struct catalog_key *find_key(const struct catalog_table *t, const char *joined)
{
    for (size_t i = 0; joined && i < t->n_keys; i++) {
        const struct catalog_key *k = &t->keys[i];
        struct str names;
        str_init(&names, 0);
        for (size_t c = 0; k->simple && c < k->n; c++) {
            str_add(&names, c ? "\x1f" : "");
            str_add(&names, k->columns[c]);
        }
        int same = k->simple && str_equal(names.data, joined);
        str_clear(&names);
        if (same)
            return k;
    }
    return NULL;
}

static int set_columns(struct job *job, struct job_table *t, const char *joined, struct error *err)
{
    t->columns = arena_alloc(job->mem, (t->t->n_columns + 1) * sizeof *t->columns);
    for (const char *p = joined; p && *p;) {
        const char *end = strchr(p, '\x1f');
        size_t n = end ? (size_t)(end - p) : strlen(p);
        char *name = arena_strndup(job->mem, p, n);
        const struct catalog_column *c = catalog_column(t->t, name);
        if (!c || t->n_columns == t->t->n_columns)
            return error_set(err, STATUS_REFUSED,
                             "column %s of %s.%s, which the run wrote, is gone", name, t->t->schema,
                             t->t->name);
        t->columns[t->n_columns++] = c;
        p = end ? end + 1 : NULL;
    }
    return 0;
}

static int read_tables(struct job *job, const struct pg_result *res, struct error *err)
{
    size_t n = (size_t)pg_rows(res);
    job->tables = arena_alloc(job->mem, (n + 1) * sizeof *job->tables);
    for (size_t i = 0; i < n; i++) {
        struct job_table *t = &job->tables[job->n_tables++];
        t->no = (size_t)pg_get_int(res, (int)i, 0);
        t->t = catalog_find(&job->catalog, pg_get(res, (int)i, 1), pg_get(res, (int)i, 2));
        if (!t->t || (int64_t)t->t->oid != pg_get_int(res, (int)i, 6))
            return error_set(err, STATUS_REFUSED, "table %s.%s is not the one that the run wrote",
                             pg_get(res, (int)i, 1), pg_get(res, (int)i, 2));
        if (parse_policy(pg_get(res, (int)i, 3), &t->policy))
            return error_set(err, STATUS_BUG, "unknown policy in the state of the run");
        if (set_columns(job, t, pg_get(res, (int)i, 4), err))
            return err->code;
        t->match = find_key(t->t, pg_get(res, (int)i, 5));
        if (!t->match && pg_get(res, (int)i, 5))
            return error_set(err, STATUS_REFUSED,
                             "the unique key of %s.%s that the run used is gone", t->t->schema,
                             t->t->name);
    }
    return 0;
}

int ran_load(struct state *s, const struct project *project, struct job *job, struct error *err)
{
    struct faults faults = {0};
    memset(job, 0, sizeof *job);
    job->mem = arena_new();
    job->project = project;
    str_init(&job->notes, 1 << 20);
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT no, schema_name, table_name, policy, array_to_string(columns, E'\\x1f'),"
        " array_to_string(key_columns, E'\\x1f'), oid FROM %s.run_table WHERE run = %lld ORDER BY"
        " no",
        s->q, (long long)s->run);
    if (!res)
        return err->code;
    size_t n = (size_t)pg_rows(res);
    const char *(*names)[2] = arena_alloc(job->mem, (n + 1) * sizeof *names);
    for (size_t i = 0; i < n; i++) {
        names[i][0] = pg_get(res, (int)i, 1);
        names[i][1] = pg_get(res, (int)i, 2);
    }
    int code = catalog_read(s->pg, (const char *const(*)[2])names, n, &job->catalog, &faults, err);
    if (!code && faults.n)
        code = error_set(err, STATUS_REFUSED, "%s; the run wrote it", faults.items[0].what);
    if (!code)
        code = read_tables(job, res, err);
    faults_clear(&faults);
    pg_free(res);
    job_name_tables(job, s->run);
    /* What of it is staged only was never written. */
    for (size_t i = 0; s->at == RUN_PARTLY && i < job->n_tables; i++)
        memcpy(job->tables[i].staging, job->tables[i].done, sizeof job->tables[i].staging);
    return code ? code : lineage_read(s, job, 0, err);
}
