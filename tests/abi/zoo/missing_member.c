/* A source without next(): a mandatory call is NULL. */
#include "zoo.h"

static int32_t ping(void *self)
{
    (void)self;
    return MIG_OK;
}

static const mig_source_ops_t ops = {.size = sizeof ops, .ping = ping};

static const mig_unit_t zoo_unit = ZOO_UNIT(.kind = MIG_SOURCE, .name = "nothing", .ops = &ops);
static const mig_unit_t *const zoo_units[] = {&zoo_unit, NULL};

ZOO_PLUGIN(.flags = 0);
