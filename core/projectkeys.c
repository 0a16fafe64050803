/* projectkeys.c - every key of a project file. Data only. A default that depends on other keys
 * (entity, source, use, work_dir) is set by project.c and is NULL here. */
#include "projectkeys.h"

#include "project.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(type, member) offsetof(struct type, member)
#define POLICIES "insert|skip|update|replace|reject"

static const struct field reference_fields[] = {
    {.key = "columns",
     .type = FIELD_TEXTS,
     .offset = AT(project_reference, columns),
     .count = AT(project_reference, n_columns),
     .required = 1},
    {.key = "to", .type = FIELD_TABLE, .offset = AT(project_reference, to), .required = 1},
    {.key = "to_columns",
     .type = FIELD_TEXTS,
     .offset = AT(project_reference, to_columns),
     .count = AT(project_reference, n_to_columns),
     .required = 1},
    {.key = "on_missing",
     .type = FIELD_ENUM,
     .offset = AT(project_reference, set_null),
     .allowed = "reject|null",
     .fallback = "reject"},
};
static const struct section reference = {"references", reference_fields, COUNT(reference_fields),
                                         sizeof(struct project_reference)};

static const struct field unique_fields[] = {
    {.key = "column", .type = FIELD_TEXT, .offset = AT(project_unique, column), .required = 1},
    {.key = "fold",
     .type = FIELD_TEXTS,
     .offset = AT(project_unique, fold),
     .count = AT(project_unique, n_fold)},
    {.key = "on_taken",
     .type = FIELD_ENUM,
     .offset = AT(project_unique, on_taken),
     .allowed = "reject|suffix|null",
     .fallback = "reject"},
    {.key = "sign", .type = FIELD_TEXT, .offset = AT(project_unique, sign), .fallback = "-"},
    {.key = "before", .type = FIELD_TEXT, .offset = AT(project_unique, before)},
};
static const struct section unique = {"unique", unique_fields, COUNT(unique_fields),
                                      sizeof(struct project_unique)};

#define MERGES(word, rule)                                                                         \
    {                                                                                              \
        .key = word, .type = FIELD_TEXTS, .offset = AT(project_table, merges[rule].names),         \
        .count = AT(project_table, merges[rule].n)                                                 \
    }
static const struct field merge_fields[] = {
    {.key = "default",
     .type = FIELD_ENUM,
     .offset = AT(project_table, merge),
     .allowed = "overwrite|keep|newest|fill|reject",
     .fallback = "overwrite"},
    {.key = "by", .type = FIELD_TEXT, .offset = AT(project_table, newest_by)},
    MERGES("overwrite", MERGE_OVERWRITE),
    MERGES("keep", MERGE_KEEP),
    MERGES("newest", MERGE_NEWEST),
    MERGES("fill", MERGE_FILL),
    MERGES("reject", MERGE_REJECT),
};
static const struct section merge = {"merge", merge_fields, COUNT(merge_fields), 0};

static const struct field ownership_fields[] = {
    {.key = "owner",
     .type = FIELD_TEXTS,
     .offset = AT(project_table, owner),
     .count = AT(project_table, n_owner)},
    {.key = "theirs", .type = FIELD_TEXT, .offset = AT(project_table, theirs)},
    {.key = "on_both",
     .type = FIELD_ENUM,
     .offset = AT(project_table, on_both),
     .allowed = "report|fail|reject",
     .fallback = "reject"},
    {.key = "on_neither",
     .type = FIELD_ENUM,
     .offset = AT(project_table, on_neither),
     .allowed = "report|fail",
     .fallback = "report"},
};
static const struct section ownership = {"ownership", ownership_fields, COUNT(ownership_fields), 0};

