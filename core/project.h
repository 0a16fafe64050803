/* project.h - one project.json, read and checked. Pure but for reading files: no sockets.
 * jansson stays behind jsonfile.c (and in report code); option values travel as JSON text. */
#ifndef MIGHOST_PROJECT_H
#define MIGHOST_PROJECT_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "status.h"
#include "str.h"

enum policy { POLICY_INSERT, POLICY_SKIP, POLICY_UPDATE, POLICY_REPLACE, POLICY_REJECT };
enum id_strategy { ID_UUID5, ID_KEEP, ID_SEQUENCE, ID_NATURAL };
enum on_taken { TAKEN_REJECT, TAKEN_SUFFIX, TAKEN_NULL };
enum on_invalid { ON_INVALID_REJECT, ON_INVALID_FAIL };
enum backup_scope { BACKUP_TABLES, BACKUP_DATABASE, BACKUP_NONE };
enum on_failed_validation { FAILED_UNDO, FAILED_KEEP }; /* behind publish */
enum scratch_place { SCRATCH_AUTO, SCRATCH_TARGET, SCRATCH_EMBEDDED };
enum finish_mode { FINISH_ANALYZE, FINISH_VACUUM, FINISH_NONE };
/* `batched`: where one transaction is out of reach, see batches.h. */
enum publish_mode { PUBLISH_TRANSACTION, PUBLISH_BATCHED };
enum indexes_mode { INDEXES_AUTO, INDEXES_KEEP, INDEXES_REBUILD };
enum sequence_mode { SEQUENCES_ADVANCE, SEQUENCES_LEAVE };
/* Whose value a column has when a record meets a live row, under policies update and replace. */
enum merge_rule { MERGE_OVERWRITE, MERGE_KEEP, MERGE_NEWEST, MERGE_FILL, MERGE_REJECT };
#define MERGE_RULES 5
/* What becomes of live rows that are both groups', or in neither. */
enum on_unclear { ON_UNCLEAR_REPORT, ON_UNCLEAR_FAIL, ON_UNCLEAR_REJECT };

/* count >= 0, or percent of the records read (0..100) when `is_percent`; -1: no limit. */
struct limit {
    double value;
    int is_percent;
};

/* How far below the mark an incremental run begins to read. */
struct project_overlap {
    int64_t value; /* in units of the field, microseconds for times */
    int is_time;   /* the field holds times; else whole numbers */
};

struct project_need {
    const char *feature; /* "stage:orders"; a bare name in the file means a stage */
    int hard;
};

struct project_source {
    const char *name, *use; /* use: unit name without kind */
    const char *options;    /* compact JSON object as text, variables replaced */
    /* SQL file for a database of the embedded server, which serves where "url" is empty; or NULL */
    const char *embedded_schema;
};

/* A reference that the target does not declare as a foreign key, or one that it does, with
 * another outcome. */
struct project_reference {
    const char **columns;
    size_t n_columns;
    const char *to; /* "schema.table" */
    const char **to_columns;
    size_t n_to_columns;
    int set_null; /* on a missing parent: 0 reject the record, 1 set the columns NULL */
};

/* A column whose values must be unique, with equality by the project's own rule. */
struct project_unique {
    const char *column;
    const char **fold; /* what two equal values may differ in: "case", "width", "space" */
    size_t n_fold;
    enum on_taken on_taken;
    const char *sign;   /* between value and number of a suffix */
    const char *before; /* one character that the suffix goes in front of; NULL: none, at the end */
};

struct project_columns {
    const char **names;
    size_t n;
};

/* Overrides per target table of a stage. */
struct project_table {
    const char *name; /* "schema.table" */
    int has_policy;
    enum policy policy;
    int has_indexes;
    enum indexes_mode indexes;
    int must_be_empty;
    const char **match; /* columns of the unique key by which live rows are found; n 0: primary */
    size_t n_match;
    struct project_reference *references;
    size_t n_references;
    struct project_unique *unique;
    size_t n_unique;
    const char *scope;       /* replace: SQL condition on live rows that this stage owns, or NULL */
    const char **also_match; /* columns or expressions by which live rows are found as well */
    size_t n_also_match;
    const char **owner; /* columns of the reference to the row that these rows belong to */
    size_t n_owner;
    const char *theirs; /* SQL condition on live rows that are the target's own, or NULL */
    enum on_unclear on_both, on_neither;
    enum merge_rule merge;                      /* of columns that no list names */
    const char *newest_by;                      /* column that says which side is newer, or NULL */
    struct project_columns merges[MERGE_RULES]; /* columns, by rule */
};

