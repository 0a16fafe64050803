/* rehearsal_parts.c - one member for each piece; its digest is short, since it need not withstand
 * anybody: that a plan is the same is said by the whole ones. */
#include "rehearsal_parts.h"

#include <string.h>

#include "digest.h"
#include "jsonfile.h"

#define DIGITS 16

struct parts {
    struct str *out, name, text; /* of the piece at hand */
    size_t n;
};

/* Ends the piece at hand. */
static void put(struct parts *p)
{
    char digest[65];
    digest_text(p->text.data, digest);
    str_add(p->out, p->n++ ? ", " : "");
    jsonfile_quote(p->out, p->name.data);
    str_printf(p->out, ": \"%.*s\"", DIGITS, digest);
    str_reset(&p->name);
    str_reset(&p->text);
}

static void columns(struct parts *p, const struct catalog_table *t)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct catalog_column *c = &t->columns[i];
        str_printf(&p->name, "column %s.%s.%s", t->schema, t->name, c->name);
        str_printf(&p->text, "%d|%s|%d|%c%c|%s", c->attnum, c->declared, c->not_null,
                   c->identity ? c->identity : '-', c->generated ? c->generated : '-',
                   c->fallback ? c->fallback : "");
        put(p);
    }
}

static void keys(struct parts *p, const struct catalog_table *t)
{
    for (size_t i = 0; i < t->n_keys; i++) {
        const struct catalog_key *k = &t->keys[i];
        str_printf(&p->name, "unique index %s of %s.%s", k->name, t->schema, t->name);
        for (size_t c = 0; c < k->n; c++)
            str_printf(&p->text, "%s|", k->parts[c]);
        str_add(&p->text, k->predicate ? k->predicate : "");
        put(p);
    }
}

static void exclusions(struct parts *p, const struct catalog_table *t)
{
    for (size_t i = 0; i < t->n_exclusions; i++) {
        const struct catalog_key *k = &t->exclusions[i];
        str_printf(&p->name, "exclusion constraint %s of %s.%s", k->name, t->schema, t->name);
        for (size_t c = 0; c < k->n; c++)
            str_printf(&p->text, "%s|%s|", k->parts[c], k->operators[c]);
        str_add(&p->text, k->predicate ? k->predicate : "");
        put(p);
    }
}

static void references(struct parts *p, const struct catalog_table *t,
                       const struct catalog_reference *list, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++) {
        const struct catalog_reference *r = &list[i];
        str_printf(&p->name, "foreign key %s %s %s.%s", r->name, word, t->schema, t->name);
        str_printf(&p->text, "%u|%u|%c%c", r->parent_oid, r->child_oid, r->on_delete, r->on_update);
        put(p);
    }
}

static void checks(struct parts *p, const struct catalog_table *t)
{
    for (size_t i = 0; i < t->n_checks; i++) {
        const char *name = t->checks[i].name;
        str_printf(&p->name, "%s %s of %s.%s", name ? "check" : "partition bound", name ? name : "",
                   t->schema, t->name);
        str_add(&p->text, t->checks[i].sql);
        put(p);
    }
}

static void table(struct parts *p, const struct catalog_table *t)
{
    str_printf(&p->name, "table %s.%s", t->schema, t->name);
    str_printf(&p->text, "%u|%c", t->oid, t->kind);
    put(p);
    str_printf(&p->name, "triggers and rules of %s.%s", t->schema, t->name);
    str_printf(&p->text, "%s|%d", t->triggers, t->instead_rules);
    put(p);
    columns(p, t);
    keys(p, t);
    exclusions(p, t);
    references(p, t, t->references, t->n_references, "of");
    references(p, t, t->incoming, t->n_incoming, "to");
    checks(p, t);
}

static const char *file_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path ? path : "built in";
}

/* A plugin has several units. */
static void plugins(struct parts *p, const struct registry *r)
{
    for (size_t i = 0; i < r->n; i++) {
        size_t k = 0;
        while (k < i && !str_equal(r->units[k].path, r->units[i].path))
            k++;
        if (k < i)
            continue;
        str_printf(&p->name, "plugin %s", file_name(r->units[i].path));
        str_add(&p->text, r->units[i].sha256);
        put(p);
    }
}

void rehearsal_parts_json(const struct job *job, struct str *out)
{
    struct parts p = {.out = out};
    const struct project *project = job->project;
    str_init(&p.name, 0);
    str_init(&p.text, 0);
    str_add_char(out, '{');
    str_add(&p.name, "the project file");
    str_add(&p.text, project->sha256);
    put(&p);
    for (size_t i = 0; i < project->n_validators; i++) {
        str_printf(&p.name, "validator %s", project->validators[i].name);
        str_add(&p.text, project->validators[i].enabled ? "+" : "-");
        put(&p);
    }
    for (size_t i = 0; i < job->n_stages; i++) {
        str_printf(&p.name, "stage %s", job->stages[i].p->name);
        str_add(&p.text, job->stages[i].hash);
        put(&p);
    }
    plugins(&p, job->host->registry);
    for (size_t i = 0; i < job->catalog.n; i++)
        table(&p, &job->catalog.tables[i]);
    str_add_char(out, '}');
    str_clear(&p.name);
    str_clear(&p.text);
}
