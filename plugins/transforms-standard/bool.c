/*
 * bool.c - the transform "bool": declared words to true and false.
 *
 * Words are compared without regard to the case of ASCII letters. What is in neither list is
 * refused: there is no third meaning to guess.
 */
#include <strings.h>

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

static int32_t create(const mig_host_t *host, void **self)
{
    struct boolean *b = transform_new(host, sizeof *b);
    *self = b;
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

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct boolean *b = self;
    int32_t rc;
    if (transform_settled(b->host, in, n_in, TRANSFORM_SCALAR, out, &rc))
        return rc;
    *out = *in;
    if (in->kind == MIG_BOOL)
        return MIG_OK;
    if (holds(&b->yes, in))
        *out = (mig_value_t){"true", 4, MIG_BOOL};
    else if (holds(&b->no, in))
        *out = (mig_value_t){"false", 5, MIG_BOOL};
    else
        return transform_reject(b->host, "bad_boolean",
                                "the value is none of the words declared for true and false");
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {
    {"true", MIG_OPT_JSON, 0, "[\"true\",\"t\",\"yes\",\"y\",\"on\",\"1\"]", NULL,
     "Words that mean true; JSON true always does."},
    {"false", MIG_OPT_JSON, 0, "[\"false\",\"f\",\"no\",\"n\",\"off\",\"0\"]", NULL,
     "Words that mean false."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(bool_unit, "bool", "Reads declared words as true and false.", OPTIONS, create,
               transform_destroy_nothing, apply);
