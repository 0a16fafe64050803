/* Has an address in its code that must be changed when it is loaded. */
#include "zoo.h"

__asm__(".text\n.quad mighost_plugin\n");

static const mig_unit_t zoo_unit = ZOO_UNIT(.options = NULL);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
