/* Built for 0.1, the version before anything was promised. */
#include "zoo.h"

static const mig_unit_t zoo_unit = ZOO_UNIT(.options = NULL);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.abi_major = 0, .abi_minor = 1);
