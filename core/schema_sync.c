/* schema_sync.c - puts the statements that schema_read.c got from the server into the order in
 * which they can be run: by kind, then by age, since an older object rests on no younger one. */
#include "schema_sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bodies of functions may name tables that come later. */
#define BEGIN "SET LOCAL check_function_bodies = off"
#define COMMIT_SECONDS 60

static int by_age(const void *left, const void *right)
{
    const struct schema_difference *a = left, *b = right;
    if (a->a->order != b->a->order)
        return a->a->order < b->a->order ? -1 : 1;
    return a->a->born < b->a->born ? -1 : a->a->born > b->a->born;
}

/* The statement for one difference; NULL: none, see `why`. */
static const char *statement(const struct schema_difference *d, const char **why)
{
    *why = NULL;
    if (d->b && !d->a)
        *why = "only here, stays";
    else if (d->within && strcmp(d->a->kind, "column") == 0)
        return NULL; /* is in its table's statement */
    else if (!d->b && !d->a->make)
        *why = "cannot be made by SQL";
    else if (d->b && !d->a->change)
        *why = "is another one and cannot be changed by SQL";
    else
        return d->b ? d->a->change : d->a->make;
    return NULL;
}

/* Those with an `a`, in order; the caller frees. */
static struct schema_difference *sorted(const struct schema_differences *d, size_t *n)
{
    struct schema_difference *list = arena_heap(NULL, (d->n + 1) * sizeof *list);
    *n = 0;
    for (size_t i = 0; i < d->n; i++)
        if (d->items[i].a)
            list[(*n)++] = d->items[i];
    if (*n)
        qsort(list, *n, sizeof *list, by_age);
    return list;
}

void schema_sync_text(const struct schema_differences *d, struct str *out)
{
    size_t n;
    const char *why;
    struct schema_difference *list = sorted(d, &n);
    str_add(out, "BEGIN;\n" BEGIN ";\n");
    for (size_t i = 0; i < n; i++) {
        const char *sql = statement(&list[i], &why);
        if (sql)
            str_printf(out, "%s;\n", sql);
        else if (why)
            str_printf(out, "-- %s %s: %s\n", list[i].a->kind, list[i].a->name, why);
    }
    for (size_t i = 0; i < d->n; i++)
        if (!d->items[i].a && !d->items[i].within)
            str_printf(out, "-- %s %s: only here, stays\n", d->items[i].b->kind,
                       d->items[i].b->name);
    str_add(out, "COMMIT;\n");
    free(list);
}

/* The server's own words may hold values of rows. */
static int refused(const struct schema_difference *d, const char *sqlstate, struct error *err)
{
    char state[8];
    snprintf(state, sizeof state, "%s", sqlstate);
    error_clear(err);
    error_set(err, STATUS_PREFLIGHT, "%s %s cannot be made (SQLSTATE %s)", d->a->kind, d->a->name,
              state);
    error_fix(err, "see its statement without --yes; make it by hand, then repeat");
    if (strcmp(state, "0A000") == 0 || strcmp(state, "2BP01") == 0) {
        error_why(err, "something else rests on what is there: a view, a rule, a generated column");
        error_fix(err, "drop that in the rehearsal database; it is made again by the same command");
    } else if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0) {
        error_why(err, "rows that are there do not fit");
        error_fix(err, "correct or delete them in the rehearsal database, or have all of it made "
                       "anew by --rehearse");
    }
    return err->code;
}

static int run_all(struct pg *pg, const struct schema_difference *list, size_t n, struct error *err)
{
    int code = pg_exec(pg, err, BEGIN);
    const char *why;
    for (size_t i = 0; !code && i < n; i++) {
        const char *sql = statement(&list[i], &why);
        code = sql ? pg_exec(pg, err, sql) : 0;
        if (!code)
            continue;
        code = refused(&list[i], pg_sqlstate(pg), err);
    }
    return code;
}

int schema_sync_apply(struct pg *pg, const struct schema_differences *d, struct error *err)
{
    size_t n;
    struct schema_difference *list = sorted(d, &n);
    int code = pg_begin(pg, "", err);
    if (!code)
        code = run_all(pg, list, n, err);
    free(list);
    if (!code)
        return pg_commit(pg, COMMIT_SECONDS, err);
    pg_rollback(pg);
    return code;
}
