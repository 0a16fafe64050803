/* hooks.c - the project's own SQL around publish. In its transaction, `before` and `after` the
 * writes, with the `undo` kept for a rollback; behind its COMMIT what cannot run in one, such as
 * CREATE INDEX CONCURRENTLY. */
#include "hooks.h"

#include "log.h"
#include "sql.h"

static int run_hook(struct state *s, const char *statements, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    sql_do(&sql, statements);
    return pg_exec_str(s->pg, &sql, err);
}

int hooks_run(struct state *s, const struct job *job, int after, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->project->n_hooks; i++) {
        const struct project_hook *h = &job->project->hooks[i];
        const char *sql = after ? h->after : h->before;
        if (sql)
            code = run_hook(s, sql, err);
        if (!code && !after && h->undo) {
            struct str keep;
            str_init(&keep, 0);
            str_printf(&keep, "INSERT INTO %s.undo_sql VALUES (%lld, %zu, ", s->q,
                       (long long)s->run, i);
            sql_literal(&keep, h->name);
            str_add(&keep, ", ");
            sql_literal(&keep, h->undo);
            str_add_char(&keep, ')');
            code = pg_exec_str(s->pg, &keep, err);
        }
        if (code)
            error_fix(err, "see hook %s of the project", h->name);
    }
    return code;
}

int hooks_after_commit(struct state *s, const struct project *project, struct error *err)
{
    for (size_t i = 0; i < project->n_hooks; i++) {
        const struct project_hook *h = &project->hooks[i];
        if (!h->after_commit)
            continue;
        struct pg_result *res = pg_query_one(s->pg, err, h->after_commit);
        pg_free(res);
        pg_rollback(s->pg); /* of one that began a transaction */
        if (!res) {
            if (err->code == STATUS_TEMPORARY)
                return err->code;
            err->code = STATUS_BACKUP;
            error_fix(err,
                      "correct \"after_commit\" of hook %s, or take it out; then repeat the same "
                      "command, which verifies the run and runs these hooks again",
                      h->name);
            return err->code;
        }
        log_write(LOG_INFO, "hook %s: done behind COMMIT", h->name);
    }
    return 0;
}
