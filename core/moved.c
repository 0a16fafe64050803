/* moved.c - what was written to the sources since they were read: asked of the sources, which know
 * it by their snapshot, and told. The next run takes it. */
#include "moved.h"

#include <stdio.h>

#include "call.h"
#include "export.h"
#include "gone.h"
#include "log.h"
#include "plural.h"
#include "sql.h"

#define MOST 10000 /* of a kind and stage, whose keys are kept */

struct moved {
    struct state *s;
    struct job_stage *st;
    struct str lines; /* of COPY */
    int64_t n[2];     /* written, removed; of the stage */
};

static int32_t one(void *ctx, int32_t removed, mig_str_t key)
{
    static const char *const what[] = {"written", "removed"};
    struct moved *m = ctx;
    struct str text;
    if (++m->n[removed != 0] > MOST)
        return MIG_OK;
    str_init(&text, 0);
    str_add_n(&text, key.data, key.len);
    str_printf(&m->lines, "%lld\t", (long long)m->s->run);
    sql_copy_field(&m->lines, m->st->p->name, '\t');
    sql_copy_field(&m->lines, what[removed != 0], '\t');
    sql_copy_field(&m->lines, text.data, '\n');
    str_clear(&text);
    return MIG_OK;
}

static void note(const struct moved *m, struct job *job)
{
    char text[400];
    if (!m->n[0] && !m->n[1])
        return;
    snprintf(text, sizeof text,
             "stage %s: the source was written while the run worked: %s%lld %s new or changed, "
             "%s%lld gone, see source_changes.csv; the next run takes them",
             m->st->p->name, m->n[0] > MOST ? "more than " : "",
             (long long)(m->n[0] > MOST ? MOST : m->n[0]),
             plural((m->n[0] > MOST ? MOST : m->n[0]), "record", "records"),
             m->n[1] > MOST ? "more than " : "", (long long)(m->n[1] > MOST ? MOST : m->n[1]));
    log_write(LOG_WARNING, "%s", text);
    str_printf(&job->notes, "%s\n", text);
}

static int ask_all(struct moved *m, struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_stages; i++) {
        m->st = &job->stages[i];
        m->n[0] = m->n[1] = 0;
        int from_export =
            job->host->recording.mode == MIG_RECORDING_READ && host_can_record(m->st->source);
        int32_t got = from_export ? export_changed(m->st, m, one) : call_written(m->st, m, one);
        if (got < 0)
            code = host_error(m->st->source, got, "written", err);
        if (got == MIG_OK && m->st->source->released)
            code = gone_find(m->s, job, m->st, MOST + 1, m, one, err);
        note(m, job);
    }
    return code;
}

static int keep(struct moved *m, struct error *err)
{
    char sql[300];
    int64_t rows;
    int code = state_begin(m->s, err);
    if (!code)
        code = pg_execf(m->s->pg, err,
                        "DELETE FROM %s.source_change WHERE run = %lld AND what IN ('written',"
                        " 'removed')",
                        m->s->q, (long long)m->s->run);
    snprintf(sql, sizeof sql, "COPY %s.source_change (run, stage, what, key) FROM STDIN", m->s->q);
    if (!code)
        code = pg_copy_begin(m->s->pg, sql, err);
    if (!code)
        code = pg_copy_write(m->s->pg, m->lines.data, m->lines.len, err);
    if (!code)
        code = pg_copy_end(m->s->pg, &rows, err);
    if (!code)
        return state_commit(m->s, err);
    pg_rollback(m->s->pg);
    return code;
}

int moved_find(struct state *s, struct job *job, struct error *err)
{
    struct moved m = {.s = s};
    str_init(&m.lines, 0);
    int code = ask_all(&m, job, err);
    if (!code && m.lines.failed)
        code = error_set(err, STATUS_BUG, "the keys that were written meanwhile are too many");
    if (!code && m.lines.len)
        code = keep(&m, err);
    str_clear(&m.lines);
    return code;
}
