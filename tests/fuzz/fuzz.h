/* fuzz.h - what a fuzz target gives to libFuzzer or to fuzz_main.c. */
#ifndef MIGHOST_TESTS_FUZZ_H
#define MIGHOST_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0; a fault is an abort(), or what a sanitizer finds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Texts to begin with, ended by NULL. */
extern const char *const fuzz_seeds[];

#endif
