/* session.h - the one connection of a source, and its read-only snapshot. */
#ifndef MIGHOST_SOURCE_POSTGRES_SESSION_H
#define MIGHOST_SOURCE_POSTGRES_SESSION_H

#include <libpq-fe.h>

#include "connstring.h"

struct session {
    const mig_host_t *host; /* borrowed */
    const char *url;        /* borrowed; never shown */
    unsigned timeout;       /* of connecting, seconds */
    PGconn *conn;           /* NULL: not connected */
    char *snapshot;         /* xmin:xmax:xids, of the transaction; owned */
    int began;              /* the snapshot is taken: another connection would see another */
    char shared[64]; /* by which others take the snapshot, or from whom it was taken; or "" */
    int joined;      /* it is another process's */
    char *released;  /* the snapshot that was let go first; owned; NULL: none was */
};

void session_init(struct session *s, const mig_host_t *host, const char *url, unsigned timeout);
void session_clear(struct session *s);

/* "source entity "x"": what a message about an entity begins with, cut where it is long. */
#define SESSION_SUBJECT 256
void session_name(char subject[SESSION_SUBJECT], const char *entity);

/* Connects, unless it is. 0 or negative, said to the host. */
int32_t session_connect(struct session *s);
/* Connects and begins the read-only transaction that lasts until session_release(). */
int32_t session_begin(struct session *s);
/* Ends that transaction; the next session_begin() begins another one. */
void session_release(struct session *s);
/* Makes s->shared, which holds as long as the transaction. No COPY may run. */
int32_t session_share(struct session *s);
/* In a forked process: lets go of the connection, whose other end stays the parent's, and takes the
 * shared snapshot with the next session_begin(). 0, or -1: that is no name of one. */
int session_join(struct session *s, const char *shared, size_t n);
/* One statement with text parameters. `subject` is what a message is about ("table x"). A
 * failure leaves the snapshot as it was. On success the result is the caller's. */
int32_t session_query(struct session *s, const char *subject, const char *sql, int n_params,
                      const char *const *params, PGresult **out);
/* The columns that a SELECT gives, as PQfname() and PQftype() of the result; nothing is read. */
int32_t session_describe(struct session *s, const char *subject, const char *sql, PGresult **out);
/* Says why `r` (or the connection, NULL) failed, clears it and goes back to the snapshot. */
int32_t session_failed(struct session *s, const char *subject, PGresult *r);
/* Stops a COPY that runs, and goes back to the snapshot. */
void session_stop_copy(struct session *s);

#endif
