/* highwater.c - marks of incremental stages: found for this run, compared with records, raised.
 * Values are compared as numbers; what does not read as one is like NULL: such records are read
 * each time. */
#include "highwater.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "encode.h"
#include "log.h"
#include "plural.h"

#define MICROS INT64_C(1000000)
#define DAY INT64_C(86400)
#define EPOCH INT64_C(946684800) /* 2000-01-01, from which the server counts */
#define OID_INT8 20
#define OID_TIMESTAMPTZ 1184

/* ---- values ---------------------------------------------------------------------------- */

static int value_of(const struct highwater *h, const mig_record_t *record, int64_t *out)
{
    const struct encode_type type = {.oid = h->is_time ? OID_TIMESTAMPTZ : OID_INT8, .typmod = -1};
    const mig_value_t *v = &record->values[h->index];
    struct encode_buffer field = {0};
    struct encode_fault fault;
    if (v->kind == MIG_ABSENT || v->kind == MIG_NULL)
        return 0;
    int known = encode_value(&type, v, &field, &fault) == 0 && field.len == 12;
    uint64_t bits = 0;
    for (size_t i = 4; known && i < 12; i++)
        bits = bits << 8 | field.data[i];
    free(field.data);
    *out = (int64_t)bits;
    return known;
}

int highwater_below(const struct job_stage *st, const mig_record_t *record)
{
    int64_t value;
    return st->high && st->high->has_since && value_of(st->high, record, &value) &&
           value < st->high->since;
}

void highwater_raise(const struct job_stage *st, const mig_record_t *record,
                     struct highwater_mark *mark)
{
    int64_t value;
    if (!st->high || !value_of(st->high, record, &value) || value > st->high->most)
        return;
    if (!mark->known || value > mark->value)
        *mark = (struct highwater_mark){value, 1};
}

int highwater_is_whole(const struct job_stage *st)
{
    return !st->wanted && !(st->high && st->high->has_since);
}

void highwater_sql(int known, int64_t value, char out[32])
{
    if (known)
        snprintf(out, 32, "%lld", (long long)value);
    else
        snprintf(out, 32, "NULL");
}

/* ---- where this run begins --------------------------------------------------------------- */

/* A date as 9999-12-31 is no time of a change; as the mark it would hide all later records. */
static int64_t most(const struct highwater *h)
{
    return h->is_time ? ((int64_t)time(NULL) - EPOCH + DAY) * MICROS : INT64_MAX;
}

/* Whole microseconds, counted in whole seconds and a rest: a double would round. */
static int set_since(struct state *s, struct job *job, struct highwater *h, int64_t since,
                     struct error *err)
{
    h->has_since = 1;
    h->since = since;
    h->text = arena_printf(job->mem, "%lld", (long long)since);
    if (!h->is_time)
        return 0;
    int64_t rest = since % MICROS < 0 ? since % MICROS + MICROS : since % MICROS;
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT to_char(to_timestamp(%lld) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')",
        (long long)((since - rest) / MICROS + EPOCH));
    if (!res)
        return err->code;
    h->text = arena_printf(job->mem, "%s.%06lldZ", pg_get(res, 0, 0), (long long)rest);
    pg_free(res);
    return 0;
}

/* The newest published run that read the stage as far as it goes, its mark, whether the stage is
 * still what it was, and how many records it left out that a redrive would take. */
static struct pg_result *newest_mark(struct state *s, const struct job_stage *st, struct error *err)
{
    char project[32], sql[1200];
    snprintf(project, sizeof project, "%lld", (long long)s->project);
    const char *const params[] = {project, st->p->name, st->hash};
    snprintf(sql, sizeof sql,
             "SELECT t.run, m.mark, t.hash = $3, (SELECT count(*) FROM %s.reject j WHERE j.run ="
             " t.run AND j.stage = $2 AND (j.outcome = %d OR j.code = 'parent_rejected')) FROM"
             " %s.run_stage t JOIN %s.run r ON r.id = t.run CROSS JOIN LATERAL (SELECT max(c.mark)"
             " AS mark FROM %s.chunk c WHERE c.run = t.run AND c.stage = $2) m WHERE r.project ="
             " $1 AND r.parent IS NULL AND r.state IN ('published', 'done', 'finalized') AND"
             " t.name = $2 AND m.mark IS NOT NULL ORDER BY t.run DESC LIMIT 1",
             s->q, MIG_REJECT, s->q, s->q, s->q);
    return pg_query(s->pg, err, sql, 3, params);
}

static void say(struct job *job, const struct job_stage *st, const char *text)
{
    log_write(LOG_INFO, "stage %s: %s", st->p->name, text);
    str_printf(&job->notes, "stage %s: %s\n", st->p->name, text);
}

/* Rows that an older form of the stage, or of one whose keys it uses, made would stay as they are:
 * then everything is read. */
