/* rehearsal.c - rows of table "rehearsal". A plan is bound by digests, each of which can be named
 * when it is another one. */
#include "rehearsal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "rehearsal_parts.h"

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void plugins_of(const struct registry *r, struct digest *d, char out[65])
{
    const char **all = arena_heap(NULL, (r->n + 1) * sizeof *all);
    for (size_t i = 0; i < r->n; i++)
        all[i] = r->units[i].sha256;
    if (r->n)
        qsort(all, r->n, sizeof *all, by_text);
    for (size_t i = 0; i < r->n; i++)
        if (!i || strcmp(all[i], all[i - 1]) != 0)
            digest_add(d, all[i], 65);
    digest_hex(d, out);
    free(all);
}

void rehearsal_plan_of(const struct job *job, struct rehearsal_plan *out)
{
    const struct project *p = job->project;
    struct digest *d = digest_new();
    digest_add(d, p->sha256, sizeof p->sha256);
    for (size_t i = 0; i < p->n_validators; i++) {
        digest_add(d, p->validators[i].name, strlen(p->validators[i].name) + 1);
        digest_add(d, p->validators[i].enabled ? "+" : "-", 1);
    }
    digest_hex(d, out->project);
    plugins_of(job->host->registry, d, out->plugins);
    digest_free(d);
    snprintf(out->stages, sizeof out->stages, "%s", job->hash);
    snprintf(out->catalog, sizeof out->catalog, "%s", job->catalog.hash);
    str_init(&out->parts, 0);
    rehearsal_parts_json(job, &out->parts);
}

void rehearsal_plan_clear(struct rehearsal_plan *plan)
{
    str_clear(&plan->parts);
}

/* Into the caller's line: what one asks first. */
static int tell_times(struct state *s, const char *measured, struct str *text, struct error *err)
{
    const char *const params[] = {measured};
    struct pg_result *res = pg_query(
        s->pg, err,
        "SELECT format('times: %s; live tables locked for %s s; staging took %s kB', (SELECT"
        " string_agg(format('%s %s s', key, round(value::text::numeric, 2)), ', ') FROM"
        " json_each(m -> 'steps')), coalesce(m ->> 'lock_seconds', '0'), (m ->>"
        " 'staging_bytes')::bigint / 1024) FROM (SELECT $1::text::json AS m) x",
        1, params);
    if (res)
        str_printf(text, "%s\n", pg_get(res, 0, 0));
    pg_free(res);
    return res ? 0 : err->code;
}

