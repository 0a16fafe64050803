/* transform.h - what all families of transforms share: their units, the check of the input,
 * the reading of options. Instances are plain memory of the host unless a family says else. */
#ifndef MIGHOST_TRANSFORMS_TRANSFORM_H
#define MIGHOST_TRANSFORMS_TRANSFORM_H

#include <mighost/plugin.h>

/* Defines a unit with its table of calls. All transforms here are pure. */
#define TRANSFORM_UNIT(symbol, unit_name, text, option_table, create_fn, destroy_fn, apply_fn)     \
    static const mig_transform_ops_t symbol##_ops = {                                              \
        .size = sizeof(mig_transform_ops_t),                                                       \
        .flags = MIG_TRANSFORM_PURE,                                                               \
        .apply = apply_fn,                                                                         \
    };                                                                                             \
    const mig_unit_t symbol = {                                                                    \
        .size = sizeof(mig_unit_t),                                                                \
        .kind = MIG_TRANSFORM,                                                                     \
        .name = unit_name,                                                                         \
        .summary = text,                                                                           \
        .options = option_table,                                                                   \
        .create = create_fn,                                                                       \
        .destroy = destroy_fn,                                                                     \
        .ops = &symbol##_ops,                                                                      \
    }

#define TRANSFORM_NO_MORE_OPTIONS                                                                  \
    {                                                                                              \
        NULL, 0, 0, NULL, NULL, NULL                                                               \
    }

/* Kinds of value that a transform takes, as bits. */
#define TRANSFORM_TAKES(kind) (1U << (kind))
#define TRANSFORM_SCALAR                                                                           \
    (TRANSFORM_TAKES(MIG_TEXT) | TRANSFORM_TAKES(MIG_NUMBER) | TRANSFORM_TAKES(MIG_BOOL))

/* What apply() begins with: one input, NULL and absent stay what they are, other kinds than
 * `takes` are refused as "bad_type". 1 when *rc is the answer, 0 when there is a value to
 * work on. */
int transform_settled(const mig_host_t *host, const mig_value_t *in, uint32_t n_in, uint32_t takes,
                      mig_value_t *out, int32_t *rc);
/* Exactly one input, of any kind. MIG_OK or what apply() returns. */
int32_t transform_one_input(const mig_host_t *host, uint32_t n_in);
int32_t transform_reject(const mig_host_t *host, const char *code, const char *reason);

/* Zeroed memory of the host. */
void *transform_new(const mig_host_t *host, size_t size);
/* For units without options: the instance is the host. */
int32_t transform_create_plain(const mig_host_t *host, void **self);
/* For instances in memory of the host. */
void transform_destroy_nothing(void *self);

/* Options that the host has checked. The text is empty, the flag 0, where one is not set. */
mig_str_t transform_option_text(const mig_host_t *host, const char *name);
int64_t transform_option_int(const mig_host_t *host, const char *name, int64_t when_not_set);
int transform_option_flag(const mig_host_t *host, const char *name);
int transform_option_is(const mig_host_t *host, const char *name, const char *word);

int transform_equal(const mig_value_t *value, const char *text);
/* A list of texts from a JSON option, as slices with MIG_TEXT. NULL and *rc when refused. */
const mig_value_t *transform_option_list(const mig_host_t *host, const char *name, uint32_t *n,
                                         int32_t *rc);

#endif