static int uses_changed(const struct job *job, const struct job_stage *st, const char *changed)
{
    for (size_t i = 0; i < st->migrator->n_entities; i++) {
        size_t k = job_find_stage(job, st->migrator->entities[i].stage);
        if (k != SIZE_MAX && changed[k])
            return 1;
    }
    return 0;
}

static int from_mark(struct state *s, struct job *job, struct job_stage *st, char *changed,
                     struct error *err)
{
    char text[200];
    struct highwater *h = st->high;
    struct pg_result *res = newest_mark(s, st, err);
    if (!res)
        return err->code;
    int found = pg_rows(res), code = 0;
    char *own = &changed[st - job->stages];
    *own = found && (pg_get(res, 0, 2)[0] != 't' || uses_changed(job, st, changed));
    int64_t mark = found ? pg_get_int(res, 0, 1) : 0, left = found ? pg_get_int(res, 0, 3) : 0;
    h->published = found ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    if (*own) {
        snprintf(text, sizeof text,
                 "it, or a stage whose keys it uses, changed since run %lld:"
                 " all its records are read",
                 (long long)h->published);
        say(job, st, text);
    }
    if (!found || *own)
        return 0;
    int64_t overlap = st->p->overlap.value;
    code = set_since(s, job, h, mark < INT64_MIN + overlap ? INT64_MIN : mark - overlap, err);
    if (!code && left) {
        snprintf(text, sizeof text,
                 "%lld %s that run %lld left out %s; take %s up by --redrive %lld", (long long)left,
                 plural(left, "record", "records"), (long long)h->published,
                 plural(left, "is read again only where it changed",
                        "are read again only where they changed"),
                 plural(left, "it", "them"), (long long)h->published);
        say(job, st, text);
    }
    return code;
}

static int own_bound(struct state *s, struct job *job, struct job_stage *st, struct error *err)
{
    char run[32], sql[300];
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    const char *const params[] = {run, st->p->name};
    snprintf(sql, sizeof sql,
             "SELECT since FROM %s.run_stage WHERE run = $1 AND name = $2 AND since IS NOT NULL",
             s->q);
    struct pg_result *res = pg_query(s->pg, err, sql, 2, params);
    if (!res)
        return err->code;
    int found = pg_rows(res);
    int64_t since = found ? pg_get_int(res, 0, 0) : 0;
    pg_free(res);
    return found ? set_since(s, job, st->high, since, err) : 0;
}

static void begin(struct job *job, struct job_stage *st)
{
    struct highwater *h = arena_alloc(job->mem, sizeof *h);
    memset(h, 0, sizeof *h);
    h->is_time = st->p->overlap.is_time;
    h->text = "";
    h->most = most(h);
    while (!str_equal(st->fields[h->index], st->p->mark_field))
        h->index++;
    st->high = h;
}

int highwater_find(struct state *s, struct job *job, const struct highwater_options *options,
                   struct error *err)
{
    char *changed = arena_alloc(job->mem, job->n_stages + 1);
    memset(changed, 0, job->n_stages + 1);
    int code = pg_begin(s->pg, "READ ONLY", err);
    for (size_t i = 0; !code && i < job->n_stages; i++) {
        struct job_stage *st = &job->stages[i];
        if (!st->p->mark_field)
            continue;
        begin(job, st);
        if (options->held)
            code = own_bound(s, job, st, err);
        else if (!options->full && !st->wanted)
            code = from_mark(s, job, st, changed, err);
        if (!code && st->high->has_since)
            log_write(LOG_INFO, "stage %s: records from %s = %s on", st->p->name, st->p->mark_field,
                      st->high->text);
    }
    pg_rollback(s->pg);
    return code;
}

static int note_stage(struct state *s, struct job *job, const struct job_stage *st,
                      struct error *err)
{
    char run[32], sql[300], text[200];
    snprintf(run, sizeof run, "%lld", (long long)s->run);
    const char *const params[] = {run, st->p->name};
    snprintf(sql, sizeof sql,
             "SELECT count(mark) = 0 AND sum(read) > 0 FROM %s.chunk WHERE run = $1 AND stage = $2",
             s->q);
    struct pg_result *res = pg_query(s->pg, err, sql, 2, params);
    if (!res)
        return err->code;
    int none = pg_get(res, 0, 0) && pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    snprintf(text, sizeof text, "no value of %s is %s: the next run will read everything again",
             st->p->mark_field, st->high->is_time ? "a time" : "a whole number");
    if (none)
        say(job, st, text);
    return 0;
}

int highwater_note(struct state *s, struct job *job, struct error *err)
{
    int code = pg_begin(s->pg, "READ ONLY", err);
    for (size_t i = 0; !code && i < job->n_stages; i++)
        if (job->stages[i].high && highwater_is_whole(&job->stages[i]))
            code = note_stage(s, job, &job->stages[i], err);
    pg_rollback(s->pg);
    return code;
}
