/*
 * test_validators.c - the checks that validators-standard makes of options: their SQL as text,
 * their names and messages, and every refusal. That the SQL finds what it should is shown on a
 * server by validators.sh.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugintest.h"
#include "unit.h"

static int32_t get(struct mockhost *m, uint32_t number, mig_check_t *out)
{
    const mig_validator_ops_t *ops = m->unit->ops;
    memset(out, 0, sizeof *out);
    out->size = sizeof *out;
    return ops->check(m->self, number, out);
}

static int32_t start(struct mockhost *m, const char *unit, const struct mockhost_option *options)
{
    return plugintest_start(m, "validators-standard", MIG_VALIDATOR, unit, options);
}

static int32_t start_rules(struct mockhost *m, const char *rules)
{
    /* The options must live as long as the instance. */
    static struct mockhost_option options[2];
    options[0] = (struct mockhost_option){"rules", rules};
    return start(m, "rules", options);
}

static int same(const char *text, const char *expected)
{
    int right = text && strcmp(text, expected) == 0;
    if (!right)
        printf("    expected %s\n    but got  %s\n", expected, text ? text : "nothing");
    return right;
}

/* ---- the SQL -------------------------------------------------------------------------- */

static const struct {
    const char *rule, *sql, *code, *message;
} kinds[] = {
    {"{\"rule\":\"required\",\"table\":\"s.t\",\"column\":\"c\"}",
     "\"c\" IS NULL OR \"c\"::text = ''", "required", "s.t.c must not be NULL or empty"},
    {"{\"rule\":\"required\",\"table\":\"t\",\"columns\":[\"c\"],\"allow_empty\":true}",
     "\"c\" IS NULL", "required", "t.c must not be NULL"},
    {"{\"rule\":\"range\",\"table\":\"t\",\"column\":\"c\",\"min\":25}",
     "\"c\" < (25) OR \"c\"::text = 'NaN'", "too_small", "t.c must be at least 25"},
    {"{\"rule\":\"range\",\"table\":\"t\",\"column\":\"c\",\"min\":-0.1,\"min_exclusive\":"
     "true}",
     "\"c\" <= (-0.1) OR \"c\"::text = 'NaN'", "too_small", "t.c must be greater than -0.1"},
    {"{\"rule\":\"range\",\"table\":\"t\",\"column\":\"c\",\"max\":\"500.00\"}", "\"c\" > (500.00)",
     "too_large", "t.c must be at most 500.00"},
    {"{\"rule\":\"range\",\"table\":\"t\",\"column\":\"c\",\"max\":\"2024-01-01\","
     "\"max_exclusive\":true}",
     "\"c\" >= '2024-01-01'", "too_large", "t.c must be less than 2024-01-01"},
    {"{\"rule\":\"expression\",\"table\":\"t\",\"name\":\"n\",\"sql\":\"a < b -- x\"}",
     "(a < b -- x\n) IS FALSE", "expression", "t: the rule \"n\" does not hold"},
    {"{\"rule\":\"expression\",\"table\":\"t\",\"name\":\"n\",\"sql\":\"a < b;\","
     "\"null\":\"fail\",\"message\":\"a first\"}",
     "(a < b\n) IS NOT TRUE", "expression", "a first"},
    {"{\"rule\":\"unique\",\"table\":\"s.t\",\"columns\":[\"a\",\"b\"]}",
     "SELECT concat_ws(', ', \"a\"::text, \"b\"::text) FROM {s.t} WHERE \"a\" IS NOT NULL AND "
     "\"b\" IS NOT NULL GROUP BY \"a\", \"b\" HAVING count(*) > 1",
     "duplicate", "s.t: no two rows may have the same a and the other columns of the rule"},
    {"{\"rule\":\"filled\",\"table\":\"s.t\",\"column\":\"a\",\"at_least\":99.5}",
     "SELECT round(100.0 * f / n, 2)::text || ' %' FROM (SELECT count(*) AS n, count(*) FILTER "
     "(WHERE "
     "\"a\"::text <> '') AS f FROM {s.t}) AS counted WHERE 100.0 * f < n * 99.5",
     "not_filled", "s.t.a must be filled in 99.5 % of the rows"},
    {"{\"rule\":\"counts\",\"tables\":{\"s.t\":3}}",
     "SELECT n::text FROM (SELECT (SELECT count(*) FROM {s.t}) AS n) AS counted WHERE n <> 3",
     "count", "s.t must have exactly 3 rows"},
    {"{\"rule\":\"counts\",\"tables\":{\"a\":{\"at_least\":\"b\"}}}",
     "SELECT n::text FROM (SELECT (SELECT count(*) FROM {a}) AS n, (SELECT count(*) FROM {b}) "
     "AS other) AS counted WHERE n < other",
     "count", "a must have at least as many rows as b"},
    {"{\"rule\":\"orphans\",\"relations\":[{\"table\":\"c\",\"columns\":[\"x\",\"y\"],"
     "\"to\":\"p\",\"to_columns\":[\"i\",\"j\"],\"key\":\"id\"}]}",
     "SELECT concat_ws(', ', a.\"id\"::text) FROM {c} AS a WHERE a.\"x\" IS NOT NULL AND "
     "a.\"y\" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {p} AS b WHERE b.\"i\" = a.\"x\" AND "
     "b.\"j\" = a.\"y\")",
     "orphan", "c (x, y) must refer to a row of p"},
    {"{\"rule\":\"exists\",\"table\":\"u\",\"columns\":[\"id\"],\"in\":\"r\","
     "\"in_columns\":[\"u\"],\"as_text\":true}",
     "SELECT concat_ws(', ', a.\"id\"::text) FROM {u} AS a WHERE NOT EXISTS (SELECT 1 FROM {r} "
     "AS b WHERE b.\"u\"::text = a.\"id\"::text)",
     "missing_row", "each row of u must have a row in r"},
    {"{\"rule\":\"sql\",\"queries\":[{\"name\":\"n\",\"sql\":\"SELECT 1 FROM {s.t} -- x\\n ; "
     "\"}]}",
     "SELECT 1 FROM {s.t} -- x\n", "violation", "the query \"n\" must give no row"},
};

