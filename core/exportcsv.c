/* exportcsv.c - two passes over an entity: which fields its records have, then the rows. The first
 * one reads the source and makes its recording, the second one reads that. */
#include "exportcsv.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "feed.h"
#include "mask.h"

#define FLUSH_BYTES ((size_t)64 << 10)
#define COLUMNS_MOST 4096

struct exportcsv {
    struct job_stage st; /* a copy, with the fields of this pass */
    const char **asked;  /* those of the first one */
    size_t n_asked;
    const char **room; /* those of the second one; owned */
    const struct project *p;
    struct outfile *out;
    struct str text;
    json_t *names; /* field -> true: holds an object or a list; in the order of the columns */
    json_t *secret;
    uint64_t records, unfit;
    void (*progress)(void *ctx, const struct job_stage *st, uint64_t records);
    void *ctx;
};

static int is_secret(const struct exportcsv *x, const char *field)
{
    return mask_is_secret(x->p, x->st.p->source, x->st.p->entity, field, strlen(field));
}

/* ---- passes ---------------------------------------------------------------------------- */

/* Calls one() for each record that the source can read. */
static int pass(struct exportcsv *x,
                int (*one)(struct exportcsv *, const mig_record_t *, struct error *),
                struct error *err)
{
    mig_record_t record = {.size = sizeof record};
    struct host *host = x->st.source->host;
    int code = 0;
    x->records = x->unfit = 0;
    int32_t got = call_open(&x->st, (mig_str_t){"", 0});
    if (got != MIG_OK)
        return host_error(x->st.source, got, "open", err);
    while (!code && got != MIG_END) {
        host->in_record = 1;
        got = feed_next_alone(&x->st, &record);
        if (host_is_cancelled())
            code = error_set(err, STATUS_INTERRUPTED, "stopped while exporting entity %s",
                             x->st.p->entity);
        else if (got < 0)
            code = host_error(x->st.source, got, "next", err);
        else if (got == MIG_OK)
            code = one(x, &record, err);
        x->records += got == MIG_OK;
        x->unfit += got == MIG_REJECT;
        host->in_record = 0;
        host_record_done(host);
        if (x->progress && (x->records & 0x3ff) == 0)
            x->progress(x->ctx, &x->st, x->records);
    }
    call_close(&x->st);
    return code;
}

/* ---- columns --------------------------------------------------------------------------- */

static int add_name(struct exportcsv *x, const char *name, struct error *err)
{
    if (json_object_get(x->names, name) || json_object_get(x->secret, name))
        return 0;
    if (is_secret(x, name))
        return json_object_set_new(x->secret, name, json_true());
    if (json_object_size(x->names) < COLUMNS_MOST) {
        json_object_set_new(x->names, name, json_false());
        return 0;
    }
    error_set(err, STATUS_SOURCE, "entity %s has more than %d fields", x->st.p->entity,
              COLUMNS_MOST);
    error_fix(err, "leave \"export.csv\" out for it by \"\": its pages are kept all the same");
    return STATUS_SOURCE;
}

/* The fields of a record that have a value. */
static int add_names(struct exportcsv *x, const mig_record_t *record, struct error *err)
{
    (void)record;
    mig_str_t raw = call_raw(&x->st);
    json_t *root = raw.data ? json_loadb(raw.data, raw.len, JSON_DECODE_INT_AS_REAL, NULL) : NULL,
           *value;
    const char *name;
    int code = 0;
    json_object_foreach(root, name, value)
    {
        if (!code && !json_is_null(value))
            code = add_name(x, name, err);
    }
    json_decref(root);
    return code;
}

static void set_fields(struct exportcsv *x)
{
    size_t n = 0;
    const char *name;
    json_t *value;
    x->room = arena_heap(NULL, (json_object_size(x->names) + 1) * sizeof *x->room);
    json_object_foreach(x->names, name, value) x->room[n++] = name;
    x->st.fields = x->room;
    x->st.n_fields = n;
}

/* ---- rows ------------------------------------------------------------------------------ */

