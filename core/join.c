/* join.c - joins a job with the catalog of its target. Reads the catalog and nothing else;
 * every fault is listed before anything is refused. */
#include "join.h"

#include "batches.h"

#include <stdio.h>
#include <string.h>

#include "merge.h"
#include "owner.h"
#include "pair.h"
#include "sql.h"
#include "unique.h"
#include "waits.h"

struct joiner {
    struct job *job;
    struct pg *pg;
    struct faults *faults;
    struct error *err;
    const char *(*names)[2];
    size_t n_names;
};

static void fault(struct joiner *j, int code, const char *what, const char *fix)
{
    struct error err = {0};
    error_set(&err, code, "%s", what);
    if (fix)
        error_fix(&err, "%s", fix);
    faults_add(j->faults, &err);
}

/* ---- which tables ---------------------------------------------------------------------- */

static void collect_names(struct joiner *j)
{
    struct job *job = j->job;
    size_t most = 0;
    for (size_t i = 0; i < job->n_stages; i++)
        most += job->stages[i].migrator->n_tables;
    j->names = arena_alloc(job->mem, (most + 1) * sizeof *j->names);
    for (size_t i = 0; i < job->n_stages; i++) {
        const struct unit *m = job->stages[i].migrator;
        for (size_t k = 0; k < m->n_tables; k++) {
            struct sql_name name;
            sql_split(m->tables[k].name, job->project->target.schema, &name);
            size_t seen = 0;
            while (seen < j->n_names && (!str_equal(j->names[seen][0], name.schema) ||
                                         !str_equal(j->names[seen][1], name.table)))
                seen++;
            if (seen < j->n_names)
                continue;
            j->names[j->n_names][0] = arena_strdup(job->mem, name.schema);
            j->names[j->n_names++][1] = arena_strdup(job->mem, name.table);
        }
    }
}

static const struct project_table *
table_settings(const struct joiner *j, const struct project_stage *s, const struct catalog_table *t)
{
    for (size_t i = 0; i < s->n_tables; i++) {
        struct sql_name name;
        sql_split(s->tables[i].name, j->job->project->target.schema, &name);
        if (str_equal(name.schema, t->schema) && str_equal(name.table, t->name))
            return &s->tables[i];
    }
    return NULL;
}

/* ---- columns --------------------------------------------------------------------------- */

static size_t staged_column(struct job_table *t, const struct catalog_column *c)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (t->columns[i] == c)
            return i;
    t->columns[t->n_columns] = c;
    return t->n_columns++;
}

static void check_column(struct joiner *j, const struct job_stage *s, const struct catalog_table *t,
                         const char *name, const struct catalog_column *c)
{
    char what[512], fix[256];
    if (!c) {
        const char **names = arena_alloc(j->job->mem, (t->n_columns + 1) * sizeof *names);
        for (size_t i = 0; i < t->n_columns; i++)
            names[i] = t->columns[i].name;
        const char *nearest = str_nearest(name, names, t->n_columns);
        snprintf(what, sizeof what, "stage %s: table %s.%s has no column \"%s\"", s->p->name,
                 t->schema, t->name, name);
        snprintf(fix, sizeof fix, "the nearest name there is \"%s\"", nearest);
        fault(j, STATUS_PREFLIGHT, what, nearest ? fix : NULL);
    } else if (c->generated) {
        snprintf(what, sizeof what,
                 "stage %s: column %s of %s.%s is generated, it cannot be written", s->p->name,
                 name, t->schema, t->name);
        fault(j, STATUS_PREFLIGHT, what, "leave the column out of the mapping");
    } else if (!sql_name_ok(name) || strncmp(name, "_mig_", 5) == 0) {
        snprintf(what, sizeof what, "a column of %s.%s has a name that mighost cannot stage",
                 t->schema, t->name);
        fault(j, STATUS_PREFLIGHT, what, "rename it: no control characters, not beginning _mig_");
    }
}

