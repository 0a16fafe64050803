/* Several faults, which are all reported at once. */
#include "zoo.h"

static const mig_unit_t first = ZOO_UNIT(.name = "one", .create = NULL, .summary = "");
static const mig_unit_t second = ZOO_UNIT(.name = "two", .ops = NULL);
static const mig_unit_t *const zoo_units[] = {&first, &second, NULL};

ZOO_PLUGIN(.version = "");
