/* json.h - JSON inputs of transforms: valid text, without white space around it. */
#ifndef MIGHOST_TRANSFORMS_JSON_H
#define MIGHOST_TRANSFORMS_JSON_H

#include <mighost/plugin.h>

#include "common/jsonscan.h"

/* The JSON text of `in`: as it is for MIG_JSON, which the source has checked, and checked here
 * for MIG_TEXT. MIG_OK, or what apply() returns. */
int32_t json_input(const mig_host_t *host, const mig_value_t *in, struct jsonscan_slice *out);

#endif
