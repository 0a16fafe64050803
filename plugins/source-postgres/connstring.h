/* connstring.h - a connection string in parts. libpq's own messages about one may quote it,
 * password included, so nothing of them is passed on. */
#ifndef MIGHOST_SOURCE_POSTGRES_CONNSTRING_H
#define MIGHOST_SOURCE_POSTGRES_CONNSTRING_H

#include <libpq-fe.h>
#include <mighost/plugin.h>

#define CONNSTRING_PARTS 64U

/* Keywords and values as PQconnectStartParams() takes them, each list ended by NULL. */
struct connstring {
    const char *names[CONNSTRING_PARTS + 1], *values[CONNSTRING_PARTS + 1];
    size_t n;
    PQconninfoOption *parsed; /* owner of what the lists point to */
    char timeout[16];
};

/* Takes a URL or "keyword=value" text and adds what it leaves out: a connect timeout, keepalives,
 * an sslmode that proves the server. Whether a weaker one is allowed the host has said. MIG_OK, or
 * MIG_E_CONFIG said to the host without any of the text. */
int32_t connstring_parse(struct connstring *c, const mig_host_t *host, const char *text,
                         unsigned timeout_seconds);
void connstring_clear(struct connstring *c);
/* How many hosts will be tried, one after the other. */
unsigned connstring_hosts(const struct connstring *c);
/* 1 when the text is a plain host name, address or directory and can be shown. */
int connstring_is_host(const char *text);

#endif
