/* A name that a project file could not hold as a feature. */
#include "zoo.h"

static const mig_unit_t zoo_unit = ZOO_UNIT(.name = "Same Thing");
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
