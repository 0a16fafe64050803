/* pair.c - which live rows fit a staged row by its key, by the id map of earlier runs, and by the
 * second key. All are looked at, so that what does not fit one to one is seen. */
#include "pair.h"

#include <stdio.h>

#include "lookup.h"
#include "match.h"
#include "reject.h"
#include "sql.h"

/* ---- plan -------------------------------------------------------------------------------- */

static int has_part(const struct catalog_key *k, const char *text)
{
    for (size_t i = 0; i < k->n; i++)
        if (str_equal(k->parts[i], text) || (k->columns[i] && str_equal(k->columns[i], text)))
            return 1;
    return 0;
}

static const struct catalog_key *unique_index(const struct catalog_table *t,
                                              const struct project_table *set)
{
    for (size_t i = 0; i < t->n_keys; i++) {
        size_t met = 0;
        while (met < set->n_also_match && has_part(&t->keys[i], set->also_match[met]))
            met++;
        if (met == set->n_also_match && met == t->keys[i].n)
            return &t->keys[i];
    }
    return NULL;
}

/* No index says how these are compared, nor that they are unique. */
static const struct catalog_key *own_key(struct arena *mem, const struct catalog_table *t,
                                         const struct project_table *set)
{
    size_t n = set->n_also_match;
    struct catalog_key *k = arena_alloc(mem, sizeof *k);
    *k = (struct catalog_key){.name = "also_match", .n = n};
    k->parts = arena_alloc(mem, n * sizeof *k->parts);
    k->columns = arena_alloc(mem, n * sizeof *k->columns);
    k->operators = arena_alloc(mem, n * sizeof *k->operators);
    k->collations = arena_alloc(mem, n * sizeof *k->collations);
    for (size_t i = 0; i < n; i++) {
        struct str part;
        str_init(&part, 0);
        if (catalog_column(t, set->also_match[i]))
            sql_ident(&part, set->also_match[i]);
        else
            str_add(&part, set->also_match[i]);
        k->parts[i] = arena_strdup(mem, part.data);
        k->operators[i] = "OPERATOR(pg_catalog.=)";
        str_clear(&part);
    }
    return k;
}

/* The key of a row that has the staged columns and no others. */
static void try_sql(const struct job_table *t, struct str *sql)
{
    struct str from;
    str_init(&from, 0);
    str_add(&from, "(SELECT ");
    for (size_t i = 0; i < t->n_columns; i++) {
        str_printf(&from, "%sNULL::%s AS ", i ? ", " : "", t->columns[i]->base);
        sql_ident(&from, t->columns[i]->name);
    }
    str_add(&from, ") s");
    str_add(sql, "SELECT count(*) FROM ");
    match_key_rows(t->also, "1 AS one", from.data, sql);
    str_add(sql, " a JOIN ");
    match_key_rows(t->also, "1 AS one", from.data, sql);
    str_add(sql, " b ON ");
    match_key_equal(t->also, "a", "b", sql);
    str_clear(&from);
}

static void fault(struct faults *faults, const struct job_table *t, const char *what,
                  const char *fix)
{
    struct error err = {0};
    error_set(&err, STATUS_PREFLIGHT, "\"also_match\" of %s.%s: %s", t->t->schema, t->t->name,
              what);
    error_fix(&err, "%s", fix);
    faults_add(faults, &err);
}

int pair_plan(struct job *job, struct job_table *t, const struct project_table *set, struct pg *pg,
              struct faults *faults, struct error *err)
{
    struct str sql;
    struct error refused = {0};
    if (!set || !set->n_also_match)
        return 0;
    t->also = unique_index(t->t, set);
    if (!t->also)
        t->also = own_key(job->mem, t->t, set);
    t->keeps_places = 1;
    const struct catalog_key *k = t->t->n_keys ? &t->t->keys[0] : NULL;
    int usable = t->match && k && k->primary && k->simple;
    for (size_t i = 0; usable && i < k->n; i++)
        usable = job_find_staged(t, k->columns[i]) != NULL;
    if (!usable) {
        fault(faults, t,
              "the stage does not fill the table's primary key, which a row that is found"
              " by another key takes over",
              "fill the primary key, or leave \"also_match\" out");
        return 0;
    }
    int code = pg_exec(pg, err, "SAVEPOINT pair");
    if (!code)
        code = pg_own_path(pg, err);
    if (code)
        return code;
    str_init(&sql, 0);
    try_sql(t, &sql);
    pg_count(pg, &sql, &refused);
    if (refused.code)
        fault(faults, t, "the server cannot work it out from the columns that the stage fills",
              "name columns, or expressions over columns such as \"lower(email)\"");
    error_clear(&refused);
    return pg_exec(pg, err, "ROLLBACK TO SAVEPOINT pair");
}