static void sql_of_each_kind(void)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct mockhost m;
        mig_check_t check;
        char rules[1000];
        (void)snprintf(rules, sizeof rules, "[%s]", kinds[i].rule);
        CU_ASSERT_EQUAL(start_rules(&m, rules), MIG_OK);
        CU_ASSERT(m.status == 0 || same(m.text, ""));
        CU_ASSERT_EQUAL(get(&m, 0, &check), MIG_OK);
        CU_ASSERT(same(check.sql, kinds[i].sql));
        CU_ASSERT(same(check.code, kinds[i].code));
        CU_ASSERT(same(check.message, kinds[i].message));
        CU_ASSERT_EQUAL(check.kind,
                        strncmp(check.sql, "SELECT", 6) == 0 ? MIG_CHECK_QUERY : MIG_CHECK_ROW);
        CU_ASSERT_EQUAL(get(&m, 1, &check), MIG_END);
        plugintest_stop(&m);
    }
}

static void names_and_literals_are_quoted(void)
{
    struct mockhost m;
    mig_check_t check;
    CU_ASSERT_EQUAL(start_rules(&m, "[{\"rule\":\"required\",\"table\":\"t\","
                                    "\"column\":\"a\\\" OR true --\"}]"),
                    MIG_OK);
    CU_ASSERT_EQUAL(get(&m, 0, &check), MIG_OK);
    CU_ASSERT(same(check.sql, "\"a\"\" OR true --\" IS NULL OR \"a\"\" OR true --\"::text = ''"));
    plugintest_stop(&m);
}

static void row_conditions_hold_no_braces(void)
{
    static const struct mockhost_option options[] = {
        {"table", "t"}, {"column", "email"}, {NULL, NULL}};
    struct mockhost m;
    mig_check_t check;
    CU_ASSERT_EQUAL(start(&m, "email", options), MIG_OK);
    CU_ASSERT_EQUAL(get(&m, 0, &check), MIG_OK);
    CU_ASSERT_PTR_NULL(strpbrk(check.sql, "{}"));
    CU_ASSERT_STRING_EQUAL(check.column, "email");
    plugintest_stop(&m);
}

