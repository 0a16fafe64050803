/* waits.c - which staged columns wait for keys, and whether the target can give them. What becomes
 * of them is in number.c and lookup.c. */
#include "waits.h"

#include <stdio.h>
#include <string.h>

#include "sql.h"
#include "token.h"

static void fault(struct faults *faults, const char *what, const char *fix)
{
    struct error err = {0};
    error_set(&err, STATUS_PLUGIN, "%s", what);
    error_fix(&err, "%s", fix);
    faults_add(faults, &err);
}

/* ---- the plan -------------------------------------------------------------------------- */

static void add(struct job *job, struct job_table *t, struct job_wait w)
{
    struct job_wait *list = arena_alloc(job->mem, (t->n_waits + 1) * sizeof *list);
    for (size_t i = 0; i < t->n_waits; i++) {
        list[i] = t->waits[i];
        if (list[i].column == w.column && list[i].p == w.p)
            return;
        w.again |= list[i].column == w.column;
    }
    list[t->n_waits++] = w;
    t->waits = list;
}

static int in_key(const struct catalog_key *k, const char *column)
{
    for (size_t i = 0; k && i < k->n; i++)
        if (str_equal(k->columns[i], column))
            return 1;
    return 0;
}

/* The reference by which the column gets keys of that stage. */
static const struct job_reference *reference_of(const struct job *job, const struct job_table *t,
                                                const struct job_wait *w)
{
    const struct job_stage *parent = w->stage == SIZE_MAX ? NULL : &job->stages[w->stage];
    const struct catalog_key *key = parent ? job_find_stage_key(job, parent) : NULL;
    for (size_t i = 0; i < t->n_references; i++) {
        const struct job_reference *r = &t->references[i];
        if (r->key.n != 1 || !str_equal(r->key.columns[0], w->column->name))
            continue;
        if (!parent || (r->parent == parent->tables[0] && key && key->n == 1 &&
                        str_equal(r->key.parent_columns[0], key->columns[0])))
            return r;
    }
    return NULL;
}

static void no_reference(const struct job *job, const struct job_stage *st,
                         const struct job_table *t, const struct job_wait *w, struct faults *faults)
{
    char what[700];
    const struct job_stage *parent = w->stage == SIZE_MAX ? NULL : &job->stages[w->stage];
    const struct catalog_key *key = parent ? job_find_stage_key(job, parent) : NULL;
    if (parent && (!key || key->n != 1)) {
        snprintf(what, sizeof what,
                 "stage %s: column %s of %s.%s takes keys of stage %s, whose key is not one column",
                 st->p->name, w->column->name, t->t->schema, t->t->name, w->p->name);
        fault(faults, what,
              "give that table a unique key of one column, or map the columns one by "
              "one from fields");
        return;
    }
    snprintf(what, sizeof what,
             "stage %s: column %s of %s.%s takes keys of stage %s (ids %s), but no reference says "
             "where they lead",
             st->p->name, w->column->name, t->t->schema, t->t->name, w->p->name,
             project_ids_text(w->p->ids));
    fault(faults, what,
          "declare it by \"references\" of this table in the project: to the table and the key "
          "column of that stage");
}

static int is_own(const struct job *job, const struct job_stage *st,
                  const struct host_key_column *c, const struct job_wait *w)
{
    return w->p == st->p && c->table == 0 && in_key(job_find_stage_key(job, st), w->column->name);
}

static void plan_column(struct job *job, const struct job_stage *st,
                        const struct host_key_column *c, struct faults *faults)
{
    const char *name = st->migrator->entities[c->entity].stage;
    struct job_table *t = &job->tables[st->tables[c->table]];
    size_t at = st->columns[c->table][c->column];
    struct job_wait w = {.column = t->columns[at],
                         .at = at,
                         .p = project_find_stage(job->project, name),
                         .stage = job_find_stage(job, name)};
    int own = is_own(job, st, c, &w);
    if (own && w.p->ids == ID_NATURAL) {
        char what[400];
        snprintf(what, sizeof what,
                 "stage %s has ids natural, but its key column %s is no field of the record",
                 st->p->name, w.column->name);
        fault(faults, what, "map the column from fields, or choose other ids");
        return;
    }
    w.reference = own ? NULL : reference_of(job, t, &w);
    if (own || w.reference)
        add(job, t, w);
    else
        no_reference(job, st, t, &w, faults);
}

/* ---- stages ---------------------------------------------------------------------------- */

