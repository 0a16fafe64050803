/* explain.c - --explain STAGE:KEY: one record from the source to its rows as it would be now, then
 * what runs made of it, and whether its row is live. Writes nothing. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "actions.h"
#include "explained.h"
#include "feed.h"
#include "log.h"
#include "mask.h"
#include "output.h"
#include "sql.h"

static int failed(struct session *s, int code)
{
    session_report(s, "nothing was written");
    return code ? code : faults_code(&s->faults);
}

/* ---- what runs made of it --------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *rows_json(const struct pg_result *res, const char *const *keys, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < pg_rows(res); i++) {
        json_t *row = json_object();
        for (int k = 0; k < n; k++)
            json_object_set_new(row, keys[k], text_or_null(pg_get(res, i, k)));
        json_array_append_new(list, row);
    }
    return list;
}

/* Adds the rows of a query as a list of objects. */
static int add_rows(struct session *s, const char *name, const char *sql,
                    const char *const params[2], const char *const *keys, int n, json_t *out)
{
    struct pg_result *res = pg_query(s->pg, &s->err, sql, 2, params);
    if (res)
        json_object_set_new(out, name, rows_json(res, keys, n));
    pg_free(res);
    return s->err.code;
}

static int add_history(struct session *s, const struct job_stage *st, const char *key, json_t *out)
{
    static const char *const map_keys[] = {"run", "key"};
    static const char *const reject_keys[] = {"run",   "step", "outcome", "table",
                                              "field", "code", "reason",  "first_cause"};
    const char *const params[] = {st->p->name, key};
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT run, final_key FROM %s.id_map_rows($1) WHERE source_key = $2 ORDER BY run",
               s->state.q);
    int code = add_rows(s, "id_map", sql.data, params, map_keys, 2, out);
    str_reset(&sql);
    str_printf(&sql,
               "SELECT run, step, CASE outcome WHEN %d THEN 'skipped' ELSE 'rejected' END,"
               " table_name, field, code, reason, first_cause FROM %s.reject WHERE stage = $1 AND"
               " key = $2 ORDER BY run",
               MIG_SKIP, s->state.q);
    if (!code)
        code = add_rows(s, "left_out", sql.data, params, reject_keys, 8, out);
    str_clear(&sql);
    return code;
}

/* The row that the newest run's key stands for. */
static int add_live(struct session *s, const struct job_stage *st, json_t *out)
{
    const struct job_table *t = &s->job.tables[st->tables[0]];
    const struct catalog_key *k = job_find_stage_key(&s->job, st);
    json_t *map = json_object_get(out, "id_map");
    const char *key =
        json_string_value(json_object_get(json_array_get(map, json_array_size(map) - 1), "key"));
    const struct catalog_column *c =
        k && k->n == 1 && k->columns[0] ? catalog_column(t->t, k->columns[0]) : NULL;
    if (!key || !c)
        return 0;
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT EXISTS (SELECT FROM %s WHERE ", t->t->quoted);
    sql_ident(&sql, c->name);
    str_printf(&sql, " = $1::%s)", c->base);
    struct pg_result *res = pg_query(s->pg, &s->err, sql.data, 1, &key);
    if (res)
        json_object_set_new(out, "live", json_boolean(pg_get(res, 0, 0)[0] == 't'));
    pg_free(res);
    str_clear(&sql);
    return s->err.code;
}

static int add_runs(struct session *s, const struct job_stage *st, const char *key, json_t *out)
{
    int code = pg_begin(s->pg, "READ ONLY", &s->err);
    int there = code ? 0 : state_exists(&s->state, &s->err);
    if (there > 0)
        code = add_history(s, st, key, out);
    if (!code && there > 0)
        code = add_live(s, st, out);
    pg_rollback(s->pg);
    return s->err.code;
}

/* Keys in the target that hold personal data, and causes that name such keys. */
static void mask_runs(const struct project *p, const char *stage, json_t *out)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(out, "id_map"), i, row)
    {
        if (mask_final_keys(p, stage))
            json_object_set_new(row, "key", json_string(MASK_TEXT));
    }
    json_array_foreach(json_object_get(out, "left_out"), i, row)
    {
        struct str text;
        const char *cause = json_string_value(json_object_get(row, "first_cause"));
        const char *reason = json_string_value(json_object_get(row, "reason"));
        str_init(&text, 0);
        mask_reason(p, stage, reason ? reason : "", &text);
        json_object_set_new(row, "reason", json_string(text.data));
        str_reset(&text);
        if (cause) {
            mask_cause(p, cause, &text);
            json_object_set_new(row, "first_cause", json_string(text.data));
        }
        str_clear(&text);
    }
}

/* ---- as text ---------------------------------------------------------------------------- */

