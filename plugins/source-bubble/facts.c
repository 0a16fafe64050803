/*
 * facts.c - counters and the digest, told, kept with a position, and taken up again.
 */
#include "facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void hex_of(const struct record *r, char out[65])
{
    for (size_t i = 0; i < sizeof r->sum; i++)
        snprintf(out + 2 * i, 3, "%02x", r->sum[i]);
}

json_t *facts_keep(const struct record *r, const struct transfers_count *c)
{
    char hex[65];
    json_t *filled = json_array();
    for (size_t i = 0; i < r->fields.n_wanted; i++)
        json_array_append_new(filled, json_integer((json_int_t)r->filled[i]));
    hex_of(r, hex);
    return json_pack("{sI sI sI sI ss so}", "requests", (json_int_t)c->requests, "retries",
                     (json_int_t)c->retries, "pages", (json_int_t)c->pages, "again",
                     (json_int_t)c->again, "sum", hex, "filled", filled);
}

void facts_restore(const json_t *kept, struct record *r, struct transfers_count *c)
{
    const char *hex = json_string_value(json_object_get(kept, "sum"));
    size_t i;
    json_t *n;
    c->requests = (uint64_t)json_integer_value(json_object_get(kept, "requests"));
    c->retries = (uint64_t)json_integer_value(json_object_get(kept, "retries"));
    c->pages = (uint64_t)json_integer_value(json_object_get(kept, "pages"));
    c->again = (uint64_t)json_integer_value(json_object_get(kept, "again"));
    for (i = 0; hex && i < sizeof r->sum && hex[2 * i]; i++)
        sscanf(hex + 2 * i, "%2hhx", &r->sum[i]);
    json_array_foreach(json_object_get(kept, "filled"), i, n)
    {
        if (i < r->fields.n_wanted)
            r->filled[i] = (uint64_t)json_integer_value(n);
    }
}

int32_t facts_tell(const struct record *r, const struct transfers_count *c, void *ctx,
                   int32_t (*fact)(void *ctx, const char *name, const char *value))
{
    const struct {
        const char *name;
        uint64_t n;
    } counts[] = {{"requests", c->requests},
                  {"retries", c->retries},
                  {"pages", c->pages},
                  {"read_again", c->again},
                  {"records", r->n}};
    char text[65];
    hex_of(r, text);
    int32_t status = fact(ctx, "digest", text);
    for (size_t i = 0; status == MIG_OK && i < sizeof counts / sizeof *counts; i++) {
        snprintf(text, sizeof text, "%" PRIu64, counts[i].n);
        status = fact(ctx, counts[i].name, text);
    }
    return status;
}