static void add_text(struct str *out, const char *data, size_t n)
{
    int plain = n > 0;
    for (size_t i = 0; i < n && plain; i++)
        plain = data[i] != '"' && data[i] != ',' && data[i] != '\n' && data[i] != '\r';
    if (plain) {
        str_add_n(out, data, n);
        return;
    }
    str_add_char(out, '"');
    for (const char *end = data + n, *quote; data < end; data = quote) {
        quote = memchr(data, '"', (size_t)(end - data));
        quote = quote ? quote + 1 : end;
        str_add_n(out, data, (size_t)(quote - data));
        if (quote[-1] == '"')
            str_add_char(out, '"');
    }
    str_add_char(out, '"');
}

static int flush(struct exportcsv *x, struct error *err)
{
    if (x->text.failed) {
        error_set(err, STATUS_SOURCE, "a record of entity %s is too long for a CSV file",
                  x->st.p->entity);
        error_fix(err, "name its file \"\" in \"export.csv\": none is made of this entity then");
        return err->code;
    }
    int code = outfile_write(x->out, x->text.data, x->text.len, err);
    str_reset(&x->text);
    return code;
}

static int add_row(struct exportcsv *x, const mig_record_t *record, struct error *err)
{
    for (size_t i = 0; i < x->st.n_fields; i++) {
        const mig_value_t *v = &record->values[i];
        if (i)
            str_add_char(&x->text, ',');
        if (v->kind == MIG_JSON)
            json_object_set_new(x->names, x->st.fields[i], json_true());
        if (v->kind != MIG_NULL && v->kind != MIG_ABSENT)
            add_text(&x->text, v->data, v->len);
    }
    str_add(&x->text, "\r\n");
    return x->text.len < FLUSH_BYTES && !x->text.failed ? 0 : flush(x, err);
}

static void add_header(struct exportcsv *x)
{
    for (size_t i = 0; i < x->st.n_fields; i++) {
        if (i)
            str_add_char(&x->text, ',');
        add_text(&x->text, x->st.fields[i], strlen(x->st.fields[i]));
    }
    str_add(&x->text, "\r\n");
}

static int write_rows(struct exportcsv *x, struct outdir *dir, const char *file, struct error *err)
{
    unlinkat(outdir_fd(dir), file, 0); /* of an export that was broken off */
    x->out = outfile_open(dir, file, err);
    if (!x->out)
        return err->code;
    add_header(x);
    int code = pass(x, add_row, err);
    if (!code)
        code = flush(x, err);
    if (code)
        outfile_abandon(x->out);
    else
        code = outfile_close(x->out, err);
    return code;
}

/* ---- all together ---------------------------------------------------------------------- */

static json_t *names_of(json_t *object, int marked)
{
    json_t *list = json_array(), *value;
    const char *name;
    json_object_foreach(object, name, value)
    {
        if (!marked || json_is_true(value))
            json_array_append_new(list, json_string(name));
    }
    return list;
}

struct exportcsv *exportcsv_new(const struct job_stage *st)
{
    struct exportcsv *x = arena_heap(NULL, sizeof *x);
    *x = (struct exportcsv){.st = *st, .p = st->source->host->project};
    x->asked = st->fields;
    x->n_asked = st->n_fields;
    str_init(&x->text, 0);
    return x;
}

void exportcsv_free(struct exportcsv *x)
{
    if (!x)
        return;
    json_decref(x->names);
    json_decref(x->secret);
    free(x->room);
    str_clear(&x->text);
    free(x);
}

int exportcsv_read(struct exportcsv *x,
                   void (*progress)(void *ctx, const struct job_stage *st, uint64_t records),
                   void *ctx, struct error *err)
{
    json_decref(x->names);
    json_decref(x->secret);
    x->names = json_object();
    x->secret = json_object();
    x->progress = progress;
    x->ctx = ctx;
    int code = pass(x, add_names, err);
    for (size_t i = 0; !code && i < x->n_asked; i++)
        code = add_name(x, x->asked[i], err);
    x->progress = NULL;
    return code;
}

struct json_t *exportcsv_write(struct exportcsv *x, struct outdir *dir, const char *file,
                               struct error *err)
{
    uint64_t unfit = x->unfit;
    if (file[0]) {
        set_fields(x);
        if (write_rows(x, dir, file, err))
            return NULL;
    }
    return json_pack("{s:I, s:I, s:o, s:o, s:o}", "records", (json_int_t)x->records, "unfit",
                     (json_int_t)unfit, "columns", names_of(x->names, 0), "json",
                     names_of(x->names, 1), "left_out", names_of(x->secret, 0));
}
