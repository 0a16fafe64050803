/* variables.h - where ${NAME} comes from: the environment, files named by NAME_FILE, the env file,
 * the split V1_DB_* and V2_DB_* sets; and its replacement in texts. */
#ifndef MIGHOST_VARIABLES_H
#define MIGHOST_VARIABLES_H

#include "arena.h"
#include "envfile.h"
#include "status.h"

struct variable {
    const char *value;
    const char *origin; /* "environment DATABASE_URL", "env file .env DATABASE_URL" */
    const char *name;   /* the variable that was really set: "DATABASE_URL_FILE" */
    int from_file;      /* the env file said it */
    const char *asked;  /* the name that was looked up */
};

struct variables {
    struct arena *mem;
    const struct envfile *file; /* n 0 when there is none */
    struct faults *faults;      /* of *_FILE files that can not be read */
    /* From the command line; or NULL. What V1_DATABASE_URL, or V2_DATABASE_URL and DATABASE_URL,
     * stand for where nothing sets them. */
    const char *source_url, *target_url;
    struct variable *known; /* already looked up; made by variables_get() */
    size_t n_known;
};

/* Value and origin, value NULL when nothing sets it. Secrets are made known to log_secret(). */
struct variable variables_get(struct variables *v, const char *name);

struct variables_text {
    const char *text;   /* replaced; NULL after a fault */
    const char *fault;  /* "${NAME} is not set" */
    const char *fix;    /* may be NULL */
    const char *origin; /* of the value when the whole text is one ${NAME}; else NULL */
    const char *names;  /* "DATABASE_URL, X": the ones that were asked for; NULL when none */
    int secret;         /* holds a secret and is no URL, whose password could be masked alone */
};

/* ${NAME}, ${NAME:-default} (also when empty), $${ for a plain ${. One pass: what a value holds
 * is not looked at again. */
struct variables_text variables_replace(struct variables *v, const char *text);

#endif