static const struct catalog_sequence *sequence_of(const struct job_table *t, const char *column)
{
    for (size_t i = 0; i < t->t->n_sequences; i++)
        if (str_equal(t->t->sequences[i].column, column) && t->t->sequences[i].usable)
            return &t->t->sequences[i];
    return NULL;
}

static int is_integer(const struct catalog_column *c)
{
    return c->type.oid == 20 || c->type.oid == 21 || c->type.oid == 23;
}

static void plan_sequence(struct job *job, const struct job_stage *st, struct faults *faults)
{
    struct job_table *t = &job->tables[st->tables[0]];
    const struct catalog_key *key = job_find_stage_key(job, st);
    const struct catalog_column *c =
        key && key->primary && key->n == 1 ? catalog_column(t->t, key->columns[0]) : NULL;
    const char *why = !c               ? "has no primary key of one column"
                      : !is_integer(c) ? "has a primary key that is no integer"
                      : !sequence_of(t, c->name)
                          ? "has no sequence behind its primary key that this role may use"
                      : !job_find_own_wait(t, st) ? "gets no key from this stage"
                                                  : NULL;
    char what[500];
    if (!why) {
        t->sequence = sequence_of(t, c->name);
        return;
    }
    snprintf(what, sizeof what, "stage %s has ids sequence, but %s.%s %s", st->p->name,
             t->t->schema, t->t->name, why);
    fault(faults, what,
          c && is_integer(c) && sequence_of(t, c->name)
              ? "map its primary key as { \"key\": \"<this stage>\" }"
              : "make it an identity column of type bigint, or choose other ids");
}

static void plan_natural(struct job *job, const struct job_stage *st, struct faults *faults)
{
    const struct job_table *t = &job->tables[st->tables[0]];
    char what[400];
    if (job_find_stage_key(job, st))
        return;
    snprintf(what, sizeof what,
             "stage %s has ids natural, but %s.%s has no unique NOT NULL key that the stage fills",
             st->p->name, t->t->schema, t->t->name);
    fault(faults, what, "create one, or map its columns");
}

void waits_plan(struct job *job, struct faults *faults)
{
    for (size_t i = 0; i < job->n_stages; i++) {
        const struct job_stage *st = &job->stages[i];
        const struct unit *m = st->migrator;
        for (size_t k = 0; k < m->n_key_columns; k++)
            if (project_ids_wait(m->entities[m->key_columns[k].entity].ids))
                plan_column(job, st, &m->key_columns[k], faults);
        if (st->p->ids == ID_SEQUENCE && m->n_tables)
            plan_sequence(job, st, faults);
        else if (st->p->ids == ID_NATURAL && m->n_tables)
            plan_natural(job, st, faults);
    }
}

/* ---- rows ------------------------------------------------------------------------------ */

static int takes(const struct unit *m, size_t table, size_t column, const mig_value_t *v)
{
    for (size_t i = 0; i < m->n_key_columns; i++) {
        const struct host_key_column *c = &m->key_columns[i];
        if (c->table == table && c->column == column &&
            token_is_of(v, m->entities[c->entity].stage))
            return 1;
    }
    return 0;
}

int32_t waits_row(struct unit *m, size_t table)
{
    const struct host_table *t = &m->tables[table];
    char what[400];
    int any = 0;
    for (size_t i = 0; i < m->n_entities; i++)
        any |= project_ids_wait(m->entities[i].ids);
    for (size_t i = 0; any && i < t->n_columns; i++) {
        const mig_value_t *v = &t->row[i];
        if (!token_inside(v, m->host->key_mark) || (v->kind == MIG_KEY && takes(m, table, i, v)))
            continue;
        snprintf(what, sizeof what,
                 "puts a key that is not known before all records are read into column %s of %s%s",
                 t->columns[i], t->name,
                 v->kind == MIG_KEY ? ", which takes_key() does not name" : " as part of a value");
        return m->table.fail(&m->table, MIG_E_CONFIG, what,
                             "such keys can only be whole values of columns that takes_key() "
                             "names; or give that stage ids \"uuid5\" or \"keep\"");
    }
    return MIG_OK;
}

/* ---- the staging table ----------------------------------------------------------------- */

void waits_name(const struct job_wait *w, struct str *sql)
{
    str_printf(sql, "_mig_ref_%d", w->column->attnum);
}

int waits_create(struct state *s, const struct job_table *t, struct error *err)
{
    int code = 0;
    for (size_t i = 0; !code && i < t->n_waits; i++)
        code = pg_execf(s->pg, err, "ALTER TABLE %s ADD COLUMN IF NOT EXISTS _mig_ref_%d text",
                        t->staging, t->waits[i].column->attnum);
    return code;
}