/* ---- options of the single validators --------------------------------------------------- */

static void single_units(void)
{
    static const struct mockhost_option options[] = {
        {"table", "s.t"},          {"column", "c"},         {"min", "1"}, {"max", "10"},
        {"max_exclusive", "true"}, {"severity", "warning"}, {NULL, NULL}};
    struct mockhost m;
    mig_check_t check;
    CU_ASSERT_EQUAL(start(&m, "range", options), MIG_OK);
    CU_ASSERT_EQUAL(get(&m, 0, &check), MIG_OK);
    CU_ASSERT(same(check.sql, "\"c\" < (1)"));
    CU_ASSERT(same(check.table, "s.t"));
    CU_ASSERT(same(check.name, "s.t.c min"));
    CU_ASSERT_EQUAL(check.severity, MIG_SEVERITY_WARNING);
    CU_ASSERT_EQUAL(get(&m, 1, &check), MIG_OK);
    CU_ASSERT(same(check.sql, "\"c\" >= (10)"));
    CU_ASSERT_EQUAL(get(&m, 2, &check), MIG_END);
    plugintest_stop(&m);
}

static void names_are_unique(void)
{
    struct mockhost m;
    mig_check_t check;
    CU_ASSERT_EQUAL(start_rules(&m, "[{\"rule\":\"email\",\"table\":\"t\",\"column\":\"c\"},"
                                    "{\"rule\":\"email\",\"table\":\"t\",\"column\":\"c\"},"
                                    "{\"rule\":\"email\",\"table\":\"t\",\"column\":\"c\"}]"),
                    MIG_OK);
    CU_ASSERT_EQUAL(get(&m, 1, &check), MIG_OK);
    CU_ASSERT(same(check.name, "t.c email (2)"));
    CU_ASSERT_EQUAL(get(&m, 2, &check), MIG_OK);
    CU_ASSERT(same(check.name, "t.c email (3)"));
    plugintest_stop(&m);
}

static void severities(void)
{
    struct mockhost m;
    mig_check_t check;
    CU_ASSERT_EQUAL(start_rules(&m,
                                "[{\"rule\":\"sql\",\"severity\":\"warning\",\"queries\":["
                                "{\"name\":\"a\",\"sql\":\"SELECT 1\"},"
                                "{\"name\":\"b\",\"sql\":\"SELECT 1\",\"severity\":\"error\"}]},"
                                "{\"rule\":\"email\",\"table\":\"t\",\"column\":\"c\"}]"),
                    MIG_OK);
    static const uint32_t expected[] = {MIG_SEVERITY_WARNING, MIG_SEVERITY_ERROR,
                                        MIG_SEVERITY_ERROR};
    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(get(&m, i, &check), MIG_OK);
        CU_ASSERT_EQUAL(check.severity, expected[i]);
    }
    plugintest_stop(&m);
}

/* A host with a shorter struct gets no byte beyond it. */
static void old_hosts_get_their_size(void)
{
    static const struct mockhost_option options[] = {{"table", "t"}, {"column", "c"}, {NULL, NULL}};
    struct mockhost m;
    mig_check_t check;
    memset(&check, 0x55, sizeof check);
    check.size = offsetof(mig_check_t, sql);
    CU_ASSERT_EQUAL(start(&m, "email", options), MIG_OK);
    const mig_validator_ops_t *ops = m.unit->ops;
    CU_ASSERT_EQUAL(ops->check(m.self, 0, &check), MIG_OK);
    CU_ASSERT_EQUAL(check.size, offsetof(mig_check_t, sql));
    const char *untouched;
    memset(&untouched, 0x55, sizeof untouched);
    CU_ASSERT_EQUAL(memcmp(&check.sql, &untouched, sizeof untouched), 0);
    plugintest_stop(&m);
}

/* ---- refusals ------------------------------------------------------------------------- */