/* ---- pairs ------------------------------------------------------------------------------- */

static void by_key(const struct job_table *t, struct str *sql)
{
    str_printf(sql, "SELECT s._mig_id, s._mig_record, %s AS at, 0 AS way FROM %s s JOIN %s l ON ",
               match_at(t), t->staging, t->t->quoted);
    match_condition(t->match, "s", "l", sql);
}

static void by_second_key(const struct job_table *t, struct str *sql)
{
    char ids[64], live[600];
    snprintf(ids, sizeof ids, "%s AS at", match_at(t));
    snprintf(live, sizeof live, "%s l", t->t->quoted);
    str_add(sql, " UNION ALL SELECT s._mig_id, s._mig_record, l.at, 2 FROM ");
    match_key_rows(t->also, "_mig_id, _mig_record", t->staging, sql);
    str_add(sql, " s JOIN ");
    match_key_rows(t->also, ids, live, sql);
    str_add(sql, " l ON ");
    match_key_equal(t->also, "s", "l", sql);
}

/* Whom an earlier run found by the second key is found again when that has changed. */
static void by_map(const struct state *s, const struct job *job, const struct job_stage *st,
                   const struct job_table *t, struct str *sql)
{
    const struct catalog_key *k = job_find_stage_key(job, st);
    if (!k || &job->tables[st->tables[0]] != t || project_ids_wait(st->p->ids))
        return;
    str_printf(sql, " UNION ALL SELECT s._mig_id, s._mig_record, %s, 1 FROM %s s JOIN ",
               match_at(t), t->staging);
    lookup_map(s, st->p->name, sql);
    str_printf(sql, " i ON i.source_key = s._mig_key AND s._mig_record >> 52 = %zu JOIN %s l ON",
               st->no, t->t->quoted);
    str_add(sql, " i.final_key = concat_ws(E'\\x1f'");
    for (size_t c = 0; c < k->n; c++) {
        str_add(sql, ", l.");
        sql_ident(sql, k->columns[c]);
    }
    str_add_char(sql, ')');
}

/* Of records that want one live row, the one that has its key is no guess, nor then the one that an
 * earlier run found. */
static int refuse(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    reject_head(s, t, MIG_REJECT, &sql);
    str_add(&sql, ", NULL, 'ambiguous', CASE WHEN w.n_live > 1 THEN 'the record fits ' || w.n_live"
                  " || ' live rows: by its key or the id map, and by ' ELSE w.n_staged || ' records"
                  " of this run fit the same live row by ' END || ");
    sql_literal(&sql, t->also->name);
    str_printf(&sql,
               ", NULL::bigint, NULL FROM (SELECT p.*, s._mig_key FROM %s p JOIN %s s ON s._mig_id"
               " = p._mig_id WHERE p.unclear) w",
               t->pair, t->staging);
    reject_join(s, &sql);
    str_add(&sql, " ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    return reject_run(s, &sql, err);
}

static int is_unique(const struct job_table *t)
{
    return t->also >= t->t->keys && t->also < t->t->keys + t->t->n_keys;
}

/* A live row whose own record gives the second key away in this run is no other's: the unique index
 * sees to it that the new row gets it only then. */
static void given_away(const struct job_table *t, struct str *sql)
{
    str_printf(sql, " WHERE NOT (way = 2 AND claimed AND NOT stays AND %s)",
               is_unique(t) ? "true" : "false");
}

int pair_make(struct state *s, const struct job *job, const struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "DROP TABLE IF EXISTS %s; CREATE TABLE %s AS SELECT _mig_id, _mig_record, _mig_at,"
               " n_live, n_staged, n_live > 1 OR place > 1 OR (way > 0 AND peers > 1) AS unclear"
               " FROM (SELECT *, count(*) OVER (PARTITION BY _mig_id) AS n_live, count(*) OVER"
               " (PARTITION BY _mig_at) AS n_staged, rank() OVER (PARTITION BY _mig_at ORDER BY"
               " way) AS place, count(*) OVER (PARTITION BY _mig_at, way) AS peers FROM (SELECT *,"
               " bool_or(way < 2) OVER live AS claimed, bool_or(way < 2 AND ways = 2) OVER live AS"
               " stays FROM (SELECT _mig_id, _mig_record, at AS _mig_at, min(way) AS way, max(way)"
               " AS ways FROM (",
               t->pair, t->pair);
    by_key(t, &sql);
    by_second_key(t, &sql);
    for (size_t i = 0; i < t->n_stages; i++)
        by_map(s, job, &job->stages[t->stages[i]], t, &sql);
    str_add(&sql, ") every GROUP BY 1, 2, 3) pair WINDOW live AS (PARTITION BY _mig_at)) known");
    given_away(t, &sql);
    str_printf(&sql, ") counted; ANALYZE %s", t->pair);
    int code = pg_exec_str(s->pg, &sql, err);
    return code ? code : refuse(s, t, err);
}

