/* units.h - the units of this plugin. */
#ifndef MIGHOST_SCHOOL_UNITS_H
#define MIGHOST_SCHOOL_UNITS_H

#include <mighost/plugin.h>

extern const mig_unit_t schools_unit, teachers_unit, parents_unit, students_unit;

#endif
