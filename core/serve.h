/* serve.h - what the files of --serve share. One thread does all: it waits for browsers and for the
 * clock, and asks the target at most twice a second however many look. */
#ifndef MIGHOST_SERVE_H
#define MIGHOST_SERVE_H

#include <microhttpd.h>

#include "serveguard.h"
#include "session.h"

#define SERVE_CLIENTS 16 /* browsers that are told of changes */

struct json_t;
struct serve_client;

struct serve {
    struct session *x;
    struct serveguard guard;
    struct MHD_Daemon *daemons[2]; /* 127.0.0.1, and ::1 where there is one */
    struct json_t *doc;            /* NULL: the target could not be asked; err says why */
    struct error err;
    int64_t asked_ms; /* when it was, as of a monotonic clock */
    struct serve_client *clients[SERVE_CLIENTS];
    int ending;
};

/* ---- servedoc.c ---- */
int64_t servedoc_now_ms(void); /* monotonic */
/* The document, no older than half a second. */
const struct json_t *servedoc_get(struct serve *s);

/* ---- serveroutes.c: one request ---- */
enum MHD_Result serveroutes_answer(void *cls, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *size, void **state);

/* ---- serveevents.c: browsers that wait for events ---- */
/* The response for a new one; NULL: there are too many. */
struct MHD_Response *serveevents_open(struct serve *s, struct MHD_Connection *connection);
/* Tells all what changed, and now and then that this process is still there. */
void serveevents_tick(struct serve *s);
void serveevents_end(struct serve *s);
int serveevents_any(const struct serve *s);

#endif
