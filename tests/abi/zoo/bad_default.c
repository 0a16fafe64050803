/* An option whose default is not of its type. */
#include "zoo.h"

static const mig_option_t options[] = {{"width", MIG_OPT_INT, 0, "wide", "1..100", "How many."},
                                       {0, 0, 0, 0, 0, 0}};

static const mig_unit_t zoo_unit = ZOO_UNIT(.options = options);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
