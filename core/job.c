/* job.c - the project's enabled parts as instances of units, and the order of its stages.
 * No connection is opened here; what the target's catalog adds is in join.c. */
#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "kind.h"
#include "rivals.h"
#include "spool.h"
#include "sql.h"
#include "url.h"

/* ---- units ----------------------------------------------------------------------------- */

static struct unit *source_unit(struct job *job, const char *name, const char *where,
                                struct faults *faults)
{
    const struct project *p = job->project;
    for (size_t i = 0; i < p->n_sources; i++) {
        const struct project_source *s = &p->sources[i];
        if (!str_equal(s->name, name))
            continue;
        if (!job->sources[i])
            job->sources[i] =
                host_unit(job->host, arena_printf(job->mem, "source:%s", s->use), s->options,
                          arena_printf(job->mem, "source %s", s->name), faults);
        return job->sources[i];
    }
    struct error err = {0};
    error_set(&err, STATUS_CONFIG, "%s: the project has no source \"%s\"", where, name);
    faults_add(faults, &err);
    return NULL;
}

static size_t field_add(struct job_stage *s, const char *field)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (str_equal(s->fields[i], field))
            return i;
    s->fields[s->n_fields] = field;
    return s->n_fields++;
}

static void stage_fields(struct job *job, struct job_stage *s)
{
    size_t most = s->migrator->n_fields + s->p->n_key + 1;
    s->fields = arena_alloc(job->mem, (most + 1) * sizeof *s->fields);
    s->key_index = arena_alloc(job->mem, (s->p->n_key + 1) * sizeof *s->key_index);
    for (size_t i = 0; i < s->migrator->n_fields; i++)
        s->fields[s->n_fields++] = s->migrator->fields[i];
    for (size_t i = 0; i < s->p->n_key; i++)
        s->key_index[i] = field_add(s, s->p->key[i]);
    if (s->p->mark_field)
        field_add(s, s->p->mark_field);
}

/* Where the source reads; passwords and keys do not count, and must not go into a digest that
 * is kept. */
static void source_hash(struct digest *d, const struct options *options)
{
    for (size_t i = 0; i < options->n; i++) {
        const mig_option_t *o = &options->table[i];
        const mig_value_t *v = &options->values[i];
        struct str text;
        str_init(&text, 0);
        if (v->kind != MIG_ABSENT && v->kind != MIG_NULL && !(o->flags & MIG_OPTF_SECRET))
            str_add_n(&text, v->data, v->len);
        digest_add(d, o->name, strlen(o->name) + 1);
        if (o->type == MIG_OPT_URL) {
            struct str masked;
            str_init(&masked, 0);
            url_mask(&masked, text.data);
            digest_add(d, masked.data, masked.len + 1);
            str_clear(&masked);
        } else {
            digest_add(d, text.data, text.len + 1);
        }
        str_clear(&text);
    }
}

static void hash_names(struct digest *d, const char *what, const char *const *names, size_t n)
{
    if (n)
        digest_add(d, what, strlen(what) + 1);
    for (size_t i = 0; i < n; i++)
        digest_add(d, names[i], strlen(names[i]) + 1);
}

static void table_hash(struct digest *d, const struct project_table *t)
{
    const char *scope = t->scope ? t->scope : "";
    digest_add(d, t->name, strlen(t->name) + 1);
    digest_add(d, scope, strlen(scope) + 1);
    if (t->has_policy)
        digest_add(d, &t->policy, sizeof t->policy);
    for (size_t j = 0; j < t->n_unique; j++)
        digest_add(d, t->unique[j].column, strlen(t->unique[j].column) + 1);
    hash_names(d, "match", t->match, t->n_match);
    hash_names(d, "also", t->also_match, t->n_also_match);
    hash_names(d, "owner", t->owner, t->n_owner);
    hash_names(d, "theirs", &t->theirs, t->theirs != NULL);
    hash_names(d, "by", &t->newest_by, t->newest_by != NULL);
    for (size_t i = 0; i < MERGE_RULES; i++)
        hash_names(d, merge_text((enum merge_rule)i), t->merges[i].names, t->merges[i].n);
    digest_add(d, &t->merge, sizeof t->merge);
    digest_add(d, &t->on_both, sizeof t->on_both);
}

/* Everything that the stage's rows depend on but the source's content: another hash means
 * that a half run's chunks of this stage are of no use. */
