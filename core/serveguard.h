/* serveguard.h - who may look at the page of --serve: one token, printed once, is exchanged once
 * for a cookie; requests for another host's name are refused (a name that leads here is how a
 * foreign page would ask, DNS rebinding). Knows nothing of HTTP. */
#ifndef MIGHOST_SERVEGUARD_H
#define MIGHOST_SERVEGUARD_H

#define SERVEGUARD_SECRET 64 /* characters */

struct serveguard {
    char token[SERVEGUARD_SECRET + 1], cookie[SERVEGUARD_SECRET + 1];
    char cookie_name[32]; /* cookies know no ports: another mighost's must not be overwritten */
    int port, used;
};

/* 0, or -1: no random bytes. */
int serveguard_init(struct serveguard *g, int port);
/* The header as it came; NULL: none. */
int serveguard_host_ok(const struct serveguard *g, const char *host);
/* The token, for the first and the last time. */
int serveguard_redeem(struct serveguard *g, const char *token);
int serveguard_cookie_ok(const struct serveguard *g, const char *cookie);

#endif
