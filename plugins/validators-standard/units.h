/* units.h - the validators as the host sees them. */
#ifndef MIGHOST_VALIDATORS_UNITS_H
#define MIGHOST_VALIDATORS_UNITS_H

#include <mighost/plugin.h>

extern const mig_unit_t units_required, units_email, units_range, units_expression, units_unique,
    units_filled, units_counts, units_orphans, units_exists, units_sql, units_rules;

#endif
