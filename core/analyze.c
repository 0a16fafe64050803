/* analyze.c - what source and target are made of, before anybody plans: tables, columns, numbers of
 * rows and of NULLs, keys; columns that could be keys or references where none is declared; and an
 * inventory of what else there is. Reads only. What is counted is exact, and takes one pass over
 * each table; what could be a key is looked for only in tables that have none. */
#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "jsonfile.h"
#include "output.h"
#include "plural.h"
#include "projecturl.h"
#include "schema_read.h"
#include "side.h"
#include "url.h"

struct analysis {
    struct session *s;
    struct side side;
    struct arena *mem;
    struct schema schema;
    struct str text, json;
    int written; /* tables in the JSON list */
};

/* ---- tables ---------------------------------------------------------------------------- */

/* $1: the table. One row a column: name as SQL, type, NOT NULL, may be counted distinct. */
static const char columns_sql[] =
    "SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attnotnull, EXISTS"
    " (SELECT FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod WHERE m.amname = 'btree' AND"
    " o.opcintype = t.oid AND o.opcdefault) OR t.typtype IN ('e', 'd') OR t.typname = 'varchar',"
    " a.attname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid ="
    " $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

static int has_key(const struct analysis *a, const char *table)
{
    for (size_t i = 0; i < a->schema.n; i++)
        if (str_equal(a->schema.items[i].kind, "key") && str_equal(a->schema.items[i].table, table))
            return 1;
    return 0;
}

/* Keys and references of a table, as the server prints them. */
static void tell_constraints(struct analysis *a, const char *table)
{
    int n = 0;
    str_add(&a->json, ", \"constraints\": [");
    for (size_t i = 0; i < a->schema.n; i++) {
        const struct schema_item *item = &a->schema.items[i];
        if (!str_equal(item->table, table) ||
            !(str_equal(item->kind, "key") || str_equal(item->kind, "foreign key")))
            continue;
        str_printf(&a->text, "    %s\n", item->definition);
        str_add(&a->json, n++ ? ", " : "");
        jsonfile_quote(&a->json, item->definition);
    }
    str_add_char(&a->json, ']');
}

/* The one pass: number of rows, then for each column its NULLs, and its distinct values or NULL. */
static struct pg_result *count(struct analysis *a, const char *table,
                               const struct pg_result *columns, int distinct)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT count(*)");
    for (int i = 0; i < pg_rows(columns); i++) {
        str_printf(&sql, ", count(*) - count(%s)", pg_get(columns, i, 0));
        if (distinct && pg_get(columns, i, 3)[0] == 't')
            str_printf(&sql, ", count(DISTINCT %s)", pg_get(columns, i, 0));
        else
            str_add(&sql, ", NULL");
    }
    str_printf(&sql, " FROM %s", table);
    return pg_query_str(a->side.pg, &sql, &a->s->err);
}

static void tell_column(struct analysis *a, const struct pg_result *columns, int i,
                        const struct pg_result *counts)
{
    int64_t rows = pg_get_int(counts, 0, 0), nulls = pg_get_int(counts, 0, 1 + 2 * i);
    const char *distinct = pg_get(counts, 0, 2 + 2 * i);
    int not_null = pg_get(columns, i, 2)[0] == 't';
    int candidate = distinct && rows > 0 && nulls == 0 && pg_get_int(counts, 0, 2 + 2 * i) == rows;
    double share = rows ? 100.0 * (double)nulls / (double)rows : 0;
    str_printf(&a->text, "    %s %s%s", pg_get(columns, i, 0), pg_get(columns, i, 1),
               not_null ? " NOT NULL" : "");
    if (nulls)
        str_printf(&a->text, ", %.1f %% NULL", share);
    str_add(&a->text, candidate ? ", could be a key\n" : "\n");
    str_add(&a->json, i ? ", {\"name\": " : "{\"name\": ");
    jsonfile_quote(&a->json, pg_get(columns, i, 4));
    str_add(&a->json, ", \"type\": ");
    jsonfile_quote(&a->json, pg_get(columns, i, 1));
    str_printf(&a->json, ", \"not_null\": %s, \"nulls\": %lld, \"distinct\": %s, \"key\": %s}",
               not_null ? "true" : "false", (long long)nulls, distinct ? distinct : "null",
               candidate ? "true" : "false");
}