struct project_stage {
    const char *name;
    int enabled;
    int may_join;         /* disabled, but --with-dependencies enables it where it is asked for */
    int64_t phase;        /* for people who plan, and --phase: no order comes from it; 0: none */
    const char *priority; /* "high", "medium", "low" or NULL: shown, decides nothing */
    const char *source;   /* name of a project_source */
    const char *entity;   /* default: the stage's name */
    const char **key;     /* source fields that make the source key; default {"id"} */
    size_t n_key;
    const char *migrator; /* unit name, default "map" */
    const char *options;  /* of the migrator, JSON text */
    enum policy policy;
    enum id_strategy ids;
    struct project_need *needs;
    size_t n_needs;
    struct project_table *tables;
    size_t n_tables;
    int has_max_rejects;
    struct limit max_rejects;
    int critical;        /* any record lost fails the run */
    const char **secret; /* source fields of class secret: never kept in rejects */
    size_t n_secret;
    const char **pii; /* source fields of personal data: masked in every file of the bundle */
    size_t n_pii;
    const char **ignore; /* source fields that are left out on purpose */
    size_t n_ignore;
    struct limit login_proof; /* so many accounts must let their users in, see logins.h */
    int has_login_proof;
    const char *mark_field; /* incremental: source field that grows with each change; NULL: none */
    int has_overlap;
    struct project_overlap overlap;
};

struct project_validator {
    const char *name, *use, *options;
    int enabled;
};

struct project_reporter {
    const char *name, *use, *options;
    int enabled;
};

/* SQL inside the publish transaction, in pairs, or behind it; `undo` runs in rollback. */
struct project_hook {
    const char *name, *before, *after, *undo; /* before/after the writes; may be NULL */
    const char *after_commit; /* one statement, outside of a transaction; may be NULL */
};

/* A SELECT that gives no row when all is well; runs inside publish, after the writes. */
struct project_invariant {
    const char *name, *sql;
};

/* Rows of the target that a run must not change. */
enum preserve_added {
    ADDED_REFUSE, /* nor may the run add rows that meet the condition */
    ADDED_ALLOW   /* those that are there when publish begins, but not what earlier runs brought */
};

struct project_preserve {
    const char *name, *table; /* table: "schema.table", or of the target's schema */
    const char *where;        /* a condition on its rows */
    enum preserve_added added;
};

/* Rows of one owner that a backup holds on their own, with what belongs to them. */
struct project_rows {
    const char *name, *table, *where;
};

/* What a user of the application does, tried on the live target behind publish: a SELECT that gives
 * no row when all is well, or a program that ends with 0. */
struct project_scenario {
    const char *name, *sql;
    const char **command; /* argv; of the two one is there */
    size_t n_command;
};

struct project_target {
    const char *url;          /* libpq URI or keywords, may hold a password; "" : embedded server */
    const char *schema;       /* of bare table names, default "public" */
    const char *state_schema; /* default "mighost" */
    int production;
    int says_production;         /* the project has the key, true or false */
    const char *embedded_schema; /* SQL file for a new embedded database; absolute, or NULL */
    const char **extensions;     /* that its database must have */
    size_t n_extensions;
    const char *version_sql; /* SELECT of one value, the version of its schema; or NULL */
    const char **version_is; /* the texts of which it must be one */
    size_t n_version_is;
};

/* The copy of the target that --rehearse works on, and how far a run may differ from it. */
struct project_rehearsal {
    const char *url;               /* as target.url; "" : a database of the embedded server */
    double tolerance_percent;      /* of counts */
    double time_tolerance_percent; /* so much longer a step may take */
};

struct project_timeouts { /* seconds; 0: none */
    int connect, statement, lock, commit, idle, plugin;
};

