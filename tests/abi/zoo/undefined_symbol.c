/* Calls a function that no library has; lazy binding would find out at the first record. */
#include "zoo.h"

extern int32_t nobody_has_this(void);

static int32_t create(const mig_host_t *host, void **self)
{
    *self = NULL;
    return host ? nobody_has_this() : MIG_E_BUG;
}

static const mig_unit_t zoo_unit = ZOO_UNIT(.create = create);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
