/* look.c - the actions that only look: status, report, ping, configuration, grants, plugins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "actions.h"
#include "call.h"
#include "embedded.h"
#include "log.h"
#include "output.h"
#include "rights.h"
#include "sql.h"

static int failed(struct session *s, int code)
{
    session_report(s, "nothing was written");
    return code ? code : faults_code(&s->faults);
}

/* ---- status ---------------------------------------------------------------------------- */

/* Rate and time left are those of the newest chunks of one stage, since its process began. */
#define PACE                                                                                       \
    "SELECT max(w.stage) AS stage, round((sum(w.read) - (array_agg(w.read ORDER BY w.at))[1]) /"   \
    " nullif(extract(epoch FROM max(w.at) - min(w.at)), 0)) AS rate, max(w.share) AS share,"       \
    " (1 - max(w.share)) / nullif(max(w.share) - min(w.share), 0) * extract(epoch FROM"            \
    " max(w.at) - min(w.at))::float8 - extract(epoch FROM clock_timestamp() - max(w.at))::float8"  \
    " AS seconds_left FROM"                                                                        \
    " (SELECT c.*, first_value(c.stage) OVER (ORDER BY c.at DESC) AS newest FROM %s.chunk c WHERE" \
    " c.run = r.id AND c.at > (SELECT max(e.at) FROM %s.event e WHERE e.run = r.id) ORDER BY c.at" \
    " DESC LIMIT 20) w WHERE w.stage = w.newest"

static const char status_sql[] =
    "SELECT r.id, p.name, r.kind, r.state, r.host, r.pid, to_char(r.started,"
    " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), coalesce(round(extract(epoch FROM coalesce(r.finished,"
    " clock_timestamp()) - r.started)::numeric, 1)::text, ''), coalesce(r.exit_code::text, ''),"
    " coalesce((SELECT sum(read) FROM %s.chunk c WHERE c.run = r.id), 0), (SELECT count(*) FROM"
    " %s.reject j WHERE j.run = r.id), coalesce((SELECT string_agg(t.name || CASE WHEN t.done THEN"
    " ' complete' ELSE ' pending' END || coalesce(ph.label, ''), ', ' ORDER BY t.no) FROM"
    " %s.run_stage t LEFT JOIN (VALUES ('', '', '')%s) AS ph (project, stage, label) ON"
    " (ph.project, ph.stage) = (p.name, t.name) WHERE t.run = r.id), ''), CASE WHEN r.state IN "
    "(" STATE_UNDOABLE ") THEN 'until --finalize' ELSE '' END,"
    " coalesce(pg_size_pretty((SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN"
    " pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname ~ ('^(staging|"
    "match|delete|before|computed)_' || r.id || '_'))), '0 bytes'), CASE r.state WHEN 'loading' "
    "THEN h.step"
    " WHEN 'checked' THEN 'publish' WHEN 'partly' THEN (SELECT format('publish, %%s of %%s batches"
    " done', count(b.xid), count(*)) FROM %s.batch b WHERE b.run = r.id) WHEN 'published' THEN"
    " 'verify' ELSE '' END, w.stage, w.rate,"
    " round(100 * w.share::numeric, 1), round(CASE WHEN w.seconds_left < 0 THEN 0 ELSE"
    " w.seconds_left END::numeric, 1), r.parent FROM %s.run r JOIN %s.project p ON p.id ="
    " r.project JOIN %s.heartbeat h ON h.run = r.id LEFT JOIN LATERAL (" PACE ") w ON r.state ="
    " 'loading' AND h.step = 'load' ORDER BY r.id DESC LIMIT 50";

static const char *const status_names[] = {
    "run",     "project",   "kind", "state",   "host",         "pid",      "started",
    "seconds", "exit_code", "read", "rejects", "stages",       "undoable", "kept",
    "step",    "stage",     "rate", "percent", "seconds_left", "parent"};

/* Where an unfinished run is. */
static void print_step(const struct pg_result *res, int row)
{
    const char *step = pg_get(res, row, 14), *stage = pg_get(res, row, 15);
    const char *rate = pg_get(res, row, 16), *percent = pg_get(res, row, 17);
    const char *left = pg_get(res, row, 18);
    if (!step || !step[0])
        return;
    if (!stage) {
        output_format("      step %s\n", step);
        return;
    }
    output_format("      step %s: %s, %s%s, %s%s%s%s\n", step, stage, rate ? rate : "rate unknown",
                  rate ? " records/s" : "", percent ? percent : "", percent ? " %, " : "",
                  left ? left : "time left unknown", left ? " s left" : "");
}

