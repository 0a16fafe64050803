/* transformcase.h - one line of a table: what a transform makes of its input.
 *
 * Inputs and results are texts with the kind in front: "t:abc" text, "n:1" number, "b:true",
 * "j:[1]" JSON, "null", "absent". A result may also be "!code" (rejected), "?text" (create()
 * refuses the options, with that text in its message) or "#text" (apply() itself fails). */
#ifndef MIGHOST_TESTS_TRANSFORMCASE_H
#define MIGHOST_TESTS_TRANSFORMCASE_H

#include "plugintest.h"

struct transformcase {
    const char *unit;
    struct mockhost_option options[5]; /* ends with a NULL name */
    const char *in[4];                 /* ends with NULL */
    const char *out;
    const char *repair; /* the rule that is counted once; NULL: none */
};

/* The module that has the units; "transforms-standard" unless a test says another. */
extern const char *transformcase_plugin;

/* Asserts one line with CUnit. Beyond the result: the input is not changed and not read
 * beyond its end (exact memory blocks, for the address sanitizer), and no reason or message
 * holds the value. */
void transformcase_check(const struct transformcase *c);
void transformcase_check_all(const struct transformcase *cases, size_t n);
#define TRANSFORMCASE_CHECK_ALL(cases)                                                             \
    transformcase_check_all((cases), sizeof(cases) / sizeof((cases)[0]))

/* A transform that is kept over many calls. */
struct transformcase_unit {
    struct mockhost mock;
    int repairs;
    char repair[64];
};
int32_t transformcase_start(struct transformcase_unit *u, const char *unit,
                            const struct mockhost_option *options);
int32_t transformcase_apply(struct transformcase_unit *u, const mig_value_t *in, uint32_t n_in,
                            mig_value_t *out);
void transformcase_stop(struct transformcase_unit *u);

#endif