static int tell_table(struct analysis *a, const struct schema_item *table)
{
    int keyed = has_key(a, table->name);
    struct pg_result *columns = pg_query(a->side.pg, &a->s->err, columns_sql, 1, &table->name);
    struct pg_result *counts = columns ? count(a, table->name, columns, !keyed) : NULL;
    if (counts) {
        str_printf(&a->text, "  %s: %s %s%s\n", table->name, pg_get(counts, 0, 0),
                   plural(pg_get_int(counts, 0, 0), "row", "rows"),
                   keyed ? "" : ", no key is declared");
        str_add(&a->json, a->written++ ? ",\n  {\"table\": " : "\n  {\"table\": ");
        jsonfile_quote(&a->json, table->name);
        str_printf(&a->json, ", \"rows\": %s, \"columns\": [", pg_get(counts, 0, 0));
        for (int i = 0; i < pg_rows(columns); i++)
            tell_column(a, columns, i, counts);
        str_add_char(&a->json, ']');
        tell_constraints(a, table->name);
        str_add_char(&a->json, '}');
    }
    pg_free(counts);
    pg_free(columns);
    return a->s->err.code;
}

/* ---- references that nobody declared ------------------------------------------------------ */

/* A column that is called like another table, or that in the singular, with "_id" or "id" behind
 * it, has the type of that table's column "id", and refers to nothing yet. */
static const char likely_sql[] =
    "WITH col AS (SELECT c.oid, n.nspname, c.relname, a.attname, a.attnum, a.atttypid, format("
    "'%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid ="
    " c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT"
    " a.attisdropped WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_'"
    " AND n.nspname <> 'information_schema' AND n.nspname <> $1)"
    " SELECT x.name, quote_ident(x.attname), p.name, quote_ident(p.attname) FROM col x JOIN col p "
    "ON"
    " p.attname = 'id' AND p.oid <> x.oid AND p.atttypid = x.atttypid AND lower(replace(x.attname,"
    " '_', '')) IN (lower(replace(p.relname, '_', '')) || 'id', lower(replace(regexp_replace("
    "p.relname, '(es|s)$', ''), '_', '')) || 'id', lower(replace(regexp_replace(p.relname, 's$',"
    " ''), '_', '')) || 'id', lower(replace(regexp_replace(p.relname, 'ies$', 'y'), '_', '')) ||"
    " 'id') WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid ="
    " x.oid AND x.attnum = ANY (k.conkey)) ORDER BY x.name COLLATE \"C\", x.attnum";

static int tell_reference(struct analysis *a, const struct pg_result *res, int i)
{
    struct pg_result *found = pg_queryf(
        a->side.pg, &a->s->err,
        "SELECT count(*) FROM %s c WHERE c.%s IS NOT NULL AND NOT EXISTS (SELECT FROM %s p"
        " WHERE p.%s = c.%s)",
        pg_get(res, i, 0), pg_get(res, i, 1), pg_get(res, i, 2), pg_get(res, i, 3),
        pg_get(res, i, 1));
    if (!found)
        return a->s->err.code;
    str_printf(&a->text, "  %s.%s could refer to %s: %s %s without a parent\n", pg_get(res, i, 0),
               pg_get(res, i, 1), pg_get(res, i, 2), pg_get(found, 0, 0),
               plural(pg_get_int(found, 0, 0), "row", "rows"));
    str_add(&a->json, i ? ", {\"table\": " : "{\"table\": ");
    jsonfile_quote(&a->json, pg_get(res, i, 0));
    str_add(&a->json, ", \"column\": ");
    jsonfile_quote(&a->json, pg_get(res, i, 1));
    str_add(&a->json, ", \"to\": ");
    jsonfile_quote(&a->json, pg_get(res, i, 2));
    str_printf(&a->json, ", \"orphans\": %s}", pg_get(found, 0, 0));
    pg_free(found);
    return 0;
}

