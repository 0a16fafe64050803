/*
 * ahead.c - lets requests of several types be under way together.
 *
 * The host reads one type after the other, and the end of each is a wait for the last answers: the
 * first pages of the next types fill it. They share connections, pauses and the limit of requests
 * with the open type, which comes first. Memory is bounded by a few pages a type. A page that comes
 * early is as one that is used late: the keyset notices what changed meanwhile.
 */
#include "ahead.h"

#include <stdlib.h>
#include <string.h>

#define STALE_MS                                                                                   \
    (10 * 1000) /* nobody looked: what was under way may have run into its time limit */

struct ahead_type {
    char *entity;
    struct query query;
    struct reader *reader; /* NULL: not begun */
    struct ahead_type *next;
};

void ahead_init(struct ahead *a, const struct settings *s, struct transfers *net, struct pace *pace)
{
    *a = (struct ahead){s, net, pace, NULL};
}

static void drop_reader(struct ahead_type *t)
{
    reader_free(t->reader);
    t->reader = NULL;
}

static void free_type(struct ahead_type *t)
{
    drop_reader(t);
    free(t->entity);
    free(t->query.type);
    free(t);
}

void ahead_clear(struct ahead *a)
{
    while (a->first) {
        struct ahead_type *t = a->first;
        a->first = t->next;
        free_type(t);
    }
}

int ahead_announce(struct ahead *a, const char *entity)
{
    struct ahead_type **end = &a->first, *t = calloc(1, sizeof *t);
    while (*end)
        end = &(*end)->next;
    *end = t;
    if (!t)
        return -1;
    t->entity = strdup(entity);
    t->query.type = query_type(entity);
    return t->entity && t->query.type ? 0 : -1;
}

static int32_t advance(struct ahead *a, struct ahead_type *t)
{
    if (t->reader && transfer_now() - t->reader->slots.last_look > STALE_MS)
        drop_reader(t);
    if (!t->reader) {
        t->reader = reader_new(a->s, a->net, a->pace);
        int32_t status = t->reader ? reader_begin_ahead(t->reader, t->entity, &t->query) : MIG_OK;
        if (status != MIG_OK)
            return status;
    }
    return t->reader ? reader_fetch(t->reader, AHEAD_PAGES) : MIG_OK;
}

int32_t ahead_advance(struct ahead *a)
{
    int32_t status = MIG_OK;
    uint32_t n = 0;
    for (struct ahead_type *t = a->first; t && n < AHEAD_TYPES && status == MIG_OK;
         t = t->next, n++)
        status = advance(a, t);
    return status;
}

struct reader *ahead_take(struct ahead *a, const char *type)
{
    for (struct ahead_type **at = &a->first; *at; at = &(*at)->next) {
        struct ahead_type *t = *at;
        if (strcmp(t->query.type, type) != 0)
            continue;
        struct reader *r = t->reader;
        if (r && transfer_now() - r->slots.last_look > STALE_MS)
            drop_reader(t);
        r = t->reader;
        t->reader = NULL;
        *at = t->next;
        free_type(t);
        return r;
    }
    return NULL;
}
