/* found.c - a table for the rows that a check looks for. What is done with them is the caller's. */
#include "found.h"

#include <stdio.h>

int found_make(struct state *s, struct str *select, struct found *out, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    snprintf(out->table, sizeof out->table, "%s.found_%lld", s->q, (long long)s->run);
    str_printf(&sql, "CREATE TABLE %s AS %s", out->table, select->data ? select->data : "");
    sql.failed |= select->failed;
    str_clear(select);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    out->rows = res ? pg_affected(res) : 0;
    pg_free(res);
    return err->code;
}

int found_drop(struct state *s, const struct found *f, struct error *err)
{
    return pg_execf(s->pg, err, "DROP TABLE %s", f->table);
}
