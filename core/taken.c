/* taken.c - who keeps a value that several rows want, and what the others get. One statement finds
 * them, as sets:
 *   want    staged rows with the value, folded, and with what their live row holds
 *   held    values of live rows that stay; a live row holds its value as check found it, also when
 *           it is overwritten, so that the outcome depends on no order of writing
 *   ranked  rows of values that are wanted twice, or held: first whose own live row holds it, then
 *           in the order of stages and keys. The first keeps it, unless another live row has it
 *   used    numbers of suffixes that somebody has, in the source or live
 * A row whose live row has a suffixed form of the value keeps that: a suffix, once given, stays. */
#include "taken.h"

#include <stdio.h>

#include "found.h"
#include "match.h"
#include "reject.h"
#include "rewrite.h"
#include "sql.h"
#include "unique.h"

/* Octets before the @ of an address (RFC 5321); counted as letters here, as a rule ASCII. */
#define LOCAL_PART 64

struct taking {
    const struct job *job;
    struct job_table *t;
    const struct job_unique *u;
    struct str column;        /* quoted */
    struct str base, pattern; /* SQL over a folded value, alias x.v: without its suffix */
};

/* Key order: shorter keys first, so that numbers are in their own order. */
#define KEY_ORDER "record >> 52, length(key), key COLLATE \"C\", id"

/* Under skip and reject a row with a live row is not written. */
static void add_want(const struct taking *x, struct str *sql)
{
    char staged[160], live[160];
    snprintf(staged, sizeof staged, "s.%s::text", x->column.data);
    snprintf(live, sizeof live, "l.%s::text", x->column.data);
    str_add(sql, "want AS (SELECT s._mig_id AS id, s._mig_record AS record, s._mig_key AS key, ");
    unique_folded(x->u->p, staged, sql);
    str_printf(sql, " AS v, %s AS said, %s AS live, ", staged, live);
    unique_folded(x->u->p, live, sql);
    str_printf(sql,
               " AS live_v, m._mig_at AS at FROM %s s LEFT JOIN %s m ON m._mig_id = s._mig_id LEFT"
               " JOIN %s l ON %s = m._mig_at WHERE s._mig_state = 0 AND s.%s IS NOT NULL%s), ",
               x->t->staging, x->t->match_table, x->t->t->quoted, match_at(x->t), x->column.data,
               x->t->policy == POLICY_SKIP || x->t->policy == POLICY_REJECT
                   ? " AND m._mig_id IS NULL"
                   : "");
}

static void add_held(const struct taking *x, struct str *sql)
{
    char live[160];
    snprintf(live, sizeof live, "l.%s::text", x->column.data);
    str_add(sql, "held AS MATERIALIZED (SELECT ");
    unique_folded(x->u->p, live, sql);
    str_printf(sql,
               " AS v, %s AS at FROM %s l WHERE l.%s IS NOT NULL AND NOT EXISTS (SELECT FROM %s d"
               " WHERE d._mig_at = %s)), ",
               match_at(x->t), x->t->t->quoted, x->column.data, x->t->delete_table, match_at(x->t));
}

/* Stage and source key of a row, as "stage:key". */
static void add_name(const struct taking *x, struct str *sql)
{
    str_add(sql, "CASE record >> 52");
    for (size_t i = 0; i < x->t->n_stages; i++) {
        const struct job_stage *st = &x->job->stages[x->t->stages[i]];
        str_printf(sql, " WHEN %zu THEN ", st->no);
        sql_literal(sql, st->p->name);
    }
    str_add(sql, " END || ':' || coalesce(key, '')");
}

