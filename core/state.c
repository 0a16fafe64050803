/* state.c - the run row and its fence. What a run means is in run.c; here is only how far it is.
 * Who may work on it is in state_open.c, the tables are in state_schema.c. */
#include "state.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "log.h"
#include "signals.h"
#include "sql.h"

#define SETTLE_TRIES 60 /* one a second */

static const char *const names[] = {"loading",   "checked",   "held",   "published",
                                    "done",      "dry",       "failed", "rolled_back",
                                    "abandoned", "finalized", "partly", "partly_rolled_back"};

int state_undoable(enum run_state state)
{
    return state == RUN_PARTLY || state == RUN_PUBLISHED || state == RUN_DONE ||
           state == RUN_PARTLY_UNDONE;
}

const char *state_text(enum run_state state)
{
    return names[state];
}

int state_parse(const char *text, enum run_state *out)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_equal(names[i], text)) {
            *out = (enum run_state)i;
            return 0;
        }
    return -1;
}

void state_init(struct state *s, struct pg *pg, const char *schema)
{
    struct str q;
    memset(s, 0, sizeof *s);
    s->backend = "NULL";
    s->pg = pg;
    s->schema = schema;
    str_init(&q, 0);
    sql_ident(&q, schema);
    snprintf(s->q, sizeof s->q, "%s", q.data);
    str_clear(&q);
}

/* ---- finding runs ----------------------------------------------------------------------- */

int state_attach(struct state *s, int64_t run, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err,
                  "SELECT project, epoch, state, to_char(started, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS"
                  "\"Z\"') FROM %s.run WHERE id = %lld",
                  s->q, (long long)run);
    if (!res)
        return err->code;
    int hit = pg_rows(res);
    if (hit) {
        s->run = run;
        s->project = pg_get_int(res, 0, 0);
        s->epoch = pg_get_int(res, 0, 1);
        state_parse(pg_get(res, 0, 2), &s->at);
        snprintf(s->started, sizeof s->started, "%s", pg_get(res, 0, 3));
    }
    pg_free(res);
    if (hit)
        return 0;
    error_set(err, STATUS_REFUSED, "there is no run %lld in this target", (long long)run);
    error_fix(err, "see the runs with --status");
    return STATUS_REFUSED;
}

int64_t state_newest(struct state *s, const char *project, const char *states, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT max(r.id) FROM %s.run r JOIN %s.project p ON p.id = r.project WHERE r.state"
               " IN (%s)",
               s->q, s->q, states);
    if (project) {
        str_add(&sql, " AND p.name = ");
        sql_literal(&sql, project);
    }
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    int64_t run = res ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    return run;
}

/* ---- inside a run ---------------------------------------------------------------------- */

static int epoch_over(const struct state *s, int64_t now, struct error *err)
{
    error_set(err, STATUS_BUSY, "run %lld: epoch %lld is over, now %lld: another process took over",
              (long long)s->run, (long long)s->epoch, (long long)now);
    error_fix(err, "let the other process go on; see it with --status");
    return STATUS_BUSY;
}

/* FOR KEY SHARE: FOR UPDATE, by which a run or a part is taken, waits for it and it for that. */
static void fence_sql(const struct state *s, struct str *sql)
{
    str_printf(sql, "SELECT r.epoch FROM %s.run r", s->q);
    if (s->part)
        str_printf(sql, " JOIN %s.part p ON p.run = r.id AND p.no = %lld AND p.attempt = %lld",
                   s->q, (long long)s->part, (long long)s->attempt);
    str_printf(sql, " WHERE r.id = %lld FOR KEY SHARE", (long long)s->run);
}

