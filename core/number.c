/* number.c - numbers of new rows. A number beyond the base that check found is one of the run's: it
 * is neither in the live table nor given by an earlier run. */
#include "number.h"

#include <stdio.h>

#include "log.h"
#include "lookup.h"
#include "plural.h"
#include "sequence.h"
#include "sql.h"
#include "waits.h"

/* Until nobody draws between our numbers of a sequence that we cannot lock. */
#define RESERVE_TRIES 5

struct numbering {
    const struct job_table *t;
    const struct job_wait *wait; /* of one of its stages: the column is the same */
    char column[300];            /* quoted */
    char sequence[300];          /* quoted, with schema */
    int64_t base, step, count;
    int fits; /* all numbers are within sequence and column */
};

static int begin(struct numbering *n)
{
    struct str text;
    const struct job_table *t = n->t;
    n->wait = NULL;
    for (size_t i = 0; i < t->n_waits; i++)
        if (!t->waits[i].reference && t->waits[i].p->ids == ID_SEQUENCE)
            n->wait = &t->waits[i];
    if (!n->wait || !t->sequence)
        return 0;
    str_init(&text, 0);
    sql_ident(&text, n->wait->column->name);
    snprintf(n->column, sizeof n->column, "%s", text.data);
    str_reset(&text);
    sql_table(&text, t->sequence->schema, t->sequence->name);
    snprintf(n->sequence, sizeof n->sequence, "%s", text.data);
    str_clear(&text);
    return 1;
}

/* Condition on rows of the table's own stages that wait for a number, or got one. */
static void own_rows(const struct job_table *t, const char *alias, struct str *sql)
{
    str_add(sql, "(false");
    for (size_t i = 0; i < t->n_waits; i++)
        if (!t->waits[i].reference) {
            str_add(sql, " OR ");
            lookup_waits(&t->waits[i], alias, sql);
        }
    str_add_char(sql, ')');
}

/* The least and greatest number that the column can hold. */
static const char *column_range(const struct catalog_column *c)
{
    return c->type.oid == 21   ? "-32768, 32767"
           : c->type.oid == 23 ? "-2147483648, 2147483647"
                               : "-9223372036854775808, 9223372036854775807";
}

/* The base behind which numbers are free, from sequence, live table, earlier tables that draw from
 * the same sequence, and `kept`, SQL of one more bound. */
static int read_base(struct state *s, struct numbering *n, const char *kept, struct error *err)
{
    const struct catalog_sequence *q = n->t->sequence;
    const char *most = q->descending ? "min" : "max";
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT b.base, b.step, b.base + %lld * b.step BETWEEN greatest(b.low, r.low) AND"
               " least(b.high, r.high) FROM (SELECT %s(CASE WHEN q.is_called THEN q.last_value ELSE"
               " q.last_value::numeric - p.seqincrement END, (SELECT %s(%s) FROM %s), %s, (SELECT"
               " %s(last) FROM %s.numbering WHERE run = %lld AND no < %zu AND schema_name = ",
               (long long)n->count, q->descending ? "least" : "greatest", most, n->column,
               n->t->t->quoted, kept, most, s->q, (long long)s->run, n->t->no);
    sql_literal(&sql, q->schema);
    str_add(&sql, " AND sequence_name = ");
    sql_literal(&sql, q->name);
    str_printf(&sql,
               ")) AS base, p.seqincrement AS step, p.seqmin AS low, p.seqmax AS high FROM %s q,"
               " pg_sequence p WHERE p.seqrelid = ",
               n->sequence);
    sql_literal(&sql, n->sequence);
    str_printf(&sql, "::regclass) b, (VALUES (%s)) r (low, high)", column_range(n->wait->column));
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    if (!res)
        return err->code;
    n->base = pg_get_int(res, 0, 0);
    n->step = pg_get_int(res, 0, 1);
    n->fits = pg_get(res, 0, 2)[0] == 't';
    pg_free(res);
    if (n->fits || !n->count)
        return 0;
    error_set(err, STATUS_INVALID, "sequence %s, or column %s of %s, has no %lld %s", n->sequence,
              n->column, n->t->t->quoted, (long long)n->count,
              plural(n->count, "number left for the new rows", "numbers left for the new rows"));
    error_fix(err, "make column and sequence bigint, or see which row holds the greatest number");
    return STATUS_INVALID;
}

/* ---- check ----------------------------------------------------------------------------- */

