/*
 * csvtest.c - starts the source "csv" on files that are written for the occasion.
 */
#include "csvtest.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>

const char *csvtest_start(struct mockhost *m, const char *content, size_t len, const char *option,
                          const char *value)
{
    static struct mockhost_option options[3];
    const char *path = sourcetest_file("x.csv", content, len);
    options[0] = (struct mockhost_option){"file", path};
    options[1] = (struct mockhost_option){option, value};
    options[2] = (struct mockhost_option){NULL, NULL};
    CU_ASSERT_EQUAL(plugintest_start(m, "source-csv", MIG_SOURCE, "csv", options), MIG_OK);
    return path;
}

void csvtest_read(const char *content, size_t len, const char *option, const char *value,
                  const char *fields, const char *expected)
{
    static struct mockhost m;
    static struct sourcetest t;
    csvtest_start(&m, content, len, option, value);
    sourcetest_read(&m, "x", fields, NULL, &t);
    CU_ASSERT_EQUAL(t.status, MIG_END);
    CU_ASSERT_STRING_EQUAL(t.text, expected);
    CU_ASSERT_STRING_EQUAL(m.text, "");
    if (strcmp(t.text, expected) != 0)
        printf("\ngot %s\nnot %s\n%s\n", t.text, expected, m.text);
    plugintest_stop(&m);
}

void csvtest_fails(const char *content, size_t len, const char *option, const char *value,
                   int32_t status, const char *says)
{
    static struct mockhost m;
    static struct sourcetest t;
    csvtest_start(&m, content, len, option, value);
    sourcetest_read(&m, "x", "a", NULL, &t);
    CU_ASSERT_EQUAL(t.status, status);
    CU_ASSERT_EQUAL(m.n_failed, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.text, says));
    if (!strstr(m.text, says))
        printf("\n%s\nsays not %s\n", m.text, says);
    plugintest_stop(&m);
}
