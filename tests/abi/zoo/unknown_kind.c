/* Is of a kind that no version knows. */
#include "zoo.h"

static const mig_unit_t zoo_unit = ZOO_UNIT(.kind = 99);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
