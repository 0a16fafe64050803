/*
 * bool.c - the transforms "bool" (declared words to true and false) and "bool.all" (one boolean
 * out of conditions on several values).
 *
 * Words are compared without regard to the case of ASCII letters. What is in neither list is
 * refused: there is no third meaning to guess.
 */
#include <strings.h>

#include "../common/plural.h"
#include "common/say.h"
#include "transform.h"
#include "units.h"

struct words {
    const mig_value_t *list;
    uint32_t n;
};

struct boolean {
    const mig_host_t *host;
    struct words yes, no;
};

static int holds(const struct words *words, const mig_value_t *value)
{
    for (uint32_t i = 0; i < words->n; i++)
        if (words->list[i].len == value->len &&
            strncasecmp(words->list[i].data, value->data, value->len) == 0)
            return 1;
    return 0;
}

static int32_t load(const mig_host_t *host, struct boolean *b)
{
    b->host = host;
    int32_t rc;
    b->yes.list = transform_option_list(host, "true", &b->yes.n, &rc);
    if (rc == MIG_OK)
        b->no.list = transform_option_list(host, "false", &b->no.n, &rc);
    for (uint32_t i = 0; i < b->yes.n && rc == MIG_OK; i++)
        if (holds(&b->no, &b->yes.list[i]))
            rc = say_fail(host, MIG_E_CONFIG, "take the word out of one of the lists",
                          "a word stands in \"true\" and in \"false\"");
    return rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct boolean *b = transform_new(host, sizeof *b);
    *self = b;
    return load(host, b);
}

/* 1 true, 0 false, -1 neither. */
static int truth_of(const struct boolean *b, const mig_value_t *value)
{
    if (value->kind == MIG_BOOL)
        return value->len == 4;
    return value->kind == MIG_JSON ? -1 : holds(&b->yes, value) ? 1 : holds(&b->no, value) ? 0 : -1;
}

static int32_t not_a_word(const mig_host_t *host)
{
    return transform_reject(host, "bad_boolean",
                            "the value is none of the words declared for true and false");
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct boolean *b = self;
    int32_t rc;
    if (transform_settled(b->host, in, n_in, TRANSFORM_SCALAR, out, &rc))
        return rc;
    int truth = truth_of(b, in);
    if (truth < 0)
        return not_a_word(b->host);
    *out = truth ? (mig_value_t){"true", 4, MIG_BOOL} : (mig_value_t){"false", 5, MIG_BOOL};
    return MIG_OK;
}

#define WORD_OPTIONS                                                                               \
    {"true", MIG_OPT_JSON,                                                                         \
     0,      "[\"true\",\"t\",\"yes\",\"y\",\"on\",\"1\"]",                                        \
     NULL,   "Words that mean true; JSON true always does."},                                      \
    {                                                                                              \
        "false", MIG_OPT_JSON, 0, "[\"false\",\"f\",\"no\",\"n\",\"off\",\"0\"]", NULL,            \
            "Words that mean false."                                                               \
    }

static const mig_option_t OPTIONS[] = {WORD_OPTIONS, TRANSFORM_NO_MORE_OPTIONS};

TRANSFORM_UNIT(bool_unit, "bool", "Reads declared words as true and false.", OPTIONS, create,
               transform_destroy_nothing, apply);

/* ---- bool.all ------------------------------------------------------------------------- */

enum condition { IS_TRUE, IS_FALSE, IS_EMPTY, IS_PRESENT };

struct all {
    struct boolean words; /* first: what create() of "bool" fills */
    enum condition *are;
    uint32_t n;
};

static int find_condition(const mig_value_t *name, enum condition *out)
{
    static const char *const names[] = {"true", "false", "empty", "present"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (transform_equal(name, names[i])) {
            *out = (enum condition)i;
            return 1;
        }
    }
    return 0;
}

static int32_t create_all(const mig_host_t *host, void **self)
{
    int32_t rc;
    struct all *a = transform_new(host, sizeof *a);
    *self = a;
    const mig_value_t *are = transform_option_list(host, "are", &a->n, &rc);
    if (rc != MIG_OK)
        return rc;
    a->are = transform_new(host, (a->n + 1U) * sizeof *a->are);
    for (uint32_t i = 0; i < a->n; i++)
        if (!find_condition(&are[i], &a->are[i]))
            return host->fail(host, MIG_E_CONFIG, "\"are\" holds a word that is no condition",
                              "take from: true, false, empty, present");
    return load(host, &a->words);
}

/* 1, 0, or -1 after a reject. NULL, absent and the empty text are neither true nor false. */
static int holds_for(const struct all *a, enum condition condition, const mig_value_t *in)
{
    int empty = in->kind <= MIG_NULL || in->len == 0;
    if (condition == IS_EMPTY || condition == IS_PRESENT)
        return empty == (condition == IS_EMPTY);
    if (empty)
        return 0;
    int truth = truth_of(&a->words, in);
    return truth < 0 ? -1 : truth == (condition == IS_TRUE);
}

static int32_t apply_all(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct all *a = self;
    const mig_host_t *h = a->words.host;
    if (n_in != a->n)
        return say_fail(h, MIG_E_CONFIG, "name one condition for each source field of \"from\"",
                        "\"are\" has %u conditions, but the mapping gives %u %s", (unsigned)a->n,
                        (unsigned)n_in, plural((unsigned)n_in, "value", "values"));
    int all = 1;
    for (uint32_t i = 0; i < n_in; i++) {
        int one = holds_for(a, a->are[i], &in[i]);
        if (one < 0)
            return not_a_word(h);
        all &= one;
    }
    *out = all ? (mig_value_t){"true", 4, MIG_BOOL} : (mig_value_t){"false", 5, MIG_BOOL};
    return MIG_OK;
}

static const mig_option_t ALL_OPTIONS[] = {
    {"are", MIG_OPT_JSON, MIG_OPTF_REQUIRED, NULL, NULL,
     "One condition for each value: true, false, empty (absent, NULL, no text), present."},
    WORD_OPTIONS,
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(bool_all_unit, "bool.all", "True when a condition holds for each of several values.",
               ALL_OPTIONS, create_all, transform_destroy_nothing, apply_all);