static const struct field table_fields[] = {
    {.key = "policy",
     .type = FIELD_ENUM,
     .offset = AT(project_table, policy),
     .given = AT(project_table, has_policy),
     .allowed = POLICIES},
    {.key = "indexes",
     .type = FIELD_ENUM,
     .offset = AT(project_table, indexes),
     .given = AT(project_table, has_indexes),
     .allowed = "auto|keep|rebuild"},
    {.key = "must_be_empty",
     .type = FIELD_BOOL,
     .offset = AT(project_table, must_be_empty),
     .fallback = "false"},
    {.key = "match",
     .type = FIELD_TEXTS,
     .offset = AT(project_table, match),
     .count = AT(project_table, n_match)},
    {.key = "also_match",
     .type = FIELD_TEXTS,
     .offset = AT(project_table, also_match),
     .count = AT(project_table, n_also_match)},
    {.key = "scope", .type = FIELD_TEXT, .offset = AT(project_table, scope)},
    {.key = "ownership", .type = FIELD_SECTION, .section = &ownership},
    {.key = "merge", .type = FIELD_SECTION, .section = &merge},
    {.key = "references",
     .type = FIELD_LIST,
     .offset = AT(project_table, references),
     .count = AT(project_table, n_references),
     .section = &reference},
    {.key = "unique",
     .type = FIELD_LIST,
     .offset = AT(project_table, unique),
     .count = AT(project_table, n_unique),
     .section = &unique},
};
static const struct section table = {"tables", table_fields, COUNT(table_fields),
                                     sizeof(struct project_table)};

static const struct field incremental_fields[] = {
    {.key = "field", .type = FIELD_TEXT, .offset = AT(project_stage, mark_field)},
    {.key = "overlap",
     .type = FIELD_OVERLAP,
     .offset = AT(project_stage, overlap),
     .given = AT(project_stage, has_overlap)},
};
static const struct section incremental = {"incremental", incremental_fields,
                                           COUNT(incremental_fields), 0};

static const struct field stage_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = AT(project_stage, name), .required = 1},
    {.key = "enabled",
     .type = FIELD_BOOL,
     .offset = AT(project_stage, enabled),
     .fallback = "true"},
    {.key = "phase",
     .type = FIELD_INT,
     .offset = AT(project_stage, phase),
     .allowed = "1..1000000"},
    {.key = "priority",
     .type = FIELD_WORD,
     .offset = AT(project_stage, priority),
     .allowed = "high|medium|low"},
    {.key = "source", .type = FIELD_NAME, .offset = AT(project_stage, source)},
    {.key = "entity", .type = FIELD_TEXT, .offset = AT(project_stage, entity)},
    {.key = "key",
     .type = FIELD_TEXTS,
     .offset = AT(project_stage, key),
     .count = AT(project_stage, n_key),
     .fallback = "id"},
    {.key = "migrator",
     .type = FIELD_UNIT,
     .offset = AT(project_stage, migrator),
     .fallback = "map"},
    {.key = "options",
     .type = FIELD_OPTIONS,
     .offset = AT(project_stage, options),
     .fallback = "{}"},
    {.key = "policy",
     .type = FIELD_ENUM,
     .offset = AT(project_stage, policy),
     .allowed = POLICIES,
     .fallback = "insert"},
    {.key = "ids",
     .type = FIELD_ENUM,
     .offset = AT(project_stage, ids),
     .allowed = "uuid5|keep|sequence|natural",
     .fallback = "uuid5"},
    {.key = "needs",
     .type = FIELD_NEEDS,
     .offset = AT(project_stage, needs),
     .count = AT(project_stage, n_needs)},
    {.key = "tables",
     .type = FIELD_MAP,
     .offset = AT(project_stage, tables),
     .count = AT(project_stage, n_tables),
     .section = &table},
    {.key = "max_rejects",
     .type = FIELD_LIMIT,
     .offset = AT(project_stage, max_rejects),
     .given = AT(project_stage, has_max_rejects)},
    {.key = "login_proof",
     .type = FIELD_LIMIT,
     .offset = AT(project_stage, login_proof),
     .given = AT(project_stage, has_login_proof)},
    {.key = "critical",
     .type = FIELD_BOOL,
     .offset = AT(project_stage, critical),
     .fallback = "false"},
    {.key = "secret",
     .type = FIELD_TEXTS,
     .offset = AT(project_stage, secret),
     .count = AT(project_stage, n_secret)},
    {.key = "pii",
     .type = FIELD_TEXTS,
     .offset = AT(project_stage, pii),
     .count = AT(project_stage, n_pii)},
    {.key = "ignore",
     .type = FIELD_TEXTS,
     .offset = AT(project_stage, ignore),
     .count = AT(project_stage, n_ignore)},
    {.key = "incremental", .type = FIELD_SECTION, .section = &incremental},
};
static const struct section stage = {"stages", stage_fields, COUNT(stage_fields),
                                     sizeof(struct project_stage)};

