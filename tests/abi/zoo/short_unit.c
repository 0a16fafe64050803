/* Says that its unit is shorter than any version had it. */
#include "zoo.h"

static const mig_unit_t zoo_unit = ZOO_UNIT(.size = 8);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