/* JSON has escaped what moves a terminal's cursor, but for DEL and the controls behind 0x7f. */
static void print_safely(char *text)
{
    log_mask(text);
    for (unsigned char *p = (unsigned char *)text; *p; p++)
        if (*p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
            *p = '?';
        else if (p > (unsigned char *)text && p[-1] == '?' && *p >= 0x80 && *p < 0xa0)
            *p = '?';
    output_text(text);
}

static void print_value(const json_t *value)
{
    const json_t *key = json_object_get(value, "key_of");
    char *text = json_dumps(key ? key : value, JSON_ENCODE_ANY | JSON_COMPACT);
    output_text(key ? "known behind load: key of " : "");
    if (text)
        print_safely(text);
    free(text);
}

static void print_values(json_t *values, const char *indent)
{
    const char *name;
    json_t *value;
    json_object_foreach(values, name, value)
    {
        output_format("%s%-24s ", indent, name);
        print_value(value);
        output_line("");
    }
}

static void print_steps(json_t *out)
{
    size_t i, k;
    json_t *step, *in;
    if (json_array_size(json_object_get(out, "steps")))
        output_line("steps");
    json_array_foreach(json_object_get(out, "steps"), i, step)
    {
        json_t *given = json_object_get(step, "out");
        output_format("  %-24s %s(", json_string_value(json_object_get(step, "column")),
                      json_string_value(json_object_get(step, "transform")));
        json_array_foreach(json_object_get(step, "in"), k, in)
        {
            output_text(k ? ", " : "");
            print_value(in);
        }
        output_text(given ? ") -> " : ") refuses it");
        if (given)
            print_value(given);
        output_line("");
    }
}

static void print_list(json_t *out, const char *name, const char *title)
{
    size_t i;
    json_t *row;
    if (json_array_size(json_object_get(out, name)))
        output_line(title);
    json_array_foreach(json_object_get(out, name), i, row)
    {
        if (i)
            output_line("");
        print_values(row, "  ");
    }
}

static void print_rows(json_t *out)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(out, "rows"), i, row)
    {
        output_format("row of %s\n", json_string_value(json_object_get(row, "table")));
        print_values(json_object_get(row, "values"), "  ");
    }
}

static void print_outcome(json_t *out)
{
    json_t *o = json_object_get(out, "outcome");
    const char *what = json_string_value(json_object_get(o, "what"));
    if (what && strcmp(what, "rows") != 0)
        output_format("%s: %s %s: %s\n", what, json_string_value(json_object_get(o, "field")),
                      json_string_value(json_object_get(o, "code")),
                      json_string_value(json_object_get(o, "reason")));
}

static void print(json_t *out)
{
    json_t *live = json_object_get(out, "live");
    output_format("stage %s, record %s\n", json_string_value(json_object_get(out, "stage")),
                  json_string_value(json_object_get(out, "key")));
    if (json_is_null(json_object_get(out, "record")))
        output_line("the source has no such record now");
    else
        output_line("record");
    print_values(json_object_get(out, "record"), "  ");
    print_steps(out);
    print_rows(out);
    print_outcome(out);
    print_list(out, "id_map", "keys given by runs");
    print_list(out, "left_out", "left out by runs");
    if (live)
        output_line(json_is_true(live) ? "its row is in the live table"
                                       : "its row is not in the live table");
}

/* ---- the action ------------------------------------------------------------------------- */

/* STAGE:KEY; the parts of a key of several fields stand between commas. */
static int find(const struct cli *cli, struct session *s, struct job_stage **st, struct str *key)
{
    const char *colon = strchr(cli->argument, ':');
    struct str stage;
    if (!colon || !colon[1])
        return error_set(&s->err, STATUS_USAGE, "--explain takes STAGE:KEY, a source key");
    str_init(&stage, 0);
    str_add_n(&stage, cli->argument, (size_t)(colon - cli->argument));
    size_t at = job_find_stage(&s->job, stage.data);
    if (at == SIZE_MAX) {
        error_set(&s->err, STATUS_USAGE, "the plan has no stage \"%s\"", stage.data);
        error_fix(&s->err, "--plan prints the stages; a disabled one is not there");
    } else {
        *st = &s->job.stages[at];
        for (const char *p = colon + 1; *p; p++)
            str_add_char(key, (*st)->p->n_key > 1 && *p == ',' ? FEED_KEY_SEPARATOR : *p);
    }
    str_clear(&stage);
    return s->err.code;
}

static int explain(const struct cli *cli, struct session *s, json_t *out)
{
    struct job_stage *st = NULL;
    struct str key;
    int code = session_joined(s);
    str_init(&key, 0);
    if (!code)
        code = find(cli, s, &st, &key);
    if (!code) {
        json_object_set_new(out, "stage", json_string(st->p->name));
        json_object_set_new(out, "key", json_string(strchr(cli->argument, ':') + 1));
        code = explained_record(&s->job, st, key.data, out, &s->err);
    }
    if (!code)
        code = add_runs(s, st, key.data, out);
    if (!code)
        mask_runs(s->project, st->p->name, out);
    str_clear(&key);
    return code;
}

int explain_action(const struct cli *cli, struct session *s)
{
    json_t *out = json_object();
    int code = explain(cli, s, out);
    char *text = !code && cli->json ? json_dumps(out, JSON_INDENT(2)) : NULL;
    if (text)
        log_mask(text);
    if (text)
        output_line(text);
    else if (!code)
        print(out);
    free(text);
    int is_known = json_is_object(json_object_get(out, "record")) ||
                   json_array_size(json_object_get(out, "id_map")) ||
                   json_array_size(json_object_get(out, "left_out"));
    json_decref(out);
    if (!code && !is_known) {
        code = error_set(&s->err, STATUS_SOURCE, "neither the source nor a run has this record");
        error_fix(&s->err, "give the source key as the source has it");
    }
    return code ? failed(s, code) : 0;
}
