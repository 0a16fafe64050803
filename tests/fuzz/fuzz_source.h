/* fuzz_source.h - what holds for every source that reads a file, whatever is in it. */
#ifndef MIGHOST_TESTS_FUZZ_SOURCE_H
#define MIGHOST_TESTS_FUZZ_SOURCE_H

#include "sourcetest.h"

void fuzz_source_require(int condition); /* else abort() */
/* A file in memory with these bytes, regular to the source: its descriptor, to be closed. The path
 * is "/proc/self/fd/N". */
int fuzz_source_file(const uint8_t *data, size_t n);
/* Reads the entity "x" of the linked plugin's unit to its end: each read ends, an error is said
 * once, raw() is valid JSON. Then half of it, and on from there: both halves are the whole. */
void fuzz_source_check(const char *unit, const struct mockhost_option *options,
                       const char *const *fields, uint32_t n_fields, struct sourcetest *whole);

#endif
