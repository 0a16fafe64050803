/*
 * types.c - the description of the application, /meta.
 *
 * Many applications hide it and its form is not promised: a help where it is there, never needed.
 */
#include "types.h"

#include <stdio.h>
#include <string.h>

#include "common/nearest.h"
#include "query.h"

static int32_t each(const json_t *meta, void *ctx, int32_t (*row)(void *ctx, const char *type))
{
    const json_t *get = json_object_get(meta, "get");
    int32_t status = MIG_OK;
    size_t i;
    const char *name;
    json_t *value;
    json_array_foreach((json_t *)get, i, value)
    {
        if (status == MIG_OK && json_is_string(value))
            status = row(ctx, json_string_value(value));
    }
    json_object_foreach((json_t *)get, name, value)
    {
        if (status == MIG_OK)
            status = row(ctx, name);
    }
    return status;
}

static int32_t ask(const struct settings *s, struct transfers *net, struct transfer *t)
{
    char *url = query_meta(s);
    int32_t status = transfer_start(net, t, url);
    curl_free(url);
    return status == MIG_OK ? transfer_finish(net, t) : status;
}

int32_t types_ask(const struct settings *s, struct answer *answer, void *ctx,
                  int32_t (*row)(void *ctx, const char *type))
{
    struct transfers net;
    struct transfer t = {.easy = NULL};
    transfers_init(&net, s);
    int32_t status = ask(s, &net, &t);
    if (status == MIG_OK) {
        answer_read(answer, &t, s);
        json_t *meta = answer->kind == ANSWER_BODY
                           ? json_loadb(t.body.data ? t.body.data : "", t.body.len, 0, NULL)
                           : NULL;
        status = each(meta, ctx, row);
        json_decref(meta);
    }
    transfer_free(&net, &t);
    transfers_clear(&net);
    return status;
}

/* ---- a name that is not there --------------------------------------------------------------- */

struct suggestion {
    const char *type;
    struct nearest near;
    char name[64], list[200]; /* the nearest; all of them, as far as there is room */
    size_t len;
};

static int32_t offer(void *ctx, const char *type)
{
    struct suggestion *x = ctx;
    const char *before = x->near.name;
    nearest_offer(&x->near, x->type, type);
    if (x->near.name != before) {
        snprintf(x->name, sizeof x->name, "%s", type);
        x->near.name = x->name;
    }
    if (x->len + strlen(type) + 3 < sizeof x->list)
        x->len += (size_t)snprintf(x->list + x->len, sizeof x->list - x->len, "%s%s",
                                   x->len ? ", " : "", type);
    return MIG_OK;
}

void types_suggest(const struct settings *s, const char *type, char *out, size_t room)
{
    struct suggestion x = {.type = type};
    struct answer answer;
    *out = '\0';
    if (types_ask(s, &answer, &x, offer) != MIG_OK)
        return;
    if (x.near.name)
        snprintf(out, room, "; did you mean \"%s\"?", x.name);
    else if (x.len)
        snprintf(out, room, "; the application gives out: %s", x.list);
}
