/* template.h - texts with places for values: "STU-{1:6}". Compiled once, filled for each record. */
#ifndef MIGHOST_TRANSFORMS_TEMPLATE_H
#define MIGHOST_TRANSFORMS_TEMPLATE_H

#include <mighost/plugin.h>

/* Literal text, then a value unless `input` is 0. */
struct template_part {
    mig_str_t literal;
    uint32_t input; /* from 1 */
    uint32_t width; /* digits; a shorter whole number gets zeros in front; 0: as it is */
};

struct template
{
    struct template_part *parts; /* in memory of the host */
    uint32_t n;
};

/* From an option of the unit. Fails with MIG_E_CONFIG where the text is empty or malformed. */
int32_t template_read(const mig_host_t *host, const char *option, struct template *out);
/* NULL or absent where one of the values is; else the text. MIG_OK, or what apply() returns. */
int32_t template_fill(const mig_host_t *host, const struct template *t, const mig_value_t *in,
                      uint32_t n_in, mig_value_t *out);

#endif