int pair_drop(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++)
        if (job->tables[i].also)
            code = pg_execf(s->pg, err, "DROP TABLE %s", job->tables[i].pair);
    return code;
}

/* A unique index sees to it by itself. */
void pair_taken(const struct job_table *t, struct str *sql)
{
    if (!t->also || is_unique(t))
        return;
    str_add(sql, " + (SELECT count(*) FROM ");
    match_key_rows(t->also, "_mig_old", t->will_be, sql);
    str_add(sql, " w JOIN ");
    match_key_rows(t->also, "1", t->t->quoted, sql);
    str_add(sql, " l ON ");
    match_key_equal(t->also, "w", "l", sql);
    str_add(sql, " WHERE NOT w._mig_old)");
}

/* ---- live rows that changed ---------------------------------------------------------------- */

/* What took over a live row's key was found by another one, which must still say so. */
static void found_otherwise(const struct job_table *t, struct str *sql)
{
    const struct catalog_key *k = &t->t->keys[0];
    str_add(sql, "s._mig_rewritten && ARRAY[");
    for (size_t i = 0; i < k->n; i++)
        str_printf(sql, "%s%d", i ? ", " : "", job_find_staged(t, k->columns[i])->attnum);
    str_add_char(sql, ']');
}

void pair_unclear(const struct job_table *t, const char *list, struct str *sql)
{
    struct str from, accepted, pairs;
    str_init(&from, 0);
    str_init(&accepted, 0);
    str_init(&pairs, 0);
    str_printf(
        &from,
        "(SELECT l.*, d._mig_id FROM %s l JOIN %s d ON d._mig_at = %s AND d._mig_state = 0) l",
        t->t->quoted, list, match_at(t));
    match_key_rows(t->also, "_mig_id", from.data, &pairs);
    str_add(&pairs, " l JOIN ");
    str_printf(&accepted, "(SELECT * FROM %s WHERE _mig_state = 0) s", t->staging);
    match_key_rows(t->also, "_mig_id", accepted.data, &pairs);
    str_add(&pairs, " s ON ");
    match_key_equal(t->also, "s", "l", &pairs);
    str_printf(sql,
               "WITH p AS MATERIALIZED (SELECT l._mig_id AS live, s._mig_id AS staged FROM %s)"
               " SELECT (SELECT count(*) FROM p WHERE live <> staged) + (SELECT count(*) FROM %s d"
               " JOIN %s s ON s._mig_id = d._mig_id WHERE d._mig_state = 0 AND ",
               pairs.data, list, t->staging);
    found_otherwise(t, sql);
    str_add(sql, " AND NOT EXISTS (SELECT FROM p WHERE live = d._mig_id AND staged = d._mig_id))");
    sql->failed |= from.failed | accepted.failed | pairs.failed;
    str_clear(&from);
    str_clear(&accepted);
    str_clear(&pairs);
}