char *rehearsal_measure(struct state *s, struct str *out, struct error *err)
{
    long long run = (long long)s->run;
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT json_build_object('stages', (SELECT coalesce(json_object_agg(t.name,"
        " json_build_object('read', c.read, 'left_out', r.n, 'seconds', t.seconds) ORDER BY t.no),"
        " '{}') FROM %s.run_stage t CROSS JOIN LATERAL (SELECT coalesce(sum(read), 0) AS read FROM"
        " %s.chunk WHERE run = t.run AND stage = t.name) c CROSS JOIN LATERAL (SELECT count(*) AS n"
        " FROM %s.reject WHERE run = t.run AND stage = t.name) r WHERE t.run = r0.id), 'tables',"
        " (SELECT coalesce(json_object_agg(schema_name || '.' || table_name, json_build_object("
        "'staged', staged, 'inserted', inserted, 'updated', updated, 'deleted', deleted) ORDER BY"
        " no), '{}') FROM %s.run_table WHERE run = r0.id), 'steps', (SELECT coalesce("
        "json_object_agg(x ->> 'name', x -> 'seconds'), '{}') FROM json_array_elements("
        "r0.report::json #> '{run,steps}') x), 'lock_seconds', r0.publish_seconds, 'staging_bytes',"
        " (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c JOIN pg_namespace"
        " n ON n.oid = c.relnamespace WHERE n.nspname = '%s' AND c.relname ~ '_%lld_[0-9]+$' AND"
        " c.relkind IN ('r', 'm'))) FROM %s.run r0 WHERE r0.id = %lld",
        s->q, s->q, s->q, s->q, s->schema, run, s->q, run);
    char *text = res && pg_rows(res) ? strdup(pg_get(res, 0, 0)) : NULL;
    pg_free(res);
    if (text && !tell_times(s, text, out, err))
        return text;
    free(text);
    return NULL;
}

int rehearsal_keep(struct state *s, const struct rehearsal_record *r, int64_t *id,
                   struct error *err)
{
    char sql[700];
    const char *const params[] = {r->project,         r->go ? "t" : "f", r->plan->project,
                                  r->plan->stages,    r->plan->plugins,  r->plan->catalog,
                                  r->place,           r->bundle,         r->measured,
                                  r->plan->parts.data};
    snprintf(sql, sizeof sql,
             "INSERT INTO %s.rehearsal SELECT coalesce(max(id), 0) + 1, $1, clock_timestamp(),"
             " $2::text::bool, $3, $4, $5, $6, $7, $8, (coalesce($9::text::jsonb, '{}') ||"
             " jsonb_build_object('parts', $10::text::jsonb))::json FROM %s.rehearsal RETURNING"
             " id",
             s->q, s->q);
    int code = pg_begin_anew(s->pg, "", err);
    if (!code)
        code = pg_execf(s->pg, err, "LOCK TABLE %s.rehearsal IN EXCLUSIVE MODE", s->q);
    struct pg_result *res = code ? NULL : pg_query(s->pg, err, sql, 10, params);
    if (res)
        *id = pg_get_int(res, 0, 0);
    pg_free(res);
    if (res && !pg_commit(s->pg, 0, err))
        return 0;
    pg_rollback(s->pg);
    return err->code;
}

/* What a rehearsal of an older mighost kept has no parts. */
static void explain(const struct pg_result *res, struct rehearsal_found *out)
{
    static const char *const parts[] = {"the project file or the choice of validators",
                                        "the chosen stages, their variables or their plugins",
                                        "the plugins", "the target's tables"};
    char differs[300] = "";
    const char *named = pg_get(res, 0, 7);
    for (int i = 0; i < 4; i++)
        if (pg_get(res, 0, 3 + i)[0] != 't') {
            size_t n = strlen(differs);
            snprintf(differs + n, sizeof differs - n, "%s%s", n ? ", " : "", parts[i]);
        }
    if (!differs[0])
        snprintf(out->why, sizeof out->why, "rehearsal %s of this plan said no-go",
                 pg_get(res, 0, 0));
    else
        snprintf(out->why, sizeof out->why, "since rehearsal %s changed: %s%s%s%s",
                 pg_get(res, 0, 0), differs, named ? " (" : "", named ? named : "",
                 named ? ")" : "");
}

#define NAMED 8 /* pieces in a message */

int rehearsal_find(struct state *s, const char *project, const struct rehearsal_plan *p,
                   struct rehearsal_found *out, struct error *err)
{
    char sql[1600];
    const char *const params[] = {project,    p->project, p->stages,
                                  p->plugins, p->catalog, p->parts.data};
    memset(out, 0, sizeof *out);
    snprintf(
        sql, sizeof sql,
        "SELECT id, go, bundle, project_hash = $2, stages_hash = $3, plugins_hash = $4,"
        " catalog_hash = $5, (SELECT string_agg(name, ', ' ORDER BY no) FILTER (WHERE no <="
        " %d) || CASE WHEN max(no) > %d THEN format(' and %%s more', max(no) - %d) ELSE '' END"
        " FROM (SELECT row_number() OVER (ORDER BY k) AS no, left(k, 80) || w AS name FROM"
        " (SELECT coalesce(now.key, was.key) AS k, CASE WHEN was.key IS NULL THEN ' is new'"
        " WHEN now.key IS NULL THEN ' is gone' ELSE '' END AS w FROM json_each_text($6::text"
        "::json) now FULL JOIN json_each_text(measured -> 'parts') was ON now.key = was.key"
        " WHERE now.value IS DISTINCT FROM was.value AND measured -> 'parts' IS NOT NULL) x) y)"
        " FROM %s.rehearsal WHERE project = $1 ORDER BY project_hash = $2 AND stages_hash = $3 AND "
        "plugins_hash = $4 AND"
        " catalog_hash = $5 DESC, id DESC LIMIT 1",
        NAMED, NAMED, NAMED, s->q);
    if (pg_begin(s->pg, "READ ONLY", err))
        return err->code;
    struct pg_result *res = pg_query(s->pg, err, sql, 6, params);
    pg_rollback(s->pg);
    if (!res)
        return err->code;
    snprintf(out->why, sizeof out->why, "project %s was never rehearsed for this target", project);
    if (pg_rows(res)) {
        int same = 1;
        for (int i = 3; i < 7; i++)
            same &= pg_get(res, 0, i)[0] == 't';
        explain(res, out);
        if (same && pg_get(res, 0, 1)[0] == 't') {
            out->id = pg_get_int(res, 0, 0);
            out->why[0] = '\0';
        }
        snprintf(out->bundle, sizeof out->bundle, "%s", pg_get(res, 0, 2));
    }
    pg_free(res);
    return 0;
}
