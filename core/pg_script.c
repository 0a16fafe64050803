/* pg_script.c - sends a transaction without waiting. libpq keeps what the socket does not take in
 * a buffer without bound, and moves the rest at each send: a piece is handed over only when the one
 * before is on its way. [main] */
#include "pg_script.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "fault.h"
#include "log.h"
#include "pg_conn.h"
#include "plural.h"
#include "slow.h"

#define PIECE ((size_t)64 << 10) /* of COPY data */

enum kind { STEP_SQL, STEP_COPY, STEP_DATA, STEP_END, STEP_POINT, STEP_COMMIT };

struct step {
    enum kind kind;
    const char *text;   /* SQL, or the name of a fault point */
    const char *wanted; /* SQL: the value that must come, or NULL */
    const char *data;
    size_t n;
    int64_t number; /* rows of a COPY, seconds of a COMMIT */
};

struct pg_script {
    struct pg *pg;
    struct arena *mem; /* texts */
    struct step *steps;
    size_t n, capacity, at;
    int begun;      /* the current step is */
    size_t offset;  /* data of the current step that libpq has */
    int failed;     /* status of the first failure of the current step */
    int unexpected; /* a value was wanted, and has not come */
    int64_t since;  /* when the current step began */
    int64_t deadline;
    int wants_write; /* libpq holds what the socket did not take */
};

struct pg_script *pg_script_new(struct pg *pg)
{
    struct pg_script *x = arena_heap(NULL, sizeof *x);
    memset(x, 0, sizeof *x);
    x->pg = pg;
    x->mem = arena_new();
    return x;
}

void pg_script_free(struct pg_script *x)
{
    if (!x)
        return;
    arena_free(x->mem);
    free(x->steps);
    free(x);
}

void pg_script_reset(struct pg_script *x)
{
    arena_reset(x->mem);
    x->n = x->at = 0;
    x->begun = 0;
    x->wants_write = 0;
}

/* ---- writing down ---------------------------------------------------------------------- */

static struct step *add(struct pg_script *x, enum kind kind)
{
    if (x->n == x->capacity) {
        x->capacity = x->capacity ? x->capacity * 2 : 32;
        x->steps = arena_heap(x->steps, x->capacity * sizeof *x->steps);
    }
    x->steps[x->n] = (struct step){.kind = kind};
    return &x->steps[x->n++];
}

void pg_script_sql(struct pg_script *x, const char *sql, const char *wanted)
{
    struct step *step = add(x, STEP_SQL);
    step->text = arena_strdup(x->mem, sql);
    step->wanted = arena_strdup(x->mem, wanted);
}

void pg_script_copy(struct pg_script *x, const char *sql)
{
    add(x, STEP_COPY)->text = arena_strdup(x->mem, sql);
}

void pg_script_data(struct pg_script *x, const void *data, size_t n)
{
    struct step *step = add(x, STEP_DATA);
    step->data = data;
    step->n = n;
}

void pg_script_copy_end(struct pg_script *x, int64_t rows)
{
    add(x, STEP_END)->number = rows;
}

void pg_script_point(struct pg_script *x, const char *name)
{
    add(x, STEP_POINT)->text = name;
}

void pg_script_commit(struct pg_script *x, int deadline_seconds)
{
    add(x, STEP_COMMIT)->number = deadline_seconds;
}

/* ---- one step -------------------------------------------------------------------------- */

/* 0: all that was handed over is on its way. */
static int flush(struct pg_script *x, struct error *err)
{
    int left = PQflush(x->pg->conn);
    x->wants_write = left > 0;
    if (left > 0)
        PQconsumeInput(x->pg->conn); /* the server may wait for its answers to be read */
    return left < 0 ? pg_fail(x->pg, NULL, err) : left > 0 ? PG_SCRIPT_BUSY : 0;
}

static int is_wanted(const struct step *step, const PGresult *res)
{
    return PQntuples(res) > 0 && strcmp(PQgetvalue(res, 0, 0), step->wanted) == 0;
}

/* One result of the step's statements. */
static void take(struct pg_script *x, const struct step *step, PGresult *res, struct error *err)
{
    ExecStatusType status = PQresultStatus(res);
    if (status == PGRES_TUPLES_OK)
        x->unexpected = step->wanted && !is_wanted(step, res);
    else if (status == PGRES_COMMAND_OK && step->kind == STEP_END &&
             strtoll(PQcmdTuples(res), NULL, 10) != step->number && !x->failed)
        x->failed =
            error_set(err, STATUS_BUG, "%s: COPY took %s of %lld %s", x->pg->role, PQcmdTuples(res),
                      (long long)step->number, plural(step->number, "row", "rows"));
    else if (status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY && !x->failed)
        x->failed = pg_fail(x->pg, res, err);
    PQclear(res);
}

