/*
 * transformcase.c - runs a line of a table against a module of transforms.
 *
 * Every line gets an instance of its own, so that lines do not depend on each other.
 */
#include "transformcase.h"

#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INPUTS 4

const char *transformcase_plugin = "transforms-standard";

static void count_repair(const mig_host_t *h, const char *field, const char *rule)
{
    /* The mock is the first member of the unit. */
    struct transformcase_unit *u = h->impl;
    (void)field;
    u->repairs++;
    (void)snprintf(u->repair, sizeof u->repair, "%s", rule);
}

int32_t transformcase_start(struct transformcase_unit *u, const char *unit,
                            const struct mockhost_option *options)
{
    u->repairs = 0;
    u->repair[0] = '\0';
    int32_t rc = plugintest_start(&u->mock, transformcase_plugin, MIG_TRANSFORM, unit, options);
    u->mock.host.repaired = count_repair;
    return rc;
}

int32_t transformcase_apply(struct transformcase_unit *u, const mig_value_t *in, uint32_t n_in,
                            mig_value_t *out)
{
    const mig_transform_ops_t *ops = u->mock.unit->ops;
    *out = (mig_value_t){.kind = 99};
    return ops->apply(u->mock.self, in, n_in, out);
}

void transformcase_stop(struct transformcase_unit *u)
{
    plugintest_stop(&u->mock);
}

static uint32_t kind_of(const char *text)
{
    static const char letters[] = "AN tnbj";
    if (strcmp(text, "absent") == 0)
        return MIG_ABSENT;
    if (strcmp(text, "null") == 0)
        return MIG_NULL;
    if (text[1] == ':' && strchr(letters + 3, text[0]))
        return (uint32_t)(strchr(letters, text[0]) - letters) - 1;
    printf("no such kind of value: %s\n", text);
    abort();
}

/* The bytes live in a block of exactly their size. */
static mig_value_t make_value(const char *text)
{
    mig_value_t value = {.kind = kind_of(text)};
    if (value.kind <= MIG_NULL)
        return value;
    size_t len = strlen(text + 2);
    char *data = malloc(len > 0 ? len : 1);
    if (!data)
        abort();
    memcpy(data, text + 2, len);
    value.data = data;
    value.len = (uint32_t)len;
    return value;
}

static int is_value(const mig_value_t *value, const char *text)
{
    if (value->kind != kind_of(text))
        return 0;
    return value->kind <= MIG_NULL ||
           (value->len == strlen(text + 2) && memcmp(value->data, text + 2, value->len) == 0);
}

static void describe(const mig_value_t *value, int32_t rc, char *text, size_t size)
{
    static const char *const kinds[] = {"absent", "null", "t:", "n:", "b:", "j:"};
    if (rc != MIG_OK)
        (void)snprintf(text, size, "status %d", (int)rc);
    else if (value->kind <= MIG_NULL)
        (void)snprintf(text, size, "%s", kinds[value->kind]);
    else if (value->kind <= MIG_JSON)
        (void)snprintf(text, size, "%s%.*s", kinds[value->kind], (int)value->len, value->data);
    else
        (void)snprintf(text, size, "kind %u", value->kind);
}

static void assert_that(int right, const struct transformcase *c, const char *what)
{
    CU_assertImplementation(right, __LINE__, what, c->unit, "", CU_FALSE);
    if (!right)
        printf("    %s(%s): expected %s, %s\n", c->unit, c->in[0] ? c->in[0] : "", c->out, what);
}

/* A reason of three letters or more in common with a value would be a leak. */
static int keeps_values(const struct transformcase *c, const char *text)
{
    for (size_t i = 0; i < MAX_INPUTS && c->in[i]; i++)
        if (c->in[i][1] == ':' && strlen(c->in[i] + 2) > 3 && strstr(text, c->in[i] + 2))
            return 0;
    return 1;
}

static void check_result(const struct transformcase *c, const struct transformcase_unit *u,
                         int32_t rc, const mig_value_t *out)
{
    const struct mockhost *m = &u->mock;
    char got[400];
    describe(out, rc, got, sizeof got);
    if (c->out[0] == '!') {
        assert_that(rc == MIG_REJECT && m->n_rejects == 1, c, got);
        if (m->n_rejects < 1)
            return;
        assert_that(strcmp(m->rejects[0].code, c->out + 1) == 0, c, m->rejects[0].code);
        assert_that(keeps_values(c, m->rejects[0].text), c, "the reason holds the value");
    } else if (c->out[0] == '#') {
        assert_that(rc < 0 && m->n_failed > 0 && strstr(m->text, c->out + 1), c, m->text);
    } else {
        assert_that(rc == MIG_OK && is_value(out, c->out), c, got);
    }
    int right = c->repair ? u->repairs == 1 && strcmp(u->repair, c->repair) == 0 : u->repairs == 0;
    assert_that(right, c, u->repairs > 0 ? u->repair : "no repair was counted");
}

static void apply_case(const struct transformcase *c, struct transformcase_unit *u)
{
    mig_value_t in[MAX_INPUTS], out;
    uint32_t n = 0;
    for (; n < MAX_INPUTS && c->in[n]; n++)
        in[n] = make_value(c->in[n]);
    int32_t rc = transformcase_apply(u, in, n, &out);
    check_result(c, u, rc, &out);
    for (uint32_t i = 0; i < n; i++) {
        assert_that(is_value(&in[i], c->in[i]), c, "the input was changed");
        if (in[i].kind > MIG_NULL)
            free((char *)in[i].data);
    }
}

void transformcase_check(const struct transformcase *c)
{
    struct transformcase_unit u;
    int32_t rc = transformcase_start(&u, c->unit, c->options);
    if (c->out[0] == '?') {
        assert_that(rc == MIG_E_CONFIG && strstr(u.mock.text, c->out + 1), c, u.mock.text);
    } else {
        assert_that(rc == MIG_OK, c, u.mock.text);
        if (rc == MIG_OK)
            apply_case(c, &u);
    }
    transformcase_stop(&u);
}

void transformcase_check_all(const struct transformcase *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        transformcase_check(&cases[i]);
}