static void stage_hash(struct job *job, struct job_stage *s)
{
    struct digest *d = digest_new();
    const struct project_stage *p = s->p;
    const char *const parts[] = {job->project->name,
                                 p->name,
                                 p->source,
                                 p->entity,
                                 p->migrator,
                                 p->options,
                                 policy_text(p->policy),
                                 s->source->def->sha256,
                                 s->migrator->def->sha256};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i])
            digest_add(d, parts[i], strlen(parts[i]) + 1);
    digest_add(d, &p->ids, sizeof p->ids);
    for (size_t i = 0; i < s->migrator->n_entities; i++)
        digest_add(d, &s->migrator->entities[i].ids, sizeof s->migrator->entities[i].ids);
    digest_add(d, &job->project->batch_size, sizeof job->project->batch_size);
    for (size_t i = 0; i < p->n_key; i++)
        digest_add(d, p->key[i], strlen(p->key[i]) + 1);
    if (p->mark_field) { /* marks of another field or kind say nothing */
        digest_add(d, p->mark_field, strlen(p->mark_field) + 1);
        digest_add(d, &p->overlap.is_time, sizeof p->overlap.is_time);
    }
    source_hash(d, &s->source->options);
    const struct host_recording *r = &job->host->recording;
    if (r->mode == MIG_RECORDING_READ && host_can_record(s->source))
        digest_add(d, r->id, strlen(r->id));
    for (size_t i = 0; i < p->n_tables; i++)
        table_hash(d, &p->tables[i]);
    for (size_t i = 0; i < s->migrator->n_transforms; i++)
        digest_add(d, s->migrator->transforms[i]->def->sha256, 64);
    digest_hex(d, s->hash);
    digest_free(d);
}

static void make_stage(struct job *job, const struct project_stage *p, struct faults *faults)
{
    struct job_stage *s = &job->stages[job->n_stages];
    const char *where = arena_printf(job->mem, "stage %s", p->name);
    memset(s, 0, sizeof *s);
    s->p = p;
    s->source = source_unit(job, p->source, where, faults);
    s->migrator = host_unit(job->host, arena_printf(job->mem, "migrator:%s", p->migrator),
                            p->options, where, faults);
    if (!s->source || !s->migrator || host_describe(s->migrator, faults))
        return;
    stage_fields(job, s);
    stage_hash(job, s);
    job->n_stages++;
}

static void join_stage(struct job *job, struct project *p, const char *name, struct faults *faults)
{
    struct project_stage *s = (struct project_stage *)project_find_stage(p, name);
    if (!s || s->enabled || !s->may_join)
        return;
    s->enabled = 1;
    make_stage(job, s, faults);
}

static void join_needs(struct job *job, struct project *p, const struct unit *u,
                       struct faults *faults)
{
    const mig_need_t *needs = u->def->unit->needs;
    for (size_t i = 0; needs && needs[i].feature; i++)
        if (needs[i].flags == MIG_NEED_HARD && strncmp(needs[i].feature, "stage:", 6) == 0)
            join_stage(job, p, needs[i].feature + 6, faults);
}

/* What stages need by their plugins, and whose keys they use: of those that join, too. */
static void join_stages(struct job *job, struct project *p, struct faults *faults)
{
    for (size_t i = 0; i < job->n_stages; i++) {
        const struct job_stage s = job->stages[i];
        for (size_t k = 0; k < s.p->n_needs; k++)
            if (s.p->needs[k].hard && strncmp(s.p->needs[k].feature, "stage:", 6) == 0)
                join_stage(job, p, s.p->needs[k].feature + 6, faults);
        join_needs(job, p, s.source, faults);
        join_needs(job, p, s.migrator, faults);
        for (size_t k = 0; k < s.migrator->n_entities; k++)
            join_stage(job, p, s.migrator->entities[k].stage, faults);
    }
}

/* The stage takes no part. */
static int is_absent(const struct job *job, const char *stage)
{
    const struct project_stage *p = project_find_stage(job->project, stage);
    return p && !p->enabled;
}

/* Keys of a stage that takes no part: no fault, its rows may have come on another day. */
static void note_absent(struct job *job)
{
    for (size_t i = 0; i < job->n_stages; i++)
        for (size_t k = 0; k < job->stages[i].migrator->n_entities; k++) {
            const char *stage = job->stages[i].migrator->entities[k].stage;
            if (is_absent(job, stage))
                str_printf(&job->notes,
                           "stage %s uses keys of stage %s, which takes no part: its rows must be "
                           "in the target already; else run %s first, or add --with-dependencies\n",
                           job->stages[i].p->name, stage, stage);
        }
}

const char *job_absent(const struct job *job)
{
    for (size_t i = 0; i < job->n_stages; i++)
        for (size_t k = 0; k < job->stages[i].migrator->n_entities; k++)
            if (is_absent(job, job->stages[i].migrator->entities[k].stage))
                return job->stages[i].migrator->entities[k].stage;
    return NULL;
}

