/* planprint.c - the plan as text, JSON or dot. Shows what was resolved; decides nothing. */
#include "planprint.h"

#include <jansson.h>
#include <stdlib.h>

#include "coverage.h"
#include "merge.h"
#include "plural.h"
#include "rebuild.h"

int planprint_parse(const char *text, enum planprint_format *out)
{
    static const char *const names[] = {"text", "json", "dot"};
    for (int i = 0; i < 3; i++)
        if (str_equal(text, names[i])) {
            *out = (enum planprint_format)i;
            return 0;
        }
    return -1;
}

/* The migrator's options as --show-config has them: secrets are masked. */
static json_t *stage_options(const struct job *job, const struct job_stage *st)
{
    const struct project *p = job->project;
    const char *key = arena_printf(job->mem, "stages.%s.options", st->p->name);
    json_t *options = NULL;
    for (size_t i = 0; i < p->n_settings; i++)
        if (str_equal(p->settings[i].key, key) && p->settings[i].value)
            options = json_loads(p->settings[i].value, 0, NULL);
    return options ? options : json_object();
}

/* ---- text ------------------------------------------------------------------------------ */

/* A value as compact JSON; texts alone and the steps of a list as people write them. */
static void text_value(const json_t *value, int steps, struct str *out)
{
    if (steps && json_is_array(value) && json_array_size(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            str_add(out, i ? " -> " : "");
            text_value(json_array_get(value, i), 0, out);
        }
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY);
    str_add(out, json_is_string(value) ? json_string_value(value) : text ? text : "");
    free(text);
}

/* What the migrator was told. A member of an object is a column or the like, and how it is made. */
static void text_options(const struct job *job, const struct job_stage *st, struct str *out)
{
    const char *name, *member;
    json_t *options = stage_options(job, st), *value, *made;
    json_object_foreach(options, name, value)
    {
        str_printf(out, "      %s:", name);
        if (!json_is_object(value)) {
            str_add(out, " ");
            text_value(value, 0, out);
        }
        json_object_foreach(value, member, made)
        {
            str_printf(out, "\n        %s: ", member);
            text_value(made, 1, out);
        }
        str_add(out, "\n");
    }
    json_decref(options);
}

/* The fields that are left out on purpose, and the columns that this stage does not fill. */
static void text_left(const struct job *job, const struct job_stage *st, struct str *out)
{
    const struct unit *m = st->migrator;
    size_t n = st->p->n_ignore + m->n_ignored;
    for (size_t i = 0; i < n; i++)
        str_printf(out, "%s%s%s", i ? ", " : "      ignored on purpose: ",
                   i < st->p->n_ignore ? st->p->ignore[i] : m->ignored[i - st->p->n_ignore],
                   i + 1 == n ? "\n" : "");
    for (size_t i = 0; st->tables && i < m->n_tables; i++) {
        const struct catalog_table *t = job->tables[st->tables[i]].t;
        const char *before = "      not filled: ";
        for (size_t k = 0; k < t->n_columns; k++) {
            if (coverage_fills(st, i, t->columns[k].name))
                continue;
            str_printf(out, "%s%s.%s (%s)", before, m->tables[i].name, t->columns[k].name,
                       coverage_otherwise(&t->columns[k]));
            before = ", ";
        }
        str_add(out, before[0] == ',' ? "\n" : "");
    }
}

static void text_stage(const struct job *job, const struct job_stage *st, struct str *out)
{
    const struct unit *m = st->migrator;
    str_printf(out, "%2zu. %s", st->no, st->p->name);
    project_phase(st->p, " (", ")", out);
    str_printf(out, ": %s of source %s, key ", st->p->entity, st->p->source);
    for (size_t i = 0; i < st->p->n_key; i++)
        str_printf(out, "%s%s", i ? "+" : "", st->p->key[i]);
    str_printf(out, ", migrator %s, policy %s, keys %s\n", st->p->migrator,
               policy_text(st->p->policy), project_ids_text(st->p->ids));
    for (size_t i = 0; i < m->n_tables; i++) {
        str_printf(out, "      -> %s (", m->tables[i].name);
        for (size_t k = 0; k < m->tables[i].n_columns; k++)
            str_printf(out, "%s%s", k ? ", " : "", m->tables[i].columns[k]);
        str_add(out, ")");
        if (st->tables) {
            const struct job_table *t = &job->tables[st->tables[i]];
            str_printf(out, ", live rows by %s",
                       t->match ? t->match->name : "nothing: insert only");
        }
        str_add(out, "\n");
    }
    text_options(job, st, out);
    text_left(job, st, out);
}