static const struct field source_fields[] = {
    {.key = "use", .type = FIELD_UNIT, .offset = AT(project_source, use), .required = 1},
    {.key = "options",
     .type = FIELD_CONNECTION,
     .offset = AT(project_source, options),
     .fallback = "{}"},
    {.key = "embedded_schema", .type = FIELD_PATH, .offset = AT(project_source, embedded_schema)},
};
static const struct section source = {"sources", source_fields, COUNT(source_fields),
                                      sizeof(struct project_source)};

static const struct field validator_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = AT(project_validator, name), .required = 1},
    {.key = "use", .type = FIELD_UNIT, .offset = AT(project_validator, use)},
    {.key = "enabled",
     .type = FIELD_BOOL,
     .offset = AT(project_validator, enabled),
     .fallback = "true"},
    {.key = "options",
     .type = FIELD_OPTIONS,
     .offset = AT(project_validator, options),
     .fallback = "{}"},
};
static const struct section validator = {"validators", validator_fields, COUNT(validator_fields),
                                         sizeof(struct project_validator)};

static const struct field reporter_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = AT(project_reporter, name), .required = 1},
    {.key = "use", .type = FIELD_UNIT, .offset = AT(project_reporter, use)},
    {.key = "enabled",
     .type = FIELD_BOOL,
     .offset = AT(project_reporter, enabled),
     .fallback = "true"},
    {.key = "options",
     .type = FIELD_OPTIONS,
     .offset = AT(project_reporter, options),
     .fallback = "{}"},
};
static const struct section reporter = {"reporters", reporter_fields, COUNT(reporter_fields),
                                        sizeof(struct project_reporter)};

static const struct field notify_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = AT(project_reporter, name), .required = 1},
    {.key = "use", .type = FIELD_UNIT, .offset = AT(project_reporter, use)},
    {.key = "enabled",
     .type = FIELD_BOOL,
     .offset = AT(project_reporter, enabled),
     .fallback = "true"},
    {.key = "options",
     .type = FIELD_ADDRESS,
     .offset = AT(project_reporter, options),
     .fallback = "{}"},
};
static const struct section notify = {"notify", notify_fields, COUNT(notify_fields),
                                      sizeof(struct project_reporter)};

static const struct field hook_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = AT(project_hook, name), .required = 1},
    {.key = "before", .type = FIELD_TEXT, .offset = AT(project_hook, before)},
    {.key = "after", .type = FIELD_TEXT, .offset = AT(project_hook, after)},
    {.key = "after_commit", .type = FIELD_TEXT, .offset = AT(project_hook, after_commit)},
    {.key = "undo", .type = FIELD_BLANK, .offset = AT(project_hook, undo), .required = 1},
};
static const struct section hook = {"hooks", hook_fields, COUNT(hook_fields),
                                    sizeof(struct project_hook)};

static const struct field invariant_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = AT(project_invariant, name), .required = 1},
    {.key = "sql", .type = FIELD_TEXT, .offset = AT(project_invariant, sql), .required = 1},
};
static const struct section invariant = {"invariants", invariant_fields, COUNT(invariant_fields),
                                         sizeof(struct project_invariant)};

