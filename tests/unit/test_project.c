/* test_project.c - project files: what is read, what is refused, what wins. */
#include "project.h"

#include <fcntl.h>

#include "log.h"
#include "projectload.h"

static void setting_is(const char *key, const char *value, const char *origin)
{
    CU_ASSERT_STRING_EQUAL(setting(key)->value, value);
    CU_ASSERT_STRING_EQUAL(setting(key)->origin, origin);
}

static void reset(void)
{
    clearenv();
    setenv("HOME", "/home/me", 1);
    memset(&overrides, 0, sizeof overrides);
    remove(scratch_path(".env"));
}

#define SOURCES "\"sources\": {\"old\": {\"use\": \"json\"}}"
#define MINIMAL "{\"name\": \"shop\"}"

static void defaults_are_set(void)
{
    reset();
    loads("{\"name\": \"shop\", " SOURCES ", \"stages\": [{\"name\": \"orders\"}],"
          " \"validators\": [{\"name\": \"counts\"}]}");
    const struct project_stage *s = &project->stages[0];
    CU_ASSERT_STRING_EQUAL(project->target.url, "");
    CU_ASSERT_STRING_EQUAL(project->target.schema, "public");
    CU_ASSERT_STRING_EQUAL(project->target.state_schema, "mighost");
    CU_ASSERT_EQUAL(project->batch_size, 10000);
    CU_ASSERT_EQUAL(project->max_rejects.value, -1);
    CU_ASSERT_EQUAL(project->max_delete_percent, 10);
    CU_ASSERT_EQUAL(project->timeouts.connect, 10);
    CU_ASSERT_EQUAL(project->timeouts.lock, 5);
    CU_ASSERT_EQUAL(project->timeouts.commit, 60);
    CU_ASSERT_EQUAL(project->retries, 8);
    CU_ASSERT_PTR_NULL(project->log_level);
    CU_ASSERT_STRING_EQUAL(s->entity, "orders");
    CU_ASSERT_STRING_EQUAL(s->source, "old");
    CU_ASSERT_STRING_EQUAL(s->migrator, "map");
    CU_ASSERT_STRING_EQUAL(s->options, "{}");
    CU_ASSERT_EQUAL(s->n_key, 1);
    CU_ASSERT_STRING_EQUAL(s->key[0], "id");
    CU_ASSERT_EQUAL(s->policy, POLICY_INSERT);
    CU_ASSERT_EQUAL(s->ids, ID_UUID5);
    CU_ASSERT_TRUE(s->enabled);
    CU_ASSERT_FALSE(s->has_max_rejects);
    CU_ASSERT_STRING_EQUAL(project->validators[0].use, "counts");
    CU_ASSERT_EQUAL(project->n_reporters, 6);
    CU_ASSERT_STRING_EQUAL(project->reporters[5].use, "idmap");
    CU_ASSERT_TRUE(project->reporters[5].enabled);
    loads("{\"name\": \"shop\", \"reporters\": []}");
    CU_ASSERT_EQUAL(project->n_reporters, 0);
}