static int tell_references(struct analysis *a)
{
    const char *without = a->s->project->target.state_schema;
    struct pg_result *res = pg_query(a->side.pg, &a->s->err, likely_sql, 1, &without);
    if (!res)
        return a->s->err.code;
    int code = 0;
    str_add(&a->json, "], \"references\": [");
    for (int i = 0; !code && i < pg_rows(res); i++)
        code = tell_reference(a, res, i);
    pg_free(res);
    return code;
}

/* ---- the whole -------------------------------------------------------------------------- */

static void tell_inventory(struct analysis *a)
{
    static const char *const told[] = {SCHEMA_DATABASE, SCHEMA_EXTENSION, "type",
                                       "sequence",      "view",           "index",
                                       "function",      "trigger",        "policy"};
    str_add(&a->json, "], \"inventory\": {");
    for (size_t k = 0; k < sizeof told / sizeof *told; k++) {
        int n = 0;
        str_printf(&a->json, "%s\"%s\": [", k ? ", " : "", told[k]);
        for (size_t i = 0; i < a->schema.n; i++) {
            const struct schema_item *item = &a->schema.items[i];
            if (!str_equal(item->kind, told[k]))
                continue;
            int is_short = k < 2;
            str_printf(&a->text, "  %s %s%s%s\n", item->kind, item->name, is_short ? ": " : "",
                       is_short ? item->definition : "");
            str_add(&a->json, n++ ? ", {\"name\": " : "{\"name\": ");
            jsonfile_quote(&a->json, item->name);
            str_add(&a->json, ", \"definition\": ");
            jsonfile_quote(&a->json, item->definition);
            str_add_char(&a->json, '}');
        }
        str_add_char(&a->json, ']');
    }
    str_add_char(&a->json, '}');
}

static int read_all(struct analysis *a)
{
    int code = pg_begin(a->side.pg, "ISOLATION LEVEL REPEATABLE READ READ ONLY", &a->s->err);
    if (!code)
        code = schema_read(a->side.pg, a->s->project->target.state_schema, a->mem, &a->schema,
                           &a->s->err);
    for (size_t i = 0; !code && i < a->schema.n; i++)
        if (str_equal(a->schema.items[i].kind, "table"))
            code = tell_table(a, &a->schema.items[i]);
    if (!code)
        code = tell_references(a);
    if (!code)
        tell_inventory(a);
    pg_rollback(a->side.pg);
    return code;
}

static int analyze_side(struct session *s, const char *word, struct str *text, struct str *json)
{
    struct analysis a = {.s = s, .mem = arena_new(), .text = *text, .json = *json};
    int code = side_open(s, word, &a.side);
    str_printf(&a.text, "%s\n", word);
    str_add(&a.json, a.json.len > 1 ? ",\n" : "");
    jsonfile_quote(&a.json, word);
    str_add(&a.json, ": {\"tables\": [");
    if (!code)
        code = read_all(&a);
    str_add_char(&a.json, '}');
    side_clear(&a.side);
    arena_free(a.mem);
    *text = a.text;
    *json = a.json;
    return code;
}

/* Documents and interfaces have no catalog: what a run reads of them is in the plan. */
static int analyze_sources(struct session *s, struct str *text, struct str *json)
{
    int code = session_sources(s);
    for (size_t i = 0; !code && i < s->project->n_sources; i++) {
        const struct project_source *source = &s->project->sources[i];
        char word[128];
        snprintf(word, sizeof word, "source:%s", source->name);
        const char *url = projecturl_get(s->project, source);
        if (url && !url_database_fault(url))
            code = analyze_side(s, word, text, json);
        else
            str_printf(text, "%s is no PostgreSQL database: see --plan for what is read of it\n",
                       word);
    }
    return code;
}

int analyze_run(const struct cli *cli, struct session *s)
{
    struct str text, json;
    str_init(&text, 0);
    str_init(&json, 0);
    str_add_char(&json, '{');
    int code = analyze_sources(s, &text, &json);
    if (!code)
        code = analyze_side(s, "target", &text, &json);
    str_add(&json, "}\n");
    if (!code)
        output_text(cli->json ? json.data : text.data);
    else
        session_report(s, "nothing was written");
    str_clear(&text);
    str_clear(&json);
    return code ? code : faults_code(&s->faults);
}
