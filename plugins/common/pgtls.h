/* pgtls.h - how sure a connection to PostgreSQL will be of its server, known before it is made. For
 * the plugin and for the host, which compiles this in, too. */
#ifndef MIGHOST_PLUGINS_PGTLS_H
#define MIGHOST_PLUGINS_PGTLS_H

/* Hosts beyond this machine must prove their name: what sslmode is where nobody sets it. */
#define PGTLS_DEFAULT "verify-full"
#define PGTLS_MODE 16

enum pgtls {
    PGTLS_FINE,   /* on this machine, or proven */
    PGTLS_UNSAID, /* elsewhere, and nobody sets sslmode: it is to be PGTLS_DEFAULT */
    PGTLS_WEAK    /* elsewhere, and somebody wants less; `mode` says what */
};

/* Keywords and values as PQconnectStartParams() takes them. What they leave open is taken from
 * service file and environment, as libpq does it; nothing is connected. */
enum pgtls pgtls_judge(const char *const *names, const char *const *values, char mode[PGTLS_MODE]);

#endif