static void map_columns(struct joiner *j, struct job_stage *s, size_t m, struct job_table *t)
{
    const struct host_table *from = &s->migrator->tables[m];
    s->columns[m] = arena_alloc(j->job->mem, (from->n_columns + 1) * sizeof **s->columns);
    for (size_t i = 0; i < from->n_columns; i++) {
        const struct catalog_column *c = catalog_column(t->t, from->columns[i]);
        check_column(j, s, t->t, from->columns[i], c);
        if (c)
            s->columns[m][i] = staged_column(t, c);
    }
}

/* A column that must not be NULL, has no default and is filled by nobody: no row could ever
 * be inserted. */
static void check_required(struct joiner *j, const struct job_table *t)
{
    char what[512];
    for (size_t i = 0; i < t->t->n_columns; i++) {
        const struct catalog_column *c = &t->t->columns[i];
        if (!c->not_null || c->fallback || c->identity || c->generated ||
            job_find_staged(t, c->name))
            continue;
        snprintf(what, sizeof what,
                 "column %s of %s.%s must not be NULL, has no default, and no stage fills it",
                 c->name, t->t->schema, t->t->name);
        fault(j, STATUS_PLUGIN, what, "map it, or give it a default");
    }
}

static void check_types(struct job_table *t)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (!encode_supports(&t->columns[i]->type))
            t->text = 1;
}

/* ---- keys ------------------------------------------------------------------------------ */

static int key_is(const struct catalog_key *k, const char *const *columns, size_t n)
{
    if (!k->simple || k->n != n)
        return 0;
    for (size_t i = 0; i < n; i++) {
        size_t m = 0;
        while (m < n && !str_equal(k->columns[m], columns[i]))
            m++;
        if (m == n)
            return 0;
    }
    return 1;
}

/* All parts staged and NOT NULL: the staged rows can be told apart by it. */
static int key_usable(const struct job_table *t, const struct catalog_key *k)
{
    if (!k->simple || !k->not_null)
        return 0;
    for (size_t i = 0; i < k->n; i++)
        if (!job_find_staged(t, k->columns[i]))
            return 0;
    return 1;
}

static void choose_match(struct joiner *j, struct job_table *t, const struct project_table *set)
{
    char what[512];
    for (size_t i = 0; i < t->t->n_keys; i++) {
        const struct catalog_key *k = &t->t->keys[i];
        if (set && set->n_match ? key_is(k, set->match, set->n_match) && key_usable(t, k)
                                : key_usable(t, k)) {
            t->match = k;
            return;
        }
    }
    if (set && set->n_match) {
        snprintf(what, sizeof what,
                 "%s.%s has no unique index over exactly the columns of \"match\", all of them NOT "
                 "NULL and filled by the stage",
                 t->t->schema, t->t->name);
        fault(j, STATUS_PREFLIGHT, what, "create one, or match by another key");
    } else if (t->policy != POLICY_INSERT) {
        snprintf(what, sizeof what,
                 "%s.%s has no unique key that the stage fills, so that policy %s cannot find its "
                 "rows",
                 t->t->schema, t->t->name, policy_text(t->policy));
        fault(j, STATUS_PREFLIGHT, what,
              "create a unique index on NOT NULL columns, fill its columns, or use policy insert");
    }
}

/* ---- references ------------------------------------------------------------------------ */

static void reference_add(struct joiner *j, struct job_table *t, struct catalog_reference *k)
{
    struct job_reference *list = arena_alloc(j->job->mem, (t->n_references + 1) * sizeof *list);
    if (t->n_references)
        memcpy(list, t->references, t->n_references * sizeof *list);
    struct str quoted;
    str_init(&quoted, 0);
    sql_table(&quoted, k->parent_schema, k->parent_table);
    list[t->n_references++] = (struct job_reference){
        .key = *k, .parent = SIZE_MAX, .parent_quoted = arena_strdup(j->job->mem, quoted.data)};
    str_clear(&quoted);
    t->references = list;
}

static struct job_reference *same_reference(struct job_table *t, const struct project_reference *r,
                                            const struct sql_name *to)
{
    for (size_t i = 0; i < t->n_references; i++) {
        struct catalog_reference *k = &t->references[i].key;
        if (!str_equal(k->parent_schema, to->schema) || !str_equal(k->parent_table, to->table) ||
            k->n != r->n_columns)
            continue;
        size_t m = 0;
        while (m < k->n && str_equal(k->columns[m], r->columns[m]))
            m++;
        if (m == k->n)
            return &t->references[i];
    }
    return NULL;
}

