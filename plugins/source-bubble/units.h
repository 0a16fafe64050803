/* units.h - the units of this plugin. */
#ifndef MIGHOST_SOURCE_BUBBLE_UNITS_H
#define MIGHOST_SOURCE_BUBBLE_UNITS_H

#include <mighost/plugin.h>

extern const mig_unit_t bubble_unit, rest_unit;

#endif
