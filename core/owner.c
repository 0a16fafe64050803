/* owner.c - conditions on live rows by which they are told apart. A row's owner is the row that it
 * refers to by the reference that the project names. */
#include "owner.h"

#include <stdio.h>
#include <string.h>

#include "highwater.h"
#include "lookup.h"
#include "match.h"
#include "sql.h"

/* ---- plan -------------------------------------------------------------------------------- */

static void fault(struct faults *faults, const struct job_table *t, const char *what,
                  const char *fix)
{
    struct error err = {0};
    error_set(&err, STATUS_CONFIG, "\"ownership\" of %s.%s: %s", t->t->schema, t->t->name, what);
    error_fix(&err, "%s", fix);
    faults_add(faults, &err);
}

void owner_plan(struct job_table *t, const struct project_table *set, struct faults *faults)
{
    if (!set || (!set->theirs && !set->n_owner))
        return;
    t->own = (struct job_ownership){set->owner,   set->n_owner,    set->theirs,
                                    set->on_both, set->on_neither, 0};
    t->keeps_places = 1;
    if (!t->match)
        fault(faults, t, "no record can be told to stand for a live row",
              "create a unique index on NOT NULL columns that the stage fills");
}

static int is_over(const struct job_reference *r, const struct job_table *t)
{
    size_t i = 0;
    while (i < r->key.n && i < t->own.n && str_equal(r->key.columns[i], t->own.columns[i]))
        i++;
    return i == r->key.n && i == t->own.n;
}

const struct job_reference *owner_reference(const struct job_table *t)
{
    for (size_t i = 0; t->own.n && !t->own.unknown && i < t->n_references; i++)
        if (is_over(&t->references[i], t))
            return &t->references[i];
    return NULL;
}

void owner_plan_all(struct job *job, struct faults *faults)
{
    for (size_t i = 0; i < job->n_tables; i++) {
        struct job_table *t = &job->tables[i];
        const struct job_reference *r = owner_reference(t);
        if (t->own.n && !r) {
            fault(faults, t, "there is no reference over the columns of \"owner\"",
                  "name the columns of a foreign key, or declare the reference in \"references\"");
        } else if (r && r->parent == i) {
            fault(faults, t, "a row cannot be the owner of rows of its own table",
                  "name a reference to another table");
        } else if (r && (r->parent == SIZE_MAX || !job->tables[r->parent].match)) {
            t->own.unknown = 1;
            str_printf(&job->notes,
                       "%s: its owners are not migrated in this run, so that nothing is deleted"
                       " there, and whose its live rows are is not asked\n",
                       t->t->quoted);
        } else if (r) {
            job->tables[r->parent].keeps_places = 1;
        }
    }
}

int owner_is_judged(const struct job_table *t)
{
    return t->own.theirs || (t->own.n && !t->own.unknown);
}

/* ---- conditions -------------------------------------------------------------------------- */

/* " UNION ALL ...": owners that this run does not read, and an earlier one published. */
static void of_earlier_run(const struct state *s, const struct job *job, const struct job_table *p,
                           const char *columns, struct str *sql)
{
    for (size_t i = 0; i < p->n_stages; i++) {
        const struct job_stage *st = &job->stages[p->stages[i]];
        const struct catalog_key *k = job_find_stage_key(job, st);
        if (!k || &job->tables[st->tables[0]] != p || (!s->parent && highwater_is_whole(st)))
            continue;
        str_printf(sql, " UNION ALL SELECT NULL%s FROM %s p WHERE concat_ws(E'\\x1f'", columns,
                   p->t->quoted);
        for (size_t c = 0; c < k->n; c++) {
            str_add(sql, ", p.");
            sql_ident(sql, k->columns[c]);
        }
        str_add(sql, ") IN (SELECT i.final_key FROM ");
        lookup_map(s, st->p->name, sql);
        str_add(sql, " i)");
    }
}

/* ", p.column" of each that the reference names in the parent. */
static void parent_columns(const struct job_reference *r, struct str *sql)
{
    for (size_t i = 0; i < r->key.n; i++) {
        str_add(sql, ", p.");
        sql_ident(sql, r->key.parent_columns[i]);
    }
}

/* Owners that a record stands for: the record's row, if it is of this run, and the owner's key. */
static void owners_met(const struct state *s, const struct job *job, const struct job_reference *r,
                       struct str *sql)
{
    const struct job_table *p = &job->tables[r->parent];
    struct str columns;
    str_init(&columns, 0);
    parent_columns(r, &columns);
    str_printf(sql, "SELECT m._mig_id%s FROM %s p JOIN %s m ON m._mig_at = ", columns.data,
               p->t->quoted, p->match_table);
    match_place(p, "p", sql);
    of_earlier_run(s, job, p, columns.data, sql);
    sql->failed |= columns.failed;
    str_clear(&columns);
}

static void owners_name(const struct state *s, const struct job_table *p, char out[200])
{
    snprintf(out, 200, "%s.owners_%lld_%zu", s->q, (long long)s->run, p->no);
}

int owner_make(struct state *s, struct job *job, const struct job_table *t, struct error *err)
{
    const struct job_reference *r = owner_reference(t);
    struct job_table *p = r ? &job->tables[r->parent] : NULL;
    char name[200];
    struct str sql;
    if (!p || p->owners.of)
        return 0;
    owners_name(s, p, name);
    str_init(&sql, 0);
    str_printf(&sql, "CREATE TABLE %s AS ", name);
    owners_met(s, job, r, &sql);
    str_printf(&sql, "; ANALYZE %s", name);
    int code = pg_exec_str(s->pg, &sql, err);
    p->owners.of = code ? NULL : &r->key;
    return code;
}

