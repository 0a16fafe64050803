/* Two units with one name. */
#include "zoo.h"

static const mig_unit_t zoo_unit = ZOO_UNIT(.options = NULL);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, &zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
