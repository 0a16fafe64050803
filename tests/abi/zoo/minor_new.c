/* Asks for a later minor version of the host. */
#include "zoo.h"

static const mig_unit_t zoo_unit = ZOO_UNIT(.options = NULL);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.abi_minor = MIG_ABI_MINOR + 1);
