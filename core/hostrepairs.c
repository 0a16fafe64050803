/* hostrepairs.c - counts and lists repairs until a chunk takes them. What the counts are for is the
 * report's business. */
#include "hostrepairs.h"

#include <stdlib.h>
#include <string.h>

#define RULES_MOST 1000 /* names come from the project: so many are a plugin's bug */

/* NULL: too many. */
static struct host_repair *find(struct unit *u, const char *field, const char *rule)
{
    struct host *h = u->host;
    for (size_t i = 0; i < h->n_repairs; i++)
        if (str_equal(h->repairs[i].rule, rule) && str_equal(h->repairs[i].field, field))
            return &h->repairs[i];
    if (h->n_repairs >= RULES_MOST)
        return NULL;
    h->repairs = arena_heap(h->repairs, (h->n_repairs + 1) * sizeof *h->repairs);
    struct host_repair *r = &h->repairs[h->n_repairs++];
    *r = (struct host_repair){.field = arena_strdup(u->mem, field),
                              .rule = arena_strdup(u->mem, rule)};
    return r;
}

static void list(struct host *h, struct host_repair *r)
{
    if (!h->key.data || r->listed >= HOSTREPAIRS_LISTED)
        return;
    r->listed++;
    h->repaired = arena_heap(h->repaired, (h->n_repaired + 1) * sizeof *h->repaired);
    char *key = arena_heap(NULL, h->key.len + 1);
    memcpy(key, h->key.data, h->key.len);
    key[h->key.len] = '\0';
    h->repaired[h->n_repaired++] = (struct host_repaired){(size_t)(r - h->repairs), key};
}

void hostrepairs_count(const mig_host_t *h, const char *field, const char *rule)
{
    struct unit *u = h->impl;
    if (!field)
        field = u->host->field;
    struct host_repair *r = find(u, field ? field : "", rule ? rule : "");
    if (!r)
        return;
    r->count++;
    list(u->host, r);
}

void hostrepairs_chunk(struct host *h)
{
    for (size_t i = 0; i < h->n_repairs; i++)
        h->repairs[i].count = 0;
    for (size_t i = 0; i < h->n_repaired; i++)
        free(h->repaired[i].key);
    h->n_repaired = 0;
}

void hostrepairs_stage(struct host *h)
{
    hostrepairs_chunk(h);
    h->n_repairs = 0;
}

void hostrepairs_clear(struct host *h)
{
    hostrepairs_stage(h);
    free(h->repairs);
    free(h->repaired);
}
