/* Needs that are no "kind:name", have no known flag, or use the reserved member. */
#include "zoo.h"

static const mig_need_t needs[] = {{"email", MIG_NEED_HARD, 0},
                                   {"transform:email", 4, 0},
                                   {"stage:x", MIG_NEED_AFTER, 1},
                                   {0, 0, 0}};

static const mig_unit_t zoo_unit = ZOO_UNIT(.needs = needs);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
