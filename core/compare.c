/* compare.c - the action --compare-counts: for each stage how many records the source has now, and
 * what became of them: with a live row, skipped, rejected. The source is counted by reading it, as
 * every kind of source can be; the rest is what the newest published run left, and the live tables
 * as they are. What does not close is told by number and sense. Writes nothing; values of records
 * are no part of it. */
#include <stdio.h>

#include "actions.h"
#include "call.h"
#include "feed.h"
#include "jsonfile.h"
#include "output.h"
#include "plural.h"
#include "sql.h"

#define NOTHING "nothing was written"

struct side_by_side {
    int64_t source, run;
    int64_t read;              /* by that run; -1: it read only what was new */
    int64_t live, gone;        /* records that runs published, with and without a row now */
    int64_t skipped, rejected; /* by that run, and without a row */
};

/* ---- both sides ---------------------------------------------------------------------------- */

static int count_source(struct session *s, const struct job_stage *st, int64_t *n)
{
    mig_record_t record;
    int32_t got = call_open(st, (mig_str_t){NULL, 0});
    if (got != MIG_OK) {
        host_error(st->source, got, "open", &s->err);
        return s->err.code;
    }
    while ((got = feed_next_alone(st, &record)) == MIG_OK || got == MIG_REJECT || got == MIG_SKIP) {
        host_record_done(st->source->host);
        ++*n;
    }
    if (got != MIG_END)
        host_error(st->source, got, "next", &s->err);
    call_close(st);
    return s->err.code;
}

/* The live row of a record by the id map, whose final keys are the key's columns joined. */
static void add_live(const struct session *s, const struct job_stage *st, struct str *sql)
{
    const struct job_table *t = &s->job.tables[st->tables[0]];
    const struct catalog_key *key = job_find_stage_key(&s->job, st);
    str_add(sql, "(SELECT count(*) AS all, count(*) FILTER (WHERE ");
    if (!key) { /* rows that have no key are not told apart */
        str_add(sql, "true) AS live FROM m)");
        return;
    }
    str_add(sql, "l.key IS NOT NULL) AS live FROM m LEFT JOIN (SELECT DISTINCT concat_ws(E'\\x1f'");
    for (size_t i = 0; i < key->n; i++) {
        str_add(sql, ", ");
        sql_ident(sql, key->columns[i]);
    }
    str_printf(sql, ") AS key FROM %s) l ON l.key = m.final_key)", t->t->quoted);
}

static int count_target(struct session *s, const struct job_stage *st, struct side_by_side *out)
{
    const char *q = s->state.q;
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "WITH p AS (SELECT id FROM %s.project WHERE name = $1), r AS (SELECT t.run, t.since"
               " FROM %s.run_stage t JOIN %s.run u ON u.id = t.run JOIN p ON p.id = u.project WHERE"
               " t.name = $2 AND u.parent IS NULL AND u.state IN ('published', 'done', 'finalized',"
               " 'partly_rolled_back') ORDER BY t.run DESC LIMIT 1), m AS MATERIALIZED (SELECT"
               " source_key, final_key FROM %s.id_map JOIN p ON p.id = project WHERE stage = $2 AND"
               " source_key NOT IN (SELECT key FROM %s.source_change c JOIN r USING (run) WHERE"
               " c.stage = $2 AND c.what IN ('vanished', 'deleted') AND key IS NOT NULL)), j AS"
               " (SELECT count(*) FILTER (WHERE outcome = %d) AS skipped, count(*) FILTER (WHERE"
               " outcome = %d) AS rejected FROM %s.reject x JOIN r USING (run) WHERE x.stage = $2"
               " AND NOT EXISTS (SELECT FROM m WHERE m.source_key = x.key))"
               " SELECT r.run, CASE WHEN r.since IS NULL THEN (SELECT coalesce(sum(c.read), 0) FROM"
               " %s.chunk c WHERE c.run = r.run AND c.stage = $2) ELSE -1 END, l.live, l.all -"
               " l.live, j.skipped, j.rejected FROM r, j, ",
               q, q, q, q, q, MIG_SKIP, MIG_REJECT, q, q);
    add_live(s, st, &sql);
    str_add(&sql, " l");
    const char *const params[] = {s->project->name, st->p->name};
    struct pg_result *res = sql.failed ? NULL : pg_query(s->pg, &s->err, sql.data, 2, params);
    str_clear(&sql);
    if (res && pg_rows(res)) {
        int64_t *const into[] = {&out->run,  &out->read,    &out->live,
                                 &out->gone, &out->skipped, &out->rejected};
        for (int i = 0; i < (int)(sizeof into / sizeof *into); i++)
            *into[i] = pg_get_int(res, 0, i);
    }
    pg_free(res);
    return s->err.code;
}

/* ---- what is said of it --------------------------------------------------------------------- */

struct open_count {
    int64_t n;
    const char *one, *many; /* what is said of it */
};
#define OPEN_COUNTS 5

