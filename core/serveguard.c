/* serveguard.c - the token, the cookie and the name of the host. */
#include "serveguard.h"

#include <stdio.h>
#include <string.h>

#include "digest.h"

static int secret(char out[SERVEGUARD_SECRET + 1])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[SERVEGUARD_SECRET / 2];
    if (digest_random(bytes, sizeof bytes))
        return -1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        out[2 * i] = hex[bytes[i] >> 4];
        out[2 * i + 1] = hex[bytes[i] & 15];
    }
    out[SERVEGUARD_SECRET] = '\0';
    return 0;
}

int serveguard_init(struct serveguard *g, int port)
{
    memset(g, 0, sizeof *g);
    g->port = port;
    snprintf(g->cookie_name, sizeof g->cookie_name, "mighost_%d", port);
    return secret(g->token) || secret(g->cookie) ? -1 : 0;
}

int serveguard_host_ok(const struct serveguard *g, const char *host)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    char due[64];
    for (size_t i = 0; host && i < sizeof names / sizeof *names; i++) {
        snprintf(due, sizeof due, "%s:%d", names[i], g->port);
        if (strcmp(host, due) == 0)
            return 1;
    }
    return 0;
}

static int same(const char *got, const char due[SERVEGUARD_SECRET + 1])
{
    return got && strlen(got) == SERVEGUARD_SECRET && digest_same(got, due, SERVEGUARD_SECRET);
}

int serveguard_redeem(struct serveguard *g, const char *token)
{
    if (g->used || !same(token, g->token))
        return 0;
    g->used = 1;
    return 1;
}

int serveguard_cookie_ok(const struct serveguard *g, const char *cookie)
{
    return g->used && same(cookie, g->cookie);
}