static void stages_are_read(void)
{
    reset();
    loads("\xef\xbb\xbf{\"name\": \"shop\", " SOURCES ", \"max_rejects\": \"2.5%\","
          " \"target\": {\"schema\": \"s\"}, \"stages\": [{\"name\": \"orders\","
          " \"enabled\": false, \"phase\": 3, \"priority\": \"low\", \"source\": \"old\", "
          "\"entity\": \"e\", \"key\": [\"a\", \"b\"],"
          " \"policy\": \"replace\", \"ids\": \"keep\", \"max_rejects\": 5, \"critical\": true,"
          " \"needs\": [\"x\", \"after:y\", \"after:stage:z\", \"transform:email\"],"
          " \"secret\": \"pin\", \"options\": {\"b\": 1.50, \"a\": [ ] },"
          " \"tables\": {\"t\": {\"policy\": \"skip\", \"match\": \"c\", \"scope\": \"x = 1\","
          " \"references\": [{\"columns\": \"p\", \"to\": \"o.p\", \"to_columns\": [\"id\"],"
          " \"on_missing\": \"null\"}]}}}]}");
    const struct project_stage *s = project_find_stage(project, "orders");
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_FALSE(s->enabled);
    CU_ASSERT_EQUAL(s->phase, 3);
    CU_ASSERT_STRING_EQUAL(s->priority, "low");
    CU_ASSERT_EQUAL(s->n_key, 2);
    CU_ASSERT_EQUAL(s->policy, POLICY_REPLACE);
    CU_ASSERT_EQUAL(s->ids, ID_KEEP);
    CU_ASSERT_TRUE(s->has_max_rejects && s->critical && !s->max_rejects.is_percent);
    CU_ASSERT_EQUAL(s->max_rejects.value, 5);
    CU_ASSERT_EQUAL(project->max_rejects.value, 2.5);
    CU_ASSERT_TRUE(project->max_rejects.is_percent);
    CU_ASSERT_STRING_EQUAL(s->options, "{\"b\":1.50,\"a\":[]}");
    CU_ASSERT_STRING_EQUAL(s->secret[0], "pin");
    CU_ASSERT_EQUAL_FATAL(s->n_needs, 4);
    CU_ASSERT_STRING_EQUAL(s->needs[0].feature, "stage:x");
    CU_ASSERT_TRUE(s->needs[0].hard);
    CU_ASSERT_STRING_EQUAL(s->needs[1].feature, "stage:y");
    CU_ASSERT_FALSE(s->needs[1].hard);
    CU_ASSERT_STRING_EQUAL(s->needs[2].feature, "stage:z");
    CU_ASSERT_STRING_EQUAL(s->needs[3].feature, "transform:email");
    const struct project_table *t = &s->tables[0];
    CU_ASSERT_STRING_EQUAL(t->name, "s.t");
    CU_ASSERT_TRUE(t->has_policy);
    CU_ASSERT_EQUAL(t->policy, POLICY_SKIP);
    CU_ASSERT_STRING_EQUAL(t->match[0], "c");
    CU_ASSERT_STRING_EQUAL(t->scope, "x = 1");
    CU_ASSERT_STRING_EQUAL(t->references[0].to, "o.p");
    CU_ASSERT_EQUAL(t->references[0].n_to_columns, 1);
    CU_ASSERT_TRUE(t->references[0].set_null);
    CU_ASSERT_STRING_EQUAL(policy_text(t->policy), "skip");
}

