/* layout.c - the layout of the ABI on LP64, member by member. Compiling it is the test: a member
 * that moves, or is put in before the end, breaks every plugin that is out there. Append new
 * members here; never change a line. What a compiler of offsets does not see, the arguments of a
 * call, grows.py compares with v1.0/plugin.h. */
#include <mighost/plugin.h>

#define AT(type, member, offset)                                                                   \
    _Static_assert(offsetof(type, member) == (offset), #type "." #member " has moved")
#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has another size")

_Static_assert(sizeof(void *) == 8 && sizeof(long) == 8, "these numbers are for LP64");
_Static_assert(sizeof(void (*)(void)) == sizeof(void *), "calls and pointers have one size");

/* Frozen for ever: what a host reads before it knows the version. */
AT(mig_plugin_t, magic, 0);
AT(mig_plugin_t, abi_major, 4);
AT(mig_plugin_t, abi_minor, 6);
AT(mig_plugin_t, size, 8);
AT(mig_plugin_t, flags, 12);
AT(mig_plugin_t, id, 16);
AT(mig_plugin_t, version, 24);
AT(mig_plugin_t, units, 32);
SIZE(mig_plugin_t, 40);
_Static_assert(MIG_MAGIC == 0x3147494dU, "the magic number has changed");

/* Frozen structs: they stand in arrays. */
AT(mig_str_t, data, 0);
AT(mig_str_t, len, 8);
SIZE(mig_str_t, 16);
AT(mig_value_t, data, 0);
AT(mig_value_t, len, 8);
AT(mig_value_t, kind, 12);
SIZE(mig_value_t, 16);
AT(mig_need_t, feature, 0);
AT(mig_need_t, flags, 8);
AT(mig_need_t, reserved, 12);
SIZE(mig_need_t, 16);
AT(mig_option_t, name, 0);
AT(mig_option_t, type, 8);
AT(mig_option_t, flags, 12);
AT(mig_option_t, default_value, 16);
AT(mig_option_t, allowed, 24);
AT(mig_option_t, help, 32);
SIZE(mig_option_t, 40);

/* Structs that may grow at the end. */
AT(mig_unit_t, size, 0);
AT(mig_unit_t, kind, 4);
AT(mig_unit_t, name, 8);
AT(mig_unit_t, summary, 16);
AT(mig_unit_t, needs, 24);
AT(mig_unit_t, options, 32);
AT(mig_unit_t, create, 40);
AT(mig_unit_t, destroy, 48);
AT(mig_unit_t, ops, 56);
AT(mig_record_t, size, 0);
AT(mig_record_t, n_values, 4);
AT(mig_record_t, values, 8);
AT(mig_record_t, number, 16);
AT(mig_record_t, key, 24);
AT(mig_place_t, size, 0);
AT(mig_place_t, reserved, 4);
AT(mig_place_t, project, 8);
AT(mig_place_t, stage, 24);
AT(mig_place_t, key, 40);
AT(mig_place_t, column, 56);
AT(mig_wait_t, size, 0);
AT(mig_wait_t, n_fds, 4);
AT(mig_wait_t, fds, 8);
AT(mig_wait_t, events, 40);
AT(mig_wait_t, timeout_ms, 72);

AT(mig_host_t, size, 0);
AT(mig_host_t, abi_major, 4);
AT(mig_host_t, abi_minor, 6);
AT(mig_host_t, impl, 8);
AT(mig_host_t, log, 16);
AT(mig_host_t, fail, 24);
AT(mig_host_t, cancelled, 32);
AT(mig_host_t, option, 40);
AT(mig_host_t, alloc, 48);
AT(mig_host_t, extension, 56);
AT(mig_host_t, reject, 64);
AT(mig_host_t, skip, 72);
AT(mig_host_t, repaired, 80);
AT(mig_host_t, recording, 88);
AT(mig_host_t, is_secret, 96);
AT(mig_host_t, place, 104);
AT(mig_host_t, reads, 112);
AT(mig_host_t, writes, 120);
AT(mig_host_t, column, 128);
AT(mig_host_t, entity, 136);
AT(mig_host_t, takes_key, 144);
AT(mig_host_t, transform, 152);
AT(mig_host_t, ignores, 160);
AT(mig_host_t, made_of, 168);
AT(mig_host_t, key, 176);
AT(mig_host_t, apply, 184);
AT(mig_host_t, apply_to, 192);
AT(mig_host_t, row, 200);
AT(mig_host_t, emit, 208);
AT(mig_host_t, file_open, 216);
AT(mig_host_t, file_write, 224);
AT(mig_host_t, file_close, 232);
AT(mig_recording_t, size, 0);
AT(mig_recording_t, mode, 4);
AT(mig_recording_t, dir, 8);
AT(mig_recording_t, key, 16);
AT(mig_recording_t, key_name, 24);

AT(mig_source_ops_t, size, 0);
AT(mig_source_ops_t, flags, 4);
AT(mig_source_ops_t, ping, 8);
AT(mig_source_ops_t, entities, 16);
AT(mig_source_ops_t, identity, 24);
AT(mig_source_ops_t, open, 32);
AT(mig_source_ops_t, next, 40);
AT(mig_source_ops_t, raw, 48);
AT(mig_source_ops_t, close, 56);
AT(mig_source_ops_t, position, 64);
AT(mig_source_ops_t, progress, 72);
AT(mig_source_ops_t, snapshot, 80);
AT(mig_source_ops_t, release, 88);
AT(mig_source_ops_t, since, 96);
AT(mig_source_ops_t, only, 104);
AT(mig_source_ops_t, written, 112);
AT(mig_source_ops_t, amend, 120);
AT(mig_source_ops_t, unchanged, 128);
AT(mig_source_ops_t, facts, 136);
AT(mig_source_ops_t, unread, 144);
AT(mig_source_ops_t, soon, 152);
AT(mig_source_ops_t, split, 160);
AT(mig_source_ops_t, share, 168);
AT(mig_source_ops_t, join, 176);
AT(mig_transform_ops_t, size, 0);
AT(mig_transform_ops_t, flags, 4);
AT(mig_transform_ops_t, apply, 8);
AT(mig_transform_ops_t, quick, 16);
AT(mig_transform_ops_t, prove, 24);
AT(mig_transform_ops_t, mark, 32);
AT(mig_transform_ops_t, opens, 40);
AT(mig_migrator_ops_t, size, 0);
AT(mig_migrator_ops_t, flags, 4);
AT(mig_migrator_ops_t, describe, 8);
AT(mig_migrator_ops_t, record, 16);
AT(mig_validator_ops_t, size, 0);
AT(mig_validator_ops_t, flags, 4);
AT(mig_validator_ops_t, check, 8);
AT(mig_reporter_ops_t, size, 0);
AT(mig_reporter_ops_t, flags, 4);
AT(mig_reporter_ops_t, report, 8);

AT(mig_check_t, size, 0);
AT(mig_check_t, kind, 4);
AT(mig_check_t, severity, 8);
AT(mig_check_t, name, 16);
AT(mig_check_t, code, 24);
AT(mig_check_t, message, 32);
AT(mig_check_t, table, 40);
AT(mig_check_t, column, 48);
AT(mig_check_t, sql, 56);
AT(mig_reject_t, size, 0);
AT(mig_reject_t, outcome, 4);
AT(mig_reject_t, stage, 8);
AT(mig_reject_t, key, 16);
AT(mig_reject_t, table, 24);
AT(mig_reject_t, field, 32);
AT(mig_reject_t, code, 40);
AT(mig_reject_t, reason, 48);
AT(mig_reject_t, first_cause, 56);
AT(mig_reject_t, number, 64);
AT(mig_reject_t, raw, 72);
AT(mig_report_t, size, 0);
AT(mig_report_t, reserved, 4);
AT(mig_report_t, impl, 8);
AT(mig_report_t, json, 16);
AT(mig_report_t, rejects, 32);
AT(mig_report_t, idmap, 40);
AT(mig_report_t, text, 48);
AT(mig_report_t, changes, 56);
AT(mig_report_t, taken, 64);

/* Numbers are never used again for something else. */
_Static_assert(MIG_OK == 0 && MIG_END == 1 && MIG_WAIT == 2 && MIG_SKIP == 3 && MIG_REJECT == 4 &&
                   MIG_LATER == 5,
               "an outcome has changed");
_Static_assert(MIG_E_BUG == -1 && MIG_E_CONFIG == -2 && MIG_E_SOURCE == -3 &&
                   MIG_E_TEMPORARY == -4 && MIG_E_NOMEM == -5 && MIG_E_CANCELLED == -6 &&
                   MIG_E_IO == -7,
               "an error has changed");
_Static_assert(MIG_ABSENT == 0 && MIG_NULL == 1 && MIG_TEXT == 2 && MIG_NUMBER == 3 &&
                   MIG_BOOL == 4 && MIG_JSON == 5 && MIG_KEY == 6 && MIG_AWAITED == 7,
               "a kind of value has changed");
_Static_assert(MIG_SOURCE == 1 && MIG_TRANSFORM == 2 && MIG_MIGRATOR == 3 && MIG_VALIDATOR == 4 &&
                   MIG_REPORTER == 5,
               "a kind of unit has changed");
_Static_assert(MIG_OPT_TEXT == 1 && MIG_OPT_INT == 2 && MIG_OPT_BOOL == 3 && MIG_OPT_JSON == 4 &&
                   MIG_OPT_PATH == 5 && MIG_OPT_URL == 6 && MIG_OPTF_REQUIRED == 1 &&
                   MIG_OPTF_SECRET == 2,
               "an option type or flag has changed");
_Static_assert(MIG_NEED_HARD == 1 && MIG_NEED_AFTER == 2 && MIG_TRANSFORM_PURE == 1 &&
                   MIG_TRANSFORM_SLOW == 2 && MIG_TRANSFORM_SECRET == 4,
               "a flag has changed");
_Static_assert(MIG_SOURCE_RECORDS == 1 && MIG_RECORDING_NONE == 0 && MIG_RECORDING_KEEP == 1 &&
                   MIG_RECORDING_READ == 2,
               "a number of recordings has changed");
_Static_assert(MIG_LOG_DEBUG == 1 && MIG_LOG_INFO == 2 && MIG_LOG_WARNING == 3 &&
                   MIG_LOG_ERROR == 4,
               "a log level has changed");
_Static_assert(MIG_CHECK_ROW == 1 && MIG_CHECK_QUERY == 2 && MIG_SEVERITY_ERROR == 1 &&
                   MIG_SEVERITY_WARNING == 2 && MIG_WAIT_READ == 1 && MIG_WAIT_WRITE == 2,
               "a number of checks or waits has changed");