int owner_drop(struct state *s, struct job *job, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        char name[200];
        if (!job->tables[i].owners.of)
            continue;
        job->tables[i].owners.of = NULL;
        owners_name(s, &job->tables[i], name);
        code = pg_execf(s->pg, err, "DROP TABLE %s", name);
    }
    return code;
}

enum owners {
    OWNERS_MET,     /* a record stands for them */
    OWNERS_OR_GONE, /* or they are deleted */
    OWNERS_ACCEPTED /* the same, once check refused what it had to */
};

/* "EXISTS (...)": the owner of live row l is one of these. */
static void has_owner(const struct state *s, const struct job *job, const struct job_reference *r,
                      enum owners which, struct str *sql)
{
    const struct job_table *p = &job->tables[r->parent];
    char name[200];
    str_add(sql, "EXISTS (SELECT FROM (SELECT p.* FROM ");
    if (p->owners.of && match_same_parent(p->owners.of, &r->key)) {
        owners_name(s, p, name);
        str_printf(sql, "%s p", name);
    } else {
        str_add_char(sql, '(');
        owners_met(s, job, r, sql);
        str_add(sql, ") p");
    }
    if (which == OWNERS_ACCEPTED)
        str_printf(sql,
                   " WHERE NOT EXISTS (SELECT FROM %s a WHERE a._mig_id = p._mig_id AND"
                   " a._mig_state <> 0)",
                   p->staging);
    if (which != OWNERS_MET && p->deletes) {
        str_add(sql, " UNION ALL SELECT NULL");
        parent_columns(r, sql);
        str_printf(sql, " FROM %s p JOIN %s d ON d._mig_at = ", p->t->quoted, p->delete_table);
        match_place(p, "p", sql);
    }
    str_add(sql, ") p WHERE ");
    match_reference(&r->key, "p", "l", sql);
    str_add_char(sql, ')');
}

void owner_theirs_of(const struct state *s, const struct job *job, const struct job_table *t,
                     const char *columns, const char *rows, struct str *sql)
{
    const struct job_reference *r = owner_reference(t);
    str_add_char(sql, '(');
    if (t->own.theirs || !r)
        str_printf(sql, "SELECT %s FROM %s WHERE (%s\n)", columns, rows,
                   t->own.theirs ? t->own.theirs : "false");
    if (r) {
        str_printf(sql, "%sSELECT %s FROM %s WHERE NOT ", t->own.theirs ? " UNION " : "", columns,
                   rows);
        has_owner(s, job, r, OWNERS_MET, sql);
    }
    str_add_char(sql, ')');
}

void owner_theirs(const struct state *s, const struct job *job, const struct job_table *t,
                  struct str *sql)
{
    char place[64], live[600];
    snprintf(place, sizeof place, "%s AS at", match_at(t));
    snprintf(live, sizeof live, "%s l", t->t->quoted);
    owner_theirs_of(s, job, t, place, live, sql);
}

void owner_may_delete(const struct state *s, const struct job *job, const struct job_table *t,
                      struct str *sql)
{
    const struct job_reference *r = owner_reference(t);
    if (t->own.unknown)
        str_add(sql, " AND false");
    if (t->own.theirs)
        str_printf(sql, " AND (%s) IS NOT TRUE", t->own.theirs);
    if (r) {
        str_add(sql, " AND ");
        has_owner(s, job, r, OWNERS_OR_GONE, sql);
    }
}

/* ---- once records are refused ------------------------------------------------------------- */

static int spare_table(struct state *s, const struct job *job, struct job_table *t,
                       const struct job_reference *r, int64_t *spared, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "DELETE FROM %s e USING %s l WHERE e._mig_at = %s AND NOT ", t->delete_table,
               t->t->quoted, match_at(t));
    has_owner(s, job, r, OWNERS_ACCEPTED, &sql);
    struct pg_result *res = pg_query_str(s->pg, &sql, err);
    int64_t n = res ? pg_affected(res) : 0;
    pg_free(res);
    t->deletes -= n;
    *spared += n;
    return err->code;
}

void owner_reset(struct job *job)
{
    for (size_t i = 0; i < job->n_tables; i++)
        job->tables[i].owners.of = NULL;
}

/* Without a refused record an owner is as deletions_find() saw it. */
void owner_begin(struct job *job)
{
    for (size_t i = 0; i < job->n_tables; i++) {
        const struct job_reference *r = owner_reference(&job->tables[i]);
        if (r)
            job->tables[i].spared = (struct job_looked){0, job->tables[r->parent].deletes};
    }
}

/* An owner is lost by a record that falls, or by a deletion that is spared itself. */
static int is_due(const struct job *job, const struct job_reference *r, struct job_table *t)
{
    struct job_looked now = {job->tables[r->parent].fallen, job->tables[r->parent].deletes};
    int due = t->spared.fallen != now.fallen || t->spared.deletes != now.deletes;
    t->spared = now;
    return due;
}

int owner_spare(struct state *s, struct job *job, int64_t *spared, struct error *err)
{
    int code = 0;
    *spared = 0;
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        struct job_table *t = &job->tables[i];
        const struct job_reference *r = owner_reference(t);
        if (r && t->deletes && is_due(job, r, t))
            code = spare_table(s, job, t, r, spared, err);
    }
    return code;
}
