/* fuzz_project.c - any bytes as everything that describes a project: project file, env file,
 * connection text, options of a unit.
 *
 * What holds for every input: there is a result or there are faults, never both or neither.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "envfile.h"
#include "options.h"
#include "project.h"
#include "url.h"

const char *const fuzz_seeds[] = {
    "{\"$schema\": \"x\", \"name\": \"shop\", \"target\": {\"url\": \"${DATABASE_URL:-}\","
    " \"schema\": \"s\", \"state_schema\": \"m\", \"production\": true}, \"batch_size\": 500}",
    "{\"name\": \"s\", \"sources\": {\"old\": {\"use\": \"json\", \"options\": {\"url\":"
    " \"${V1_DATABASE_URL}\", \"n\": 1.50, \"password\": \"x\", \"l\": [\"${A}\", \"$${A}\"]}}}}",
    "{\"name\": \"s\", \"sources\": {\"o\": {\"use\": \"j\"}}, \"stages\": [{\"name\": \"a\","
    " \"key\": [\"k\", \"l\"], \"options\": {\"f\": {}}, \"policy\": \"update\", \"ids\": \"keep\","
    " \"needs\": [\"b\", \"after:c\", \"transform:t\"], \"tables\": {\"t\": {\"policy\": \"skip\","
    " \"match\": \"m\", \"scope\": \"x = 1\", \"references\": [{\"columns\": \"p\", \"to\": "
    "\"o.p\","
    " \"to_columns\": [\"id\"], \"on_missing\": \"null\"}]}}, \"max_rejects\": \"2.5%\","
    " \"secret\": \"pin\"}, {\"name\": \"b\"}, {\"name\": \"c\", \"enabled\": false}]}",
    "{\"name\": \"s\", \"validators\": [{\"name\": \"v\", \"use\": \"rules\"}], \"reporters\": [],"
    " \"hooks\": [{\"name\": \"h\", \"before\": \"SELECT 1\", \"undo\": \"\"}], \"invariants\":"
    " [{\"name\": \"i\", \"sql\": \"SELECT 1\"}], \"backup\": {\"scope\": \"none\", \"keep_days\": "
    "1},"
    " \"timeouts\": {\"lock\": 3}, \"max_delete\": \"0.5%\", \"log_level\": \"debug\"}",
    "export A=1\nB=\"x\\ny\" # c\nC='q'\r\n\xef\xbb\xbf",
    "postgresql://u:p%40ss@h1:1,[::1]:5/d?sslmode=require&password=x",
    "host=h port=5 password='it\\'s' user=u",
    "{\"a\": \"x\", \"b\": -9, \"c\": false, \"d\": {\"k\": [1e5, \"\\u00e9\"]}, \"e\": \"f\"}",
    NULL,
};

/* Nothing of the caller's environment may decide the outcome. */
static void set_environment(void)
{
    static int done;
    if (done)
        return;
    clearenv();
    setenv("HOME", "/none", 1);
    setenv("A", "a \"quoted\" ${B} text", 1);
    setenv("V1_DB_HOST", "h", 1);
    setenv("V1_DB_PASSWORD", "p@ss/word", 1);
    done = 1;
}

static void fuzz_project(const char *text, size_t n)
{
    static const char *only[] = {"a", "stage:b"}, *skip[] = {"c"};
    struct project_overrides overrides = {
        .only = only, .n_only = 2, .skip = skip, .n_skip = 1, .with_dependencies = 1};
    for (int i = 0; i < 2; i++) {
        struct faults faults = {0};
        struct project *p =
            project_parse(text, n, "/none/project.json", i ? &overrides : NULL, &faults);
        if ((p != NULL) == (faults.n > 0))
            abort();
        project_free(p);
        faults_clear(&faults);
    }
}

static void fuzz_envfile(const char *text, size_t n)
{
    struct arena *mem = arena_new();
    struct envfile file;
    struct faults faults = {0};
    if ((envfile_parse(".env", text, n, mem, &file, &faults) == 0) != (faults.n == 0))
        abort();
    faults_clear(&faults);
    arena_free(mem);
}

static void fuzz_options(const char *text)
{
    static const mig_option_t table[] = {
        {"a", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, "x|y", "Text."},
        {"b", MIG_OPT_INT, 0, "1", "-9..9", "Number."},
        {"c", MIG_OPT_BOOL, 0, "true", NULL, "Flag."},
        {"d", MIG_OPT_JSON, 0, "[]", NULL, "JSON."},
        {"e", MIG_OPT_PATH, 0, NULL, NULL, "Path."},
        {NULL, 0, 0, NULL, NULL, NULL},
    };
    struct arena *mem = arena_new();
    struct options options;
    struct faults faults = {0};
    int result = options_parse(table, text, "source:x", "sources.a", "/", mem, &options, &faults);
    if ((result == 0) != (faults.n == 0))
        abort();
    faults_clear(&faults);
    arena_free(mem);
}

static void fuzz_url(const char *text)
{
    struct str out;
    str_init(&out, 0);
    url_fault(text);
    url_database_fault(text);
    url_mask(&out, text);
    str_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1);
    if (!text)
        return 0;
    memcpy(text, data, n);
    text[n] = '\0';
    set_environment();
    fuzz_project(text, n);
    fuzz_envfile(text, n);
    fuzz_options(text);
    fuzz_url(text);
    free(text);
    return 0;
}
