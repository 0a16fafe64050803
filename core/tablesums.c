/* tablesums.c - one statement a table, in text form, which means the same in every database. */
#include "tablesums.h"

#include <string.h>

#define MOST_NAMES 20 /* in a message */

static const char list_sql[] =
    "SELECT * FROM (SELECT format('%I.%I', n.nspname, c.relname) AS name, CASE c.relkind WHEN 'S' "
    "THEN format('SELECT 0,"
    " concat_ws('' '', last_value, is_called) FROM %I.%I', n.nspname, c.relname) ELSE"
    " format($$SELECT count(*), concat_ws('-', count(*), sum(('x' || substr(h, 1,"
    " 15))::bit(60)::int8), sum(('x' || substr(h, 16, 15))::bit(60)::int8)) FROM (SELECT"
    " encode(sha256(convert_to(_mig_row::text, 'UTF8')), 'hex') AS h, clock_timestamp() FROM ONLY"
    " %I.%I AS _mig_row) x$$, n.nspname, c.relname) END FROM pg_class c JOIN pg_namespace n ON"
    " n.oid = c.relnamespace WHERE c.relkind IN ('r', 'S') AND c.relpersistence <> 't' AND"
    " n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname <> $1 AND NOT EXISTS"
    " (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND"
    " d.deptype = 'e')) y ORDER BY name COLLATE \"C\"";

int tablesums_read(struct pg *pg, const char *without, struct arena *mem, struct tablesums *out,
                   struct error *err)
{
    memset(out, 0, sizeof *out);
    struct pg_result *list = pg_query(pg, err, list_sql, 1, &without);
    if (!list)
        return err->code;
    size_t n = (size_t)pg_rows(list);
    out->items = arena_alloc(mem, (n + 1) * sizeof *out->items);
    for (size_t i = 0; i < n && !err->code; i++) {
        struct pg_result *sum = pg_query(pg, err, pg_get(list, (int)i, 1), 0, NULL);
        if (sum)
            out->items[out->n++] =
                (struct tablesum){.name = arena_strdup(mem, pg_get(list, (int)i, 0)),
                                  .sum = arena_strdup(mem, pg_get(sum, 0, 1)),
                                  .rows = pg_get_int(sum, 0, 0)};
        pg_free(sum);
    }
    pg_free(list);
    return err->code;
}

static void add(struct str *names, size_t n, const char *name)
{
    if (n < MOST_NAMES)
        str_printf(names, "%s%s", n ? ", " : "", name);
    else if (n == MOST_NAMES)
        str_add(names, " ...");
}

size_t tablesums_differ(const struct tablesums *a, const struct tablesums *b, struct str *names)
{
    size_t i = 0, k = 0, n = 0;
    while (i < a->n || k < b->n) {
        int by = i == a->n ? 1 : k == b->n ? -1 : strcmp(a->items[i].name, b->items[k].name);
        if (by || strcmp(a->items[i].sum, b->items[k].sum) != 0)
            add(names, n++, by <= 0 ? a->items[i].name : b->items[k].name);
        i += by <= 0;
        k += by >= 0;
    }
    return n;
}
