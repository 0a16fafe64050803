/* serveevents.c - server-sent events. A browser has at most one event under way and then takes the
 * newest: one that does not read costs one copy of it, until the time limit for connections that do
 * not move ends it. What is not written to is suspended, so that nobody polls for it. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve.h"
#include "str.h"

#define ALIVE_MS 10000 /* a line to each, by which one that went away is found */

struct serve_client {
    struct serve *s;
    struct MHD_Connection *connection;
    char *text; /* under way; NULL: none */
    size_t len, at;
    int suspended;
    int64_t told_ms;
    size_t told; /* hash of what it was told last */
};

/* But for the time of asking, which is no change. */
static char *event_text(const json_t *doc, size_t *hash)
{
    json_t *copy = json_copy((json_t *)doc);
    json_object_del(copy, "at");
    char *plain = json_dumps(copy, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(copy);
    *hash = 5381;
    for (const char *p = plain; p && *p; p++)
        *hash = *hash * 33 + (unsigned char)*p;
    free(plain);
    char *data = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(9));
    struct str text;
    str_init(&text, 0);
    str_printf(&text, "event: status\ndata: %s\n\n", data ? data : "{}");
    free(data);
    return str_take(&text);
}

static void give(struct serve_client *c, const char *text)
{
    free(c->text);
    c->text = strdup(text);
    c->len = c->text ? strlen(c->text) : 0;
    c->at = 0;
    c->told_ms = servedoc_now_ms();
}

static ssize_t read_event(void *cls, uint64_t position, char *buffer, size_t most)
{
    struct serve_client *c = cls;
    (void)position;
    if (c->s->ending)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (!c->text) {
        c->suspended = 1;
        MHD_suspend_connection(c->connection);
        return 0;
    }
    size_t n = c->len - c->at < most ? c->len - c->at : most;
    memcpy(buffer, c->text + c->at, n);
    c->at += n;
    if (c->at == c->len) {
        free(c->text);
        c->text = NULL;
    }
    return (ssize_t)n;
}

static void gone(void *cls)
{
    struct serve_client *c = cls;
    for (size_t i = 0; i < SERVE_CLIENTS; i++)
        if (c->s->clients[i] == c)
            c->s->clients[i] = NULL;
    free(c->text);
    free(c);
}

struct MHD_Response *serveevents_open(struct serve *s, struct MHD_Connection *connection)
{
    size_t place = 0;
    while (place < SERVE_CLIENTS && s->clients[place])
        place++;
    struct serve_client *c = place < SERVE_CLIENTS ? calloc(1, sizeof *c) : NULL;
    if (!c)
        return NULL;
    c->s = s;
    c->connection = connection;
    give(c, ": mighost\n\n");
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_event, c, gone);
    if (!r)
        gone(c);
    else
        s->clients[place] = c;
    return r;
}

int serveevents_any(const struct serve *s)
{
    for (size_t i = 0; i < SERVE_CLIENTS; i++)
        if (s->clients[i])
            return 1;
    return 0;
}

static void wake(struct serve_client *c)
{
    if (c->suspended) {
        c->suspended = 0;
        MHD_resume_connection(c->connection);
    }
}

void serveevents_tick(struct serve *s)
{
    size_t hash = 0;
    const json_t *doc = servedoc_get(s);
    char *text = doc ? event_text(doc, &hash) : strdup("event: lost\ndata: {}\n\n");
    for (size_t i = 0; text && i < SERVE_CLIENTS; i++) {
        struct serve_client *c = s->clients[i];
        if (!c || c->text)
            continue;
        if (c->told != hash)
            give(c, text);
        else if (servedoc_now_ms() - c->told_ms > ALIVE_MS)
            give(c, ": still here\n\n");
        c->told = hash;
        if (c->text)
            wake(c);
    }
    free(text);
}

void serveevents_end(struct serve *s)
{
    s->ending = 1;
    for (size_t i = 0; i < SERVE_CLIENTS; i++)
        if (s->clients[i])
            wake(s->clients[i]);
}
