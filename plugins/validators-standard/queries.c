/*
 * queries.c - rules on whole tables: "unique", "filled", "counts", and "sql" for all that no other
 * rule says.
 */
#include <stdio.h>
#include <string.h>

#include "../common/plural.h"
#include "kinds.h"

/* ---- unique --------------------------------------------------------------------------- */

static void add_list(struct sqltext *sql, const struct rule_columns *columns, const char *between,
                     const char *behind)
{
    for (size_t i = 0; i < columns->n; i++) {
        if (i > 0)
            sqltext_add(sql, between);
        sqltext_name(sql, columns->names[i]);
        sqltext_add(sql, behind);
    }
}

void queries_unique(const struct rule *r)
{
    char name[300], message[400];
    const char *table = rule_text(r, "table", 1), *own_name = rule_text(r, "name", 0);
    struct rule_columns columns;
    if (rule_own_columns(r, &columns) != 0 || !table)
        return;
    struct sqltext sql;
    sqltext_begin(&sql);
    sqltext_add(&sql, "SELECT concat_ws(', ', ");
    add_list(&sql, &columns, ", ", "::text");
    sqltext_add(&sql, ") FROM ");
    sqltext_table(&sql, table);
    sqltext_add(&sql, " WHERE ");
    add_list(&sql, &columns, " AND ", " IS NOT NULL");
    sqltext_add(&sql, " GROUP BY ");
    add_list(&sql, &columns, ", ", "");
    sqltext_add(&sql, " HAVING count(*) > 1");
    (void)snprintf(name, sizeof name, "%.120s.%.80s%s unique", table, columns.names[0],
                   columns.n > 1 ? ", ..." : "");
    (void)snprintf(message, sizeof message, "%.120s: no two rows may have the same %.80s%s", table,
                   columns.names[0], columns.n > 1 ? " and the other columns of the rule" : "");
    rule_query_check(r, &(struct rule_says){own_name ? own_name : name, "duplicate", message, NULL},
                     &sql);
}

/* ---- filled --------------------------------------------------------------------------- */

/* What is found is the share itself: it says how far the column is from its due. */
static void share_check(const struct rule *r, const char *table, const char *column,
                        const char *percent)
{
    char name[300], message[400];
    struct sqltext sql;
    sqltext_begin(&sql);
    sqltext_add(&sql, "SELECT round(100.0 * f / n, 2)::text || ' %' FROM (SELECT count(*) AS n,"
                      " count(*) FILTER (WHERE ");
    sqltext_name(&sql, column);
    sqltext_add(&sql, "::text <> '') AS f FROM ");
    sqltext_table(&sql, table);
    sqltext_add(&sql, ") AS counted WHERE 100.0 * f < n * ");
    sqltext_add(&sql, percent);
    (void)snprintf(name, sizeof name, "%.120s.%.80s filled", table, column);
    (void)snprintf(message, sizeof message, "%.120s.%.80s must be filled in %s %% of the rows",
                   table, column, percent);
    rule_query_check(r, &(struct rule_says){name, "not_filled", message, column}, &sql);
}

void queries_filled(const struct rule *r)
{
    char percent[32];
    const json_t *least = json_object_get(r->members, "at_least");
    const char *table = rule_text(r, "table", 1);
    struct rule_columns columns;
    if (!json_is_number(least) || !(json_number_value(least) > 0) ||
        !(json_number_value(least) <= 100)) {
        rule_fault(r, "\"at_least\" must be a number above 0, up to 100: percent of the rows");
        return;
    }
    (void)snprintf(percent, sizeof percent, "%.10g", json_number_value(least));
    if (rule_own_columns(r, &columns) != 0 || !table)
        return;
    for (size_t i = 0; i < columns.n; i++)
        share_check(r, table, columns.names[i], percent);
}

/* ---- counts --------------------------------------------------------------------------- */

static void add_count(struct sqltext *sql, const char *table, const char *alias)
{
    sqltext_add(sql, "(SELECT count(*) FROM ");
    sqltext_table(sql, table);
    sqltext_add(sql, ") AS ");
    sqltext_add(sql, alias);
}

/* `bad` is the operator between the count and the number when the rule is broken. */
static void count_check(const struct rule *r, const char *table, const char *bad, const char *words,
                        json_int_t number)
{
    char name[300], message[400], digits[24];
    struct sqltext sql;
    sqltext_begin(&sql);
    sqltext_add(&sql, "SELECT n::text FROM (SELECT ");
    add_count(&sql, table, "n");
    sqltext_add(&sql, ") AS counted WHERE n ");
    sqltext_add(&sql, bad);
    (void)snprintf(digits, sizeof digits, " %" JSON_INTEGER_FORMAT, number);
    sqltext_add(&sql, digits);
    (void)snprintf(name, sizeof name, "%.120s count %s%s", table, words, digits);
    (void)snprintf(message, sizeof message, "%.120s must have %s%s %s", table, words, digits,
                   plural(number, "row", "rows"));
    rule_query_check(r, &(struct rule_says){name, "count", message, NULL}, &sql);
}