static void values_are_checked(void)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"{}", "project.json:1:1: key \"name\" is missing"},
        {"[]", "project.json:1:1: the project file holds a list, due is an object"},
        {"{\"name\": \"a b\"}",
         ":1:10: \"name\" is \"a b\", due is a name of a-z, 0-9, '_' and '-'"},
        {"{\"name\": 5}", ":1:10: \"name\" is a number, due is a name"},
        {"{\"name\": \"x\",\n \"batchsize\": 5}", ":2:2: unknown key \"batchsize\""},
        {"{\"name\": \"x\", \"batch_size\": -1}",
         ":1:29: \"batch_size\" is -1, due is a whole number from 1 to 1000000"},
        {"{\"name\": \"x\", \"batch_size\": 1e9}", "\"batch_size\" is 1e9, due is a whole number"},
        {"{\"name\": \"x\", \"batch_size\": 5.0}", "\"batch_size\" is 5.0, due is a whole number"},
        {"{\"name\": \"x\", \"batch_size\": \"5\"}", "\"batch_size\" is a string, due is a whole"},
        {"{\"name\": \"x\", \"timeouts\": {\"lock\": 86401}}",
         "\"timeouts.lock\" is 86401, due is a whole number from 0 to 86400"},
        {"{\"name\": \"x\", \"timeouts\": 5}", "\"timeouts\" is a number, due is an object"},
        {"{\"name\": \"x\", \"max_rejects\": \"101%\"}", "\"max_rejects\" is \"101%\", due is"},
        {"{\"name\": \"x\", \"max_rejects\": \"5\"}", "\"max_rejects\" is a string, due is"},
        {"{\"name\": \"x\", \"max_rejects\": -1}", "\"max_rejects\" is -1, due is"},
        {"{\"name\": \"x\", \"max_delete\": 10}", "\"max_delete\" is a number, due is a share"},
        {"{\"name\": \"x\", \"sequences\": \"advanced\"}",
         "\"sequences\" is \"advanced\", due is one of advance, leave"},
        {"{\"name\": \"x\", \"target\": {\"production\": \"yes\"}}",
         "\"target.production\" is a string, due is true or false"},
        {"{\"name\": \"x\", \"target\": {\"schema\": \"\"}}", "\"target.schema\" is empty, due is"},
        {"{\"name\": \"x\", \"sources\": {\"a\": {}}}", "key \"sources.a.use\" is missing"},
        {"{\"name\": \"x\", \"sources\": {\"A\": {\"use\": \"j\"}}}",
         "source \"A\": names are made"},
        {"{\"name\": \"x\", \"stages\": [5]}", "\"stages\" is a number, due is a list of objects"},
        {"{\"name\": \"x\", \"stages\": [{\"name\": \"s\"}]}", "stage \"s\" says no source"},
        {"{\"name\": \"x\", " SOURCES ", \"stages\": [{\"name\": \"s\", \"source\": \"odl\"}]}",
         "stage \"s\": there is no source \"odl\""},
        {"{\"name\": \"x\", " SOURCES ", \"stages\": [{\"name\": \"s\"},\n{\"name\": \"s\"}]}",
         ":2:1: two entries of \"stages\" are named \"s\", the first in line 1"},
        {"{\"name\": \"x\", " SOURCES ", \"stages\": [{\"name\": \"s\", \"needs\": [\"stge:a\"]}]}",
         "\"stages.s.needs\": \"stge\" is no kind of thing to need"},
        {"{\"name\": \"x\", " SOURCES ", \"stages\": [{\"name\": \"s\", \"key\": [\"a\", 1]}]}",
         "\"stages.s.key\" is a number, due is a text or a list of texts"},
        {"{\"name\": \"x\", " SOURCES
         ", \"stages\": [{\"name\": \"s\", \"tables\": {\"a.\": {}}}]}",
         "stage \"s\": a key of \"tables\" must be a table"},
        {"{\"name\": \"x\", " SOURCES ", \"stages\": [{\"name\": \"s\", \"tables\": {\"t\": "
         "{\"references\": [{\"columns\": [\"a\", \"b\"], \"to\": \"u\", \"to_columns\": \"id\"}]"
         "}}}]}",
         "a reference of 2 \"columns\" to 1 \"to_columns\""},
        {"{\"name\": \"x\", \"hooks\": [{\"name\": \"h\", \"undo\": \"\"}]}",
         "hook \"h\" has neither \"before\" nor \"after\""},
        {"{\"name\": \"x\", \"hooks\": [{\"name\": \"h\", \"after\": \"SELECT 1\"}]}",
         "key \"hooks.h.undo\" is missing"},
        {"{\"name\": \"x\", \"name\": \"y\"}",
         "key \"name\" is given twice, first in line 1 column 2"},
        {"{\"name\": \"x\"", ":1:13: no valid JSON"},
    };
    reset();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(cases[i].text, cases[i].fault);
    load("{\"name\": \"x\", \"batchsize\": 5}");
    CU_ASSERT_STRING_EQUAL(faults.items[0].fix, "did you mean \"batch_size\"?");
}

static void all_faults_are_told(void)
{
    reset();
    load(
        "{\"x\": 1,\n\"batch_size\": 0,\n\"retries\": 1000,\n\"sources\": {\"a\": {\"use\": \"\"}},"
        "\n\"x\": 2,\n\"stages\": [{\"name\": \"s\", \"policy\": \"upsert\"}, {}]}");
    static const char *const places[] = {
        ":5:1: ", ":1:2: ", ":5:1: ", ":1:1: ", ":4:", ":6:", ":6:", ":2:15: ", ":3:12: "};
    CU_ASSERT_EQUAL_FATAL(faults.n, sizeof places / sizeof *places);
    for (size_t i = 0; i < faults.n; i++) {
        CU_ASSERT_EQUAL(faults.items[i].code, STATUS_CONFIG);
        if (!strstr(faults.items[i].what, places[i]))
            CU_FAIL(faults.items[i].what);
    }
}