static int forget(struct state *s, const struct numbering *n, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "UPDATE %s s SET %s = NULL WHERE %s IS NOT NULL AND ", n->t->staging,
               n->column, n->column);
    own_rows(n->t, "s", &sql);
    return pg_exec_str(s->pg, &sql, err);
}

static int known(struct state *s, const struct numbering *n, const struct job_wait *w,
                 struct error *err)
{
    struct str sql, prefix;
    str_init(&sql, 0);
    str_init(&prefix, 0);
    str_printf(&prefix, "%s:", w->p->name);
    str_printf(&sql, "UPDATE %s s SET %s = m.final_key::%s FROM ", n->t->staging, n->column,
               w->column->base);
    lookup_map(s, w->p->name, &sql);
    str_add(&sql, " m WHERE s.");
    waits_name(w, &sql);
    str_add(&sql, " = ");
    sql_literal(&sql, prefix.data);
    str_add(&sql, " || m.source_key AND m.final_key ~ '^-?[0-9]{1,18}$'");
    str_clear(&prefix);
    return pg_exec_str(s->pg, &sql, err);
}

/* Source keys, not rows: two records with one key stay two rows that collide. */
static void new_keys(const struct numbering *n, struct str *sql)
{
    struct str ref;
    str_init(&ref, 0);
    waits_name(n->wait, &ref);
    str_printf(sql,
               "(SELECT s.%s AS ref, row_number() OVER (ORDER BY min(s._mig_id)) AS n FROM %s s"
               " WHERE s.%s IS NULL AND ",
               ref.data, n->t->staging, n->column);
    own_rows(n->t, "s", sql);
    str_printf(sql, " GROUP BY s.%s)", ref.data);
    str_clear(&ref);
}

static int count_new(struct state *s, struct numbering *n, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT count(*) FROM ");
    new_keys(n, &sql);
    str_add(&sql, " k");
    n->count = pg_count(s->pg, &sql, err);
    return err->code;
}

static int assign(struct state *s, const struct numbering *n, struct error *err)
{
    struct str sql, ref;
    str_init(&sql, 0);
    str_init(&ref, 0);
    waits_name(n->wait, &ref);
    str_printf(&sql, "UPDATE %s s SET %s = %lld + k.n * %lld FROM ", n->t->staging, n->column,
               (long long)n->base, (long long)n->step);
    new_keys(n, &sql);
    str_printf(&sql,
               " k WHERE s.%s = k.ref AND s.%s IS NULL; INSERT INTO %s.numbering VALUES (%lld, "
               "%zu, ",
               ref.data, n->column, s->q, (long long)s->run, n->t->no);
    sql_literal(&sql, n->t->sequence->schema);
    str_add(&sql, ", ");
    sql_literal(&sql, n->t->sequence->name);
    str_printf(&sql, ", %lld, %lld)", (long long)n->base,
               (long long)(n->base + n->count * n->step));
    str_clear(&ref);
    return pg_exec_str(s->pg, &sql, err);
}

static int number_table(struct state *s, struct numbering *n, struct error *err)
{
    char kept[700];
    int code = forget(s, n, err);
    for (size_t i = 0; !code && i < n->t->n_waits; i++)
        if (!n->t->waits[i].reference)
            code = known(s, n, &n->t->waits[i], err);
    if (!code)
        code = count_new(s, n, err);
    if (code || !n->count)
        return code;
    snprintf(kept, sizeof kept, "(SELECT %s(%s) FROM %s)",
             n->t->sequence->descending ? "min" : "max", n->column, n->t->staging);
    code = read_base(s, n, kept, err);
    return code ? code : assign(s, n, err);
}

int number_run(struct state *s, const struct job *job, struct error *err)
{
    int code =
        pg_execf(s->pg, err, "DELETE FROM %s.numbering WHERE run = %lld", s->q, (long long)s->run);
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        struct numbering n = {.t = &job->tables[i]};
        if (begin(&n))
            code = number_table(s, &n, err);
    }
    return code;
}

/* ---- publish --------------------------------------------------------------------------- */

/* What check assigned, as far as rows that will be inserted have it; count 0: nothing. */
static int read_assigned(struct state *s, struct numbering *n, struct error *err)
{
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT base, (last - base) / p.seqincrement FROM %s.numbering m, pg_sequence p WHERE"
        " m.run = %lld AND m.no = %zu AND p.seqrelid = $mig$%s$mig$::regclass AND EXISTS (SELECT"
        " FROM %s s WHERE s._mig_state = 0 AND s.%s %s m.base)",
        s->q, (long long)s->run, n->t->no, n->sequence, n->t->staging, n->column,
        n->t->sequence->descending ? "<" : ">");
    if (!res)
        return err->code;
    n->base = pg_rows(res) ? pg_get_int(res, 0, 0) : 0;
    n->count = pg_rows(res) ? pg_get_int(res, 0, 1) : 0;
    pg_free(res);
    return 0;
}

