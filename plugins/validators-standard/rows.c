/*
 * rows.c - rules on single rows: required, email, range, expression.
 *
 * Each gives a condition that is true when the row is bad. NULL is bad for "required" only: a
 * column that may be empty is not made mandatory by a range. No condition holds a brace, so
 * that none can be taken for a placeholder.
 */
#include <stdio.h>
#include <string.h>

#include "common/keep.h"
#include "kinds.h"

#define NAME_ROOM 300
#define TEXT_ROOM 500

/* ---- required ------------------------------------------------------------------------- */

static void require_column(const struct rule *r, const char *table, const char *column,
                           int allow_empty)
{
    char name[NAME_ROOM], message[TEXT_ROOM];
    struct sqltext sql;
    sqltext_begin(&sql);
    sqltext_name(&sql, column);
    sqltext_add(&sql, " IS NULL");
    if (!allow_empty) {
        sqltext_add(&sql, " OR ");
        sqltext_name(&sql, column);
        sqltext_add(&sql, "::text = ''");
    }
    (void)snprintf(name, sizeof name, "%s.%s required", table, column);
    (void)snprintf(message, sizeof message, "%s.%s must not be NULL%s", table, column,
                   allow_empty ? "" : " or empty");
    rule_row_check(r, table, &(struct rule_says){name, "required", message, column}, &sql);
}

void rows_required(const struct rule *r)
{
    const char *table = rule_text(r, "table", 1);
    int allow_empty = rule_flag(r, "allow_empty");
    struct rule_columns columns;
    if (rule_own_columns(r, &columns) != 0 || !table)
        return;
    for (size_t i = 0; i < columns.n; i++)
        require_column(r, table, columns.names[i], allow_empty);
}

/* ---- email ---------------------------------------------------------------------------- */

/* The rule of the transform "email": see there. \u007b and \u007d are the braces. */
#define ATOM "[A-Za-z0-9!#$%&''*+/=?^_`\\u007b|\\u007d~-]+"
#define LABEL "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"

static void add_text_of(struct sqltext *sql, const char *before, const char *column,
                        const char *after)
{
    sqltext_add(sql, before);
    sqltext_name(sql, column);
    sqltext_add(sql, "::text COLLATE \"C\"");
    sqltext_add(sql, after);
}

void rows_email(const struct rule *r)
{
    char name[NAME_ROOM], message[TEXT_ROOM];
    const char *table = rule_text(r, "table", 1), *column = rule_text(r, "column", 1);
    if (!table || !column)
        return;
    struct sqltext sql;
    sqltext_begin(&sql);
    add_text_of(&sql, "", column, " !~ '^" ATOM "([.]" ATOM ")*@(" LABEL "[.])+" LABEL "$'");
    add_text_of(&sql, " OR ", column, " ~ '[.][0-9]+$'");
    add_text_of(&sql, " OR octet_length(", column, ") > 254");
    add_text_of(&sql, " OR strpos(", column, ", '@') > 65");
    add_text_of(&sql, " OR split_part(", column, ", '@', 2) ~ repeat('[^.]', 64)");
    (void)snprintf(name, sizeof name, "%s.%s email", table, column);
    (void)snprintf(message, sizeof message, "%s.%s must be an email address", table, column);
    rule_row_check(r, table, &(struct rule_says){name, "bad_email", message, column}, &sql);
}

/* ---- range ---------------------------------------------------------------------------- */

struct bound {
    const char *value; /* NULL: none */
    int is_time, exclusive, is_max;
};

/* The value in memory of the host: a number, or a date or time as text. */
static int read_bound(const struct rule *r, const char *member, struct bound *out)
{
    const json_t *json = json_object_get(r->members, member);
    mig_value_t value;
    if (!json)
        return 0;
    if ((json_is_number(json) || json_is_string(json)) &&
        keep_constant(r->checks->host, json, &value) == 0) {
        out->value = value.data;
        out->is_time = !sqltext_is_number(value.data);
        if (!out->is_time || sqltext_is_time(value.data))
            return 0;
    }
    rule_fault(r, "\"%s\" must be a number, a date or a time (ISO 8601)", member);
    return -1;
}

static void add_bound(struct sqltext *sql, const struct bound *b)
{
    if (b->is_time) {
        sqltext_literal(sql, b->value);
        return;
    }
    /* In parentheses: "1 - -1" and "x<-1" would be other things. */
    sqltext_add(sql, "(");
    sqltext_add(sql, b->value);
    sqltext_add(sql, ")");
}

static void bound_check(const struct rule *r, const char *table, const char *column,
                        const struct bound *b, int refuse_nan)
{
    static const char *const words[2][2] = {{"at least", "greater than"}, {"at most", "less than"}};
    static const char *const operators[2][2] = {{" < ", " <= "}, {" > ", " >= "}};
    char name[NAME_ROOM], message[TEXT_ROOM];
    struct sqltext sql;
    sqltext_begin(&sql);
    sqltext_name(&sql, column);
    sqltext_add(&sql, operators[b->is_max][b->exclusive]);
    add_bound(&sql, b);
    if (refuse_nan && !b->is_time) {
        sqltext_add(&sql, " OR ");
        sqltext_name(&sql, column);
        sqltext_add(&sql, "::text = 'NaN'");
    }
    (void)snprintf(name, sizeof name, "%s.%s %s", table, column, b->is_max ? "max" : "min");
    (void)snprintf(message, sizeof message, "%s.%s must be %s %s", table, column,
                   words[b->is_max][b->exclusive], b->value);
    const char *code = b->is_max ? "too_large" : "too_small";
    rule_row_check(r, table, &(struct rule_says){name, code, message, column}, &sql);
}

void rows_range(const struct rule *r)
{
    const char *table = rule_text(r, "table", 1), *column = rule_text(r, "column", 1);
    struct bound min = {.exclusive = rule_flag(r, "min_exclusive")};
    struct bound max = {.exclusive = rule_flag(r, "max_exclusive"), .is_max = 1};
    if (read_bound(r, "min", &min) != 0 || read_bound(r, "max", &max) != 0 || !table || !column)
        return;
    if (!min.value && !max.value)
        rule_fault(r, "give \"min\", \"max\" or both");
    /* NaN sorts above all numbers: an upper bound refuses it anyway. */
    if (min.value)
        bound_check(r, table, column, &min, max.value == NULL);
    if (max.value)
        bound_check(r, table, column, &max, 0);
}

/* ---- expression ------------------------------------------------------------------------- */

void rows_expression(const struct rule *r)
{
    char message[TEXT_ROOM];
    const char *table = rule_text(r, "table", 1), *name = rule_text(r, "name", 1);
    const char *condition = rule_text(r, "sql", 1), *said = rule_text(r, "message", 0);
    const char *column = rule_text(r, "column", 0), *null = rule_text(r, "null", 0);
    if (!table || !name || !condition)
        return;
    int null_fails = null && strcmp(null, "fail") == 0;
    if (null && !null_fails && strcmp(null, "pass") != 0)
        rule_fault(r, "\"null\" must be \"pass\" or \"fail\"");
    struct sqltext sql;
    sqltext_begin(&sql);
    sqltext_add(&sql, "(");
    sqltext_project(&sql, condition);
    sqltext_add(&sql, null_fails ? ") IS NOT TRUE" : ") IS FALSE");
    (void)snprintf(message, sizeof message, "%s: the rule \"%s\" does not hold", table, name);
    rule_row_check(r, table, &(struct rule_says){name, "expression", said ? said : message, column},
                   &sql);
}