static void files_are_found_or_told(void)
{
    reset();
    loads(MINIMAL);
    struct project *p = project_load(scratch_dir, NULL, &faults);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    CU_ASSERT_STRING_EQUAL(p->path, scratch_path("project.json"));
    CU_ASSERT_STRING_EQUAL(p->dir, scratch_dir);
    project_free(p);

    CU_ASSERT_PTR_NULL(project_load(scratch_path("none.json"), NULL, &faults));
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].what, "none.json"));
    CU_ASSERT_EQUAL(faults_code(&faults), STATUS_CONFIG);
    refused(" \n\xef", "project.json:2:1: byte 0xef is not UTF-8");
    refused("", "project.json\" is empty");
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].fix, "\"stages\""));
    refused("\xef\xbb\xbf\n", "project.json\" is empty");
    scratch_write("project.json", MINIMAL, 0666);
    scratch_check(chmod(scratch_path("project.json"), 0666) == 0, "chmod");
    faults_clear(&faults);
    CU_ASSERT_PTR_NULL(project_load(scratch_path("project.json"), NULL, &faults));
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].what, "mode 0666"));
}

static void options_take_variables(void)
{
    reset();
    setenv("X", "a\"}, {\"b\": \"\\", 1);
    setenv("V1_DATABASE_URL", "postgresql://u:srcpass1@h/d", 1);
    setenv("API_KEY", "srcpass2", 1);
    loads("{\"name\": \"shop\", \"sources\": {\"old\": {\"use\": \"postgres\", \"options\":"
          " {\"url\": \"${V1_DATABASE_URL}\", \"n\": 10.10, \"header\": \"Key ${API_KEY}\","
          " \"password\": \"srcpass3\", \"x\": [\"${X}\", \"$${X}\"]}}}}");
    CU_ASSERT_STRING_EQUAL(
        project_find_source(project, "old")->options,
        "{\"url\":\"postgresql://u:srcpass1@h/d\",\"n\":10.10,\"header\":\"Key srcpass2\","
        "\"password\":\"srcpass3\",\"x\":[\"a\\\"}, {\\\"b\\\": \\\"\\\\\",\"${X}\"]}");
    setting_is("sources.old.options",
               "{\"url\":\"postgresql://u:***@h/d\",\"n\":10.10,\"header\":\"***\","
               "\"password\":\"***\",\"x\":[\"a\\\"}, {\\\"b\\\": \\\"\\\\\",\"${X}\"]}",
               "project");
    char line[] = "srcpass1 srcpass2 srcpass3";
    log_mask(line);
    CU_ASSERT_STRING_EQUAL(line, "*** *** ***");
    refused("{\"name\": \"shop\", \"sources\": {\"old\": {\"use\": \"j\", \"options\":"
            " {\"a\": [\"s3cr3t ${NONE}\"]}}}}",
            "\"sources.old.options\": variable NONE is not set");
    setenv("V1_DATABASE_URL", "postgresql://u:s3@cr3t@h/d", 1);
    refused("{\"name\": \"shop\", \"sources\": {\"old\": {\"use\": \"j\", \"options\":"
            " {\"url\": \"${V1_DATABASE_URL}\"}}}}",
            "\"sources.old.options.url\" (variable V1_DATABASE_URL) is no connection URL: more");
    CU_ASSERT_PTR_NULL(strstr(faults.items[0].what, "cr3t"));
}

static void target_comes_from_project_or_environment(void)
{
    reset();
    setenv("DATABASE_URL", "postgresql://u:tgtpass1@h/one", 1);
    loads(MINIMAL);
    CU_ASSERT_STRING_EQUAL(project->target.url, "postgresql://u:tgtpass1@h/one");
    setting_is("target.url", "postgresql://u:***@h/one", "environment DATABASE_URL");
    setenv("V2_DB_HOST", "h2", 1);
    loads(MINIMAL);
    CU_ASSERT_STRING_EQUAL(project->target.url, "postgresql://h2");
    setenv("V2_DATABASE_URL", "postgresql://h3", 1);
    loads(MINIMAL);
    CU_ASSERT_STRING_EQUAL(project->target.url, "postgresql://h3");
    loads("{\"name\": \"shop\", \"target\": {\"url\": \"\"}}");
    CU_ASSERT_STRING_EQUAL(project->target.url, "");
    loads("{\"name\": \"shop\", \"target\": {\"url\": \"${DATABASE_URL:-}\"}}");
    setting_is("target.url", "postgresql://u:***@h/one", "environment DATABASE_URL");
    overrides.target_url = "postgresql://flag";
    loads("{\"name\": \"shop\", \"target\": {\"url\": \"postgresql://file\"}}");
    setting_is("target.url", "postgresql://flag", "flag --target");
    reset();
    setenv("DATABASE_URL", "postgresql://u:s3cr3t/x@h/d", 1);
    refused(MINIMAL, "variable DATABASE_URL is no connection URL: a port that is no number");
    CU_ASSERT_PTR_NULL(strstr(faults.items[0].what, "s3cr3t"));
}