static void make_validators(struct job *job, struct faults *faults)
{
    const struct project *p = job->project;
    job->validators = arena_alloc(job->mem, (p->n_validators + 1) * sizeof *job->validators);
    for (size_t i = 0; i < p->n_validators; i++) {
        const struct project_validator *v = &p->validators[i];
        struct unit *u =
            v->enabled
                ? host_unit(job->host, arena_printf(job->mem, "validator:%s", v->use), v->options,
                            arena_printf(job->mem, "validator %s", v->name), faults)
                : NULL;
        if (u)
            job->validators[job->n_validators++] = (struct job_validator){v, u};
    }
}

/* For the bundle, or for those who are told of a run's end. */
static size_t make_reporters(struct job *job, const struct project_reporter *list, size_t n,
                             const char *what, struct job_reporter **out, struct faults *faults)
{
    size_t made = 0;
    *out = arena_alloc(job->mem, (n + 1) * sizeof **out);
    for (size_t i = 0; i < n; i++) {
        const struct project_reporter *r = &list[i];
        struct unit *u =
            r->enabled
                ? host_unit(job->host, arena_printf(job->mem, "reporter:%s", r->use), r->options,
                            arena_printf(job->mem, "%s %s", what, r->name), faults)
                : NULL;
        if (u)
            (*out)[made++] = (struct job_reporter){r, u};
    }
    return made;
}

int job_units(struct job *job, struct project *project, struct host *host, struct faults *faults)
{
    memset(job, 0, sizeof *job);
    job->mem = arena_new();
    job->project = project;
    job->host = host;
    str_init(&job->notes, 1 << 20);
    job->sources = arena_alloc(job->mem, (project->n_sources + 1) * sizeof *job->sources);
    job->stages = arena_alloc(job->mem, (project->n_stages + 1) * sizeof *job->stages);
    size_t before = faults->n;
    for (size_t i = 0; i < project->n_stages; i++)
        if (project->stages[i].enabled)
            make_stage(job, &project->stages[i], faults);
    join_stages(job, project, faults);
    note_absent(job);
    make_validators(job, faults);
    job->n_reporters = make_reporters(job, project->reporters, project->n_reporters, "reporter",
                                      &job->reporters, faults);
    job->n_notify =
        make_reporters(job, project->notify, project->n_notify, "notify", &job->notify, faults);
    if (faults->n == before)
        job_order(job, faults);
    return faults->n == before ? 0 : STATUS_PLUGIN;
}

/* ---- order ----------------------------------------------------------------------------- */

struct needs {
    struct plan_need *items;
    size_t n;
};

/* Extensions order nothing: the target is asked for them, see requires.c. */
static void need_add(struct job *job, struct needs *list, const char *feature, int hard,
                     const char *why)
{
    if (kind_extension(feature))
        return;
    struct plan_need *items = arena_alloc(job->mem, (list->n + 1) * sizeof *items);
    if (list->n)
        memcpy(items, list->items, list->n * sizeof *items);
    items[list->n++] = (struct plan_need){feature, hard, why};
    list->items = items;
}

static void unit_needs(struct job *job, struct needs *list, const struct unit *u)
{
    const mig_need_t *needs = u->def->unit->needs;
    for (size_t i = 0; needs && needs[i].feature; i++)
        need_add(job, list, needs[i].feature, needs[i].flags == MIG_NEED_HARD,
                 arena_printf(job->mem, "plugin %s", u->def->plugin->id));
}

static int stage_writes(const struct job *job, const struct job_stage *s, uint32_t oid)
{
    for (size_t i = 0; s->tables && i < s->migrator->n_tables; i++)
        if (job->tables[s->tables[i]].t->oid == oid)
            return 1;
    return 0;
}

static int has_need(const struct needs *list, const char *feature)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_equal(list->items[i].feature, feature))
            return 1;
    return 0;
}

/* A foreign key of the target orders the stages that write its two tables. What the project
 * did not declare is said in the plan. */
static void foreign_key_needs(struct job *job, struct needs *list, const struct job_stage *s)
{
    for (size_t i = 0; i < s->migrator->n_tables; i++) {
        const struct job_table *t = &job->tables[s->tables[i]];
        for (size_t j = 0; j < t->n_references; j++) {
            const struct catalog_reference *k = &t->references[j].key;
            for (size_t m = 0; m < job->n_stages; m++) {
                const struct job_stage *other = &job->stages[m];
                const char *feature = arena_printf(job->mem, "stage:%s", other->p->name);
                if (other == s || !stage_writes(job, other, k->parent_oid) ||
                    stage_writes(job, s, k->parent_oid) || has_need(list, feature))
                    continue;
                str_printf(&job->notes,
                           "stage %s goes behind %s because of foreign key %s; the project does "
                           "not declare it\n",
                           s->p->name, other->p->name, k->name);
                need_add(job, list, feature, 0, arena_printf(job->mem, "foreign key %s", k->name));
            }
        }
    }
}