static void text_table(const struct job_table *t, struct str *out)
{
    const char *never = rebuild_never(t);
    str_printf(out, "%2zu. %s, policy %s, about %lld %s there, staged by %s COPY\n", t->no,
               t->t->quoted, policy_text(t->policy), (long long)t->t->rows,
               plural(t->t->rows, "row", "rows"), t->text ? "text" : "binary");
    if (t->also)
        str_printf(out, "      live rows also by %s\n", t->also->name);
    if (t->own.theirs)
        str_printf(out, "      the target's own: %s\n", t->own.theirs);
    merge_print(t, out);
    str_printf(out, "      indexes and foreign keys: %s%s\n",
               never                           ? "kept, "
               : t->indexes == INDEXES_REBUILD ? "dropped and made again in publish"
                                               : "made again when more rows come than are there",
               never ? never : "");
}

static void text_part(const char *name, const struct estimate_part *part, int records,
                      struct str *out)
{
    str_printf(out, "    %s: ", name);
    if (!part->run) {
        str_add(out, "unknown\n");
        return;
    }
    if (records)
        str_printf(out, "%lld %s, ", (long long)part->records,
                   plural(part->records, "record", "records"));
    str_printf(out, "%.1f s\n", part->seconds);
}

/* What a run will read and take, as measured. */
static void text_estimate(const struct job *job, const struct estimate *e, struct str *out)
{
    struct estimate_part all = estimate_sum(e, job, 0);
    int known = all.run && e->publish.run;
    if (e->rehearsal)
        str_printf(out, "\nestimated by rehearsal %lld of this plan, and by runs since:\n",
                   (long long)e->rehearsal);
    else
        str_add(out, "\nestimated by earlier runs:\n");
    for (size_t i = 0; i < job->n_stages; i++)
        text_part(job->stages[i].p->name, &e->stages[i], 1, out);
    for (size_t i = 0; i < job->n_stages; i++) {
        int64_t phase = job->stages[i].p->phase;
        struct estimate_part sum = estimate_sum(e, job, phase);
        if (estimate_begins_phase(job, i))
            text_part(arena_printf(job->mem, "phase %lld", (long long)phase), &sum, 1, out);
    }
    text_part("publish", &e->publish, 0, out);
    all = (struct estimate_part){known, all.records, all.seconds + e->publish.seconds};
    text_part("load and publish", &all, 1, out);
    if (!known)
        str_add(out, "    unknown is what no published run measured: a stage as it is now, whole, "
                     "in one go\n");
}

static void print_text(const struct job *job, const struct estimate *estimate, struct str *out)
{
    str_printf(out,
               "project %s, plan %.12s\n\nfirst of all: what both sides are made of, into"
               " analysis.json\n\nstages, in order:\n",
               job->project->name, job->hash);
    for (size_t i = 0; i < job->n_stages; i++)
        text_stage(job, &job->stages[i], out);
    for (size_t i = 0; i < job->project->n_stages; i++)
        if (!job->project->stages[i].enabled)
            str_printf(out, "    %s: disabled\n", job->project->stages[i].name);
    if (job->n_tables)
        str_add(out, "\ntables, in order of publishing:\n");
    for (size_t i = 0; i < job->n_tables; i++)
        text_table(&job->tables[i], out);
    for (size_t i = 0; i < job->n_validators; i++)
        str_printf(out, "%svalidator %s\n", i ? "" : "\n", job->validators[i].p->name);
    for (size_t i = 0; i < job->n_reporters; i++)
        str_printf(out, "reporter %s\n", job->reporters[i].p->name);
    if (estimate)
        text_estimate(job, estimate, out);
    if (job->notes.len)
        str_printf(out, "\nnotes:\n%s", job->notes.data);
}

