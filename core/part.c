/* part.c - the parts of a stage in the state schema. Claims pass each other by SKIP LOCKED; one
 * that came too late finds another attempt on its row (state_fence). How a part is read is not
 * known here.
 *
 * As with chunks, nobody waits for the disk: the end of the stage does. A server that crashes loses
 * a claim only with all that was written after it, chunks of its part too. */
#include "part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resume.h"
#include "sql.h"
#include "staging.h"

static int end(struct state *s, int code, struct error *err)
{
    if (!code)
        return state_commit(s, err);
    pg_rollback(s->pg);
    return code;
}

#define NO_WAIT "SET LOCAL synchronous_commit = off; "

/* By COPY: bounds are keys of records. */
static int copy_parts(struct state *s, const struct str *lines, struct error *err)
{
    char sql[250];
    int64_t rows;
    snprintf(sql, sizeof sql, "COPY %s.part (run, no, stage, bounds) FROM STDIN", s->q);
    int code = pg_copy_begin(s->pg, sql, err);
    if (!code)
        code = pg_copy_write(s->pg, lines->data, lines->len, err);
    return code ? code : pg_copy_end(s->pg, &rows, err);
}

int part_make(struct state *s, const struct job_stage *st, const char *const *bounds, size_t n,
              struct error *err)
{
    struct str lines;
    str_init(&lines, 0);
    for (size_t i = 0; i < n; i++) {
        str_printf(&lines, "%lld\t%lld\t", (long long)s->run, (long long)STAGING_PART(st->no, i));
        sql_copy_text(&lines, st->p->name, strlen(st->p->name));
        str_add_char(&lines, '\t');
        sql_copy_text(&lines, bounds[i], strlen(bounds[i]));
        str_add_char(&lines, '\n');
    }
    int code = state_begin(s, err);
    if (!code)
        code = end(s, copy_parts(s, &lines, err), err);
    str_clear(&lines);
    return code;
}

/* What the same worker had before its connection was lost is its own to take again. */
static struct pg_result *claim(struct state *s, const struct job_stage *st, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               NO_WAIT
               "WITH free AS (SELECT no FROM %s.part WHERE run = %lld AND NOT done AND (epoch IS"
               " DISTINCT FROM %lld OR worker IS NULL OR worker = %d) AND stage = ",
               s->q, (long long)s->run, (long long)s->epoch, s->worker);
    sql_literal(&sql, st->p->name);
    str_printf(&sql,
               " ORDER BY no LIMIT 1 FOR UPDATE SKIP LOCKED) UPDATE %s.part p SET attempt = attempt"
               " + 1, epoch = %lld, worker = %d FROM free f WHERE p.run = %lld AND p.no = f.no"
               " RETURNING p.no, p.attempt, p.bounds",
               s->q, (long long)s->epoch, s->worker, (long long)s->run);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    return res;
}

int part_claim(struct state *s, const struct job *job, const struct job_stage *st, struct part *out,
               struct error *err)
{
    *out = (struct part){0};
    part_leave(s);
    int code = state_begin(s, err);
    if (code)
        return -code;
    struct pg_result *res = claim(s, st, err);
    int got = res && pg_rows(res);
    int64_t attempt = got ? pg_get_int(res, 0, 1) : 0;
    if (got)
        *out = (struct part){pg_get_int(res, 0, 0), strdup(pg_get(res, 0, 2))};
    pg_free(res);
    code = res ? 0 : err->code;
    if (attempt > 1)
        code = resume_forget(s, job, st, out->no, out->no + ((int64_t)1 << STAGING_PART_BITS), err);
    code = end(s, code, err);
    if (code)
        return -code;
    s->part = out->no;
    s->attempt = attempt;
    return got;
}

int part_done(struct state *s, struct error *err)
{
    int code = state_begin(s, err);
    if (!code)
        code = end(s,
                   pg_execf(s->pg, err,
                            NO_WAIT "UPDATE %s.part SET done = true WHERE run = %lld AND no = %lld",
                            s->q, (long long)s->run, (long long)s->part),
                   err);
    if (!code)
        part_leave(s);
    return code;
}

