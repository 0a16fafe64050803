/* url.h - connection texts: URLs and libpq's "keyword=value" form. Finds what is wrong without
 * quoting it, and where the passwords are. Leaf: opens nothing. */
#ifndef MIGHOST_URL_H
#define MIGHOST_URL_H

#include "str.h"

/* NULL when the text is well-formed, else what is wrong as a phrase that holds none of it. Any
 * scheme passes; postgresql:// is checked as libpq reads it. */
const char *url_fault(const char *text);
/* The same for the target: nothing but postgresql://, postgres:// and keywords. */
const char *url_database_fault(const char *text);

/* 1 when the text begins like "scheme://". */
int url_has_scheme(const char *text);

/* Appends the text, passwords and keys as "***": of a URL, or of keyword=value pairs. */
void url_mask(struct str *out, const char *text);
/* Makes the passwords of the text known to log_secret(), as written and decoded. */
void url_register_secrets(const char *text);

/* Appends text in which all but [A-Za-z0-9._~-] is percent-encoded. */
void url_encode(struct str *out, const char *text);

#endif