/* ---- json ------------------------------------------------------------------------------ */

static json_t *json_names(const char *const *names, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(names[i]));
    return list;
}

/* A column: from which fields, by which steps; null where the migrator does not say. */
static json_t *json_mapping(const struct job_stage *st, size_t table, size_t column)
{
    const struct host_table *t = &st->migrator->tables[table];
    const struct host_made *made = &t->made[column];
    return json_pack("{s:s, s:s, s:o, s:o}", "table", t->name, "column", t->columns[column], "from",
                     made->steps ? json_names(made->fields, made->n_fields) : json_null(), "steps",
                     made->steps ? json_loads(made->steps, 0, NULL) : json_null());
}

static json_t *json_mappings(const struct job_stage *st)
{
    json_t *list = json_array();
    for (size_t i = 0; i < st->migrator->n_tables; i++)
        for (size_t k = 0; k < st->migrator->tables[i].n_columns; k++)
            json_array_append_new(list, json_mapping(st, i, k));
    return list;
}

/* What the stage leaves out of its tables, and what a new row gets there; null: not known without
 * the target. */
static json_t *json_not_filled(const struct job *job, const struct job_stage *st)
{
    json_t *list = st->tables ? json_array() : json_null();
    for (size_t i = 0; st->tables && i < st->migrator->n_tables; i++) {
        const struct catalog_table *t = job->tables[st->tables[i]].t;
        for (size_t k = 0; k < t->n_columns; k++)
            if (!coverage_fills(st, i, t->columns[k].name))
                json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "table",
                                                      st->migrator->tables[i].name, "column",
                                                      t->columns[k].name, "otherwise",
                                                      coverage_otherwise(&t->columns[k])));
    }
    return list;
}

/* Of the fields that the project and the migrator name. */
static json_t *json_ignored(const struct job_stage *st)
{
    json_t *list = json_names(st->p->ignore, st->p->n_ignore);
    for (size_t i = 0; i < st->migrator->n_ignored; i++)
        json_array_append_new(list, json_string(st->migrator->ignored[i]));
    return list;
}

static json_t *json_stage(const struct job *job, const struct job_stage *st)
{
    json_t *key = json_array(), *fields = json_array(), *tables = json_array();
    for (size_t i = 0; i < st->p->n_key; i++)
        json_array_append_new(key, json_string(st->p->key[i]));
    for (size_t i = 0; i < st->n_fields; i++)
        json_array_append_new(fields, json_string(st->fields[i]));
    for (size_t i = 0; i < st->migrator->n_tables; i++) {
        json_t *columns = json_array();
        for (size_t k = 0; k < st->migrator->tables[i].n_columns; k++)
            json_array_append_new(columns, json_string(st->migrator->tables[i].columns[k]));
        json_array_append_new(tables, json_pack("{s:s, s:o}", "table", st->migrator->tables[i].name,
                                                "columns", columns));
    }
    json_t *phase = st->p->phase ? json_integer(st->p->phase) : json_null();
    return json_pack("{s:s, s:o, s:s?, s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "name", st->p->name, "phase", phase, "priority", st->p->priority, "source",
                     st->p->source, "entity", st->p->entity, "key", key, "migrator",
                     st->p->migrator, "policy", policy_text(st->p->policy), "fields", fields,
                     "tables", tables, "mappings", json_mappings(st), "ignored", json_ignored(st),
                     "not_filled", json_not_filled(job, st), "options", stage_options(job, st));
}

/* null is unknown. */
static json_t *json_part(const struct estimate_part *part)
{
    if (!part->run)
        return json_null();
    return json_pack("{s:I, s:f}", "records", (json_int_t)part->records, "seconds", part->seconds);
}

