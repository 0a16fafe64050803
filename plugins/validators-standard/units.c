/*
 * units.c - the units with their options and their kinds, and the plugin's descriptor.
 *
 * All units work alike: create() gives the options of the unit, as the members of one rule, to
 * the builder of its kind; check() hands out what came of it.
 */
#include "units.h"

#include <string.h>

#include "common/keep.h"
#include "kinds.h"

static const struct kind *all_kinds(void);

static json_t *option_as_json(const mig_host_t *host, const mig_option_t *option, int32_t *rc)
{
    mig_value_t value;
    *rc = MIG_OK;
    if (option->type == MIG_OPT_JSON)
        return keep_option_json(host, option->name, rc);
    *rc = host->option(host, option->name, &value);
    if (*rc != MIG_OK || value.kind <= MIG_NULL)
        return NULL;
    if (option->type == MIG_OPT_BOOL)
        return json_boolean(value.len == 4);
    return json_stringn(value.data, value.len);
}

static json_t *all_options(const mig_host_t *host, const mig_option_t *options, int32_t *rc)
{
    json_t *members = json_object();
    *rc = members ? MIG_OK : host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    for (; options->name && *rc == MIG_OK; options++) {
        json_t *value = option_as_json(host, options, rc);
        if (value && json_object_set_new(members, options->name, value) != 0)
            *rc = host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    }
    return members;
}

static int32_t create(const mig_host_t *host, const mig_unit_t *unit, void **self)
{
    struct rule_checks *checks = host->alloc(host, sizeof *checks);
    *checks = (struct rule_checks){.host = host, .kinds = all_kinds()};
    *self = checks;
    int32_t rc;
    json_t *members = all_options(host, unit->options, &rc);
    if (rc == MIG_OK) {
        kinds_build(kinds_find(checks->kinds, unit->name), checks, members, NULL);
        rc = faultlist_end(&checks->faults, host, "correct the options of this validator");
    }
    json_decref(members);
    return rc;
}

static void destroy(void *self)
{
    (void)self; /* memory of the host */
}

static int32_t check(void *self, uint32_t number, mig_check_t *out)
{
    const struct rule_checks *checks = self;
    if (number >= checks->n)
        return MIG_END;
    /* The host's struct may be longer or shorter than the one this file was built with. */
    uint32_t size = out->size;
    memcpy(out, &checks->items[number], size < sizeof *out ? size : sizeof *out);
    out->size = size;
    return MIG_OK;
}

static const mig_validator_ops_t OPS = {
    .size = sizeof(mig_validator_ops_t),
    .check = check,
};

/* create() of the ABI does not say for which unit it is called: one function for each. */
#define VALIDATOR(unit_name, text, option_table)                                                   \
    static int32_t create_##unit_name(const mig_host_t *host, void **self)                         \
    {                                                                                              \
        return create(host, &units_##unit_name, self);                                             \
    }                                                                                              \
    const mig_unit_t units_##unit_name = {                                                         \
        .size = sizeof(mig_unit_t),                                                                \
        .kind = MIG_VALIDATOR,                                                                     \
        .name = #unit_name,                                                                        \
        .summary = text,                                                                           \
        .options = option_table,                                                                   \
        .create = create_##unit_name,                                                              \
        .destroy = destroy,                                                                        \
        .ops = &OPS,                                                                               \
    }

static const char TABLE[] = "The table, \"table\" or \"schema.table\".";
static const char SEVERITIES[] = "error|warning";
static const char SEVERITY[] = "A warning is reported and stops nothing.";
static const char CHECK_NAME[] = "Name of the check in reports.";

static const mig_option_t REQUIRED_OPTIONS[] = {
    {"table", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, TABLE},
    {"column", MIG_OPT_TEXT, 0, NULL, NULL, "The column, where it is one."},
    {"columns", MIG_OPT_JSON, 0, NULL, NULL, "A list of columns."},
    {"allow_empty", MIG_OPT_BOOL, 0, "false", NULL, "Only NULL is refused, not the empty text."},
    {"severity", MIG_OPT_TEXT, 0, "error", SEVERITIES, SEVERITY},
    {NULL, 0, 0, NULL, NULL, NULL},
};
VALIDATOR(required, "Columns that must not be NULL or empty.", REQUIRED_OPTIONS);

static const mig_option_t EMAIL_OPTIONS[] = {
    {"table", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, TABLE},
    {"column", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, "The column with the address."},
    {"severity", MIG_OPT_TEXT, 0, "error", SEVERITIES, SEVERITY},
    {NULL, 0, 0, NULL, NULL, NULL},
};
VALIDATOR(email, "Columns that must hold an email address or NULL.", EMAIL_OPTIONS);

static const mig_option_t RANGE_OPTIONS[] = {
    {"table", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, TABLE},
    {"column", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, "The column."},
    {"min", MIG_OPT_JSON, 0, NULL, NULL, "The least value: a number, a date or a time."},
    {"max", MIG_OPT_JSON, 0, NULL, NULL, "The greatest value."},
    {"min_exclusive", MIG_OPT_BOOL, 0, "false", NULL, "\"min\" itself is refused."},
    {"max_exclusive", MIG_OPT_BOOL, 0, "false", NULL, "\"max\" itself is refused."},
    {"severity", MIG_OPT_TEXT, 0, "error", SEVERITIES, SEVERITY},
    {NULL, 0, 0, NULL, NULL, NULL},
};
VALIDATOR(range, "Columns whose values have a least or a greatest one.", RANGE_OPTIONS);