static void add_losers(const struct taking *x, struct str *sql)
{
    str_add(sql, "claim AS MATERIALIZED (SELECT *, ");
    if (x->u->p->on_taken == TAKEN_SUFFIX)
        str_printf(sql,
                   "live_v IS NOT NULL AND live_v <> v AND coalesce((SELECT %s = want.v FROM"
                   " (SELECT want.live_v AS v) x), false)",
                   x->base.data);
    else
        str_add(sql, "false");
    str_add(sql,
            " AS kept FROM want), many AS MATERIALIZED (SELECT v FROM claim WHERE NOT kept GROUP BY"
            " v HAVING count(*) > 1 UNION SELECT c.v FROM claim c JOIN held h ON h.v = c.v AND h.at"
            " IS DISTINCT FROM c.at WHERE NOT c.kept), holders AS MATERIALIZED (SELECT v, count(*)"
            " AS n FROM held WHERE v IN (SELECT v FROM many) GROUP BY v), ranked AS (SELECT *,"
            " row_number() OVER w AS n, first_value(free) OVER w AS settled, first_value(name) OVER"
            " w AS winner FROM (SELECT c.*, coalesce(c.live_v = c.v, false) AS own, c.live_v = c.v"
            " OR h.n IS NULL AS free, ");
    add_name(x, sql);
    str_add(sql,
            " AS name FROM claim c JOIN many USING (v) LEFT JOIN holders h USING (v) WHERE NOT"
            " kept) x WINDOW w AS (PARTITION BY v ORDER BY own DESC, " KEY_ORDER ")), losers AS"
            " MATERIALIZED (SELECT id, record, key, v, ");
    unique_plain(x->u->p, "said", sql);
    str_add(sql,
            " AS plain, CASE WHEN settled THEN winner END AS"
            " winner, row_number() OVER (PARTITION BY v ORDER BY " KEY_ORDER ") AS r FROM ranked"
            " WHERE n > 1 OR free IS NOT TRUE)");
}

/* As many numbers as there are losers and used ones hold one for each. */
static void add_numbers(const struct taking *x, struct str *sql)
{
    str_printf(sql,
               ", used AS MATERIALIZED (SELECT DISTINCT v, n FROM (SELECT %s AS v,"
               " (regexp_match(x.v, %s))[2]::bigint AS n FROM (SELECT CASE WHEN kept THEN live_v"
               " ELSE v END AS v FROM claim UNION ALL SELECT v FROM held) x WHERE strpos(x.v, ",
               x->base.data, x->pattern.data);
    sql_literal(sql, x->u->p->sign); /* most have none, and a pattern is slow to say so */
    str_printf(sql,
               ") > 0 AND x.v ~ %s) y WHERE v IN (SELECT v FROM losers)), room AS (SELECT v, "
               "sum(n)::int AS n FROM (SELECT"
               " v, count(*) AS n FROM losers GROUP BY v UNION ALL SELECT v, count(*) FROM used"
               " GROUP BY v) z GROUP BY v), open AS (SELECT v, g.n,"
               " row_number() OVER (PARTITION BY v ORDER BY g.n) AS r FROM room, LATERAL"
               " generate_series(1, room.n) AS g (n) WHERE NOT EXISTS (SELECT FROM used u WHERE u.v"
               " = room.v AND u.n = g.n)), given AS (SELECT id, record, key, winner, ",
               x->pattern.data);
    unique_suffixed(x->u->p, "plain", "o.n::text", sql);
    str_add(sql, " AS value FROM losers JOIN open o USING (v, r) UNION ALL SELECT id, record, key,"
                 " NULL, live FROM claim WHERE kept)");
}

/* What becomes of each: `fate` as "on_taken" has it. What does not fit its column with a suffix is
 * refused, and so is an address that no mail would come to. */
static void add_fate(const struct taking *x, struct str *sql)
{
    const struct catalog_column *c = x->u->column;
    str_add(sql, " SELECT id AS _mig_id, record AS _mig_record, key AS _mig_key, winner, ");
    if (x->u->p->on_taken != TAKEN_SUFFIX)
        str_printf(sql, "NULL::text AS value, '%s' AS fate FROM losers",
                   x->u->p->on_taken == TAKEN_NULL ? "null" : "reject");
    else {
        str_add(sql, "value, CASE WHEN ");
        if (c->type.typmod > 4)
            str_printf(sql, "char_length(value) > %d OR ", (int)c->type.typmod - 4);
        if (x->u->p->before && str_equal(x->u->p->before, "@"))
            str_printf(sql, "strpos(value, '@') > %d OR ", LOCAL_PART + 1);
        str_add(sql, "false THEN 'reject' ELSE 'suffix' END AS fate FROM given");
    }
}

