/* Says that its descriptor is shorter than any version had it. */
#include "zoo.h"

static const mig_unit_t zoo_unit = ZOO_UNIT(.options = NULL);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.size = 16);
