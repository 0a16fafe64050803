/* cli.c - the command line. One table says everything of an option: name, argument, group, help;
 * the parser (getopt_long) and --help are made from it. Decides nothing about runs. */
#include "cli.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "str.h"

enum option_id {
    ID_TEXT = 1000, /* its value, at `at` of struct cli */
    ID_FLAG,        /* 1 there */
    ID_PLUGINS,
    ID_ONLY,
    ID_SKIP,
    ID_PHASE,
    ID_BATCH_SIZE,
    ID_JOBS,
    ID_POOL_MAX
};

struct cli_option {
    const char *name, *argument; /* argument: NULL none, "[X]" optional, "X" required */
    int id;                      /* enum cli_action, or enum option_id */
    const char *help;
    size_t at;
};

#define AT(member) offsetof(struct cli, member)

static const struct cli_option table[] = {
    {NULL, NULL, 0, "Migrate", 0},
    {"run", NULL, ACTION_RUN, "plan, load, check, back up, publish, verify, report", 0},
    {"dry-run", NULL, ACTION_DRY_RUN, "the same up to check; no live table is written", 0},
    {"export-only", NULL, ACTION_EXPORT_ONLY,
     "read sources of an API into the export directory, stop", 0},
    {"publish", "RUN", ACTION_PUBLISH, "publish a run that --hold stopped, once it was looked at",
     0},
    {"redrive", "RUN", ACTION_REDRIVE, "run only what RUN rejected, once it was corrected", 0},
    {"plan", NULL, ACTION_PLAN, "print the order of stages and the mappings (see --format)", 0},
    {"preflight", NULL, ACTION_PREFLIGHT, "is the target fit? every fault with its fix", 0},
    {"rehearse", NULL, ACTION_REHEARSE,
     "the whole run on a copy of the target, then undo: go or no-go", 0},
    {"validate", NULL, ACTION_VALIDATE, "run the project's validators on the live tables", 0},
    {"rollback", "[RUN]", ACTION_ROLLBACK, "take a run back (default: the newest published one)",
     0},
    {"verify", "RUN", ACTION_VERIFY, "compare every field of the run with the live tables", 0},
    {"check-login", "STAGE:KEY", ACTION_CHECK_LOGIN, "does a password, read from stdin, open it?",
     0},
    {"finalize", "RUN", ACTION_FINALIZE, "drop staging and before tables; undo ends with this", 0},
    {"abandon", "RUN", ACTION_ABANDON, "drop a half run", 0},
    {"purge", "RUN", ACTION_PURGE, "remove the records and keys that a run keeps", 0},
    {"clean", NULL, ACTION_CLEAN, "delete all rows of the tables that the project writes", 0},
    {"dry-clean", NULL, ACTION_DRY_CLEAN, "tell what --clean would delete, and what forbids it", 0},
    {NULL, NULL, 0, "Look", 0},
    {"status", NULL, ACTION_STATUS, "runs and their progress, also from another terminal", 0},
    {"serve", "[PORT]", ACTION_SERVE, "the same as a page for a browser on this machine", 0},
    {"explain", "STAGE:KEY", ACTION_EXPLAIN,
     "one record from the source to its rows, and what runs made of it", 0},
    {"report", "RUN", ACTION_REPORT, "the bundle of a run again, from the target", 0},
    {"verify-bundle", "DIR", ACTION_VERIFY_BUNDLE, "are its files as its manifest has them?", 0},
    {"analyze", NULL, ACTION_ANALYZE, "tables, columns, counts and keys of source and target", 0},
    {"compare-counts", NULL, ACTION_COMPARE_COUNTS,
     "records of the source against what became of them, for each stage", 0},
    {"new-project", "DIR", ACTION_NEW_PROJECT, "propose a project from --source and --target", 0},
    {"schema-diff", "A", ACTION_SCHEMA_DIFF,
     "A against B: target, rehearsal, source[:NAME] or a URL", 0},
    {"schema-sync", NULL, ACTION_SCHEMA_SYNC, "SQL that brings the rehearsal copy up to the target",
     0},
    {"ping", NULL, ACTION_PING, "test each connection by itself", 0},
    {"show-config", NULL, ACTION_SHOW_CONFIG, "every setting and where it came from", 0},
    {"print-grants", NULL, ACTION_PRINT_GRANTS, "what a DBA must grant", 0},
    {NULL, NULL, 0, "Backups", 0},
    {"backup", NULL, ACTION_BACKUP, "back up the tables that the project writes", 0},
    {"backups", NULL, ACTION_BACKUPS, "list backups with size and checksum state", 0},
    {"verify-backup", "ID", ACTION_VERIFY_BACKUP, "restore it into a scratch database, compare", 0},
    {"restore", "ID", ACTION_RESTORE, "put a backup's rows back, in one transaction", 0},
    {"prune", "DAYS", ACTION_PRUNE, "remove older backups, never the newest good one", 0},
    {NULL, NULL, 0, "Plugins", 0},
    {"list-plugins", NULL, ACTION_LIST_PLUGINS, "every plugin with path, version and units", 0},
    {"check-plugin", "FILE", ACTION_CHECK_PLUGIN,
     "try one plugin in a test host, tell everything wrong", 0},
    {"new-plugin", "DIR", ACTION_NEW_PLUGIN, "write a plugin to begin with, and its test", 0},
    {"lock-plugins", NULL, ACTION_LOCK_PLUGINS, "write plugins.lock: only these may be loaded", 0},
    {NULL, NULL, 0, "Other actions", 0},
    {"self-test", NULL, ACTION_SELF_TEST, "run built-in scenarios on the embedded server", 0},
    {"stop-server", NULL, ACTION_STOP_SERVER, "stop the project's embedded server", 0},
    {"list-faults", NULL, ACTION_LIST_FAULTS, "names of the fault points (test builds)", 0},
    {"help", NULL, ACTION_HELP, "this text", 0},
    {"version", NULL, ACTION_VERSION, "version and ABI", 0},
    {NULL, NULL, 0, "What to work on", 0},
    {"project", "PATH", ID_TEXT, "project file or its directory (default ./project.json)",
     AT(session.project_path)},
    {"plugins", "DIR", ID_PLUGINS, "look for plugins here; may be given several times", 0},
    {"require-lock", NULL, ID_FLAG, "refuse plugin directories without plugins.lock",
     AT(session.require_lock)},
    {"retry-plugin", NULL, ID_FLAG, "try a plugin that crashed again, as it is",
     AT(session.retry_plugin)},
    {"env-file", "FILE", ID_TEXT, "variables (default: .env beside the project)",
     AT(session.overrides.env_file)},
    {"target", "URL", ID_TEXT, "the target, without a password", AT(session.overrides.target_url)},
    {"source", "URL", ID_TEXT, "the source's url option, without a password",
     AT(session.overrides.source_url)},
    {"state-schema", "NAME", ID_TEXT, "schema for staging and state (default mighost)",
     AT(session.overrides.state_schema)},
    {"only", "NAMES", ID_ONLY, "only these stages, validators or reporters (comma list)", 0},
    {"entities", "NAMES", ID_ONLY, "the same as --only", 0},
    {"phase", "NUMBERS", ID_PHASE, "only the stages of these phases (comma list)", 0},
    {"skip", "NAMES", ID_SKIP, "all but these", 0},
    {"with-dependencies", NULL, ID_FLAG, "with --only, --phase: also what they need",
     AT(session.overrides.with_dependencies)},
    {NULL, NULL, 0, "How", 0},
    {"yes", NULL, ID_FLAG, "confirm what would be asked (production, many deletions)", AT(yes)},
    {"force", NULL, ID_FLAG, "as --yes, and go on without a rehearsal; stands in the report",
     AT(force)},
    {"acknowledge", "FILE", ID_TEXT, "the project's checklist with its items checked",
     AT(acknowledge)},
    {"skip-staging", NULL, ID_FLAG, "with --rehearse: use the copy that is there",
     AT(skip_staging)},
    {"skip-tests", NULL, ID_FLAG, "with --rehearse: make the copy, and no more", AT(skip_tests)},
    {"accept-differences", NULL, ID_FLAG, "with --rehearse: on another kind of server",
     AT(accept_differences)},
    {"takeover", NULL, ID_FLAG, "take over a run whose process hangs", AT(takeover)},
    {"same-database", NULL, ID_FLAG, "a source may read tables that the project writes",
     AT(session.same_database)},
    {"allow-insecure-tls", NULL, ID_FLAG, "servers elsewhere need not prove which they are",
     AT(session.allow_insecure_tls)},
    {"allow-root", NULL, ID_FLAG, "as root: without a warning, and whatever LD_PRELOAD says",
     AT(session.allow_root)},
    {"hold", NULL, ID_FLAG, "with --run: stop after check, publish with --publish RUN", AT(hold)},
    {"skip-export", NULL, ID_FLAG, "read from the export directory, ask no API",
     AT(session.skip_export)},
    {"strict", NULL, ID_FLAG, "a source field with values that nothing reads fails the run",
     AT(session.overrides.strict)},
    {"batch-size", "N", ID_BATCH_SIZE, "records per chunk (default 10000)", 0},
    {"jobs", "N", ID_JOBS, "processes that share the load of large tables (default 1)", 0},
    {"pool-max", "N", ID_POOL_MAX, "most database sessions of a run at once", 0},
    {"rollback-file", "FILE", ID_TEXT, "with --rollback: a bundle's rollback_info.json",
     AT(rollback_file)},
    {"rollback-mode", "MODE", ID_TEXT, "where rows were touched since: refuse, untouched, force",
     AT(rollback_mode)},
    {"unit-options", "FILE", ID_TEXT, "with --check-plugin: options to try its units with",
     AT(unit_options)},
    {"kind", "KIND", ID_TEXT, "with --new-plugin: transform (default), source, migrator, ...",
     AT(kind)},
    {"language", "NAME", ID_TEXT, "with --new-plugin: c (default), c++ or rust", AT(language)},
    {"follow", NULL, ID_FLAG, "with --status: until the run ends, with its exit code", AT(follow)},
    {"label", "TEXT", ID_TEXT, "with --backup: what you call it", AT(label)},
    {"prove", NULL, ID_FLAG, "with --backup: as --verify-backup, at once", AT(prove)},
    {"rows", "NAME", ID_TEXT, "with --restore: only these rows of backup.rows", AT(rows)},
    {"full", NULL, ID_FLAG, "with --run: all records; with --backup: the whole database", AT(full)},
    {"export-dir", "DIR", ID_TEXT, "the export directory; a run keeps there what it reads",
     AT(session.overrides.export_dir)},
    {"report-dir", "DIR", ID_TEXT, "where bundles go", AT(session.overrides.report_dir)},
    {"backup-dir", "DIR", ID_TEXT, "where backups go", AT(session.overrides.backup_dir)},
    {"work-dir", "DIR", ID_TEXT, "where the embedded server lives", AT(session.overrides.work_dir)},
    {NULL, NULL, 0, "Output", 0},
    {"json", NULL, ID_FLAG, "results as JSON on stdout", AT(json)},
    {"format", "FORMAT", ID_TEXT, "of --plan: text, json or dot", AT(format)},
    {"verbose", NULL, ID_FLAG, "more detail (log level debug)", AT(verbose)},
    {"quiet", NULL, ID_FLAG, "only warnings and errors", AT(quiet)},
    {"log-level", "LEVEL", ID_TEXT, "debug, info, warning or error",
     AT(session.overrides.log_level)},
    {"log-format", "FORMAT", ID_TEXT, "of messages on stderr: text or json, an object a line",
     AT(log_format)},
};