#define TC "\"table\":\"t\",\"column\":\"c\""

static const struct {
    const char *rule, *fault;
} refusals[] = {
    {"1", "\"rule\" is missing"},
    {"{}", "\"rule\" is missing"},
    {"{\"rule\":\"rnge\"}", "did you mean \"range\"?"},
    {"{\"rule\":\"rules\"}", "there is no rule \"rules\""},
    {"{\"rule\":\"email\"," TC ",\"colum\":1}", "did you mean \"column\"?"},
    {"{\"rule\":\"email\",\"table\":\"t\"}", "\"column\" is missing"},
    {"{\"rule\":\"email\",\"table\":7,\"column\":\"c\"}", "\"table\" must be a text"},
    {"{\"rule\":\"email\",\"table\":\"t{}\",\"column\":\"c\"}", "without braces"},
    {"{\"rule\":\"email\",\"table\":\"t\\n\",\"column\":\"c\"}", "control characters"},
    {"{\"rule\":\"email\",\"table\":\"t\",\"column\":\"c\\u0001\"}", "control characters"},
    {"{\"rule\":\"email\"," TC ",\"severity\":\"bad\"}", "\"error\" or \"warning\""},
    {"{\"rule\":\"required\",\"table\":\"t\"}", "one of \"column\" and \"columns\""},
    {"{\"rule\":\"required\"," TC ",\"columns\":[\"d\"]}", "one of \"column\" and \"columns\""},
    {"{\"rule\":\"required\",\"table\":\"t\",\"columns\":[]}", "1 to 32 columns"},
    {"{\"rule\":\"required\",\"table\":\"t\",\"columns\":[1]}", "a list of columns"},
    {"{\"rule\":\"required\"," TC ",\"allow_empty\":\"no\"}", "true or false"},
    {"{\"rule\":\"required\",\"table\":\"t\",\"column\":\"0123456789012345678901234567890123"
     "456789012345678901234567890123\"}",
     "1 to 63 bytes"},
    {"{\"rule\":\"range\"," TC "}", "give \"min\", \"max\" or both"},
    {"{\"rule\":\"range\"," TC ",\"min\":\"0 OR true\"}", "\"min\" must be a number"},
    {"{\"rule\":\"range\"," TC ",\"max\":\"2024-01-01'\"}", "\"max\" must be a number"},
    {"{\"rule\":\"range\"," TC ",\"max\":\"now\"}", "\"max\" must be a number"},
    {"{\"rule\":\"range\"," TC ",\"max\":[]}", "\"max\" must be a number"},
    {"{\"rule\":\"expression\",\"table\":\"t\",\"name\":\"n\",\"sql\":\" ; \"}", "SQL is empty"},
    {"{\"rule\":\"expression\",\"table\":\"t\",\"name\":\"n\",\"sql\":\"a\",\"null\":\"x\"}",
     "\"pass\" or \"fail\""},
    {"{\"rule\":\"filled\"," TC "}", "\"at_least\" must be a number"},
    {"{\"rule\":\"filled\"," TC ",\"at_least\":101}", "\"at_least\" must be a number"},
    {"{\"rule\":\"filled\"," TC ",\"at_least\":\"90%\"}", "\"at_least\" must be a number"},
    {"{\"rule\":\"counts\",\"tables\":[]}", "must be an object"},
    {"{\"rule\":\"counts\",\"tables\":{\"t\":-1}}", "give a number"},
    {"{\"rule\":\"counts\",\"tables\":{\"t\":{\"mni\":1}}}", "there is no \"mni\""},
    {"{\"rule\":\"counts\",\"tables\":{\"t\":{\"min\":1.5}}}", "whole number"},
    {"{\"rule\":\"orphans\",\"relations\":{}}", "must be a list"},
    {"{\"rule\":\"orphans\",\"relations\":[{\"table\":\"a\",\"columns\":[\"x\",\"y\"],"
     "\"to\":\"b\",\"to_columns\":\"z\"}]}",
     "\"columns\" names 2 columns and \"to_columns\" 1"},
    {"{\"rule\":\"orphans\",\"relations\":[{\"table\":\"a\"}]}", "relation 1: "},
    {"{\"rule\":\"sql\",\"queries\":[{\"name\":\"n\",\"sql\":\"SELECT '{\\\"a\\\": 1}'\"}]}",
     "text in braces must be a table"},
    {"{\"rule\":\"sql\",\"queries\":[{\"name\":\"n\",\"sql\":\"SELECT '{'\"}]}", "text in braces"},
    {"{\"rule\":\"sql\",\"queries\":[{\"name\":\"n\",\"sql\":\"SELECT '{}'\"}]}", "text in braces"},
    {"{\"rule\":\"sql\",\"queries\":[{\"name\":\"n\",\"sql\":\"SELECT '}'\"}]}", "text in braces"},
    {"{\"rule\":\"sql\",\"queries\":[{\"sql\":\"SELECT 1\"}]}", "\"name\" is missing"},
};