/* A reference from the project: it changes the outcome of a declared foreign key, or stands
 * for one that the target lacks. */
static void project_reference(struct joiner *j, struct job_table *t,
                              const struct project_reference *r)
{
    struct sql_name to;
    sql_split(r->to, j->job->project->target.schema, &to);
    struct job_reference *same = same_reference(t, r, &to);
    if (same) {
        same->key.set_null = r->set_null;
        return;
    }
    struct catalog_reference k = {
        .n = r->n_columns, .set_null = r->set_null, .on_delete = 'a', .on_update = 'a'};
    k.name = arena_printf(j->job->mem, "undeclared reference to %s", r->to);
    k.child_oid = t->t->oid;
    k.child_schema = t->t->schema;
    k.child_table = t->t->name;
    k.parent_schema = arena_strdup(j->job->mem, to.schema);
    k.parent_table = arena_strdup(j->job->mem, to.table);
    const struct catalog_table *parent = catalog_find(&j->job->catalog, to.schema, to.table);
    k.parent_oid = parent ? parent->oid : 0;
    k.columns = r->columns;
    k.parent_columns = r->to_columns;
    k.operators = arena_alloc(j->job->mem, (k.n + 1) * sizeof *k.operators);
    for (size_t i = 0; i < k.n; i++) {
        k.operators[i] = "OPERATOR(pg_catalog.=)";
        if (!catalog_column(t->t, k.columns[i])) {
            char what[512];
            snprintf(what, sizeof what, "reference of %s.%s: there is no column \"%s\"",
                     t->t->schema, t->t->name, k.columns[i]);
            fault(j, STATUS_CONFIG, what, "correct \"references\" in the project");
            return;
        }
    }
    reference_add(j, t, &k);
}

static void find_parents(struct job *job)
{
    for (size_t i = 0; i < job->n_tables; i++)
        for (size_t k = 0; k < job->tables[i].n_references; k++) {
            struct job_reference *r = &job->tables[i].references[k];
            r->parent = job_find_table(job, r->key.parent_schema, r->key.parent_table);
        }
}

/* ---- the order of publishing ----------------------------------------------------------- */

static int waits_for(const struct job *job, size_t i, const char *done)
{
    for (size_t k = 0; k < job->tables[i].n_references; k++) {
        const struct job_reference *r = &job->tables[i].references[k];
        if (r->parent != SIZE_MAX && r->parent != i && !done[r->parent] && !r->cycle)
            return 1;
    }
    return 0;
}

/* Breaks one reference of a cycle: deferrable ones are deferred, nullable ones written in two
 * passes, else the key is
 * made deferrable for the time of publish. */
static void break_cycle(struct job *job, const char *done)
{
    static const enum job_cycle ways[] = {CYCLE_DEFER, CYCLE_TWO_PASS, CYCLE_LOOSEN};
    for (size_t way = 0; way < 3; way++)
        for (size_t i = 0; i < job->n_tables; i++)
            for (size_t k = 0; !done[i] && k < job->tables[i].n_references; k++) {
                struct job_reference *r = &job->tables[i].references[k];
                if (r->parent == SIZE_MAX || r->parent == i || done[r->parent] || r->cycle)
                    continue;
                int fits = !r->key.declared || (way == 0 && r->key.deferrable) ||
                           (way == 1 && r->key.nullable && job->tables[i].match) || way == 2;
                if (!fits)
                    continue;
                r->cycle = ways[way];
                str_printf(&job->notes, "foreign key cycle: %s of %s is %s\n", r->key.name,
                           job->tables[i].t->name,
                           way == 0   ? "deferred to the end of publish"
                           : way == 1 ? "written in a second pass"
                                      : "deferrable until publish ends");
                return;
            }
}

