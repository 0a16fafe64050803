/* look.c - the actions that only look: ping, configuration, grants. */
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

static int failed(struct session *s, int code)
{
    session_report(s, "nothing was written");
    return code ? code : faults_code(&s->faults);
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
