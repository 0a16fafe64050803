/*
 * connstring.c - parses a connection string without ever showing it.
 *
 * What libpq would only notice while it connects, and then quote, is looked for here: an
 * unescaped '@' or '/' in a password moves a part of it into the host or the port.
 */
#include "connstring.h"

#include <stdio.h>
#include <string.h>

#include "common/pgtls.h"
#include "common/say.h"

static const char *const fix =
    "write postgresql://user@host:port/database, with special characters of user and password "
    "percent-encoded ('@' as %40, '/' as %2F, '%' as %25)";

static int only(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

int connstring_is_host(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._:-,/";
    return only(text, letters);
}

static const char *value_of(const struct connstring *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->names[i], name) == 0)
            return c->values[i];
    return NULL;
}

static void add(struct connstring *c, const char *name, const char *value)
{
    if (c->n < CONNSTRING_PARTS && !value_of(c, name)) {
        c->names[c->n] = name;
        c->values[c->n++] = value;
    }
}

static const char *fault_of(const struct connstring *c)
{
    const char *host = value_of(c, "host"), *port = value_of(c, "port");
    if (host && *host != '/' && *host != '@' && !connstring_is_host(host))
        return "the host holds a character that no host name has; a special character in the "
               "password is not percent-encoded?";
    if (port && !only(port, "0123456789,"))
        return "the port is no number; a special character in the password is not "
               "percent-encoded?";
    return NULL;
}

int32_t connstring_parse(struct connstring *c, const mig_host_t *host, const char *text,
                         unsigned timeout_seconds)
{
    char *message = NULL;
    *c = (struct connstring){.n = 0};
    c->parsed = PQconninfoParse(text, &message);
    PQfreemem(message);
    if (!c->parsed)
        return say_fail(host, MIG_E_CONFIG, fix, "option \"url\" is no valid connection string");
    for (const PQconninfoOption *o = c->parsed; o->keyword; o++)
        if (o->val)
            add(c, o->keyword, o->val);
    const char *fault = fault_of(c);
    if (fault)
        return say_fail(host, MIG_E_CONFIG, fix, "option \"url\": %s", fault);
    snprintf(c->timeout, sizeof c->timeout, "%u", timeout_seconds);
    add(c, "connect_timeout", c->timeout);
    /* A server that vanished is noticed after a minute. */
    add(c, "keepalives", "1");
    add(c, "keepalives_idle", "30");
    add(c, "keepalives_interval", "10");
    add(c, "keepalives_count", "3");
    add(c, "tcp_user_timeout", "60000");
    add(c, "fallback_application_name", "mighost");
    add(c, "client_encoding", "UTF8");
    char mode[PGTLS_MODE];
    if (pgtls_judge(c->names, c->values, mode) == PGTLS_UNSAID)
        add(c, "sslmode", PGTLS_DEFAULT);
    return MIG_OK;
}

void connstring_clear(struct connstring *c)
{
    PQconninfoFree(c->parsed);
    *c = (struct connstring){.n = 0};
}

unsigned connstring_hosts(const struct connstring *c)
{
    unsigned n = 1;
    const char *host = value_of(c, "host");
    if (!host)
        host = value_of(c, "hostaddr");
    for (; host && *host; host++)
        n += *host == ',';
    return n;
}