static void print_status(const struct pg_result *res, int as_json)
{
    json_t *list = json_array();
    size_t n = sizeof status_names / sizeof *status_names;
    for (int i = 0; i < pg_rows(res); i++) {
        json_t *run = json_object();
        const char *parent = pg_get(res, i, 19);
        for (size_t k = 0; k < n; k++)
            json_object_set_new(run, status_names[k],
                                json_string(pg_get(res, i, (int)k) ? pg_get(res, i, (int)k) : ""));
        json_array_append_new(list, run);
        if (!as_json)
            output_format(
                "run %s (%s of %s%s%s%s): %s, started %s, %s s%s%s, %s records read, %s left out, "
                "keeps %s\n      %s\n",
                pg_get(res, i, 0), pg_get(res, i, 2), parent ? "run " : "", parent ? parent : "",
                parent ? " of " : "", pg_get(res, i, 1), pg_get(res, i, 3), pg_get(res, i, 6),
                pg_get(res, i, 7), pg_get(res, i, 8)[0] ? ", exit " : "", pg_get(res, i, 8),
                pg_get(res, i, 9), pg_get(res, i, 10), pg_get(res, i, 13), pg_get(res, i, 11));
        if (!as_json)
            print_step(res, i);
    }
    char *text = as_json ? json_dumps(list, JSON_INDENT(2)) : NULL;
    if (text)
        output_line(text);
    else if (!as_json && !pg_rows(res))
        output_line("no run yet");
    free(text);
    json_decref(list);
}

/* ", ('shop', 'users', ' (phase 1)')": a phase is the project's word; other projects of the target
 * are not known here. */
static void add_phases(const struct project *p, struct str *sql)
{
    for (size_t i = 0; i < p->n_stages; i++) {
        struct str label;
        str_init(&label, 0);
        project_phase(&p->stages[i], " (", ")", &label);
        str_add(sql, ", (");
        sql_literal(sql, p->name);
        str_add(sql, ", ");
        sql_literal(sql, p->stages[i].name);
        str_add(sql, ", ");
        sql_literal(sql, label.data);
        str_add_char(sql, ')');
        str_clear(&label);
    }
}

int look_status(const struct cli *cli, struct session *s)
{
    int code = session_target(s);
    if (!code)
        code = pg_begin(s->pg, "READ ONLY", &s->err);
    int there = code ? 0 : state_exists(&s->state, &s->err);
    if (!code && there == 0)
        output_line(cli->json ? "[]" : "no run yet");
    if (!code && there > 0) {
        struct str schema, phases;
        str_init(&schema, 0);
        str_init(&phases, 0);
        sql_literal(&schema, s->state.schema);
        add_phases(s->project, &phases);
        struct pg_result *res = pg_queryf(
            s->pg, &s->err, status_sql, s->state.q, s->state.q, s->state.q, phases.data,
            schema.data, s->state.q, s->state.q, s->state.q, s->state.q, s->state.q, s->state.q);
        str_clear(&phases);
        str_clear(&schema);
        if (res)
            print_status(res, cli->json);
        pg_free(res);
    }
    pg_rollback(s->pg);
    return s->err.code || s->faults.n ? failed(s, s->err.code) : 0;
}

/* ---- connections and configuration ------------------------------------------------------ */

int look_ping(const struct cli *cli, struct session *s)
{
    (void)cli;
    int worst = 0;
    int code = session_units(s);
    if (code)
        return failed(s, code);
    for (size_t i = 0; i < s->project->n_sources; i++) {
        struct unit *u = s->job.sources[i];
        if (!u)
            continue;
        int32_t returned = call_ping(u);
        struct error err = {0};
        if (returned != MIG_OK) {
            worst = host_error(u, returned, "ping", &err);
            log_error(&err, "nothing was written");
        }
        output_format("source %s: %s\n", s->project->sources[i].name,
                      returned == MIG_OK ? "answers" : err.what);
    }
    code = session_target(s);
    output_format("target: %s\n",
                  code ? s->err.code ? s->err.what : s->faults.items[0].what : "answers");
    return code ? failed(s, code) : worst;
}

int look_config(const struct cli *cli, struct session *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->project->n_settings; i++) {
        const struct project_setting *p = &s->project->settings[i];
        if (cli->json)
            json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "key", p->key, "value",
                                                  p->value ? p->value : "", "origin", p->origin));
        else
            output_format("%-28s %-40s (%s)\n", p->key, p->value ? p->value : "", p->origin);
    }
    char *text = cli->json ? json_dumps(list, JSON_INDENT(2)) : NULL;
    if (text)
        output_line(text);
    free(text);
    json_decref(list);
    return 0;
}

/* That rights are missing is no fault here: it is why somebody asks. */
int look_grants(const struct cli *cli, struct session *s)
{
    (void)cli;
    int code = session_joined(s);
    if (code && !s->job.n_tables)
        return failed(s, code);
    struct pg_where where;
    struct str text;
    str_init(&text, 0);
    pg_where(s->pg, &where);
    state_grants(s->state.schema, where.user, where.dbname, &text);
    error_clear(&s->err);
    code = rights_text(&s->job, s->pg, &text, &s->err);
    str_add(&text, "-- triggers are held back at undo only where the role owns the table\n");
    if (!code)
        output_text(text.data);
    str_clear(&text);
    return code ? failed(s, code) : 0;
}

int look_stop_server(const struct cli *cli, struct session *s)
{
    (void)cli;
    int code = embedded_stop(s->project->work_dir, &s->err);
    if (code)
        return failed(s, code);
    output_line("the embedded server is stopped; the next run starts it again");
    return 0;
}
