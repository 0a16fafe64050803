/*
 * parameter.c - the query of an address: libcurl escapes, here is only the pair.
 */
#include "parameter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int parameter_add(CURLU *u, const char *name, const char *value)
{
    char *text = malloc(strlen(name) + strlen(value) + 2);
    if (!text)
        return -1;
    stpcpy(stpcpy(stpcpy(text, name), "="), value);
    CURLUcode code = curl_url_set(u, CURLUPART_QUERY, text, CURLU_APPENDQUERY | CURLU_URLENCODE);
    free(text);
    return code == CURLUE_OK ? 0 : -1;
}

int parameter_number(CURLU *u, const char *name, uint64_t n)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, n);
    return parameter_add(u, name, text);
}
