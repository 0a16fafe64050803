/*
 * rule.c - reading the members of a rule, keeping the checks it makes.
 *
 * Faults are collected: a rule that is wrong does not hide what is wrong with the next one.
 */
#include "rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/keep.h"

#define MAX_CHECKS 10000U

void rule_fault(const struct rule *r, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    faultlist_add(&r->checks->faults, r->where, "%s", text);
}

const char *rule_text(const struct rule *r, const char *member, int required)
{
    const json_t *value = json_object_get(r->members, member);
    if (!value && !required)
        return NULL;
    if (json_is_string(value) && json_string_length(value) > 0)
        return json_string_value(value);
    rule_fault(r, value ? "\"%s\" must be a text that is not empty" : "\"%s\" is missing", member);
    return NULL;
}

int rule_flag(const struct rule *r, const char *member)
{
    const json_t *value = json_object_get(r->members, member);
    if (value && !json_is_boolean(value))
        rule_fault(r, "\"%s\" must be true or false", member);
    return json_is_true(value);
}

void rule_read_severity(struct rule *r)
{
    const char *severity = rule_text(r, "severity", 0);
    if (severity && strcmp(severity, "warning") == 0)
        r->severity = MIG_SEVERITY_WARNING;
    else if (severity && strcmp(severity, "error") == 0)
        r->severity = MIG_SEVERITY_ERROR;
    else if (severity)
        rule_fault(r, "\"severity\" must be \"error\" or \"warning\"");
}

int rule_columns(const struct rule *r, const char *member, struct rule_columns *out)
{
    const json_t *value = json_object_get(r->members, member);
    size_t n = json_is_array(value) ? json_array_size(value) : 1;
    out->n = 0;
    if (!value || n == 0 || n > RULE_MAX_COLUMNS) {
        rule_fault(r, "\"%s\" must name 1 to %d columns", member, RULE_MAX_COLUMNS);
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *name = json_is_array(value) ? json_array_get(value, i) : value;
        if (!json_is_string(name)) {
            rule_fault(r, "\"%s\" must be a column or a list of columns", member);
            return -1;
        }
        out->names[out->n++] = json_string_value(name);
    }
    return 0;
}

int rule_own_columns(const struct rule *r, struct rule_columns *out)
{
    int many = json_object_get(r->members, "columns") != NULL;
    int one = json_object_get(r->members, "column") != NULL;
    out->n = 0;
    if (many == one) {
        rule_fault(r, "give one of \"column\" and \"columns\"");
        return -1;
    }
    return rule_columns(r, many ? "columns" : "column", out);
}

/* ---- checks --------------------------------------------------------------------------- */

static int is_used(const struct rule_checks *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->items[i].name, name) == 0)
            return 1;
    return 0;
}

static const char *unique_name(const struct rule_checks *c, const char *name)
{
    char text[320];
    (void)snprintf(text, sizeof text, "%.300s", name);
    for (unsigned n = 2; is_used(c, text); n++)
        (void)snprintf(text, sizeof text, "%.300s (%u)", name, n);
    return keep_text(c->host, text, strlen(text));
}

static mig_check_t *new_check(struct rule_checks *c)
{
    if (c->n == c->capacity) {
        size_t capacity = c->capacity > 0 ? c->capacity * 2 : 16;
        mig_check_t *items = c->host->alloc(c->host, capacity * sizeof *items);
        if (c->n > 0)
            memcpy(items, c->items, c->n * sizeof *items);
        c->items = items;
        c->capacity = capacity;
    }
    return &c->items[c->n];
}

static const char *kept(const struct rule_checks *c, const char *text)
{
    return text ? keep_text(c->host, text, strlen(text)) : NULL;
}

static void add(const struct rule *r, const char *table, const struct rule_says *says,
                struct sqltext *sql)
{
    struct rule_checks *c = r->checks;
    if (sql->fault || c->n >= MAX_CHECKS) {
        rule_fault(r, "%s", sql->fault ? sql->fault : "there are too many checks");
    } else {
        mig_check_t check = {
            .size = sizeof check,
            .kind = table ? MIG_CHECK_ROW : MIG_CHECK_QUERY,
            .severity = r->severity,
            .name = unique_name(c, says->name),
            .code = kept(c, says->code),
            .message = kept(c, says->message),
            .table = kept(c, table),
            .column = kept(c, says->column),
            .sql = keep_text(c->host, sql->text.data, sql->text.len),
        };
        *new_check(c) = check;
        c->n++;
    }
    sqltext_end(sql);
}

void rule_row_check(const struct rule *r, const char *table, const struct rule_says *says,
                    struct sqltext *sql)
{
    struct sqltext name; /* the same rules for the table's name as in a query */
    sqltext_begin(&name);
    sqltext_table(&name, table);
    if (!sql->fault)
        sql->fault = name.fault;
    sqltext_end(&name);
    add(r, table, says, sql);
}

void rule_query_check(const struct rule *r, const struct rule_says *says, struct sqltext *sql)
{
    add(r, NULL, says, sql);
}
