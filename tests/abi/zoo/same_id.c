/* Another file with the id of good.so: most likely a copy left over. */
#include "zoo.h"

static const mig_unit_t zoo_unit = ZOO_UNIT(.name = "other");
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.version = "2");
