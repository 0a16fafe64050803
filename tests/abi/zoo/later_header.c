/* Built with the header of a later minor version, whose structs have grown, for this one. */
#include "zoo.h"

static const struct {
    mig_transform_ops_t known;
    void (*later)(void);
} later_ops = {.known = {sizeof later_ops, MIG_TRANSFORM_PURE, zoo_apply}};

static const struct {
    mig_unit_t known;
    const void *later;
} later_unit = {.known = ZOO_UNIT(.size = sizeof later_unit, .ops = &later_ops)};
static const mig_unit_t *const zoo_units[] = {&later_unit.known, NULL};

ZOO_PLUGIN(.abi_minor = 0);