int state_fence(struct state *s, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    fence_sql(s, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    int there = pg_rows(res);
    int64_t epoch = there ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    if (!there && s->part)
        return error_set(err, STATUS_BUSY, "run %lld: another process took over, or took the part",
                         (long long)s->run);
    return epoch == s->epoch ? 0 : epoch_over(s, epoch, err);
}

void state_begin_sql(const struct state *s, const char *settings, struct str *sql)
{
    pg_begin_sql(s->pg, "ISOLATION LEVEL READ COMMITTED", sql);
    str_printf(sql, ";%s ", settings);
    fence_sql(s, sql);
}

static int begin_fenced(struct state *s, const char *mode, struct error *err)
{
    if (pg_begin(s->pg, mode, err))
        return err->code;
    int code = state_fence(s, err);
    if (code)
        pg_rollback(s->pg);
    return code;
}

int state_begin(struct state *s, struct error *err)
{
    return begin_fenced(s, "ISOLATION LEVEL READ COMMITTED", err);
}

int state_begin_snapshot(struct state *s, struct error *err)
{
    return begin_fenced(s, "ISOLATION LEVEL REPEATABLE READ", err);
}

int state_commit(struct state *s, struct error *err)
{
    int code = pg_commit(s->pg, 0, err);
    if (code)
        pg_rollback(s->pg);
    if (code != STATUS_UNKNOWN)
        return code;
    error_clear(err);
    error_set(err, STATUS_TEMPORARY, "no answer to COMMIT from the target");
    error_fix(err, "repeat the same command: it asks the target what became of it");
    return STATUS_TEMPORARY;
}

/* The row lock is that of a takeover: an old transaction of ours ends before we have it. One
 * that does not end has a client that is gone and a network that does not say so. */
static int lock_after_loss(struct state *s, enum run_state *now, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err, "SELECT epoch, state FROM %s.run WHERE id = %lld FOR UPDATE", s->q,
                  (long long)s->run);
    if (!res)
        return err->code;
    int64_t epoch = pg_rows(res) ? pg_get_int(res, 0, 0) : 0;
    if (now && epoch)
        state_parse(pg_get(res, 0, 1), now);
    pg_free(res);
    return epoch == s->epoch ? 0 : epoch_over(s, epoch, err);
}

static void end_old_backend(struct state *s)
{
    struct error err = {0};
    pg_execf(s->pg, &err,
             "SELECT pg_terminate_backend(a.pid) FROM %s.run r JOIN pg_stat_activity a ON a.pid IN"
             " (r.backend, %d) WHERE r.id = %lld AND r.epoch = %lld AND a.pid <>"
             " pg_backend_pid() AND a.application_name = 'mighost'",
             s->q, s->committing, (long long)s->run, (long long)s->epoch);
}

int state_reconnect(struct state *s, enum run_state *now, struct error *err)
{
    int code = pg_reconnect(s->pg, err);
    if (!code)
        code = pg_begin(s->pg, "ISOLATION LEVEL READ COMMITTED", err);
    if (!code)
        code = lock_after_loss(s, now, err);
    int held = code && str_equal(pg_sqlstate(s->pg), "55P03");
    if (!code)
        code = pg_execf(s->pg, err, "UPDATE %s.run SET backend = %s WHERE id = %lld", s->q,
                        s->backend, (long long)s->run);
    if (!code)
        return state_commit(s, err);
    pg_rollback(s->pg);
    if (held)
        end_old_backend(s);
    return code;
}

int state_settle(struct state *s, enum run_state wanted, int in_doubt, struct error *err)
{
    int tries = fault_number("MIGHOST_SETTLE", SETTLE_TRIES);
    log_write(LOG_WARNING, "%s; asking the target what became of it", err->what);
    signals_cancel_statements(0); /* who wants to stop has to know, too */
    for (int i = 0; i == 0 || (i < tries && !host_is_cancelled()); i++) {
        error_clear(err);
        int code = state_reconnect(s, &s->at, err);
        if (!code && s->at == wanted)
            return 0;
        if (!code)
            return error_set(err, STATUS_TEMPORARY, "the transaction of run %lld did not commit",
                             (long long)s->run);
        if (in_doubt && code == STATUS_PREFLIGHT)
            break; /* let in no more; who asks again and again may be locked out */
        if (code != STATUS_TEMPORARY)
            return code;
        sleep(1);
    }
    if (!in_doubt)
        return STATUS_TEMPORARY;
    struct error last = *err;
    error_clear(err);
    error_set(err, STATUS_UNKNOWN, "whether the transaction of run %lld committed is not known",
              (long long)s->run);
    error_why(err, "%.500s", last.what);
    error_fix(err, "repeat the same command when the target can be reached: it asks the run row");
    return STATUS_UNKNOWN;
}

int state_move(struct state *s, enum run_state to, struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "UPDATE %s.run SET state = '%s' WHERE id = %lld AND epoch = %lld AND state = '%s'", s->q,
        state_text(to), (long long)s->run, (long long)s->epoch, state_text(s->at));
    if (!res)
        return err->code;
    int64_t hit = pg_affected(res);
    pg_free(res);
    if (hit != 1)
        return error_set(err, STATUS_BUSY, "run %lld is no longer in state %s", (long long)s->run,
                         state_text(s->at));
    s->at = to;
    return state_event(s, err, "%s", state_text(to));
}

void state_heartbeat_sql(const struct state *s, const char *step, struct str *sql)
{
    str_printf(
        sql,
        "UPDATE %s.heartbeat SET at = clock_timestamp(), step = '%s', waits = NULL WHERE run ="
        " %lld",
        s->q, step, (long long)s->run);
}

int state_heartbeat(struct state *s, const char *step, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    state_heartbeat_sql(s, step, &sql);
    return pg_exec_str(s->pg, &sql, err);
}