static json_t *json_estimate(const struct job *job, const struct estimate *e)
{
    if (!e)
        return json_null();
    json_t *stages = json_object(), *phases = json_object();
    for (size_t i = 0; i < job->n_stages; i++) {
        struct estimate_part sum = estimate_sum(e, job, job->stages[i].p->phase);
        json_object_set_new(stages, job->stages[i].p->name, json_part(&e->stages[i]));
        if (estimate_begins_phase(job, i))
            json_object_set_new(phases,
                                arena_printf(job->mem, "%lld", (long long)job->stages[i].p->phase),
                                json_part(&sum));
    }
    struct estimate_part load = estimate_sum(e, job, 0);
    json_t *publish =
        e->publish.run ? json_pack("{s:f}", "seconds", e->publish.seconds) : json_null();
    json_t *out = json_pack("{s:o, s:o, s:o, s:o}", "stages", stages, "phases", phases, "load",
                            json_part(&load), "publish", publish);
    if (e->rehearsal)
        json_object_set_new(out, "rehearsal", json_integer((json_int_t)e->rehearsal));
    return out;
}

static void print_json(const struct job *job, const struct estimate *estimate, struct str *out)
{
    json_t *stages = json_array(), *tables = json_array();
    for (size_t i = 0; i < job->n_stages; i++)
        json_array_append_new(stages, json_stage(job, &job->stages[i]));
    for (size_t i = 0; i < job->n_tables; i++)
        json_array_append_new(tables,
                              json_pack("{s:s, s:s, s:s}", "table", job->tables[i].t->quoted,
                                        "policy", policy_text(job->tables[i].policy), "match",
                                        job->tables[i].match ? job->tables[i].match->name : ""));
    json_t *root = json_pack("{s:s, s:s, s:o, s:o, s:o, s:s}", "project", job->project->name,
                             "plan", job->hash, "stages", stages, "tables", tables, "estimate",
                             json_estimate(job, estimate), "notes", job->notes.data);
    char *text = json_dumps(root, JSON_INDENT(2));
    str_add(out, text ? text : "{}");
    str_add(out, "\n");
    free(text);
    json_decref(root);
}

/* ---- dot ------------------------------------------------------------------------------- */

static void dot_edges(const struct job *job, const struct job_stage *st, struct str *out)
{
    for (size_t i = 0; i < st->p->n_needs; i++)
        str_printf(out, "  \"%s\" -> \"stage:%s\"%s;\n", st->p->needs[i].feature, st->p->name,
                   st->p->needs[i].hard ? "" : " [style=dashed]");
    for (size_t i = 0; i < st->migrator->n_entities; i++)
        if (!str_equal(st->migrator->entities[i].stage, st->p->name))
            str_printf(out, "  \"stage:%s\" -> \"stage:%s\" [label=\"keys\"];\n",
                       st->migrator->entities[i].stage, st->p->name);
    for (size_t i = 0; i < st->migrator->n_tables; i++)
        str_printf(out, "  \"stage:%s\" -> \"%s\" [style=dotted];\n", st->p->name,
                   st->migrator->tables[i].name);
    (void)job;
}

static void print_dot(const struct job *job, struct str *out)
{
    str_add(out, "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n");
    for (size_t i = 0; i < job->n_stages; i++) {
        str_printf(out, "  \"stage:%s\" [label=\"%zu. %s", job->stages[i].p->name,
                   job->stages[i].no, job->stages[i].p->name);
        project_phase(job->stages[i].p, "\\n", "", out);
        str_add(out, "\"];\n");
        dot_edges(job, &job->stages[i], out);
    }
    str_add(out, "}\n");
}

void planprint(const struct job *job, const struct estimate *estimate, enum planprint_format format,
               struct str *out)
{
    if (format == PLANPRINT_JSON)
        print_json(job, estimate, out);
    else if (format == PLANPRINT_DOT)
        print_dot(job, out);
    else
        print_text(job, estimate, out);
}
