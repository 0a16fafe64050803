/* counted.c - counts values per field while records pass: a field has a value where it is neither
 * absent nor NULL nor an empty text. What the counts mean for the mapping is in coverage.c. */
#include "counted.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "jsonfile.h"

void counted_begin(struct counted *c, const struct job_stage *stage)
{
    counted_clear(c);
    c->n = stage->n_fields;
    c->filled = arena_heap(NULL, (c->n + 1) * sizeof *c->filled);
    memset(c->filled, 0, (c->n + 1) * sizeof *c->filled);
}

void counted_clear(struct counted *c)
{
    free(c->filled);
    *c = (struct counted){0};
}

void counted_record(struct counted *c, const mig_record_t *record)
{
    for (size_t i = 0; i < c->n; i++)
        c->filled[i] += record->values[i].kind > MIG_NULL && record->values[i].len;
}

void counted_name(const char *name, size_t n, int ascii, struct str *out)
{
    str_reset(out);
    if (ascii)
        str_add_ascii(out, name, n);
    else
        str_add_n(out, name, n);
}

/* ---- the counts as one JSON object ------------------------------------------------------- */

struct counts {
    struct str *json, name;
    int ascii;
    uint64_t nameless; /* of names that are no text, and of those told together */
};

static void add(struct counts *x, uint64_t filled)
{
    str_add_char(x->json, x->json->len ? ',' : '{');
    jsonfile_quote(x->json, x->name.data);
    str_printf(x->json, ":%llu", (unsigned long long)filled);
}

static int32_t add_unread(void *ctx, mig_str_t name, uint64_t filled)
{
    struct counts *x = ctx;
    if (!name.len || !str_utf8_ok(name.data, name.len)) {
        x->nameless += filled;
        return MIG_OK;
    }
    counted_name(name.data, name.len, x->ascii, &x->name);
    add(x, filled);
    return MIG_OK;
}

static int add_all_unread(struct counts *x, const struct job_stage *stage, struct error *err)
{
    int32_t got = call_unread(stage, x, add_unread);
    str_reset(&x->name);
    if (x->nameless)
        add(x, x->nameless);
    return got < 0 ? host_error(stage->source, got, "unread", err) : 0;
}

int counted_set_aside(struct job *job, struct job_stage *stage, int ascii, struct error *err)
{
    struct str json;
    struct counts x = {.json = &json, .ascii = ascii};
    str_init(&json, 0);
    str_init(&x.name, 0);
    int code = add_all_unread(&x, stage, err);
    stage->unread = json.len ? arena_printf(job->mem, ",%s", json.data + 1) : "";
    str_clear(&x.name);
    str_clear(&json);
    return code;
}

int counted_seal(struct counted *c, struct chunk *chunk, int ascii, struct error *err)
{
    const struct job_stage *stage = chunk->stage;
    struct str json;
    struct counts x = {.json = &json, .ascii = ascii};
    int code = 0;
    str_init(&json, 0);
    str_init(&x.name, 0);
    for (size_t i = 0; i < c->n; i++) {
        const char *name = stage->fields[i];
        counted_name(name, strlen(name), ascii, &x.name);
        add(&x, c->filled[i]);
        c->filled[i] = 0;
    }
    if (!stage->spool)
        code = add_all_unread(&x, stage, err);
    else if (chunk->first_number == 1)
        str_add(&json, json.len ? stage->unread : "");
    str_add(&json, json.len ? "}" : "{}");
    chunk->filled = arena_strndup(chunk->mem, json.data, json.len);
    str_clear(&x.name);
    str_clear(&json);
    return code;
}
