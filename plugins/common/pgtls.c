/* pgtls.c - libpq itself says what a connection would be made of: it is given one setting that it
 * refuses before it looks for any host, and asked for all others then. A mode that libpq does not
 * know is left to it. */
#include "pgtls.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST 80

static int is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six);
    return strcasecmp(host, "localhost") == 0;
}

/* One entry of a list of hosts or addresses; sockets are directories, or abstract names. */
static int is_near(const char *text, size_t n)
{
    char host[256];
    if (n == 0 || *text == '/' || *text == '@')
        return 1;
    if (n >= sizeof host)
        return 0;
    memcpy(host, text, n);
    host[n] = '\0';
    return is_loopback(host);
}

static int are_near(const char *list)
{
    for (const char *p = list; p && *p;) {
        size_t n = strcspn(p, ",");
        if (!is_near(p, n))
            return 0;
        p += n + (p[n] == ',');
    }
    return 1;
}

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *o = options; o && o->keyword; o++)
        if (strcmp(o->keyword, keyword) == 0)
            return o->val;
    return NULL;
}

/* What libpq would take; NULL where it runs out of memory. */
static PQconninfoOption *resolve(const char *const *names, const char *const *values)
{
    const char *n[MOST + 2], *v[MOST + 2];
    size_t i = 0;
    for (; names[i] && i < MOST; i++) {
        n[i] = names[i];
        v[i] = values[i];
    }
    n[i] = "target_session_attrs";
    v[i++] = "none: this is not to connect";
    n[i] = v[i] = NULL;
    PGconn *conn = PQconnectStartParams(n, v, 0);
    PQconninfoOption *options = conn ? PQconninfo(conn) : NULL;
    PQfinish(conn);
    return options;
}

static int is_set(const char *const *names, const char *const *values)
{
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], "sslmode") == 0 && values[i] && *values[i])
            return 1;
    return getenv("PGSSLMODE") != NULL;
}

enum pgtls pgtls_judge(const char *const *names, const char *const *values, char mode[PGTLS_MODE])
{
    static const char *const weak[] = {"disable", "allow", "prefer", "require", "verify-ca"};
    PQconninfoOption *options = resolve(names, values);
    const char *wanted = value_of(options, "sslmode");
    enum pgtls found = PGTLS_FINE;
    int near = are_near(value_of(options, "host")) && are_near(value_of(options, "hostaddr"));
    snprintf(mode, PGTLS_MODE, "%s", wanted ? wanted : "");
    for (size_t i = 0; !near && i < sizeof weak / sizeof *weak; i++)
        if (strcmp(mode, weak[i]) == 0)
            found = PGTLS_WEAK;
    /* libpq's own default: a service file that says the same is made stricter. */
    if (found == PGTLS_WEAK && strcmp(mode, "prefer") == 0 && !is_set(names, values))
        found = PGTLS_UNSAID;
    PQconninfoFree(options);
    return found;
}
