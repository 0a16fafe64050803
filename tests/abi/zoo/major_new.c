/* Built for a later major version of the ABI. */
#include "zoo.h"

static const mig_unit_t zoo_unit = ZOO_UNIT(.options = NULL);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.abi_major = MIG_ABI_MAJOR + 1);
