/* empty.c - counts what is in tables that must be empty; a full one is not counted to its end. */
#include "empty.h"

#include <stdio.h>

#include "pg.h"
#include "plural.h"

#define COUNT_MOST 1000000

/* Rows of it, "at least" so many where it is full; -1 with err. */
static int64_t count(struct pg *pg, const struct job_table *t, struct error *err)
{
    struct pg_result *res = pg_queryf(pg, err, "SELECT count(*) FROM (SELECT FROM %s LIMIT %d) x",
                                      t->t->quoted, COUNT_MOST);
    int64_t rows = res ? pg_get_int(res, 0, 0) : -1;
    pg_free(res);
    return rows;
}

static void say(struct error *out, int code, const struct job_table *t, int64_t rows)
{
    error_set(out, code, "%s.%s must be empty and holds %s%lld %s", t->t->schema, t->t->name,
              rows < COUNT_MOST ? "" : "at least ", (long long)rows, plural(rows, "row", "rows"));
    error_why(out, "the project says so, by \"must_be_empty\"");
    error_fix(out, "see whose rows they are; then --clean, or take the key out of the project");
}

/* 1, 0, or -1 with err. */
static int is_published_already(const struct job *job, const struct state *s, struct error *err)
{
    const char *const params[] = {job->project->name};
    char sql[512];
    snprintf(sql, sizeof sql,
             "SELECT EXISTS (SELECT FROM %s.run r JOIN %s.project p ON p.id = r.project WHERE"
             " p.name = $1 AND r.state IN ('partly', 'published'))",
             s->q, s->q);
    struct pg_result *res = pg_query(s->pg, err, sql, 1, params);
    int is = res ? pg_get(res, 0, 0)[0] == 't' : -1;
    pg_free(res);
    return is;
}

static int any(const struct job *job)
{
    for (size_t i = 0; i < job->n_tables; i++)
        if (job->tables[i].must_be_empty)
            return 1;
    return 0;
}

int empty_preflight(const struct job *job, const struct state *s, struct faults *faults,
                    struct error *err)
{
    if (!any(job))
        return 0;
    int code = pg_begin(s->pg, "READ ONLY", err);
    int skip = code ? 1 : is_published_already(job, s, err);
    for (size_t i = 0; !skip && i < job->n_tables; i++) {
        int64_t rows = job->tables[i].must_be_empty ? count(s->pg, &job->tables[i], err) : 0;
        struct error found = {0};
        skip = rows < 0;
        if (rows <= 0)
            continue;
        say(&found, STATUS_PREFLIGHT, &job->tables[i], rows);
        faults_add(faults, &found);
    }
    pg_rollback(s->pg);
    return faults->n ? faults_code(faults) : err->code;
}

int empty_still(const struct job *job, const struct state *s, struct error *err)
{
    for (size_t i = 0; !s->parent && i < job->n_tables; i++) {
        int64_t rows = job->tables[i].must_be_empty ? count(s->pg, &job->tables[i], err) : 0;
        if (rows > 0)
            say(err, STATUS_DRIFT, &job->tables[i], rows);
        if (rows)
            return err->code;
    }
    return 0;
}