#define TABLE_SIZE (sizeof table / sizeof *table)
#define FIRST_LONG 256 /* what getopt_long() gives for table[0]: no letter and not '?' or ':' */

void cli_help(struct str *out)
{
    str_add(out, "mighost moves an application's data into PostgreSQL: staged, checked, published "
                 "at once, reversible.\n\nusage: mighost --plugins DIR --project PATH --run\n");
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        const struct cli_option *o = &table[i];
        if (!o->name) {
            str_printf(out, "\n%s\n", o->help);
            continue;
        }
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->argument ? " " : "",
                 o->argument ? o->argument : "");
        str_printf(out, "  %-24s %s\n", left, o->help);
    }
    str_add(out,
            "\nPasswords never stand on the command line: use PGPASSFILE, a 0600 env file, or "
            "the environment.\nExit codes: 0 done, 20 published with rejects, 2 usage, 3 "
            "configuration, 4 plugin or plan,\n5 target not fit, 6 source, 7 too many rejects, "
            "8 invalid, 9 target changed, 10 other run,\n12 backup or artefact, 13 rollback "
            "refused, 14 COMMIT unknown, 75 temporary, 130/143 stopped.\n");
}

/* ---- argument values ------------------------------------------------------------------- */

/* "password=x", also with blanks around '=' and as a part of a longer word. */
static int names_password(const char *text)
{
    for (const char *p = text; (p = strstr(p, "password")); p++)
        if (p[8 + strspn(p + 8, " ")] == '=')
            return 1;
    return 0;
}