static void compare_check(const struct rule *r, const char *table, const char *other,
                          const char *bad, const char *words)
{
    char name[400], message[500];
    struct sqltext sql;
    sqltext_begin(&sql);
    sqltext_add(&sql, "SELECT n::text FROM (SELECT ");
    add_count(&sql, table, "n");
    sqltext_add(&sql, ", ");
    add_count(&sql, other, "other");
    sqltext_add(&sql, ") AS counted WHERE n ");
    sqltext_add(&sql, bad);
    sqltext_add(&sql, " other");
    (void)snprintf(name, sizeof name, "%.120s count %s %.120s", table, words, other);
    (void)snprintf(message, sizeof message, "%.120s must have %s rows as %.120s", table, words,
                   other);
    rule_query_check(r, &(struct rule_says){name, "count", message, NULL}, &sql);
}

static void number_member(const struct rule *r, const char *table, const char *member,
                          const char *bad, const char *words)
{
    const json_t *value = json_object_get(r->members, member);
    if (value && (!json_is_integer(value) || json_integer_value(value) < 0))
        rule_fault(r, "\"%s\" must be a whole number from 0", member);
    else if (value)
        count_check(r, table, bad, words, json_integer_value(value));
}

static void table_counts(const struct rule *r, const char *table)
{
    static const char *const members[] = {"exactly", "min", "max", "at_least", "same_as", NULL};
    if (!json_is_object(r->members) || json_object_size(r->members) == 0) {
        rule_fault(r, "give a number, or an object with exactly, min, max, at_least or same_as");
        return;
    }
    faultlist_members(&r->checks->faults, r->where, r->members, members);
    number_member(r, table, "exactly", "<>", "exactly");
    number_member(r, table, "min", "<", "at least");
    number_member(r, table, "max", ">", "at most");
    const char *least = rule_text(r, "at_least", 0), *same = rule_text(r, "same_as", 0);
    if (least)
        compare_check(r, table, least, "<", "at least as many");
    if (same)
        compare_check(r, table, same, "<>", "as many");
}

void queries_counts(const struct rule *r)
{
    const json_t *tables = json_object_get(r->members, "tables");
    if (!json_is_object(tables))
        rule_fault(r, "\"tables\" must be an object: table -> number of rows, or conditions");
    const char *table;
    json_t *value;
    json_object_foreach((json_t *)tables, table, value)
    {
        char where[200];
        (void)snprintf(where, sizeof where, "%s%stable \"%.100s\"", r->where ? r->where : "",
                       r->where ? ", " : "", table);
        struct rule one = *r;
        one.where = where;
        one.members = value;
        if (json_is_integer(value) && json_integer_value(value) >= 0)
            count_check(&one, table, "<>", "exactly", json_integer_value(value));
        else
            table_counts(&one, table);
    }
}

/* ---- sql ------------------------------------------------------------------------------ */

/* Every brace must be part of a placeholder, because the host takes it for one. */
static const char *brace_fault(const char *sql)
{
    static const char fault[] = "text in braces must be a table, {table} or {schema.table}; write "
                                "other braces as chr(123) and chr(125)";
    for (const char *p = sql; (p = strpbrk(p, "{}")) != NULL; p++) {
        const char *end = *p == '{' ? strpbrk(p + 1, "{}") : NULL;
        if (!end || *end != '}' || end == p + 1)
            return fault;
        for (p++; p < end; p++)
            if ((unsigned char)*p <= 0x20 || strchr("\"':,", *p))
                return fault;
    }
    return NULL;
}

static void query_check(const struct rule *r)
{
    static const char *const members[] = {"name", "sql", "message", "code", "severity", NULL};
    char message[400];
    faultlist_members(&r->checks->faults, r->where, r->members, members);
    const char *name = rule_text(r, "name", 1), *query = rule_text(r, "sql", 1);
    const char *said = rule_text(r, "message", 0), *code = rule_text(r, "code", 0);
    if (!name || !query)
        return;
    struct sqltext sql;
    sqltext_begin(&sql);
    sqltext_project(&sql, query);
    if (!sql.fault)
        sql.fault = brace_fault(query);
    (void)snprintf(message, sizeof message, "the query \"%.200s\" must give no row", name);
    rule_query_check(
        r, &(struct rule_says){name, code ? code : "violation", said ? said : message, NULL}, &sql);
}

void queries_sql(const struct rule *r)
{
    const json_t *list = json_object_get(r->members, "queries");
    if (!json_is_array(list))
        rule_fault(r, "\"queries\" must be a list of objects");
    for (size_t i = 0; i < json_array_size(list); i++) {
        char where[200];
        (void)snprintf(where, sizeof where, "%s%squery %zu", r->where ? r->where : "",
                       r->where ? ", " : "", i + 1);
        struct rule one = *r;
        one.members = json_array_get(list, i);
        one.where = where;
        rule_read_severity(&one);
        query_check(&one);
    }
}