static void order_tables(struct joiner *j)
{
    struct job *job = j->job;
    char *done = arena_alloc(job->mem, job->n_tables + 1);
    size_t *order = arena_alloc(job->mem, (job->n_tables + 1) * sizeof *order);
    size_t *place = arena_alloc(job->mem, (job->n_tables + 1) * sizeof *place);
    for (size_t n = 0; n < job->n_tables;) {
        size_t i = 0;
        while (i < job->n_tables && (done[i] || waits_for(job, i, done)))
            i++;
        if (i == job->n_tables) {
            break_cycle(job, done);
            continue;
        }
        done[i] = 1;
        place[i] = n;
        order[n++] = i;
    }
    struct job_table *sorted = arena_alloc(job->mem, (job->n_tables + 1) * sizeof *sorted);
    for (size_t i = 0; i < job->n_tables; i++) {
        sorted[i] = job->tables[order[i]];
        sorted[i].no = i + 1;
    }
    job->tables = sorted;
    for (size_t i = 0; i < job->n_stages; i++)
        for (size_t m = 0; m < job->stages[i].migrator->n_tables; m++)
            job->stages[i].tables[m] = place[job->stages[i].tables[m]];
    find_parents(job);
}

/* ---- all together ---------------------------------------------------------------------- */

/* What it is instead, and what to name in its place. */
static const char *no_table(char kind, const char **fix)
{
    *fix = "name the table that it reads";
    if (kind == 'v')
        return "is a view, not an ordinary or partitioned table";
    if (kind == 'm')
        return "is a materialized view, not an ordinary or partitioned table";
    *fix = "run against the server that has the table";
    if (kind == 'f')
        return "is a foreign table, not an ordinary or partitioned table";
    *fix = "name a table";
    return "is not an ordinary or partitioned table";
}

static void check_shape(struct joiner *j, const struct catalog_table *t)
{
    char what[700];
    const char *why = NULL, *fix = NULL;
    if (strlen(t->schema) > SQL_NAME_MOST || strlen(t->name) > SQL_NAME_MOST) {
        why = "has a longer name than PostgreSQL keeps, which would cut it";
        fix = "name it as it is in the target, in at most 63 bytes";
    } else if (!sql_name_ok(t->schema) || !sql_name_ok(t->name)) {
        why = "has control characters in its name";
        fix = "rename it";
    } else if (t->kind != 'r' && t->kind != 'p') {
        why = no_table(t->kind, &fix);
    } else if (t->instead_rules) {
        why = "has DO INSTEAD rules, which swallow rows";
        fix = "name an ordinary table without such rules";
    } else if (t->row_security) {
        why = "has row-level security that applies to this role, so that reads and writes would"
              " silently miss rows";
        fix = "run as the table's owner or as a role with BYPASSRLS";
    }
    if (!why)
        return;
    snprintf(what, sizeof what, "target table %s.%s %s", t->schema, t->name, why);
    fault(j, STATUS_PREFLIGHT, what, fix);
}

static void set_policy(struct joiner *j, struct job_table *t, const struct job_stage *s,
                       const struct project_table *set)
{
    enum policy policy = set && set->has_policy ? set->policy : s->p->policy;
    if (t->n_stages && policy != t->policy) {
        char what[512];
        snprintf(what, sizeof what, "two stages write %s.%s under different policies", t->t->schema,
                 t->t->name);
        fault(j, STATUS_PLUGIN, what, "give both stages the same policy for this table");
    }
    t->policy = policy;
    t->indexes = set && set->has_indexes ? set->indexes : j->job->project->indexes;
    t->must_be_empty |= set && set->must_be_empty;
    if (set && set->scope)
        t->scope = set->scope;
}

static void join_stage(struct joiner *j, struct job_stage *s)
{
    struct job *job = j->job;
    size_t n = s->migrator->n_tables;
    s->tables = arena_alloc(job->mem, (n + 1) * sizeof *s->tables);
    s->columns = arena_alloc(job->mem, (n + 1) * sizeof *s->columns);
    for (size_t m = 0; m < n; m++) {
        struct sql_name name;
        sql_split(s->migrator->tables[m].name, job->project->target.schema, &name);
        size_t k = job_find_table(job, name.schema, name.table);
        if (k == SIZE_MAX)
            continue; /* missing in the target: already a fault */
        struct job_table *t = &job->tables[k];
        s->tables[m] = k;
        set_policy(j, t, s, table_settings(j, s->p, t->t));
        t->stages[t->n_stages++] = (size_t)(s - job->stages);
        map_columns(j, s, m, t);
    }
}

