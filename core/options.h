/* options.h - a unit's option table + the project's JSON object -> checked values, or a list
 * of faults. Pure. Uses jansson for the object (it is where JSON is read). */
#ifndef MIGHOST_OPTIONS_H
#define MIGHOST_OPTIONS_H

#include <mighost/plugin.h>

#include "arena.h"
#include "status.h"
#include "str.h"

struct options {
    const mig_option_t *table; /* borrowed from the unit; may be NULL: no options */
    mig_value_t *values;       /* one per entry, in table order */
    size_t n;
};

/* `unit` ("transform:email") and `where` ("stage orders") are for messages. `json` is an
 * object as text, NULL or "" for none. Unknown names (nearest one suggested), wrong types,
 * values out of `allowed` and missing required ones are faults of code STATUS_CONFIG.
 * MIG_OPT_PATH values become absolute against `dir`. Values live in `mem`. */
int options_parse(const mig_option_t *table, const char *json, const char *unit, const char *where,
                  const char *dir, struct arena *mem, struct options *out, struct faults *faults);
/* MIG_E_BUG when the table has no such option. */
int options_get(const struct options *options, const char *name, mig_value_t *out);
/* The first of type MIG_OPT_URL, where it leads to a PostgreSQL database; else NULL. It may hold a
 * password: the caller wipes and frees it. */
char *options_database_url(const struct options *options);
/* Checks the table itself: names, types, defaults that parse. One fault each. */
int options_check_table(const mig_option_t *table, const char *unit, struct faults *faults);
/* "name  type  default  help" lines, for --list-plugins and the docs. */
void options_print(const mig_option_t *table, struct str *out);

#endif