static const struct field preserve_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = AT(project_preserve, name), .required = 1},
    {.key = "table", .type = FIELD_TEXT, .offset = AT(project_preserve, table), .required = 1},
    {.key = "where", .type = FIELD_TEXT, .offset = AT(project_preserve, where), .fallback = "true"},
    {.key = "added",
     .type = FIELD_ENUM,
     .offset = AT(project_preserve, added),
     .allowed = "refuse|allow",
     .fallback = "refuse"},
};
static const struct section preserve = {"preserve", preserve_fields, COUNT(preserve_fields),
                                        sizeof(struct project_preserve)};

static const struct field scenario_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = AT(project_scenario, name), .required = 1},
    {.key = "sql", .type = FIELD_TEXT, .offset = AT(project_scenario, sql)},
    {.key = "command",
     .type = FIELD_TEXTS,
     .offset = AT(project_scenario, command),
     .count = AT(project_scenario, n_command)},
};
static const struct section scenario = {"scenarios", scenario_fields, COUNT(scenario_fields),
                                        sizeof(struct project_scenario)};

static const struct field version_fields[] = {
    {.key = "sql", .type = FIELD_TEXT, .offset = AT(project, target.version_sql)},
    {.key = "is",
     .type = FIELD_TEXTS,
     .offset = AT(project, target.version_is),
     .count = AT(project, target.n_version_is)},
};
static const struct section version = {"schema_version", version_fields, COUNT(version_fields), 0};

static const struct field target_fields[] = {
    {.key = "url", .type = FIELD_URL, .offset = AT(project, target.url)},
    {.key = "schema",
     .type = FIELD_SCHEMA,
     .offset = AT(project, target.schema),
     .fallback = "public"},
    {.key = "state_schema",
     .type = FIELD_SCHEMA,
     .offset = AT(project, target.state_schema),
     .fallback = "mighost"},
    {.key = "production",
     .type = FIELD_BOOL,
     .offset = AT(project, target.production),
     .given = AT(project, target.says_production),
     .fallback = "false"},
    {.key = "embedded_schema", .type = FIELD_PATH, .offset = AT(project, target.embedded_schema)},
    {.key = "extensions",
     .type = FIELD_TEXTS,
     .offset = AT(project, target.extensions),
     .count = AT(project, target.n_extensions)},
    {.key = "schema_version", .type = FIELD_SECTION, .section = &version},
};
static const struct section target = {"target", target_fields, COUNT(target_fields), 0};

static const struct field rehearsal_fields[] = {
    {.key = "url", .type = FIELD_URL, .offset = AT(project, rehearsal.url)},
    {.key = "tolerance",
     .type = FIELD_PERCENT,
     .offset = AT(project, rehearsal.tolerance_percent),
     .fallback = "20%"},
    {.key = "time_tolerance",
     .type = FIELD_PERCENT,
     .offset = AT(project, rehearsal.time_tolerance_percent),
     .fallback = "100%"},
};
static const struct section rehearsal = {"rehearsal", rehearsal_fields, COUNT(rehearsal_fields), 0};

static const struct field rows_fields[] = {
    {.key = "name", .type = FIELD_NAME, .offset = AT(project_rows, name), .required = 1},
    {.key = "table", .type = FIELD_TABLE, .offset = AT(project_rows, table), .required = 1},
    {.key = "where", .type = FIELD_TEXT, .offset = AT(project_rows, where), .required = 1},
};
static const struct section rows = {"rows", rows_fields, COUNT(rows_fields),
                                    sizeof(struct project_rows)};