static void flags_win_over_variables_over_file(void)
{
    static const char text[] = "{\"name\": \"shop\", \"batch_size\": 1, \"report_dir\": \"r\","
                               " \"log_level\": \"error\", \"work_dir\": \"/w\"}";
    reset();
    loads(text);
    setting_is("batch_size", "1", "project");
    setting_is("log_level", "error", "project");
    setting_is("work_dir", "/w", "project");
    setting_is("retries", "8", "default");
    CU_ASSERT_STRING_EQUAL(project->report_dir, scratch_path("r"));
    CU_ASSERT_STRING_EQUAL(project->backup_dir, "/w/backups");
    scratch_write(".env", "MIGRATION_BATCH_SIZE=2\nLOG_LEVEL=WARN\nMIGRATION_REPORT_DIR=e\n", 0644);
    loads(text);
    CU_ASSERT_EQUAL(project->batch_size, 2);
    CU_ASSERT_STRING_EQUAL(project->log_level, "warning");
    CU_ASSERT_STRING_EQUAL(project->report_dir, scratch_path("e"));
    CU_ASSERT_PTR_NOT_NULL(strstr(setting("batch_size")->origin, ".env MIGRATION_BATCH_SIZE"));
    setenv("MIGRATION_BATCH_SIZE", "3", 1);
    setenv("DEBUG", "app,migration:*", 1);
    loads(text);
    CU_ASSERT_EQUAL(project->batch_size, 3);
    setting_is("log_level", "debug", "environment DEBUG");
    overrides.batch_size = 4;
    overrides.log_level = "Info";
    overrides.report_dir = "/flag";
    overrides.state_schema = "st";
    loads(text);
    CU_ASSERT_EQUAL(project->batch_size, 4);
    CU_ASSERT_STRING_EQUAL(project->log_level, "info");
    CU_ASSERT_STRING_EQUAL(project->report_dir, "/flag");
    CU_ASSERT_STRING_EQUAL(project->target.state_schema, "st");
    setting_is("batch_size", "4", "flag --batch-size");
    reset();
    setenv("MIGRATION_BATCH_SIZE", "1e3", 1);
    refused(MINIMAL, "variable MIGRATION_BATCH_SIZE does not fit, due is a whole number from 1");
    reset();
    overrides.log_level = "loud";
    CU_ASSERT_PTR_NULL(load(MINIMAL));
    CU_ASSERT_EQUAL(faults_code(&faults), STATUS_USAGE);
}

static void env_file_is_looked_for(void)
{
    char other[512];
    reset();
    snprintf(other, sizeof other, "%s", scratch_path("other.env"));
    overrides.env_file = other;
    scratch_write(".env", "A=1\n", 0600);
    CU_ASSERT_PTR_NULL(load(MINIMAL));
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].what, "other.env"));
    scratch_write("other.env", "N=from-other\n", 0600);
    loads("{\"name\": \"${N}\"}");
    CU_ASSERT_STRING_EQUAL(project->name, "from-other");
    reset();
    scratch_write(".env", "DATABASE_URL=postgresql://u:p@h/d\n", 0644);
    CU_ASSERT_PTR_NULL(load(MINIMAL));
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].fix, "chmod 600"));
}

static void directories_follow_the_home(void)
{
    reset();
    loads(MINIMAL);
    const char *hash = strrchr(project->work_dir, '-');
    CU_ASSERT_EQUAL(strncmp(project->work_dir, "/home/me/.local/state/mighost/shop-", 35), 0);
    CU_ASSERT_EQUAL(strlen(hash), 9);
    setenv("XDG_STATE_HOME", "/state", 1);
    loads(MINIMAL);
    CU_ASSERT_EQUAL(strncmp(project->work_dir, "/state/mighost/shop-", 20), 0);
    CU_ASSERT_EQUAL(strncmp(project->report_dir, project->work_dir, strlen(project->work_dir)), 0);
    clearenv();
    loads(MINIMAL);
    CU_ASSERT_EQUAL(strncmp(project->work_dir, "/var/tmp/mighost-", 17), 0);
}

