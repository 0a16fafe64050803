/* units.h - every unit of this plugin, by the file that holds it. */
#ifndef MIGHOST_PASSWORD_UNITS_H
#define MIGHOST_PASSWORD_UNITS_H

#include <mighost/plugin.h>

/* flag.c */
extern const mig_unit_t flag_unit;

#endif