static const struct field backup_fields[] = {
    {.key = "scope",
     .type = FIELD_ENUM,
     .offset = AT(project, backup_scope),
     .allowed = "tables|database|none",
     .fallback = "tables"},
    {.key = "dir", .type = FIELD_PATH, .offset = AT(project, backup_dir)},
    {.key = "keep_days",
     .type = FIELD_INT,
     .offset = AT(project, backup_keep_days),
     .allowed = "0..36500",
     .fallback = "0"},
    {.key = "keep_count",
     .type = FIELD_INT,
     .offset = AT(project, backup_keep_count),
     .allowed = "0..100000",
     .fallback = "0"},
    {.key = "sources",
     .type = FIELD_TEXTS,
     .offset = AT(project, backup_sources),
     .count = AT(project, n_backup_sources)},
    {.key = "rows",
     .type = FIELD_LIST,
     .offset = AT(project, backup_rows),
     .count = AT(project, n_backup_rows),
     .section = &rows},
    {.key = "prove", .type = FIELD_BOOL, .offset = AT(project, backup_prove), .fallback = "false"},
    {.key = "scratch",
     .type = FIELD_ENUM,
     .offset = AT(project, backup_scratch),
     .allowed = "auto|target|embedded",
     .fallback = "auto"},
};
static const struct section backup = {"backup", backup_fields, COUNT(backup_fields), 0};

static const struct field export_fields[] = {
    {.key = "dir", .type = FIELD_PATH, .offset = AT(project, export_dir)},
    {.key = "csv", .type = FIELD_OPTIONS, .offset = AT(project, export_csv), .fallback = "{}"},
};
static const struct section export = {"export", export_fields, COUNT(export_fields), 0};

#define TIMEOUT(name, seconds)                                                                     \
    {                                                                                              \
        .key = #name, .type = FIELD_SECONDS, .offset = AT(project, timeouts.name),                 \
        .allowed = "0..86400", .fallback = seconds                                                 \
    }
static const struct field timeout_fields[] = {TIMEOUT(connect, "10"), TIMEOUT(statement, "0"),
                                              TIMEOUT(lock, "5"),     TIMEOUT(commit, "60"),
                                              TIMEOUT(idle, "0"),     TIMEOUT(plugin, "0")};
static const struct section timeouts = {"timeouts", timeout_fields, COUNT(timeout_fields), 0};

