/* csvtest.h - first steps of the tests of the source "csv". They assert with CUnit. */
#ifndef MIGHOST_TESTS_CSVTEST_H
#define MIGHOST_TESTS_CSVTEST_H

#include "sourcetest.h"

/* Writes `content` to x.csv and starts a source on it, with one more option (NULL: none). Gives the
 * file's path. */
const char *csvtest_start(struct mockhost *m, const char *content, size_t len, const char *option,
                          const char *value);
/* Reads the entity "x" of a file with this content; `expected` is as in sourcetest.h. */
void csvtest_read(const char *content, size_t len, const char *option, const char *value,
                  const char *fields, const char *expected);
/* The same where the read ends with `status`, and says all of `says`. */
void csvtest_fails(const char *content, size_t len, const char *option, const char *value,
                   int32_t status, const char *says);

/* A constant, its bytes. */
#define TEXT(literal) literal, sizeof(literal) - 1

#endif