struct project {
    struct arena *mem; /* owns all texts below */
    const char *path;  /* absolute path of project.json */
    const char *dir;   /* its directory */
    const char *name;
    char sha256[65]; /* of the file */
    struct project_target target;
    struct project_rehearsal rehearsal;
    const char *checklist; /* file of what must be acknowledged for a production target, or NULL */
    struct project_source *sources;
    size_t n_sources;
    struct project_stage *stages;
    size_t n_stages;
    struct project_validator *validators;
    size_t n_validators;
    struct project_reporter *reporters;
    size_t n_reporters;
    struct project_reporter *notify; /* who is told that a run has ended */
    size_t n_notify;
    const char **canaries; /* texts planted in the source; no file of a bundle may hold one */
    size_t n_canaries;
    struct project_hook *hooks;
    size_t n_hooks;
    struct project_invariant *invariants;
    size_t n_invariants;
    struct project_preserve *preserve;
    size_t n_preserve;
    struct project_scenario *scenarios;
    size_t n_scenarios;
    int64_t batch_size; /* records per chunk, default 10000 */
    int64_t jobs;       /* processes that share the load of large entities, default 1 */
    int64_t pool_max;   /* most database sessions of a run at once, 0: no limit */
    int64_t threads;    /* of slow transforms, all processes together; 0: as many as cores */
    struct limit max_rejects;
    enum on_invalid on_invalid;
    const char **review; /* what nobody has looked at yet: nothing is published */
    size_t n_review;
    int strict; /* a source field with values that nothing reads fails the run */
    enum on_failed_validation on_failed_validation;
    double max_delete_percent; /* replace: share of a table that may go unconfirmed; 10 */
    enum backup_scope backup_scope;
    const char *backup_dir;            /* absolute */
    enum scratch_place backup_scratch; /* where a backup is proven */
    const char **backup_sources;       /* names */
    size_t n_backup_sources;
    struct project_rows *backup_rows;
    size_t n_backup_rows;
    int backup_prove;                            /* a run's backup is, before publish */
    int64_t backup_keep_days, backup_keep_count; /* 0: keep all */
    enum sequence_mode sequences;
    enum indexes_mode indexes; /* of tables that get many rows */
    enum publish_mode publish;
    int64_t publish_rows;    /* rows in a batch of publish, default 500000 */
    enum finish_mode finish; /* what is done to written tables after COMMIT */
    const char *work_dir;    /* absolute; embedded server, run state */
    const char *report_dir;  /* absolute; bundles */
    const char *export_dir;  /* absolute; what sources gave, see export.h */
    int export_is_set;       /* the project, the command line or the environment names it */
    const char *export_csv;  /* entity -> name of its CSV file, JSON text */
    const char *export_key;  /* may be NULL; a secret */
    struct project_timeouts timeouts;
    int64_t retries;       /* of a whole transaction after a transient failure, default 8 */
    const char *log_level; /* NULL when not set */
    struct project_setting *settings; /* --show-config */
    size_t n_settings;
};

/* Where a value came from, for --show-config. Secrets are masked already. */
struct project_setting {
    const char *key;    /* "target.url" */
    const char *value;  /* as text, secrets and passwords as "***" */
    const char *origin; /* "flag --target", "environment DATABASE_URL", "env file .env",
                           "project", "default" */
};

/* What the command line says; NULL/0 where it does not. */
struct project_overrides {
    const char *target_url; /* no password in it, checked by cli */
    const char *source_url; /* replaces option "url" of the one source that has it */
    const char *rehearsal_url;
    const char *env_file; /* NULL: <project dir>/.env when there is one */
    const char *report_dir, *backup_dir, *work_dir, *export_dir;
    const char *state_schema;
    int64_t batch_size; /* 0: not given */
    int64_t jobs;       /* 0: not given */
    int64_t pool_max;   /* 0: not given */
    const char *log_level;
    const char **only, **skip; /* stage, validator or reporter names */
    const char **phases;       /* numbers of phases, as given */
    size_t n_only, n_skip, n_phases;
    int strict;
    int with_dependencies; /* --only, --phase: enable what the chosen stages need (hard needs) */
};

/* Reads `path` (a file, or a directory with project.json). All faults are listed, each with
 * line, column and the nearest known name. NULL when there is any. Free by project_free. */
struct project *project_load(const char *path, const struct project_overrides *overrides,
                             struct faults *faults);
/* The same for a text in memory; `path` is the absolute path that it counts as. */
struct project *project_parse(const char *text, size_t n, const char *path,
                              const struct project_overrides *overrides, struct faults *faults);
void project_free(struct project *project);

const struct project_source *project_find_source(const struct project *p, const char *name);
const struct project_stage *project_find_stage(const struct project *p, const char *name);
/* Keys of this kind are known only when all records are read: load cannot compute them. */
int project_ids_wait(enum id_strategy ids);
const char *project_ids_text(enum id_strategy ids);
/* Does it say how records and live rows meet: also_match, ownership, merge? `table` may be NULL. */
int project_meets_live(const struct project_table *table);
/* "phase 1, high" between `before` and `after`; nothing for a stage with neither. */
void project_phase(const struct project_stage *s, const char *before, const char *after,
                   struct str *out);

const char *policy_text(enum policy policy);
const char *merge_text(enum merge_rule rule);

#endif