/* scheme://user:password@host, or a password by its name. */
static int holds_password(const char *text)
{
    const char *scheme = strstr(text, "://");
    const char *colon = scheme ? strchr(scheme + 3, ':') : NULL;
    const char *at = colon ? strchr(colon, '@') : NULL;
    const char *slash = scheme ? strchr(scheme + 3, '/') : NULL;
    return (at && (!slash || slash > colon)) || names_password(text);
}

/* Looked for in all of argv and first of all, so that no other fault leaves one standing there:
 * every user can read the arguments of every process. */
static int wipe_passwords(int argc, char **argv, struct error *err)
{
    for (int i = 1; i < argc; i++) {
        if (!holds_password(argv[i]))
            continue;
        memset(argv[i], '*', strlen(argv[i]));
        error_set(err, STATUS_USAGE,
                  "argument %d: a password on the command line is visible to "
                  "all users",
                  i);
        error_fix(err, "leave it out of the URL; use PGPASSFILE, or DATABASE_URL in a 0600 env "
                       "file");
    }
    return err->code;
}

static const char **split_names(const char *text, size_t *n)
{
    size_t count = 1;
    for (const char *p = text; *p; p++)
        count += *p == ',';
    const char **out = arena_heap(NULL, (count + 1) * sizeof *out);
    *n = 0;
    for (const char *p = text; p;) {
        const char *end = strchr(p, ',');
        size_t len = end ? (size_t)(end - p) : strlen(p);
        if (len)
            out[(*n)++] = strndup(p, len);
        p = end ? end + 1 : NULL;
    }
    return out;
}