/* Reads what has come of the step's answers. A COPY that begins ends the step. */
static int answers(struct pg_script *x, const struct step *step, struct error *err)
{
    PGconn *conn = x->pg->conn;
    int lost = !PQconsumeInput(conn) && PQstatus(conn) != CONNECTION_OK;
    while (lost || !PQisBusy(conn)) {
        PGresult *res = PQgetResult(conn);
        if (!res)
            break;
        if (PQresultStatus(res) == PGRES_COPY_IN) {
            PQclear(res);
            return 0;
        }
        take(x, step, res, err);
    }
    if (!lost && PQisBusy(conn))
        return PG_SCRIPT_BUSY;
    slow_note(step->text ? step->text : "COPY", pg_now_ms() - x->since);
    if (!x->failed && x->unexpected)
        x->failed = error_set(err, STATUS_BUSY, "%s: another process has the run", x->pg->role);
    return x->failed;
}

static int run_statement(struct pg_script *x, const struct step *step, struct error *err)
{
    if (!x->begun) {
        log_write(LOG_DEBUG, "%s: %s", x->pg->role, step->text);
        if (pg_refusing || !PQsendQuery(x->pg->conn, step->text))
            return pg_fail(x->pg, NULL, err);
        x->unexpected = step->wanted != NULL;
    }
    int code = flush(x, err);
    return code ? code : answers(x, step, err);
}

static int run_data(struct pg_script *x, const struct step *step, struct error *err)
{
    for (;;) {
        int code = flush(x, err);
        if (code || x->offset == step->n)
            return code;
        size_t n = step->n - x->offset > PIECE ? PIECE : step->n - x->offset;
        int taken = PQputCopyData(x->pg->conn, step->data + x->offset, (int)n);
        if (taken < 0)
            return pg_fail(x->pg, NULL, err);
        if (!taken)
            return PG_SCRIPT_BUSY;
        x->offset += n;
    }
}

static int run_end(struct pg_script *x, const struct step *step, struct error *err)
{
    if (!x->begun) {
        int taken = PQputCopyEnd(x->pg->conn, NULL);
        if (taken < 0)
            return pg_fail(x->pg, NULL, err);
        if (!taken)
            return PG_SCRIPT_BUSY;
    }
    x->begun = 1;
    int code = flush(x, err);
    return code ? code : answers(x, step, err);
}

static int run_commit(struct pg_script *x, const struct step *step, struct error *err)
{
    PGconn *conn = x->pg->conn;
    if (!x->begun) {
        x->deadline = pg_commit_deadline(x->pg, (int)step->number);
        int code = pg_commit_send(x->pg, err);
        if (code)
            return code;
    }
    int left = PQflush(conn), read = PQconsumeInput(conn);
    x->wants_write = left > 0;
    if (left < 0 || (!read && PQisBusy(conn)))
        return pg_commit_lost(x->pg, err);
    if (!left && !PQisBusy(conn))
        return pg_commit_answer(x->pg, err);
    return pg_now_ms() >= x->deadline ? pg_commit_lost(x->pg, err) : PG_SCRIPT_BUSY;
}

static int run_step(struct pg_script *x, const struct step *step, struct error *err)
{
    switch (step->kind) {
    case STEP_DATA:
        return run_data(x, step, err);
    case STEP_END:
        return run_end(x, step, err);
    case STEP_POINT:
        return fault_point(step->text)
                   ? error_set(err, STATUS_TEMPORARY, "fault point %s", step->text)
                   : 0;
    case STEP_COMMIT:
        return run_commit(x, step, err);
    default:
        return run_statement(x, step, err);
    }
}

/* ---- all steps ------------------------------------------------------------------------- */

int pg_script_run(struct pg_script *x, struct error *err)
{
    PQsetnonblocking(x->pg->conn, 1);
    int code = 0;
    while (!code && x->at < x->n) {
        const struct step *step = &x->steps[x->at];
        if (!x->begun) {
            x->failed = x->unexpected = 0;
            x->offset = 0;
            x->since = pg_now_ms();
        }
        code = run_step(x, step, err);
        x->begun = code == PG_SCRIPT_BUSY && (step->kind != STEP_END || x->begun);
        x->at += !code;
    }
    if (code == PG_SCRIPT_BUSY)
        return code;
    x->wants_write = 0;
    PQsetnonblocking(x->pg->conn, 0);
    return code;
}

int pg_script_events(struct pg_script *x, int *fd, short *events)
{
    *fd = PQsocket(x->pg->conn);
    *events = (short)(POLLIN | (x->wants_write ? POLLOUT : 0));
    int64_t left = 1000;
    if (x->at < x->n && x->steps[x->at].kind == STEP_COMMIT && x->begun)
        left = x->deadline - pg_now_ms();
    return left < 0 ? 0 : left > 1000 ? 1000 : (int)left;
}