static const char selection_text[] =
    "{\"name\": \"shop\", " SOURCES ", \"stages\": [{\"name\": \"a\", \"phase\": 2}, {\"name\":"
    " \"b\", \"phase\": 1, \"needs\": [\"a\"]}, {\"name\": \"c\", \"phase\": 2, \"needs\":"
    " [\"b\", \"after:d\"]}, {\"name\": \"d\", \"phase\": 1, \"enabled\": false}, {\"name\": "
    "\"e\"}],"
    " \"validators\": [{\"name\": \"v\"}, {\"name\": \"d\"}]}";

/* "abd|v": names of the enabled stages, then validators. */
static void enabled_are(const char *expected)
{
    char text[32];
    size_t n = 0;
    loads(selection_text);
    for (size_t i = 0; i < project->n_stages; i++)
        if (project->stages[i].enabled)
            text[n++] = project->stages[i].name[0];
    text[n++] = '|';
    for (size_t i = 0; i < project->n_validators; i++)
        if (project->validators[i].enabled)
            text[n++] = project->validators[i].name[0];
    text[n] = '\0';
    CU_ASSERT_STRING_EQUAL(text, expected);
}

static void selection_enables_and_disables(void)
{
    const char *c[] = {"c"}, *d[] = {"d"}, *stage_d[] = {"stage:d", "b"}, *v[] = {"v"};
    reset();
    enabled_are("abce|vd");
    overrides.only = c;
    overrides.n_only = 1;
    enabled_are("c|vd");
    setting_is("stages.a.enabled", "false", "flag --only");
    overrides.with_dependencies = 1;
    enabled_are("abc|vd");
    setting_is("stages.a.enabled", "true", "flag --with-dependencies");
    overrides.with_dependencies = 0;
    overrides.only = d;
    enabled_are("d|d");
    overrides.only = stage_d;
    overrides.n_only = 2;
    enabled_are("bd|vd");
    overrides.skip = v;
    overrides.n_skip = 1;
    enabled_are("bd|d");
    CU_ASSERT_EQUAL(project->n_reporters, 6);
    CU_ASSERT_TRUE(project->reporters[0].enabled);
}

static void selection_knows_its_names(void)
{
    const char *only[] = {"stage:v", "summry"}, *both[] = {"a"};
    reset();
    overrides.only = only;
    overrides.n_only = 2;
    CU_ASSERT_PTR_NULL(load(selection_text));
    CU_ASSERT_EQUAL_FATAL(faults.n, 2);
    CU_ASSERT_EQUAL(faults_code(&faults), STATUS_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].what, "--only stage:v: the project has no such"));
    CU_ASSERT_STRING_EQUAL(faults.items[1].fix, "did you mean \"summary\"?");
    overrides.only = overrides.skip = both;
    overrides.n_only = overrides.n_skip = 1;
    CU_ASSERT_PTR_NULL(load(selection_text));
    CU_ASSERT_STRING_EQUAL(faults.items[0].what, "stage a is named by --only and by --skip");
}

static void phases_choose_stages(void)
{
    const char *one[] = {"1"}, *both[] = {"2", "1"}, *b[] = {"b"}, *v[] = {"v"}, *e[] = {"e"};
    reset();
    overrides.phases = one;
    overrides.n_phases = 1;
    enabled_are("b|vd");
    setting_is("stages.a.enabled", "false", "flag --phase");
    overrides.with_dependencies = 1;
    enabled_are("ab|vd");
    overrides.with_dependencies = 0;
    overrides.only = v;
    overrides.n_only = 1;
    enabled_are("b|v");
    overrides.only = e;
    enabled_are("be|vd");
    overrides.n_only = 0;
    overrides.phases = both;
    overrides.n_phases = 2;
    enabled_are("abc|vd");
    overrides.skip = b;
    overrides.n_skip = 1;
    enabled_are("ac|vd");
    both[1] = "7";
    CU_ASSERT_PTR_NULL(load(selection_text));
    CU_ASSERT_EQUAL(faults_code(&faults), STATUS_USAGE);
    CU_ASSERT_STRING_EQUAL(faults.items[0].what, "--phase 7: the project has no such phase");
    CU_ASSERT_STRING_EQUAL(faults.items[0].fix, "there are: 2, 1");
}