static void free_names(const char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free((char *)names[i]);
    free(names);
}

static int parse_number(const char *text, const char *name, long long most, int64_t *out,
                        struct error *err)
{
    char *end;
    long long v = strtoll(text, &end, 10);
    if (*end || v < 1 || v > most)
        return error_set(err, STATUS_USAGE, "--%s takes a whole number from 1 to %lld", name, most);
    *out = v;
    return 0;
}

/* ---- parsing --------------------------------------------------------------------------- */

static int set_action(struct cli *cli, const struct cli_option *o, const char *argument,
                      struct error *err)
{
    if (cli->action && cli->action != (enum cli_action)o->id) {
        const char *first = "";
        for (size_t i = 0; i < TABLE_SIZE; i++)
            if (table[i].name && table[i].id == (int)cli->action)
                first = table[i].name;
        error_set(err, STATUS_USAGE, "--%s and --%s cannot be given together", first, o->name);
        error_fix(err, "one action a call");
        return STATUS_USAGE;
    }
    cli->action = (enum cli_action)o->id;
    cli->argument = argument;
    return 0;
}

static void add_plugin_dir(struct cli *cli, const char *dir)
{
    size_t n = cli->session.n_plugin_dirs;
    cli->plugin_dirs = arena_heap(cli->plugin_dirs, (n + 1) * sizeof *cli->plugin_dirs);
    cli->plugin_dirs[n] = dir;
    cli->session.n_plugin_dirs = n + 1;
    cli->session.plugin_dirs = cli->plugin_dirs;
}

static int set_names(const char ***list, size_t *n, const char *text, const char *name,
                     struct error *err)
{
    if (*list)
        return error_set(err, STATUS_USAGE, "--%s is given twice; use one comma list", name);
    *list = split_names(text, n);
    return *n ? 0 : error_set(err, STATUS_USAGE, "--%s names nothing", name);
}

