/* jsontest.h - first steps of the tests of the source "json". They assert with CUnit. */
#ifndef MIGHOST_TESTS_JSONTEST_H
#define MIGHOST_TESTS_JSONTEST_H

#include "sourcetest.h"

/* Writes `content` to a file and starts a source on it, with one more option (NULL: none).
 * Gives the file's path. */
const char *jsontest_start(struct mockhost *m, const char *name, const char *content,
                           const char *option, const char *value);
#define JSONTEST_LARGE 40001U /* records */
/* Starts on a file that is longer than what is read at once, opens its entity "x" and reads one
 * record; the rest is the caller's. Gives the file's path. */
const char *jsontest_begin_large(struct mockhost *m, struct sourcetest *t);

#endif