/* How its rows meet live ones, which stands with one of its stages. */
static int join_live(struct joiner *j, struct job_table *t)
{
    const struct project_table *set = NULL;
    for (size_t k = 0; k < t->n_stages; k++) {
        const struct project_table *own = table_settings(j, j->job->stages[t->stages[k]].p, t->t);
        if (!project_meets_live(own))
            continue;
        if (set) {
            char what[512];
            snprintf(what, sizeof what,
                     "two stages say how rows of %s.%s meet live ones (\"also_match\","
                     " \"ownership\", \"merge\")",
                     t->t->schema, t->t->name);
            fault(j, STATUS_PLUGIN, what, "say it with one of the stages: it holds for the table");
        }
        set = own;
    }
    if (pair_plan(j->job, t, set, j->pg, j->faults, j->err))
        return j->err->code;
    owner_plan(t, set, j->faults);
    merge_plan(j->job, t, set, j->faults);
    return 0;
}

static void join_tables(struct joiner *j)
{
    struct job *job = j->job;
    job->tables = arena_alloc(job->mem, (job->catalog.n + 1) * sizeof *job->tables);
    for (size_t i = 0; i < job->catalog.n; i++) {
        struct job_table *t = &job->tables[job->n_tables++];
        t->t = &job->catalog.tables[i];
        t->columns = arena_alloc(job->mem, (t->t->n_columns + 1) * sizeof *t->columns);
        t->stages = arena_alloc(job->mem, (job->n_stages + 1) * sizeof *t->stages);
        check_shape(j, t->t);
        for (size_t k = 0; k < t->t->n_references; k++)
            reference_add(j, t, &t->t->references[k]);
    }
    for (size_t i = 0; i < job->n_stages; i++)
        join_stage(j, &job->stages[i]);
    for (size_t i = 0; i < job->n_tables; i++) {
        struct job_table *t = &job->tables[i];
        const struct project_table *set = NULL;
        for (size_t k = 0; k < t->n_stages; k++) {
            const struct project_stage *p = job->stages[t->stages[k]].p;
            const struct project_table *own = table_settings(j, p, t->t);
            for (size_t m = 0; own && m < own->n_references; m++)
                project_reference(j, t, &own->references[m]);
            set = own ? own : set;
        }
        choose_match(j, t, set);
        for (size_t k = 0; k < t->n_stages; k++) {
            const struct project_table *own = table_settings(j, job->stages[t->stages[k]].p, t->t);
            for (size_t m = 0; own && m < own->n_unique; m++)
                unique_add(job, t, &own->unique[m], j->faults);
        }
        if (join_live(j, t))
            return;
        check_required(j, t);
        check_types(t);
    }
    find_parents(job);
    owner_plan_all(job, j->faults);
}

int join_catalog(struct job *job, struct pg *pg, struct faults *faults, struct error *err)
{
    struct joiner j = {job, pg, faults, err, NULL, 0};
    size_t before = faults->n;
    if (job->catalog.mem)
        catalog_clear(&job->catalog);
    job->n_tables = 0;
    collect_names(&j);
    if (catalog_read(pg, (const char *const(*)[2])j.names, j.n_names, &job->catalog, faults, err))
        return err->code;
    if (faults->n > before)
        return 0;
    join_tables(&j);
    if (err->code || faults->n > before)
        return err->code;
    order_tables(&j);
    batches_plan(job, faults);
    job_order(job, faults);
    /* job_order moved the stages: tables name them by index. */
    for (size_t i = 0; i < job->n_tables; i++)
        job->tables[i].n_stages = 0;
    for (size_t i = 0; i < job->n_stages; i++)
        for (size_t m = 0; m < job->stages[i].migrator->n_tables; m++) {
            struct job_table *t = &job->tables[job->stages[i].tables[m]];
            if (!t->n_stages || t->stages[t->n_stages - 1] != i)
                t->stages[t->n_stages++] = i;
        }
    waits_plan(job, faults);
    return 0;
}
