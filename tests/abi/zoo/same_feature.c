/* Has a unit of its own and one that good.so has too. */
#include "zoo.h"

static const mig_unit_t first = ZOO_UNIT(.name = "second");
static const mig_unit_t again = ZOO_UNIT(.name = "same");
static const mig_unit_t *const zoo_units[] = {&first, &again, NULL};

ZOO_PLUGIN(.id = "org.example.again");