static void faults(void)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct mockhost m;
        char rules[1000];
        (void)snprintf(rules, sizeof rules, "[%s]", refusals[i].rule);
        CU_ASSERT_EQUAL(start_rules(&m, rules), MIG_E_CONFIG);
        int found = strstr(m.text, refusals[i].fault) && strstr(m.text, "rule 1");
        CU_ASSERT(found);
        if (!found)
            printf("    %s: %s\n", refusals[i].rule, m.text);
        plugintest_stop(&m);
    }
}

static void all_faults_at_once(void)
{
    struct mockhost m;
    CU_ASSERT_EQUAL(start_rules(&m, "[{\"rule\":\"email\"},{\"rule\":\"email\"," TC "},"
                                    "{\"rule\":\"x\"},{\"rule\":\"range\"," TC "}]"),
                    MIG_E_CONFIG);
    CU_ASSERT_EQUAL(m.n_failed, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "rule 1 (email): \"table\" is missing"));
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "rule 3: there is no rule \"x\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "rule 4 (range)"));
    CU_ASSERT_PTR_NULL(strstr(m.text, "rule 2"));
    plugintest_stop(&m);
}

static void broken_json_is_refused(void)
{
    struct mockhost m;
    CU_ASSERT_EQUAL(start_rules(&m, "[{\"rule\":"), MIG_E_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "option \"rules\""));
    plugintest_stop(&m);
    CU_ASSERT_EQUAL(start_rules(&m, "{}"), MIG_E_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, "must be a list"));
    plugintest_stop(&m);
}

static void very_many_rules(void)
{
    size_t size = 400000;
    char *rules = malloc(size);
    CU_ASSERT_FATAL(rules != NULL);
    size_t len = (size_t)snprintf(rules, size, "[");
    for (int i = 0; i < 2000; i++)
        len += (size_t)snprintf(rules + len, size - len,
                                "%s{\"rule\":\"email\",\"table\":\"t\",\"column\":\"c%d\"}",
                                i > 0 ? "," : "", i);
    (void)snprintf(rules + len, size - len, "]");
    struct mockhost m;
    mig_check_t check;
    CU_ASSERT_EQUAL(start_rules(&m, rules), MIG_OK);
    CU_ASSERT_EQUAL(get(&m, 1999, &check), MIG_OK);
    CU_ASSERT(same(check.name, "t.c1999 email"));
    CU_ASSERT_EQUAL(get(&m, 2000, &check), MIG_END);
    plugintest_stop(&m);
    free(rules);
}

static const struct unit_case cases[] = {
    {"sql_of_each_kind", sql_of_each_kind},
    {"names_and_literals_are_quoted", names_and_literals_are_quoted},
    {"row_conditions_hold_no_braces", row_conditions_hold_no_braces},
    {"single_units", single_units},
    {"names_are_unique", names_are_unique},
    {"severities", severities},
    {"old_hosts_get_their_size", old_hosts_get_their_size},
    {"faults", faults},
    {"all_faults_at_once", all_faults_at_once},
    {"broken_json_is_refused", broken_json_is_refused},
    {"very_many_rules", very_many_rules},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("validators", cases, argc, argv);
}
