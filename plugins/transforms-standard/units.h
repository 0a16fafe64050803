/* units.h - every unit of this plugin, by the file that holds it. */
#ifndef MIGHOST_TRANSFORMS_UNITS_H
#define MIGHOST_TRANSFORMS_UNITS_H

#include <mighost/plugin.h>

/* text.c */
extern const mig_unit_t text_trim_unit, text_collapse_unit, text_null_if_empty_unit,
    text_lower_unit, text_upper_unit, text_replace_unit, text_cut_unit;
/* number.c */
extern const mig_unit_t number_int_unit, number_decimal_unit, number_round_unit;
/* rescale.c */
extern const mig_unit_t rescale_unit;
/* date.c */
extern const mig_unit_t date_unit, date_time_unit;
/* bool.c */
extern const mig_unit_t bool_unit, bool_all_unit;
/* base64.c */
extern const mig_unit_t base64_decode_unit;
/* email.c */
extern const mig_unit_t email_unit;
/* url.c */
extern const mig_unit_t url_unit;
/* lookup.c */
extern const mig_unit_t lookup_unit, lookup_null_unit;
/* fallback.c */
extern const mig_unit_t fallback_default_unit, fallback_constant_unit, fallback_coalesce_unit;
/* demand.c */
extern const mig_unit_t demand_required_unit, demand_type_unit;
/* list.c */
extern const mig_unit_t list_concat_unit, list_split_unit;
/* format.c */
extern const mig_unit_t format_unit;
/* json.c */
extern const mig_unit_t json_parse_unit, json_path_unit;
/* object.c */
extern const mig_unit_t object_unit;
/* array.c */
extern const mig_unit_t array_unit;
/* name.c, phone.c, address.c: of people */
extern const mig_unit_t name_part_unit, phone_unit, address_part_unit;

#endif
