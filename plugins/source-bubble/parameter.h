/* parameter.h - the query of an address that is asked for. */
#ifndef MIGHOST_SOURCE_BUBBLE_PARAMETER_H
#define MIGHOST_SOURCE_BUBBLE_PARAMETER_H

#include <curl/curl.h>
#include <stdint.h>

/* Appends name=value, escaped as RFC 3986 has it. 0, or -1: no memory. */
int parameter_add(CURLU *u, const char *name, const char *value);
int parameter_number(CURLU *u, const char *name, uint64_t n);

#endif
