/* Its table of calls ends before the first call. */
#include "zoo.h"

static const mig_transform_ops_t ops = {.size = 8, .apply = zoo_apply};

static const mig_unit_t zoo_unit = ZOO_UNIT(.ops = &ops);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
