/*
 * plugin.c - the descriptor: the list of all transforms of this plugin, nothing else.
 */
#include "units.h"

static const mig_unit_t *const UNITS[] = {
    &text_trim_unit,
    &text_collapse_unit,
    &text_null_if_empty_unit,
    &text_lower_unit,
    &text_upper_unit,
    &text_replace_unit,
    &text_cut_unit,
    &number_int_unit,
    &number_decimal_unit,
    &number_round_unit,
    &rescale_unit,
    &date_unit,
    &date_time_unit,
    &bool_unit,
    &bool_all_unit,
    &base64_decode_unit,
    &email_unit,
    &url_unit,
    &lookup_unit,
    &lookup_null_unit,
    &fallback_default_unit,
    &fallback_constant_unit,
    &fallback_coalesce_unit,
    &demand_required_unit,
    &demand_type_unit,
    &list_concat_unit,
    &list_split_unit,
    &format_unit,
    &json_parse_unit,
    &json_path_unit,
    &object_unit,
    &array_unit,
    &name_part_unit,
    &phone_unit,
    &address_part_unit,
    NULL,
};

MIG_EXPORT const mig_plugin_t mighost_plugin = {
    .magic = MIG_MAGIC,
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .size = sizeof(mig_plugin_t),
    .id = "org.mighost.transforms-standard",
    .version = "0.1",
    .units = UNITS,
};
