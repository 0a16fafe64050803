/* point.c - what of a project its backups cover. */
#include "point.h"

#include "projecturl.h"
#include "sql.h"
#include "str.h"
#include "url.h"

static const char *condition(const struct catalog_reference *r, struct arena *mem)
{
    struct str out;
    str_init(&out, 0);
    for (size_t i = 0; i < r->n; i++) {
        str_add(&out, i ? " AND p." : "p.");
        sql_ident(&out, r->parent_columns[i]);
        str_printf(&out, " %s c.", r->operators[i]);
        sql_ident(&out, r->columns[i]);
    }
    const char *text = arena_strdup(mem, out.data);
    str_clear(&out);
    return text;
}

static const char *quoted(const char *schema, const char *table, struct arena *mem)
{
    struct str out;
    str_init(&out, 0);
    sql_table(&out, schema, table);
    const char *text = arena_strdup(mem, out.data);
    str_clear(&out);
    return text;
}

/* Those of the catalog are found there. */
static void add_links(const struct job_table *t, struct backup_link *links, size_t *n,
                      struct arena *mem)
{
    for (size_t i = 0; i < t->n_references; i++) {
        const struct catalog_reference *r = &t->references[i].key;
        if (!r->declared)
            links[(*n)++] =
                (struct backup_link){.child = quoted(r->child_schema, r->child_table, mem),
                                     .parent = quoted(r->parent_schema, r->parent_table, mem),
                                     .condition = condition(r, mem)};
    }
}

static int add_sources(const struct job *job, struct backup_request *out, struct error *err)
{
    const struct project *p = job->project;
    struct backup_source *list = arena_alloc(job->mem, (p->n_backup_sources + 1) * sizeof *list);
    for (size_t i = 0; i < p->n_backup_sources; i++) {
        const char *url = projecturl_get(p, project_find_source(p, p->backup_sources[i]));
        if (!url || url_database_fault(url)) {
            error_set(err, STATUS_CONFIG,
                      "source %s cannot be backed up: it is no PostgreSQL database",
                      p->backup_sources[i]);
            error_fix(err,
                      "leave it out of \"sources\" in the project's \"backup\"; files and APIs "
                      "have their own copies");
            return STATUS_CONFIG;
        }
        list[i] = (struct backup_source){p->backup_sources[i], url};
    }
    out->sources = list;
    out->n_sources = p->n_backup_sources;
    return STATUS_OK;
}

int point_request(const struct job *job, const char *url, const struct pg *pg,
                  struct backup_request *out, struct error *err)
{
    const struct project *p = job->project;
    size_t n_references = 0, n_links = 0;
    for (size_t i = 0; i < job->n_tables; i++)
        n_references += job->tables[i].n_references;
    const char **names = arena_alloc(job->mem, (2 * job->n_tables + 1) * sizeof *names);
    struct backup_link *links = arena_alloc(job->mem, (n_references + 1) * sizeof *links);
    for (size_t i = 0; i < job->n_tables; i++) {
        names[2 * i] = job->tables[i].t->schema;
        names[2 * i + 1] = job->tables[i].t->name;
        add_links(&job->tables[i], links, &n_links, job->mem);
    }
    *out = (struct backup_request){.dir = p->backup_dir,
                                   .url = url,
                                   .project = p->name,
                                   .run = "",
                                   .scope = p->backup_scope,
                                   .tables = names,
                                   .n_tables = job->n_tables,
                                   .rows = p->backup_rows,
                                   .n_rows = p->n_backup_rows,
                                   .links = links,
                                   .n_links = n_links,
                                   .server_version = pg_server_version(pg),
                                   .state_schema = p->target.state_schema};
    return add_sources(job, out, err);
}
