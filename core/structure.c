/* structure.c - tables, columns, keys and an inventory of both sides, from their catalogs alone: no
 * row is read, and numbers of rows are what the server holds for likely. Exact numbers are
 * analyze.c's, which takes a pass over each table. Definitions stay out, as they may hold secrets;
 * but for keys, references, and versions. */
#include "structure.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "projecturl.h"
#include "schema_read.h"
#include "side.h"
#include "url.h"

static const char columns_sql[] =
    "SELECT format('%I.%I', n.nspname, c.relname), greatest(c.reltuples, 0)::bigint, a.attname,"
    " format_type(a.atttypid, a.atttypmod), a.attnotnull FROM pg_class c JOIN pg_namespace n ON"
    " n.oid = c.relnamespace LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND"
    " NOT a.attisdropped WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <>"
    " 'information_schema' AND n.nspname <> $1 ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE"
    " \"C\", a.attnum";

static json_t *read_tables(struct pg *pg, const char *without, struct error *err)
{
    struct pg_result *res = pg_query(pg, err, columns_sql, 1, &without);
    json_t *tables = json_object(), *columns = NULL;
    const char *last = "";
    for (int i = 0; res && i < pg_rows(res); i++) {
        if (strcmp(pg_get(res, i, 0), last) != 0) {
            last = pg_get(res, i, 0);
            columns = json_array();
            json_object_set_new(tables, last,
                                json_pack("{s:I, s:o, s:[], s:[]}", "rows_estimated",
                                          (json_int_t)pg_get_int(res, i, 1), "columns", columns,
                                          "keys", "references"));
        }
        if (pg_get(res, i, 2))
            json_array_append_new(columns, json_pack("{s:s, s:s, s:b}", "name", pg_get(res, i, 2),
                                                     "type", pg_get(res, i, 3), "not_null",
                                                     pg_get(res, i, 4)[0] == 't'));
    }
    pg_free(res);
    return tables;
}

/* Those with a version first, then those that are parts of a table, then those of which the name
 * counts. */
static const char *const kinds[] = {SCHEMA_DATABASE, SCHEMA_EXTENSION, "key",    "foreign key",
                                    "type",          "sequence",       "view",   "index",
                                    "function",      "trigger",        "policy", NULL};
#define NAMED 4 /* the first of them */

static json_t *sort_items(const struct schema *schema, json_t *tables)
{
    json_t *inventory = json_pack("{s:{}, s:{}}", SCHEMA_DATABASE, SCHEMA_EXTENSION);
    for (size_t k = NAMED; kinds[k]; k++)
        json_object_set_new(inventory, kinds[k], json_array());
    for (size_t i = 0; i < schema->n; i++) {
        const struct schema_item *item = &schema->items[i];
        json_t *list = json_object_get(inventory, item->kind);
        const char *member = str_equal(item->kind, "key")           ? "keys"
                             : str_equal(item->kind, "foreign key") ? "references"
                                                                    : NULL;
        if (json_is_object(list))
            json_object_set_new(list, item->name, json_string(item->definition));
        else if (list)
            json_array_append_new(list, json_string(item->name));
        else if (member)
            json_array_append_new(json_object_get(json_object_get(tables, item->table), member),
                                  json_string(item->definition));
    }
    return inventory;
}

static json_t *read_side(struct pg *pg, const char *without, struct error *err)
{
    struct arena *mem = arena_new();
    struct schema schema = {0};
    json_t *side = NULL;
    int code = pg_begin(pg, "ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
    if (!code)
        code = schema_read_kinds(pg, without, kinds, mem, &schema, err);
    if (!code) {
        json_t *tables = read_tables(pg, without, err);
        side = json_pack("{s:o, s:o}", "tables", tables, "inventory", sort_items(&schema, tables));
    }
    pg_rollback(pg);
    arena_free(mem);
    return side;
}

/* Documents and interfaces have no catalog: what is read of them is in the plan. */
static int has_catalog(const struct project *p, const struct project_source *source)
{
    const char *url = projecturl_get(p, source);
    return url && !url_database_fault(url);
}

static int read_sources(struct session *s, json_t *root, struct error *err)
{
    const struct project *p = s->project;
    for (size_t i = 0; !err->code && i < p->n_sources; i++) {
        char word[128];
        struct side side = {0};
        if (!has_catalog(p, &p->sources[i]))
            continue;
        snprintf(word, sizeof word, "source:%s", p->sources[i].name);
        if (side_open(s, word, &side))
            *err = s->err;
        else
            json_object_set_new(root, word, read_side(side.pg, p->target.state_schema, err));
        side_clear(&side);
        error_clear(&s->err);
    }
    return err->code;
}

char *structure_read(struct session *s, struct error *err)
{
    json_t *root = json_object();
    json_object_set_new(root, "target", read_side(s->pg, s->project->target.state_schema, err));
    char *text =
        !err->code && !read_sources(s, root, err) ? json_dumps(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    return text;
}