/* A sequence of another role cannot be locked: as many numbers are drawn, side by side, so that
 * nobody else gets them. They are gaps when publish fails. */
static int reserve(struct state *s, struct numbering *n, struct error *err)
{
    const char *far = n->t->sequence->descending ? "max" : "min";
    for (int i = 0; i < RESERVE_TRIES; i++) {
        struct pg_result *res = pg_queryf(
            s->pg, err,
            "SELECT %s(v) - %lld, max(v) - min(v) = (count(*) - 1) * abs(%lld) FROM (SELECT"
            " nextval($mig$%s$mig$::regclass) AS v FROM generate_series(1, %lld)) x",
            far, (long long)n->step, (long long)n->step, n->sequence, (long long)n->count);
        if (!res)
            return err->code;
        n->base = pg_get_int(res, 0, 0);
        int together = pg_get(res, 0, 1)[0] == 't';
        pg_free(res);
        if (together)
            return 0;
    }
    error_set(err, STATUS_DRIFT, "others draw from sequence %s all the time", n->sequence);
    error_fix(err, "run as a role that owns the sequence, or when fewer writers are active");
    return STATUS_DRIFT;
}

static int free_base(struct state *s, struct numbering *n, struct error *err)
{
    char kept[40];
    const struct catalog_sequence *q = n->t->sequence;
    int64_t old = n->base;
    snprintf(kept, sizeof kept, "%lld", (long long)old);
    int code = sequence_keep(s, q, err);
    if (!code)
        code = read_base(s, n, kept, err);
    if (code || q->owned)
        return code;
    int64_t behind = n->base;
    code = reserve(s, n, err);
    if (code || (q->descending ? n->base <= behind : n->base >= behind))
        return code;
    code = pg_execf(s->pg, err, "SELECT setval($mig$%s$mig$::regclass, %lld)", n->sequence,
                    (long long)behind);
    return code ? code : reserve(s, n, err);
}

static int move(struct state *s, const struct job_table *c, const struct job_wait *w, int64_t from,
                int64_t by, struct error *err)
{
    struct str sql, column;
    str_init(&sql, 0);
    str_init(&column, 0);
    sql_ident(&column, w->column->name);
    str_printf(&sql, "UPDATE %s s SET %s = (%s::text::bigint + %lld)::text::%s WHERE ", c->staging,
               column.data, column.data, (long long)by, w->column->base);
    lookup_waits(w, "s", &sql);
    str_printf(&sql, " AND %s::text::bigint %s %lld", column.data, by < 0 ? "<" : ">",
               (long long)from);
    str_clear(&column);
    return pg_exec_str(s->pg, &sql, err);
}

/* Own numbers and references alike. */
static int move_all(struct state *s, const struct job *job, const struct numbering *n, int64_t from,
                    struct error *err)
{
    int code = 0;
    int64_t by = n->base - from;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        for (size_t k = 0; !code && k < job->tables[i].n_waits; k++) {
            const struct job_wait *w = &job->tables[i].waits[k];
            if (w->p->ids == ID_SEQUENCE && w->stage != SIZE_MAX &&
                &job->tables[job->stages[w->stage].tables[0]] == n->t)
                code = move(s, &job->tables[i], w, from, by, err);
        }
    if (!code)
        code = pg_execf(s->pg, err,
                        "UPDATE %s.numbering SET base = base + %lld, last = last + %lld WHERE run ="
                        " %lld AND no = %zu",
                        s->q, (long long)by, (long long)by, (long long)s->run, n->t->no);
    log_write(LOG_INFO, "%s.%s: numbers were taken since check, the new rows' begin behind %lld",
              n->t->t->schema, n->t->t->name, (long long)n->base);
    return code;
}

int number_shift(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        struct numbering n = {.t = &job->tables[i]};
        if (!begin(&n))
            continue;
        code = read_assigned(s, &n, err);
        int64_t from = n.base;
        if (code || !n.count)
            continue;
        code = free_base(s, &n, err);
        if (!code && n.base != from)
            code = move_all(s, job, &n, from, err);
    }
    return code;
}
