/*
 * relations.c - rows that need others: "orphans" (a reference without its row) and "exists" (a
 * row that must have at least one of another table).
 *
 * Relations are those that the project declares; whether the target has a foreign key for one
 * does not matter. A reference that is NULL, or NULL in one of its columns, refers to nothing,
 * as with MATCH SIMPLE; "exists" has no such excuse.
 */
#include <stdio.h>

#include "../common/plural.h"
#include "kinds.h"

struct relation {
    const char *table, *to;
    struct rule_columns columns, to_columns, key; /* key: what names a violating row */
    int as_text;
    int null_excused;
};

static void add_column(struct sqltext *sql, const char *alias, const char *column, int as_text)
{
    sqltext_add(sql, alias);
    sqltext_name(sql, column);
    if (as_text)
        sqltext_add(sql, "::text");
}

static void add_query(struct sqltext *sql, const struct relation *rel)
{
    sqltext_add(sql, "SELECT concat_ws(', '");
    for (size_t i = 0; i < rel->key.n; i++)
        add_column(sql, ", a.", rel->key.names[i], 1);
    sqltext_add(sql, ") FROM ");
    sqltext_table(sql, rel->table);
    sqltext_add(sql, " AS a WHERE ");
    for (size_t i = 0; rel->null_excused && i < rel->columns.n; i++) {
        add_column(sql, "a.", rel->columns.names[i], 0);
        sqltext_add(sql, " IS NOT NULL AND ");
    }
    sqltext_add(sql, "NOT EXISTS (SELECT 1 FROM ");
    sqltext_table(sql, rel->to);
    sqltext_add(sql, " AS b WHERE ");
    for (size_t i = 0; i < rel->columns.n; i++) {
        add_column(sql, i > 0 ? " AND b." : "b.", rel->to_columns.names[i], rel->as_text);
        add_column(sql, " = a.", rel->columns.names[i], rel->as_text);
    }
    sqltext_add(sql, ")");
}

/* 0, or -1 and faults. */
static int read_relation(const struct rule *r, const char *to, const char *to_columns,
                         struct relation *out)
{
    out->table = rule_text(r, "table", 1);
    out->to = rule_text(r, to, 1);
    out->as_text = rule_flag(r, "as_text");
    int rc = rule_columns(r, "columns", &out->columns);
    rc |= rule_columns(r, to_columns, &out->to_columns);
    out->key = out->columns;
    if (json_object_get(r->members, "key"))
        rc |= rule_columns(r, "key", &out->key);
    if (rc == 0 && out->columns.n != out->to_columns.n) {
        rule_fault(r, "\"columns\" names %zu %s and \"%s\" %zu", out->columns.n,
                   plural(out->columns.n, "column", "columns"), to_columns, out->to_columns.n);
        return -1;
    }
    return rc != 0 || !out->table || !out->to ? -1 : 0;
}

static void join_names(const struct rule_columns *columns, char *text, size_t size)
{
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < columns->n && len < size; i++)
        len +=
            (size_t)snprintf(text + len, size - len, "%s%s", i > 0 ? ", " : "", columns->names[i]);
}

static void orphan_check(const struct rule *r)
{
    char columns[160], name[440], message[500];
    struct relation rel = {.null_excused = 1};
    const char *own_name = rule_text(r, "name", 0);
    if (read_relation(r, "to", "to_columns", &rel) != 0)
        return;
    struct sqltext sql;
    sqltext_begin(&sql);
    add_query(&sql, &rel);
    join_names(&rel.columns, columns, sizeof columns);
    (void)snprintf(name, sizeof name, "%.120s (%s) -> %.120s", rel.table, columns, rel.to);
    (void)snprintf(message, sizeof message, "%.120s (%s) must refer to a row of %.120s", rel.table,
                   columns, rel.to);
    rule_query_check(r, &(struct rule_says){own_name ? own_name : name, "orphan", message, NULL},
                     &sql);
}

static const char *const RELATION_MEMBERS[] = {
    "table", "columns", "to", "to_columns", "key", "as_text", "name", "severity", NULL};

void relations_orphans(const struct rule *r)
{
    const json_t *list = json_object_get(r->members, "relations");
    if (!json_is_array(list))
        rule_fault(r, "\"relations\" must be a list of objects");
    for (size_t i = 0; i < json_array_size(list); i++) {
        char where[200];
        (void)snprintf(where, sizeof where, "%s%srelation %zu", r->where ? r->where : "",
                       r->where ? ", " : "", i + 1);
        struct rule one = *r;
        one.members = json_array_get(list, i);
        one.where = where;
        faultlist_members(&r->checks->faults, where, one.members, RELATION_MEMBERS);
        rule_read_severity(&one);
        orphan_check(&one);
    }
}

void relations_exists(const struct rule *r)
{
    char name[440], message[500];
    struct relation rel = {.null_excused = 0};
    const char *own_name = rule_text(r, "name", 0);
    if (read_relation(r, "in", "in_columns", &rel) != 0)
        return;
    struct sqltext sql;
    sqltext_begin(&sql);
    add_query(&sql, &rel);
    (void)snprintf(name, sizeof name, "%.120s has %.120s", rel.table, rel.to);
    (void)snprintf(message, sizeof message, "each row of %.120s must have a row in %.120s",
                   rel.table, rel.to);
    rule_query_check(
        r, &(struct rule_says){own_name ? own_name : name, "missing_row", message, NULL}, &sql);
}
