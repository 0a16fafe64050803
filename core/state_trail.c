/* state_trail.c - the audit trail of a run: table event, each line chained to the one before. */
#include <stdarg.h>

#include "sql.h"
#include "state.h"

/* What the chain's link is made of: an edited, added or removed line breaks it. */
#define CHAIN                                                                                      \
    "encode(sha256(convert_to(concat_ws('|', %s, run, no, at::text, who, what), 'UTF8')), 'hex')"

void state_event_sql(const struct state *s, const char *what, struct str *out)
{
    str_printf(out, "INSERT INTO %s.event SELECT run, no, at, who, what, " CHAIN, s->q, "last");
    str_printf(
        out,
        " FROM (SELECT %lld::bigint AS run, coalesce(max(no), 0) + 1 AS no,"
        " clock_timestamp() AS at, session_user::text AS who, coalesce((array_agg(chain ORDER"
        " BY no DESC))[1], '') AS last, ",
        (long long)s->run);
    sql_literal(out, what);
    str_printf(out, "::text AS what FROM %s.event WHERE run = %lld) x", s->q, (long long)s->run);
}

int state_event(struct state *s, struct error *err, const char *format, ...)
{
    struct str sql, text;
    va_list ap;
    str_init(&text, 0);
    str_init(&sql, 0);
    va_start(ap, format);
    str_vprintf(&text, format, ap);
    va_end(ap);
    state_event_sql(s, text.data, &sql);
    int code = pg_exec_str(s->pg, &sql, err);
    str_clear(&text);
    return code;
}

int state_trail(struct state *s, int64_t *broken, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT count(*) FROM (SELECT *, row_number() OVER (ORDER BY no) AS n,"
                  " coalesce(lag(chain) OVER (ORDER BY no), '') AS last FROM ");
    str_printf(&sql, "%s.event WHERE run = %lld) x WHERE n <> no OR chain <> " CHAIN, s->q,
               (long long)s->run, "last");
    *broken = pg_count(s->pg, &sql, err);
    return err->code;
}

int state_trail_text(struct state *s, struct str *out, struct error *err)
{
    struct pg_result *res =
        pg_queryf(s->pg, err,
                  "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), who,"
                  " regexp_replace(what, '[[:cntrl:]]', '?', 'g') FROM"
                  " %s.event WHERE run = %lld ORDER BY no",
                  s->q, (long long)s->run);
    if (!res)
        return err->code;
    for (int i = 0; i < pg_rows(res); i++)
        str_printf(out, "[%s] %s: %s\n", pg_get(res, i, 0), pg_get(res, i, 1), pg_get(res, i, 2));
    pg_free(res);
    return 0;
}
