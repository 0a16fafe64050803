/* Has an id that would spoil messages and file names. */
#include "zoo.h"

static const mig_unit_t zoo_unit = ZOO_UNIT(.options = NULL);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.id = "a plugin/of mine");
