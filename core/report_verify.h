/* report_verify.h - see report_verify.c. */
#ifndef MIGHOST_REPORT_VERIFY_H
#define MIGHOST_REPORT_VERIFY_H

#include "verify.h"

struct json_t;

/* The member "verify"; null where `v` is NULL: nothing was compared. */
struct json_t *report_verify(const struct verify_result *v);

#endif