/* ---- what is done with them ---------------------------------------------------------------- */

static int change(struct state *s, const struct taking *x, const struct found *f, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s s SET %s = w.value::%s", x->t->staging, x->column.data,
               x->u->column->base);
    rewrite_keep(x->t, "s", (const char *const[]){x->u->column->name}, 1, &sql);
    str_printf(&sql, " FROM %s w WHERE w._mig_id = s._mig_id AND w.fate <> 'reject'", f->table);
    return pg_exec_str(s->pg, &sql, err);
}

static int count_and_list(struct state *s, const struct taking *x, const struct found *f,
                          struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "INSERT INTO %s.repair SELECT %lld, 0, c.stage, ", s->q, (long long)s->run);
    sql_literal(&sql, x->u->column->name);
    str_printf(&sql, ", " TAKEN_RULE("w.fate") ", count(*) FROM %s w", f->table);
    reject_join(s, &sql);
    str_printf(&sql,
               " WHERE w.fate <> 'reject' GROUP BY c.stage, w.fate; INSERT INTO %s.taken SELECT"
               " %lld, c.stage, w._mig_key, ",
               s->q, (long long)s->run);
    char name[520];
    snprintf(name, sizeof name, "%s.%s", x->t->t->schema, x->t->t->name);
    sql_literal(&sql, name);
    str_add(&sql, ", ");
    sql_literal(&sql, x->u->column->name);
    str_printf(&sql, ", w.fate, w.winner FROM %s w", f->table);
    reject_join(s, &sql);
    return pg_exec_str(s->pg, &sql, err);
}

static int refuse(struct state *s, const struct taking *x, const struct found *f, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    reject_head(s, x->t, MIG_REJECT, &sql);
    reject_for(&(struct reject_rule){NULL, "taken",
                                     x->u->p->on_taken == TAKEN_SUFFIX
                                         ? "another row has this value, and there is no room for "
                                           "a suffix; who it is stands in taken.csv"
                                         : "another row has this value; who it is stands in "
                                           "taken.csv",
                                     x->u->column->name},
               NULL, &sql);
    str_printf(&sql, "FROM %s w", f->table);
    reject_join(s, &sql);
    str_add(&sql, " WHERE w.fate = 'reject' ORDER BY w._mig_record, w._mig_id ON CONFLICT DO"
                  " NOTHING");
    return reject_run(s, &sql, err);
}

static int apply_rule(struct state *s, const struct job *job, struct job_table *t,
                      const struct job_unique *u, int *changed, struct error *err)
{
    struct taking x = {.job = job, .t = t, .u = u};
    struct found f;
    struct str sql;
    str_init(&sql, 0);
    str_init(&x.column, 0);
    str_init(&x.base, 0);
    str_init(&x.pattern, 0);
    sql_ident(&x.column, u->column->name);
    unique_pattern(u->p, &x.pattern);
    str_printf(&x.base, "regexp_replace(x.v, %s, '\\1\\3')", x.pattern.data);
    str_add(&sql, "WITH ");
    add_want(&x, &sql);
    add_held(&x, &sql);
    add_losers(&x, &sql);
    if (u->p->on_taken == TAKEN_SUFFIX)
        add_numbers(&x, &sql);
    add_fate(&x, &sql);
    int code = found_make(s, &sql, &f, err);
    if (!code && f.rows)
        code = change(s, &x, &f, err);
    if (!code && f.rows)
        code = count_and_list(s, &x, &f, err);
    if (!code && f.rows)
        code = refuse(s, &x, &f, err);
    *changed |= f.rows > 0;
    if (!code)
        code = found_drop(s, &f, err);
    str_clear(&x.column);
    str_clear(&x.base);
    str_clear(&x.pattern);
    return code;
}

int taken_run(struct state *s, struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        struct job_table *t = &job->tables[i];
        int changed = 0;
        for (size_t k = 0; !code && k < t->n_uniques; k++) {
            code = apply_rule(s, job, t, &t->uniques[k], &changed, err);
            if (!code) /* who is refused claims no other value */
                code = reject_spread(s, job, err);
        }
        if (!code && changed)
            code = match_same(s, t, err);
    }
    return code;
}