static int set_option(struct cli *cli, const struct cli_option *o, char *value, struct error *err)
{
    struct project_overrides *p = &cli->session.overrides;
    switch (o->id) {
    case ID_TEXT:
        memcpy((char *)cli + o->at, &value, sizeof value);
        return 0;
    case ID_FLAG:
        *(int *)((char *)cli + o->at) = 1;
        return 0;
    case ID_PLUGINS:
        add_plugin_dir(cli, value);
        return 0;
    case ID_ONLY:
        return set_names(&p->only, &p->n_only, value, o->name, err);
    case ID_SKIP:
        return set_names(&p->skip, &p->n_skip, value, o->name, err);
    case ID_PHASE:
        return set_names(&p->phases, &p->n_phases, value, o->name, err);
    case ID_BATCH_SIZE:
        return parse_number(value, o->name, 1000000, &p->batch_size, err);
    case ID_JOBS:
        return parse_number(value, o->name, 64, &p->jobs, err);
    case ID_POOL_MAX:
        return parse_number(value, o->name, 1000, &p->pool_max, err);
    default:
        return error_set(err, STATUS_BUG, "option --%s has no meaning", o->name);
    }
}

/* getopt_long() takes an unambiguous beginning for the option; here it was none, or several. */
static int unknown_long(const char *name, struct error *err)
{
    const char *names[TABLE_SIZE];
    size_t n = 0, matches = 0;
    struct str list;
    str_init(&list, 0);
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        if (!table[i].name)
            continue;
        names[n++] = table[i].name;
        if (strncmp(table[i].name, name, strlen(name)) == 0)
            str_printf(&list, "%s--%s", matches++ ? ", " : "", table[i].name);
    }
    const char *nearest = str_nearest(name, names, n);
    if (matches > 1)
        error_set(err, STATUS_USAGE, "option --%s may be %s", name, list.data);
    else
        error_set(err, STATUS_USAGE, "unknown option --%s", name);
    if (nearest && matches <= 1)
        error_fix(err, "did you mean --%s?", nearest);
    str_clear(&list);
    return STATUS_USAGE;
}

/* What getopt_long() answered '?' to. */
static int unknown(const char *text, struct error *err)
{
    char name[64];
    if (optopt >= FIRST_LONG)
        return error_set(err, STATUS_USAGE, "option --%s takes no value",
                         table[optopt - FIRST_LONG].name);
    if (optopt)
        return error_set(err, STATUS_USAGE, "unknown option -%c: options are long ones", optopt);
    snprintf(name, sizeof name, "%.*s", (int)strcspn(text + 2, "="), text + 2);
    return unknown_long(name, err);
}

static void make_long(struct option *out)
{
    size_t n = 0;
    for (size_t i = 0; i < TABLE_SIZE; i++)
        if (table[i].name)
            out[n++] = (struct option){table[i].name,
                                       !table[i].argument            ? no_argument
                                       : table[i].argument[0] == '[' ? optional_argument
                                                                     : required_argument,
                                       NULL, FIRST_LONG + (int)i};
    out[n] = (struct option){NULL, 0, NULL, 0};
}

/* Positional arguments: URLs of target; source and target; these and the rehearsal database. */
static int positional(struct cli *cli, int argc, char **argv, struct error *err)
{
    struct project_overrides *p = &cli->session.overrides;
    int first = optind;
    if (first < argc && (cli->action == ACTION_ROLLBACK || cli->action == ACTION_SERVE) &&
        !cli->argument && strspn(argv[first], "0123456789") == strlen(argv[first]))
        cli->argument = argv[first++];
    if (first < argc && cli->action == ACTION_SCHEMA_DIFF)
        cli->other = argv[first++];
    int n = argc - first;
    for (int i = first; i < argc; i++)
        if (!strstr(argv[i], "://"))
            return error_set(err, STATUS_USAGE, "\"%.60s\" is neither an option nor a URL",
                             argv[i]);
    if (n > 3)
        return error_set(err, STATUS_USAGE,
                         "at most three URLs: source, target and rehearsal database");
    if (n)
        p->target_url = argv[first + (n > 1)];
    if (n > 1)
        p->source_url = argv[first];
    if (n > 2)
        p->rehearsal_url = argv[first + 2];
    return 0;
}

static char *join_words(int argc, char **argv)
{
    struct str line;
    str_init(&line, 1 << 16);
    for (int i = 0; i < argc; i++) {
        str_add(&line, i ? " " : "");
        str_add(&line, argv[i]);
    }
    return str_take(&line);
}

