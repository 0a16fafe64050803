/* Has no table of calls. */
#include "zoo.h"

static const mig_unit_t zoo_unit = ZOO_UNIT(.ops = NULL);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
