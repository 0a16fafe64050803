/* Sound, but needs a transform that nobody has. */
#include "zoo.h"

static const mig_need_t needs[] = {
    {"transform:sam", MIG_NEED_HARD, 0}, {"transform:nobody", MIG_NEED_AFTER, 0}, {0, 0, 0}};

static const mig_unit_t zoo_unit = ZOO_UNIT(.kind = MIG_TRANSFORM, .name = "needy", .needs = needs);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