static const mig_option_t EXPRESSION_OPTIONS[] = {
    {"table", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, TABLE},
    {"name", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, CHECK_NAME},
    {"sql", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, "A condition that each row must meet."},
    {"message", MIG_OPT_TEXT, 0, NULL, NULL, "What is said of a row that does not."},
    {"column", MIG_OPT_TEXT, 0, NULL, NULL, "The column that is to blame."},
    {"null", MIG_OPT_TEXT, 0, "pass", "pass|fail",
     "Whether a condition that is NULL is met, as in CHECK constraints."},
    {"severity", MIG_OPT_TEXT, 0, "error", SEVERITIES, SEVERITY},
    {NULL, 0, 0, NULL, NULL, NULL},
};
VALIDATOR(expression, "A condition in SQL that every row must meet.", EXPRESSION_OPTIONS);

static const mig_option_t UNIQUE_OPTIONS[] = {
    {"table", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, TABLE},
    {"column", MIG_OPT_TEXT, 0, NULL, NULL, "The column, where it is one."},
    {"columns", MIG_OPT_JSON, 0, NULL, NULL, "Columns that are unique together."},
    {"name", MIG_OPT_TEXT, 0, NULL, NULL, CHECK_NAME},
    {"severity", MIG_OPT_TEXT, 0, "error", SEVERITIES, SEVERITY},
    {NULL, 0, 0, NULL, NULL, NULL},
};
VALIDATOR(unique, "Columns that no two rows may share.", UNIQUE_OPTIONS);

static const mig_option_t FILLED_OPTIONS[] = {
    {"table", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, TABLE},
    {"column", MIG_OPT_TEXT, 0, NULL, NULL, "The column, where it is one."},
    {"columns", MIG_OPT_JSON, 0, NULL, NULL, "A list of columns, each for itself."},
    {"at_least", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL, "Percent of the rows, up to 100."},
    {"severity", MIG_OPT_TEXT, 0, "error", SEVERITIES, SEVERITY},
    {NULL, 0, 0, NULL, NULL, NULL},
};
VALIDATOR(filled, "The share of rows in which columns must hold a value.", FILLED_OPTIONS);

static const mig_option_t COUNTS_OPTIONS[] = {
    {"tables", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL,
     "Table -> number of rows, or an object with exactly, min, max, at_least (a table), same_as."},
    {"severity", MIG_OPT_TEXT, 0, "error", SEVERITIES, SEVERITY},
    {NULL, 0, 0, NULL, NULL, NULL},
};
VALIDATOR(counts, "How many rows tables must have.", COUNTS_OPTIONS);

static const mig_option_t ORPHANS_OPTIONS[] = {
    {"relations", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL,
     "List of objects: table, columns, to, to_columns; optional key, as_text, name, severity."},
    {"severity", MIG_OPT_TEXT, 0, "error", SEVERITIES, SEVERITY},
    {NULL, 0, 0, NULL, NULL, NULL},
};
VALIDATOR(orphans, "References that must lead to a row, with or without a foreign key.",
          ORPHANS_OPTIONS);

static const mig_option_t EXISTS_OPTIONS[] = {
    {"table", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, TABLE},
    {"columns", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL, "Columns of that table."},
    {"in", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, "The table that must have a row for each."},
    {"in_columns", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL, "Columns of that one, as many."},
    {"key", MIG_OPT_JSON, 0, NULL, NULL, "Columns that name a row in reports."},
    {"as_text", MIG_OPT_BOOL, 0, "false", NULL, "Compare as text, where the types differ."},
    {"name", MIG_OPT_TEXT, 0, NULL, NULL, CHECK_NAME},
    {"severity", MIG_OPT_TEXT, 0, "error", SEVERITIES, SEVERITY},
    {NULL, 0, 0, NULL, NULL, NULL},
};
VALIDATOR(exists, "Each row of one table must have a row in another.", EXISTS_OPTIONS);

static const mig_option_t SQL_OPTIONS[] = {
    {"queries", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL,
     "List of objects: name, sql (each row is a violation, tables as {table}), message, code, "
     "severity."},
    {"severity", MIG_OPT_TEXT, 0, "error", SEVERITIES, SEVERITY},
    {NULL, 0, 0, NULL, NULL, NULL},
};
VALIDATOR(sql, "Queries that must give no row.", SQL_OPTIONS);

static const mig_option_t RULES_OPTIONS[] = {
    {"rules", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL,
     "List of objects: \"rule\", the name of another validator, and that one's options."},
    {NULL, 0, 0, NULL, NULL, NULL},
};
VALIDATOR(rules, "A list of rules of all kinds.", RULES_OPTIONS);

static const struct kind KINDS[] = {
    {&units_required, rows_required},  {&units_email, rows_email},
    {&units_range, rows_range},        {&units_expression, rows_expression},
    {&units_unique, queries_unique},   {&units_filled, queries_filled},
    {&units_counts, queries_counts},   {&units_orphans, relations_orphans},
    {&units_exists, relations_exists}, {&units_sql, queries_sql},
    {&units_rules, kinds_build_rules}, {NULL, NULL},
};

static const struct kind *all_kinds(void)
{
    return KINDS;
}

static const mig_unit_t *const UNITS[] = {
    &units_required, &units_email,   &units_range,  &units_expression, &units_unique, &units_filled,
    &units_counts,   &units_orphans, &units_exists, &units_sql,        &units_rules,  NULL,
};

MIG_EXPORT const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.validators-standard",
    .version = "0.1",
    .units = UNITS,
};