static struct needs stage_needs(struct job *job, const struct project_stage *p)
{
    struct needs list = {0};
    for (size_t i = 0; i < p->n_needs; i++)
        need_add(job, &list, p->needs[i].feature, p->needs[i].hard, "project");
    size_t k = job_find_stage(job, p->name);
    if (k == SIZE_MAX)
        return list;
    const struct job_stage *s = &job->stages[k];
    unit_needs(job, &list, s->source);
    unit_needs(job, &list, s->migrator);
    for (size_t i = 0; i < s->migrator->n_entities; i++)
        if (!str_equal(s->migrator->entities[i].stage, p->name))
            need_add(job, &list, arena_printf(job->mem, "stage:%s", s->migrator->entities[i].stage),
                     0, "keys of that stage are used");
    if (job->n_tables)
        foreign_key_needs(job, &list, s);
    return list;
}

static size_t known_features(struct job *job, const char ***out)
{
    const struct registry *r = job->host->registry;
    const char **list = arena_alloc(job->mem, (r->n + 1) * sizeof *list);
    for (size_t i = 0; i < r->n; i++)
        list[i] = r->units[i].feature;
    *out = list;
    return r->n;
}

int job_order(struct job *job, struct faults *faults)
{
    const struct project *p = job->project;
    struct plan_node *nodes = arena_alloc(job->mem, (p->n_stages + 1) * sizeof *nodes);
    for (size_t i = 0; i < p->n_stages; i++) {
        struct needs needs = stage_needs(job, &p->stages[i]);
        nodes[i] = (struct plan_node){arena_printf(job->mem, "stage:%s", p->stages[i].name),
                                      p->stages[i].enabled, needs.items, needs.n};
    }
    const char **also;
    size_t n_also = known_features(job, &also), before = faults->n;
    struct plan_result result = {0};
    plan_resolve(nodes, p->n_stages, also, n_also, job->mem, &result, faults);
    rivals_check(job, nodes, faults);
    if (faults->n > before)
        return STATUS_PLUGIN;
    struct job_stage *sorted = arena_alloc(job->mem, (job->n_stages + 1) * sizeof *sorted);
    struct digest *d = digest_new();
    size_t n = 0;
    for (size_t i = 0; i < result.n; i++) {
        size_t k = job_find_stage(job, p->stages[result.order[i]].name);
        if (k == SIZE_MAX)
            continue;
        sorted[n] = job->stages[k];
        sorted[n].no = n + 1;
        sorted[n].needs = nodes[result.order[i]].needs;
        sorted[n].n_needs = nodes[result.order[i]].n_needs;
        digest_add(d, sorted[n].hash, 64);
        n++;
    }
    digest_hex(d, job->hash);
    digest_free(d);
    job->stages = sorted;
    return 0;
}

/* ---- lookups --------------------------------------------------------------------------- */

static void set_name(const struct job *job, char out[JOB_NAME_SIZE], const char *kind, int64_t run,
                     size_t no)
{
    struct str s;
    char name[64];
    str_init(&s, 0);
    snprintf(name, sizeof name, "%s_%lld_%zu", kind, (long long)run, no);
    sql_table(&s, job->project->target.state_schema, name);
    snprintf(out, JOB_NAME_SIZE, "%s", s.data);
    str_clear(&s);
}

void job_name_tables(struct job *job, int64_t run)
{
    for (size_t i = 0; i < job->n_tables; i++) {
        struct job_table *t = &job->tables[i];
        set_name(job, t->staging, "staging", run, t->no);
        set_name(job, t->match_table, "match", run, t->no);
        set_name(job, t->delete_table, "delete", run, t->no);
        set_name(job, t->before, "before", run, t->no);
        set_name(job, t->will_be, "willbe", run, t->no);
        set_name(job, t->as_if, "asif", run, t->no);
        set_name(job, t->rest, "rest", run, t->no);
        set_name(job, t->delta, "delta", run, t->no);
        set_name(job, t->pair, "pair", run, t->no);
        set_name(job, t->done, "done", run, t->no);
    }
}

int job_is_slow(const struct job_stage *st)
{
    for (size_t i = 0; i < st->migrator->n_transforms; i++)
        if (host_is_slow(st->migrator->transforms[i]))
            return 1;
    return 0;
}

int job_is_secret(const struct job_stage *st)
{
    for (size_t i = 0; i < st->migrator->n_transforms; i++)
        if (host_takes_secrets(st->migrator->transforms[i]))
            return 1;
    return st->p->n_secret > 0;
}

void job_clear(struct job *job)
{
    if (job->catalog.mem)
        catalog_clear(&job->catalog);
    if (job->preserved.mem)
        catalog_clear(&job->preserved);
    for (size_t i = 0; i < job->n_stages; i++) {
        keyset_free(job->stages[i].wanted);
        spool_free(job->stages[i].spool);
    }
    str_clear(&job->notes);
    arena_free(job->mem);
    memset(job, 0, sizeof *job);
}
