/* Has a flag for its calls that no version knows. */
#include "zoo.h"

static const mig_transform_ops_t ops = {.size = sizeof ops, .flags = 0x18, .apply = zoo_apply};

static const mig_unit_t zoo_unit = ZOO_UNIT(.ops = &ops);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
