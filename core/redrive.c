/* redrive.c - which records are taken up again. They are read from the source once more: what was
 * wrong there may have been corrected, and secret fields are kept nowhere else. */
#include "redrive.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "keyset.h"
#include "log.h"
#include "sql.h"

static int refuse(int64_t parent, const char *what, const char *fix, struct error *err)
{
    error_set(err, STATUS_REFUSED, "run %lld %s", (long long)parent, what);
    error_fix(err, "%s", fix);
    return STATUS_REFUSED;
}

static int check_parent(struct state *s, const struct job *job, int64_t parent, struct error *err)
{
    char id[32], sql[900];
    snprintf(id, sizeof id, "%lld", (long long)parent);
    const char *const params[] = {id, job->project->name};
    snprintf(sql, sizeof sql,
             "SELECT r.state, EXISTS (SELECT FROM %s.event e WHERE e.run = r.id AND e.what ="
             " 'purged') FROM %s.run r JOIN %s.project p ON p.id = r.project WHERE r.id = $1 AND"
             " p.name = $2",
             s->q, s->q, s->q);
    struct pg_result *res = pg_query(s->pg, err, sql, 2, params);
    if (!res)
        return err->code;
    const char *at = pg_rows(res) ? pg_get(res, 0, 0) : NULL;
    int code = 0;
    if (!at)
        code = refuse(parent, "is no run of this project", "see the runs with --status", err);
    else if (!str_equal(at, "published") && !str_equal(at, "done") && !str_equal(at, "finalized"))
        code = refuse(parent, "published nothing, so that all its records are still to be migrated",
                      "use --run", err);
    else if (pg_get(res, 0, 1)[0] == 't')
        code = refuse(parent, "was purged: which records it rejected is no longer known",
                      "use --run", err);
    pg_free(res);
    return code;
}

/* To the terminal, and to the report among its warnings. */
static void note(struct job *job, const char *stage, const char *what, const char *count,
                 const char *why)
{
    char text[300];
    snprintf(text, sizeof text, "stage %s%s: %s records %s", stage, what, count, why);
    log_write(LOG_WARNING, "%s", text);
    str_printf(&job->notes, "%s\n", text);
}

/* A record without a key cannot be told from others of its kind: all such are looked at again. */
static int stage_keys(struct state *s, struct job_stage *st, int64_t parent, struct error *err)
{
    char id[32], sql[400];
    snprintf(id, sizeof id, "%lld", (long long)parent);
    const char *const params[] = {id, st->p->name};
    snprintf(sql, sizeof sql,
             "SELECT DISTINCT coalesce(key, '') FROM %s.reject WHERE run = $1 AND stage = $2 AND"
             " (outcome = %d OR code = 'parent_rejected')",
             s->q, MIG_REJECT);
    struct pg_result *res = pg_query(s->pg, err, sql, 2, params);
    if (!res)
        return err->code;
    st->wanted = keyset_new();
    for (int i = 0; i < pg_rows(res); i++)
        keyset_add(st->wanted, pg_get(res, i, 0), strlen(pg_get(res, i, 0)));
    pg_free(res);
    return 0;
}

/* What stays rejected because nothing tells which record it was, or nobody asks for it. */
static int left_out(struct state *s, struct job *job, int64_t parent, struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT stage, count(*), count(*) FILTER (WHERE key IS NULL) FROM %s.reject WHERE run ="
        " %lld AND (outcome = %d OR code = 'parent_rejected') GROUP BY 1 ORDER BY 1",
        s->q, (long long)parent, MIG_REJECT);
    for (int i = 0; res && i < pg_rows(res); i++) {
        const char *stage = pg_get(res, i, 0);
        if (job_find_stage(job, stage) == SIZE_MAX)
            note(job, stage, " is not among those of this run", pg_get(res, i, 1), "stay rejected");
        else if (pg_get_int(res, i, 2))
            note(job, stage, "", pg_get(res, i, 2),
                 "had no key that could be read; those that have one now are taken up by --run "
                 "only");
    }
    pg_free(res);
    return err->code;
}

int redrive_select(struct state *s, struct job *job, int64_t parent, struct error *err)
{
    int code = pg_begin(s->pg, "READ ONLY", err);
    if (!code)
        code = check_parent(s, job, parent, err);
    for (size_t i = 0; !code && i < job->n_stages; i++)
        code = stage_keys(s, &job->stages[i], parent, err);
    if (!code)
        code = left_out(s, job, parent, err);
    pg_rollback(s->pg);
    return code;
}
