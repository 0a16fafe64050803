/*
 * validators_sql.c - prints the checks of the validator "rules" for validators.sh: one
 * statement each, that gives the name of the check and the number of violations. Reads the
 * JSON of the option `rules` from stdin. Tables are the live ones, as in a host after publish.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugintest.h"

static void print_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'')
            putchar('\'');
        putchar(*text);
    }
    putchar('\'');
}

/* "schema.table" as a quoted name. */
static void print_table(const char *name, size_t len)
{
    putchar('"');
    for (size_t i = 0; i < len; i++)
        if (name[i] == '.')
            (void)fputs("\".\"", stdout);
        else
            putchar(name[i]);
    putchar('"');
}

static void print_query(const char *sql)
{
    for (const char *p = sql; *p; p++) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        if (!end) {
            putchar(*p);
            continue;
        }
        print_table(p + 1, (size_t)(end - p - 1));
        p = end;
    }
}

static void print_check(const mig_check_t *check)
{
    (void)fputs("SELECT ", stdout);
    print_quoted(check->name);
    (void)fputs(" || ': ' || count(*) FROM (", stdout);
    if (check->kind == MIG_CHECK_ROW) {
        (void)fputs("SELECT 1 FROM ", stdout);
        print_table(check->table, strlen(check->table));
        printf(" WHERE (%s)", check->sql);
    } else {
        print_query(check->sql);
    }
    (void)fputs(") AS violations;\n", stdout);
}

int main(void)
{
    static char rules[100000];
    rules[fread(rules, 1, sizeof rules - 1, stdin)] = '\0';
    const struct mockhost_option options[] = {{"rules", rules}, {NULL, NULL}};
    struct mockhost m;
    if (plugintest_start(&m, "validators-standard", MIG_VALIDATOR, "rules", options) != MIG_OK) {
        printf("%s\n", m.text);
        return 1;
    }
    const mig_validator_ops_t *ops = m.unit->ops;
    mig_check_t check = {.size = sizeof check};
    for (uint32_t i = 0; ops->check(m.self, i, &check) == MIG_OK; i++)
        print_check(&check);
    plugintest_stop(&m);
    return 0;
}