/* Only a run that reads sources has something to export, or to read from an export. */
static int set_exports(struct cli *cli, struct error *err)
{
    static const enum cli_action reading[] = {ACTION_RUN,     ACTION_DRY_RUN, ACTION_PUBLISH,
                                              ACTION_REDRIVE, ACTION_PLAN,    ACTION_PREFLIGHT,
                                              ACTION_PING};
    int reads = 0;
    for (size_t i = 0; i < sizeof reading / sizeof *reading; i++)
        reads |= cli->action == reading[i];
    if (cli->session.skip_export && !reads)
        return error_set(err, STATUS_USAGE, "--skip-export goes with --run and what reads sources");
    if (cli->action == ACTION_EXPORT_ONLY)
        cli->session.exports = SESSION_EXPORTS;
    else if (cli->action == ACTION_RUN || cli->action == ACTION_DRY_RUN)
        cli->session.exports = SESSION_EXPORTS_WHERE_SET;
    return 0;
}

/* Options that mean something beside one action alone. */
static int goes_with(const struct cli *cli, struct error *err)
{
    const struct {
        int is_given;
        enum cli_action action;
        const char *text;
    } pairs[] = {
        {cli->skip_staging || cli->skip_tests || cli->accept_differences, ACTION_REHEARSE,
         "--skip-staging, --skip-tests and --accept-differences go with --rehearse"},
        {cli->rollback_file != NULL, cli->argument ? ACTION_NONE : ACTION_ROLLBACK,
         "--rollback-file goes with --rollback without a RUN"},
        {cli->rollback_mode != NULL, ACTION_ROLLBACK, "--rollback-mode goes with --rollback"},
        {cli->follow, ACTION_STATUS, "--follow goes with --status"},
        {cli->label || cli->prove, ACTION_BACKUP, "--label and --prove go with --backup"},
        {cli->unit_options != NULL, ACTION_CHECK_PLUGIN, "--unit-options goes with --check-plugin"},
        {cli->kind || cli->language, ACTION_NEW_PLUGIN,
         "--kind and --language go with --new-plugin"},
        {cli->rows != NULL, ACTION_RESTORE, "--rows goes with --restore"},
    };
    const char *format = cli->log_format;
    if (format && !str_equal(format, "text") && !str_equal(format, "json"))
        return error_set(err, STATUS_USAGE, "--log-format takes text or json");
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i].is_given && cli->action != pairs[i].action)
            return error_set(err, STATUS_USAGE, "%s", pairs[i].text);
    return 0;
}

int cli_parse(int argc, char **argv, struct cli *out, struct error *err)
{
    struct option long_options[TABLE_SIZE + 1];
    memset(out, 0, sizeof *out);
    out->session.project_path = "project.json";
    make_long(long_options);
    opterr = 0;
    int code = wipe_passwords(argc, argv, err);
    out->command = join_words(argc, argv);
    out->session.command = out->command;
    for (int got; !code && (got = getopt_long(argc, argv, ":", long_options, NULL)) != -1;) {
        if (got == '?') {
            code = unknown(argv[optind - 1], err);
            break;
        }
        if (got == ':') {
            code = error_set(err, STATUS_USAGE, "option --%s needs a value",
                             table[optopt - FIRST_LONG].name);
            break;
        }
        const struct cli_option *o = &table[got - FIRST_LONG];
        code = o->id < ID_TEXT ? set_action(out, o, optarg, err) : set_option(out, o, optarg, err);
    }
    if (!code)
        code = positional(out, argc, argv, err);
    if (!code && !out->action) {
        code = error_set(err, STATUS_USAGE, "no action given");
        error_fix(err,
                  "usage: mighost --plugins DIR --project PATH --run; all options: mighost --help");
    }
    out->yes |= out->force;
    if (!code)
        code = goes_with(out, err);
    if (!code)
        code = set_exports(out, err);
    if (code)
        error_fix(err, "see mighost --help");
    return code;
}

void cli_clear(struct cli *cli)
{
    struct project_overrides *p = &cli->session.overrides;
    free_names(p->only, p->n_only);
    free_names(p->skip, p->n_skip);
    free_names(p->phases, p->n_phases);
    free(cli->plugin_dirs);
    free(cli->command);
}