static const struct field root_fields[] = {
    {.key = "$schema", .type = FIELD_IGNORED},
    {.key = "name", .type = FIELD_NAME, .offset = AT(project, name), .required = 1},
    {.key = "target", .type = FIELD_SECTION, .section = &target},
    {.key = "sources",
     .type = FIELD_MAP,
     .offset = AT(project, sources),
     .count = AT(project, n_sources),
     .section = &source},
    {.key = "stages",
     .type = FIELD_LIST,
     .offset = AT(project, stages),
     .count = AT(project, n_stages),
     .section = &stage},
    {.key = "validators",
     .type = FIELD_LIST,
     .offset = AT(project, validators),
     .count = AT(project, n_validators),
     .section = &validator},
    {.key = "reporters",
     .type = FIELD_LIST,
     .offset = AT(project, reporters),
     .count = AT(project, n_reporters),
     .section = &reporter},
    {.key = "notify",
     .type = FIELD_LIST,
     .offset = AT(project, notify),
     .count = AT(project, n_notify),
     .section = &notify},
    {.key = "canaries",
     .type = FIELD_TEXTS,
     .offset = AT(project, canaries),
     .count = AT(project, n_canaries)},
    {.key = "hooks",
     .type = FIELD_LIST,
     .offset = AT(project, hooks),
     .count = AT(project, n_hooks),
     .section = &hook},
    {.key = "invariants",
     .type = FIELD_LIST,
     .offset = AT(project, invariants),
     .count = AT(project, n_invariants),
     .section = &invariant},
    {.key = "preserve",
     .type = FIELD_LIST,
     .offset = AT(project, preserve),
     .count = AT(project, n_preserve),
     .section = &preserve},
    {.key = "scenarios",
     .type = FIELD_LIST,
     .offset = AT(project, scenarios),
     .count = AT(project, n_scenarios),
     .section = &scenario},
    {.key = "batch_size",
     .type = FIELD_INT,
     .offset = AT(project, batch_size),
     .allowed = "1..1000000",
     .fallback = "10000"},
    {.key = "jobs",
     .type = FIELD_INT,
     .offset = AT(project, jobs),
     .allowed = "1..64",
     .fallback = "1"},
    {.key = "pool_max",
     .type = FIELD_INT,
     .offset = AT(project, pool_max),
     .allowed = "0..1000",
     .fallback = "0"},
    {.key = "threads",
     .type = FIELD_INT,
     .offset = AT(project, threads),
     .allowed = "0..256",
     .fallback = "0"},
    {.key = "max_rejects",
     .type = FIELD_LIMIT,
     .offset = AT(project, max_rejects),
     .fallback = "null"},
    {.key = "on_invalid",
     .type = FIELD_ENUM,
     .offset = AT(project, on_invalid),
     .allowed = "reject|fail",
     .fallback = "reject"},
    {.key = "review",
     .type = FIELD_TEXTS,
     .offset = AT(project, review),
     .count = AT(project, n_review)},
    {.key = "strict", .type = FIELD_BOOL, .offset = AT(project, strict), .fallback = "false"},
    {.key = "on_failed_validation",
     .type = FIELD_ENUM,
     .offset = AT(project, on_failed_validation),
     .allowed = "undo|keep",
     .fallback = "undo"},
    {.key = "max_delete",
     .type = FIELD_PERCENT,
     .offset = AT(project, max_delete_percent),
     .fallback = "10%"},
    {.key = "backup", .type = FIELD_SECTION, .section = &backup},
    {.key = "export", .type = FIELD_SECTION, .section = &export},
    {.key = "rehearsal", .type = FIELD_SECTION, .section = &rehearsal},
    {.key = "checklist", .type = FIELD_PATH, .offset = AT(project, checklist)},
    {.key = "sequences",
     .type = FIELD_ENUM,
     .offset = AT(project, sequences),
     .allowed = "advance|leave",
     .fallback = "advance"},
    {.key = "indexes",
     .type = FIELD_ENUM,
     .offset = AT(project, indexes),
     .allowed = "auto|keep|rebuild",
     .fallback = "auto"},
    {.key = "publish",
     .type = FIELD_ENUM,
     .offset = AT(project, publish),
     .allowed = "transaction|batched",
     .fallback = "transaction"},
    {.key = "publish_rows",
     .type = FIELD_INT,
     .offset = AT(project, publish_rows),
     .allowed = "1..1000000000",
     .fallback = "500000"},
    {.key = "finish",
     .type = FIELD_ENUM,
     .offset = AT(project, finish),
     .allowed = "analyze|vacuum|none",
     .fallback = "analyze"},
    {.key = "work_dir", .type = FIELD_PATH, .offset = AT(project, work_dir)},
    {.key = "report_dir", .type = FIELD_PATH, .offset = AT(project, report_dir)},
    {.key = "timeouts", .type = FIELD_SECTION, .section = &timeouts},
    {.key = "retries",
     .type = FIELD_INT,
     .offset = AT(project, retries),
     .allowed = "0..100",
     .fallback = "8"},
    {.key = "log_level",
     .type = FIELD_WORD,
     .offset = AT(project, log_level),
     .allowed = "debug|info|warning|error"},
};
const struct section projectkeys_root = {"project", root_fields, COUNT(root_fields),
                                         sizeof(struct project)};

const struct section *const *projectkeys_sections(size_t *n)
{
    static const struct section *const all[] = {
        &projectkeys_root, &target,    &version,   &source, &stage,
        &incremental,      &table,     &ownership, &merge,  &unique,
        &reference,        &validator, &reporter,  &notify, &hook,
        &invariant,        &preserve,  &backup,    &rows,   &export,
        &rehearsal,        &scenario,  &timeouts};
    *n = COUNT(all);
    return all;
}
