/*
 * jsontest.c - starts the source "json" on files that are written for the occasion.
 */
#include "jsontest.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

const char *jsontest_start(struct mockhost *m, const char *name, const char *content,
                           const char *option, const char *value)
{
    static struct mockhost_option options[3];
    const char *path = sourcetest_file(name, content, strlen(content));
    options[0] = (struct mockhost_option){"file", path};
    options[1] = (struct mockhost_option){option, value};
    options[2] = (struct mockhost_option){NULL, NULL};
    CU_ASSERT_EQUAL(plugintest_start(m, "source-json", MIG_SOURCE, "json", options), MIG_OK);
    return path;
}

const char *jsontest_begin_large(struct mockhost *m, struct sourcetest *t)
{
    size_t n = JSONTEST_LARGE - 1;
    char *text = malloc(16 * n), *p = stpcpy(text, "[{\"a\":1}");
    const char *field = "a";
    for (size_t i = 0; i < n; i++)
        p = stpcpy(p, ",{\"a\":2}");
    stpcpy(p, "]");
    const char *path = jsontest_start(m, "x.json", text, NULL, NULL);
    free(text);
    memset(t, 0, sizeof *t);
    sourcetest_ops(m)->open(m->self, "x", &field, 1, NULL, 0, (mig_str_t){"", 0});
    CU_ASSERT_EQUAL(sourcetest_next(m, t), MIG_OK);
    return path;
}
