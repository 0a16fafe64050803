/* undo_force.c - before an undo overwrites what others wrote since, all of it is kept: typed images
 * of the rows, and of those that a foreign key's action reaches from the rows that go. How it is
 * undone then is undo.c's, as ever. */
#include "undo_force.h"

#include <stdio.h>

#include "lineage.h"
#include "match.h"
#include "sql.h"
#include "undo_drift.h"
#include "undo_left.h"

static int keep_table(struct state *s, const struct job_table *t, struct error *err)
{
    char left[JOB_NAME_SIZE];
    struct str sql;
    undo_left_name(s, t, left);
    str_init(&sql, 0);
    str_printf(&sql,
               "DROP TABLE IF EXISTS %s.overwritten_%lld_%zu; CREATE TABLE %s.overwritten_%lld_%zu"
               " AS SELECT k._mig_why, clock_timestamp() AS _mig_when, l.* FROM %s l JOIN %s k ON ",
               s->q, (long long)s->run, t->no, s->q, (long long)s->run, t->no, t->t->quoted, left);
    match_condition(t->match, "k", "l", &sql);
    return pg_exec_str(s->pg, &sql, err);
}

/* Rows from which a foreign key's action may start: inserted ones, which go. */
static int begin_fall(struct state *s, const struct job_table *t, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "DROP TABLE IF EXISTS %s.fallen_%lld_%u; CREATE TABLE %s.fallen_%lld_%u AS SELECT"
               " 'c'::\"char\" AS _mig_goes, true AS _mig_own, l.tableoid AS _mig_table, l.ctid AS"
               " _mig_at, l.* FROM %s s JOIN %s l ON ",
               s->q, (long long)s->run, t->t->oid, s->q, (long long)s->run, t->t->oid, t->staging,
               t->t->quoted);
    undo_drift_inserted(t, &sql);
    return pg_exec_str(s->pg, &sql, err);
}

/* From table to table, until nothing more falls. A row that the run wrote and nobody touched is
 * none of it: it goes anyway, and undo knows it. */
static int follow(struct state *s, struct error *err)
{
    struct str sql, own;
    str_init(&sql, 0);
    str_init(&own, 0);
    lineage_wrote(s, NULL, &own);
    str_printf(
        &sql,
        "DO $fall$ DECLARE f record; n bigint; more bool := true; up text; low text; BEGIN WHILE"
        " more LOOP more := false; FOR f IN SELECT c.conrelid, c.confrelid, c.confdeltype, (SELECT"
        " string_agg(format('p.%%I OPERATOR(%%I.%%s) l.%%I', a.attname, q.nspname, o.oprname,"
        " b.attname), ' AND ') FROM unnest(c.confkey, c.conkey, c.conpfeqop) u (fk, k, op) JOIN"
        " pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = u.fk JOIN pg_attribute b ON"
        " b.attrelid = c.conrelid AND b.attnum = u.k JOIN pg_operator o ON o.oid = u.op JOIN"
        " pg_namespace q ON q.oid = o.oprnamespace) AS cond FROM pg_constraint c WHERE c.contype ="
        " 'f' AND c.confdeltype IN ('c', 'n', 'd') AND to_regclass(format('%s.fallen_%lld_%%s',"
        " c.confrelid)) IS NOT NULL ORDER BY c.oid LOOP up := format('%s.fallen_%lld_%%s',"
        " f.confrelid); low := format('%s.fallen_%lld_%%s', f.conrelid); EXECUTE format('CREATE"
        " TABLE IF NOT EXISTS %%s AS SELECT ''c''::\"char\" AS _mig_goes, false AS _mig_own,"
        " l.tableoid AS _mig_table, l.ctid AS _mig_at, l.* FROM %%s l WITH NO DATA', low,"
        " f.conrelid::regclass); EXECUTE format('INSERT INTO %%s SELECT %%L, false, l.tableoid,"
        " l.ctid, l.* FROM %%s l WHERE EXISTS (SELECT FROM %%s p WHERE p._mig_goes = ''c'' AND %%s)"
        " AND NOT EXISTS (SELECT FROM %%s j WHERE j._mig_at = l.ctid AND j._mig_table = l.tableoid"
        " AND (j._mig_goes = ''c'' OR %%L <> ''c'')) AND NOT %%s', low, f.confdeltype,"
        " f.conrelid::regclass, up, f.cond, low, f.confdeltype, $own$%s$own$); GET DIAGNOSTICS n ="
        " ROW_COUNT; more := more OR n > 0; END LOOP; END LOOP; END $fall$",
        s->q, (long long)s->run, s->q, (long long)s->run, s->q, (long long)s->run, own.data);
    str_clear(&own);
    return pg_exec_str(s->pg, &sql, err);
}

int undo_force_keep(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        if (!job->tables[i].match)
            continue;
        code = keep_table(s, &job->tables[i], err);
        if (!code)
            code = begin_fall(s, &job->tables[i], err);
    }
    if (!code)
        code = follow(s, err);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        if (job->tables[i].match)
            code = pg_execf(s->pg, err, "DELETE FROM %s.fallen_%lld_%u WHERE _mig_own", s->q,
                            (long long)s->run, job->tables[i].t->oid);
    return code;
}

int undo_force_turn(struct state *s, const struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        struct str there;
        if (!t->match || !match_overwrites(t))
            continue;
        str_init(&there, 0);
        str_printf(&there, "EXISTS (SELECT FROM %s l WHERE ", t->t->quoted);
        match_condition(t->match, "b", "l", &there);
        code = pg_execf(s->pg, err,
                        "UPDATE %s b SET _mig_op = 'U' WHERE _mig_op IN ('D', 'L') AND %s);"
                        " UPDATE %s b SET _mig_op = 'D' WHERE _mig_op = 'U' AND NOT %s)",
                        t->before, there.data, t->before, there.data);
        str_clear(&there);
    }
    return code;
}