static void source_flag_replaces_the_url(void)
{
    static const char text[] = "{\"name\": \"shop\", \"sources\": {\"a\": {\"use\": \"postgres\","
                               " \"options\": {\"url\": \"${V1_DATABASE_URL}\"}}, \"b\": {\"use\":"
                               " \"json\", \"options\": {\"x\": {\"url\": \"u\"}}}}}";
    reset();
    overrides.source_url = "postgresql://flag/d";
    loads(text);
    CU_ASSERT_STRING_EQUAL(project->sources[0].options, "{\"url\":\"postgresql://flag/d\"}");
    CU_ASSERT_STRING_EQUAL(project->sources[1].options, "{\"x\":{\"url\":\"u\"}}");
    CU_ASSERT_PTR_NULL(load(MINIMAL));
    CU_ASSERT_EQUAL(faults_code(&faults), STATUS_USAGE);
}

static void the_target_is_asked_for_more(void)
{
    reset();
    loads("{\"name\": \"shop\", " SOURCES
          ", \"target\": {\"extensions\": [\"hstore\", \"uuid-ossp\"],"
          " \"schema_version\": {\"sql\": \"SELECT 1\", \"is\": \"1\"}},"
          " \"stages\": [{\"name\": \"orders\", \"needs\": [\"extension:citext\"]}]}");
    const struct project_target *target = &project->target;
    CU_ASSERT_EQUAL_FATAL(target->n_extensions, 2);
    CU_ASSERT_STRING_EQUAL(target->extensions[1], "uuid-ossp");
    CU_ASSERT_STRING_EQUAL(target->version_sql, "SELECT 1");
    CU_ASSERT_EQUAL_FATAL(target->n_version_is, 1);
    CU_ASSERT_STRING_EQUAL(target->version_is[0], "1");
    CU_ASSERT_STRING_EQUAL(project->stages[0].needs[0].feature, "extension:citext");
    CU_ASSERT_PTR_NULL(
        load("{\"name\": \"shop\", \"target\": {\"schema_version\": {\"is\": \"1\"}}}"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(faults.items[0].what, "\"target.schema_version\" needs \"sql\" and \"is\""));
}

static void an_embedded_source_has_a_name_of_its_own(void)
{
    reset();
    CU_ASSERT_PTR_NULL(load("{\"name\": \"shop\", \"sources\": {\"shop\": {\"use\": \"postgres\","
                            " \"embedded_schema\": \"s.sql\"}}}"));
    CU_ASSERT_EQUAL(faults_code(&faults), STATUS_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].what, "both would have one database"));
}

int main(int argc, char **argv)
{
    static const struct unit_case cases[] = {
        {"defaults_are_set", defaults_are_set},
        {"stages_are_read", stages_are_read},
        {"values_are_checked", values_are_checked},
        {"all_faults_are_told", all_faults_are_told},
        {"files_are_found_or_told", files_are_found_or_told},
        {"options_take_variables", options_take_variables},
        {"target_comes_from_project_or_environment", target_comes_from_project_or_environment},
        {"flags_win_over_variables_over_file", flags_win_over_variables_over_file},
        {"env_file_is_looked_for", env_file_is_looked_for},
        {"directories_follow_the_home", directories_follow_the_home},
        {"selection_enables_and_disables", selection_enables_and_disables},
        {"selection_knows_its_names", selection_knows_its_names},
        {"phases_choose_stages", phases_choose_stages},
        {"source_flag_replaces_the_url", source_flag_replaces_the_url},
        {"the_target_is_asked_for_more", the_target_is_asked_for_more},
        {"an_embedded_source_has_a_name_of_its_own", an_embedded_source_has_a_name_of_its_own},
    };
    scratch_begin();
    int status = UNIT_MAIN("project", cases, argc, argv);
    scratch_end();
    project_free(project);
    faults_clear(&faults);
    return status;
}