void part_leave(struct state *s)
{
    s->part = s->attempt = 0;
}

/* A dead worker's backend may still be committing what it was told last: its row is passed over
 * instead of waited for. */
int part_free(struct state *s, const struct job_stage *st, struct error *err)
{
    int code = state_begin(s, err);
    if (code)
        return code;
    return end(s,
               pg_execf(s->pg, err,
                        "WITH left_over AS (SELECT no FROM %s.part WHERE run = %lld AND no >= %lld"
                        " AND no < %lld AND NOT done AND worker IS NOT NULL FOR NO KEY UPDATE SKIP"
                        " LOCKED) UPDATE %s.part p SET worker = NULL FROM left_over l WHERE p.run ="
                        " %lld AND p.no = l.no",
                        s->q, (long long)s->run, (long long)STAGING_CHUNK(st->no, 0),
                        (long long)STAGING_CHUNK(st->no + 1, 0), s->q, (long long)s->run),
               err);
}

int part_progress(struct state *s, const struct job_stage *st, struct part_progress *out,
                  struct error *err)
{
    long long run = s->run, first = STAGING_CHUNK(st->no, 0), end = STAGING_CHUNK(st->no + 1, 0);
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT count(*), count(*) FILTER (WHERE done), (SELECT coalesce(sum(read), 0) FROM"
        " %s.chunk WHERE run = %lld AND no >= %lld AND no < %lld), (SELECT coalesce(sum(rejected),"
        " 0) FROM %s.chunk WHERE run = %lld AND no >= %lld AND no < %lld), (SELECT code ||"
        " coalesce(' in ' || nullif(field, ''), '') FROM %s.reject WHERE run = %lld AND record >="
        " %lld AND record < %lld AND outcome = %d ORDER BY record LIMIT 1) FROM %s.part WHERE run ="
        " %lld AND no >= %lld AND no < %lld",
        s->q, run, first, end, s->q, run, first, end, s->q, run,
        (long long)STAGING_RECORD(first, 0), (long long)STAGING_RECORD(end, 0), MIG_REJECT, s->q,
        run, first, end);
    if (!res)
        return err->code;
    *out = (struct part_progress){pg_get_int(res, 0, 0), pg_get_int(res, 0, 1),
                                  pg_get_int(res, 0, 2), pg_get_int(res, 0, 3), ""};
    snprintf(out->cause, sizeof out->cause, "%s", pg_get(res, 0, 4) ? pg_get(res, 0, 4) : "");
    pg_free(res);
    return 0;
}

void part_settle_sql(const struct state *s, const struct job_stage *st, struct str *sql)
{
    str_printf(
        sql,
        "WITH o AS (SELECT p.no, sum(c.read) OVER (ORDER BY p.no) - c.read AS before FROM"
        " %s.part p CROSS JOIN LATERAL (SELECT coalesce(sum(read), 0) AS read FROM %s.chunk c"
        " WHERE c.run = p.run AND c.no >> %d = p.no >> %d) c WHERE p.run = %lld AND p.no >="
        " %lld AND p.no < %lld), part AS (UPDATE %s.part p SET first_record = o.before + 1"
        " FROM o WHERE p.run = %lld AND p.no = o.no), reject AS (UPDATE %s.reject r SET"
        " number = number + o.before FROM o WHERE r.run = %lld AND r.record >> %d = o.no >>"
        " %d) UPDATE %s.chunk c SET first_record = c.first_record + o.before FROM o WHERE"
        " c.run = %lld AND c.no >> %d = o.no >> %d; ",
        s->q, s->q, STAGING_PART_BITS, STAGING_PART_BITS, (long long)s->run,
        (long long)STAGING_CHUNK(st->no, 0), (long long)STAGING_CHUNK(st->no + 1, 0), s->q,
        (long long)s->run, s->q, (long long)s->run, STAGING_PART_BITS + 20, STAGING_PART_BITS, s->q,
        (long long)s->run, STAGING_PART_BITS, STAGING_PART_BITS);
}