/* What is not 0 does not close. */
static void find_open(const struct side_by_side *x, struct open_count out[OPEN_COUNTS])
{
    int64_t grown = x->read < 0 ? 0 : x->source - x->read;
    int64_t open = x->source - x->live - x->gone - x->skipped - x->rejected - grown;
    const struct open_count all[OPEN_COUNTS] = {
        {grown > 0 ? grown : 0, "record is in the source, and the run did not read it",
         "records are in the source, and the run did not read them"},
        {grown < 0 ? -grown : 0, "record was read by the run, and is not in the source now",
         "records were read by the run, and are not in the source now"},
        {x->gone, "record was published, and has no live row now",
         "records were published, and have no live row now"},
        {open > 0 ? open : 0, "record has neither a live row nor a reason for having none",
         "records have neither a live row nor a reason for having none"},
        {open < 0 ? -open : 0, "record more is accounted for than the source has",
         "records more are accounted for than the source has"},
    };
    for (size_t i = 0; i < OPEN_COUNTS; i++)
        out[i] = all[i];
}

static void tell_row(const char *stage, const struct side_by_side *x, int json, struct str *out)
{
    char run[24] = "-", read[24] = "-";
    if (x->run)
        snprintf(run, sizeof run, "%lld", (long long)x->run);
    if (x->run && x->read >= 0)
        snprintf(read, sizeof read, "%lld", (long long)x->read);
    if (!json) {
        str_printf(out, "%-24s %12lld %6s %12s %12lld %12lld %12lld\n", stage, (long long)x->source,
                   run, read, (long long)x->live, (long long)x->skipped, (long long)x->rejected);
        return;
    }
    str_add(out, out->len > 1 ? ",\n {\"stage\": " : "\n {\"stage\": ");
    jsonfile_quote(out, stage);
    str_printf(out,
               ", \"source\": %lld, \"run\": %s, \"read\": %s, \"live\": %lld, \"skipped\":"
               " %lld, \"rejected\": %lld, \"open\": [",
               (long long)x->source, run[0] == '-' ? "null" : run, read[0] == '-' ? "null" : read,
               (long long)x->live, (long long)x->skipped, (long long)x->rejected);
}

/* Does the stage close? */
static int tell_open(const char *stage, const struct side_by_side *x, int json, struct str *rows,
                     struct str *below)
{
    struct open_count open[OPEN_COUNTS];
    int n = 0;
    find_open(x, open);
    if (!x->run) { /* then nothing else is meant by the numbers */
        if (json)
            str_add(rows, "\"no run has published it\"");
        else
            str_printf(below, "%s: no run has published it\n", stage);
        n = 1;
    }
    for (size_t i = 0; x->run && i < OPEN_COUNTS; i++) {
        if (!open[i].n)
            continue;
        if (json)
            str_printf(rows, "%s\"%lld %s\"", n ? ", " : "", (long long)open[i].n,
                       plural(open[i].n, open[i].one, open[i].many));
        else
            str_printf(below, "%s: %lld %s\n", stage, (long long)open[i].n,
                       plural(open[i].n, open[i].one, open[i].many));
        n++;
    }
    str_add(rows, json ? "]}" : "");
    return n == 0;
}

static int compare_stages(struct session *s, int json, struct str *out, size_t *open)
{
    struct str below;
    str_init(&below, 0);
    struct side_by_side *all = arena_alloc(s->job.mem, (s->job.n_stages + 1) * sizeof *all);
    int there = state_exists(&s->state, &s->err), code = there < 0 ? -there : 0;
    for (size_t i = 0; i < s->job.n_stages; i++)
        all[i] = (struct side_by_side){0};
    /* Reading the sources takes long: the target holds no snapshot for it. */
    for (size_t i = 0; !code && i < s->job.n_stages; i++)
        code = count_source(s, &s->job.stages[i], &all[i].source);
    if (!code)
        code = pg_begin(s->pg, "ISOLATION LEVEL REPEATABLE READ READ ONLY", &s->err);
    for (size_t i = 0; !code && i < s->job.n_stages; i++) {
        const struct job_stage *st = &s->job.stages[i];
        code = there ? count_target(s, st, &all[i]) : 0;
        if (code)
            break;
        tell_row(st->p->name, &all[i], json, out);
        *open += !tell_open(st->p->name, &all[i], json, out, &below);
    }
    pg_rollback(s->pg);
    str_add(out, json ? "\n]\n" : below.len ? below.data : "all counts close\n");
    str_clear(&below);
    return code;
}

int compare_counts(const struct cli *cli, struct session *s)
{
    struct str out;
    size_t open = 0;
    str_init(&out, 0);
    int code = session_joined(s);
    if (cli->json)
        str_add_char(&out, '[');
    else
        str_printf(&out, "%-24s %12s %6s %12s %12s %12s %12s\n", "stage", "source", "run", "read",
                   "live", "skipped", "rejected");
    if (!code)
        code = compare_stages(s, cli->json, &out, &open);
    if (!code)
        output_text(out.data);
    str_clear(&out);
    if (!code && open) {
        error_set(&s->err, STATUS_INVALID, "the counts of %zu of %zu %s do not close", open,
                  s->job.n_stages, plural(s->job.n_stages, "stage", "stages"));
        error_fix(&s->err, "run again, or see by --explain STAGE:KEY and --verify RUN what became"
                           " of single records");
        code = STATUS_INVALID;
    }
    if (code)
        session_report(s, NOTHING);
    return code ? code : faults_code(&s->faults);
}
