/* explained.c - reads one record and has the migrator make rows of it, watched. What became of it
 * in runs is explain.c's. */
#include "explained.h"

#include <stdio.h>
#include <string.h>

#include "call.h"
#include "feed.h"
#include "mask.h"

#define INSIDE_LEAST 4 /* bytes of a masked value that is looked for inside of others */

/* Values live as long as the record, so that they are told by where they are. */
struct explained {
    struct job *job;
    struct job_stage *st;
    json_t *steps, *rows;
    mig_str_t *hidden;
    size_t n_hidden;
};

static void hide(struct explained *x, const mig_value_t *v)
{
    if (v->kind != MIG_TEXT || !v->len)
        return;
    x->hidden = arena_heap(x->hidden, (x->n_hidden + 1) * sizeof *x->hidden);
    x->hidden[x->n_hidden++] = (mig_str_t){v->data, v->len};
}

/* It is one of them, begins at the same place, or holds one. */
static int is_hidden(const struct explained *x, const mig_value_t *v)
{
    for (size_t i = 0; v->kind == MIG_TEXT && i < x->n_hidden; i++) {
        const mig_str_t *h = &x->hidden[i];
        if (v->data == h->data || (v->len == h->len && memcmp(v->data, h->data, h->len) == 0) ||
            (h->len >= INSIDE_LEAST && memmem(v->data, v->len, h->data, h->len)))
            return 1;
    }
    return 0;
}

static json_t *text_json(mig_str_t text)
{
    json_t *j = json_stringn(text.data, text.len);
    return j ? j : json_string("(no UTF-8 text)");
}

static json_t *value_json(const struct explained *x, const mig_value_t *v)
{
    if (v->kind == MIG_ABSENT || v->kind == MIG_NULL)
        return json_null();
    if (v->kind == MIG_KEY)
        return json_pack("{s:o}", "key_of", text_json(token_text(v)));
    if (v->kind == MIG_AWAITED)
        return json_string("(is computed)");
    return is_hidden(x, v) ? json_string(MASK_TEXT) : text_json((mig_str_t){v->data, v->len});
}

static int names(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_equal(list[i], name))
            return 1;
    return 0;
}

static json_t *record_json(struct explained *x, const mig_record_t *record)
{
    const struct project_stage *p = x->st->p;
    json_t *out = json_object();
    for (size_t i = 0; i < x->st->n_fields && i < record->n_values; i++)
        if (names(p->secret, p->n_secret, x->st->fields[i]) ||
            names(p->pii, p->n_pii, x->st->fields[i]))
            hide(x, &record->values[i]);
    for (size_t i = 0; i < x->st->n_fields && i < record->n_values; i++)
        if (record->values[i].kind != MIG_ABSENT)
            json_object_set_new(out, x->st->fields[i], value_json(x, &record->values[i]));
    return out;
}

/* ---- what the migrator does ------------------------------------------------------------- */

static void on_step(void *ctx, const struct unit *transform, const struct host_step *step)
{
    struct explained *x = ctx;
    json_t *in = json_array();
    int hidden = host_takes_secrets(transform);
    for (uint32_t i = 0; i < step->n_in; i++) {
        if (hidden)
            hide(x, &step->in[i]);
        hidden |= is_hidden(x, &step->in[i]);
    }
    for (uint32_t i = 0; i < step->n_in; i++)
        json_array_append_new(in, value_json(x, &step->in[i]));
    json_t *j = json_pack("{s:s, s:s, s:o}", "column", step->field ? step->field : "", "transform",
                          transform->def->unit->name, "in", in);
    if (step->returned == MIG_OK) {
        if (hidden)
            hide(x, step->out);
        json_object_set_new(j, "out", value_json(x, step->out));
    }
    json_array_append_new(x->steps, j);
}

static int32_t on_row(void *ctx, size_t table)
{
    struct explained *x = ctx;
    const struct host_table *t = &x->st->migrator->tables[table];
    json_t *values = json_object();
    for (size_t i = 0; i < t->n_columns; i++)
        if (t->row[i].kind != MIG_ABSENT)
            json_object_set_new(values, t->columns[i], value_json(x, &t->row[i]));
    json_array_append_new(x->rows, json_pack("{s:s, s:o}", "table", t->name, "values", values));
    return MIG_OK;
}

static json_t *outcome_json(const struct explained *x)
{
    const struct host_outcome *o = &x->job->host->outcome;
    const char *what = o->kind == MIG_SKIP ? "skipped" : o->kind ? "rejected" : "rows";
    if (!o->kind)
        return json_pack("{s:s}", "what", what);
    struct str reason;
    str_init(&reason, 0);
    mask_reason(x->job->project, x->st->p->name, o->reason, &reason);
    json_t *j = json_pack("{s:s, s:s, s:s, s:s}", "what", what, "field", o->field, "code", o->code,
                          "reason", reason.data);
    str_clear(&reason);
    return j;
}

static int make_rows(struct explained *x, mig_record_t *record, const char *key, struct error *err)
{
    struct host *host = x->job->host;
    struct unit *migrator = x->st->migrator;
    record->number = 1;
    record->key = host->key = (mig_str_t){key, strlen(key)};
    host->stage = x->st->p->name;
    host->trace = on_step;
    host->trace_ctx = migrator->emit_ctx = x;
    migrator->emit = on_row;
    int32_t made = call_record(migrator, record);
    host->trace = NULL;
    migrator->emit = NULL;
    return made < 0 ? host_error(migrator, made, "record", err) : 0;
}

static int explain(struct explained *x, const char *key, json_t *out, struct error *err)
{
    mig_record_t record = {.size = sizeof record};
    int32_t got = feed_next_alone(x->st, &record);
    if (got < 0)
        return host_error(x->st->source, got, "next", err);
    json_object_set_new(out, "record", got == MIG_OK ? record_json(x, &record) : json_null());
    if (got == MIG_END)
        return 0;
    int code = got == MIG_OK ? make_rows(x, &record, key, err) : 0;
    json_object_set(out, "steps", x->steps);
    json_object_set(out, "rows", x->job->host->outcome.kind ? json_array() : x->rows);
    json_object_set_new(out, "outcome", outcome_json(x));
    return code;
}

int explained_record(struct job *job, struct job_stage *st, const char *key, json_t *out,
                     struct error *err)
{
    struct explained x = {job, st, json_array(), json_array(), NULL, 0};
    struct highwater *high = st->high;
    st->high = NULL; /* the record, however old */
    st->wanted = keyset_new();
    keyset_add(st->wanted, key, strlen(key));
    job->host->in_record = 1;
    job->host->secret = job_is_secret(st);
    int32_t got = call_only(st);
    if (got == MIG_OK || got == MIG_END)
        got = call_open(st, (mig_str_t){"", 0});
    int code =
        got == MIG_OK ? explain(&x, key, out, err) : host_error(st->source, got, "open", err);
    if (got == MIG_OK)
        call_close(st);
    host_record_done(job->host);
    job->host->in_record = job->host->secret = 0;
    keyset_free(st->wanted);
    st->wanted = NULL;
    st->high = high;
    free(x.hidden);
    json_decref(x.steps);
    json_decref(x.rows);
    return code;
}
