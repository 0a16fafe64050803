/* test_variables.c - where variables come from and how texts take them. */
#include "variables.h"

#include "log.h"
#include "scratch.h"
#include "unit.h"

static struct arena *mem;
static struct faults faults;
static struct envfile env;
static struct variables vars;

static void begin(const char *env_text)
{
    clearenv();
    arena_free(mem);
    mem = arena_new();
    faults_clear(&faults);
    envfile_parse(".env", env_text, strlen(env_text), mem, &env, &faults);
    vars = (struct variables){.mem = mem, .file = &env, .faults = &faults};
}

static void becomes(const char *text, const char *result)
{
    struct variables_text r = variables_replace(&vars, text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r.text);
    CU_ASSERT_STRING_EQUAL(r.text, result);
    CU_ASSERT_PTR_NULL(r.fault);
}

static void refused(const char *text, const char *fault)
{
    struct variables_text r = variables_replace(&vars, text);
    CU_ASSERT_PTR_NULL(r.text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r.fault);
    CU_ASSERT_STRING_EQUAL(r.fault, fault);
}

static void texts_are_replaced(void)
{
    begin("B=file b\nEMPTY=\n");
    setenv("A", "1", 1);
    becomes("no variable $A $", "no variable $A $");
    becomes("${A}", "1");
    becomes("<${A}-${B}>${A}", "<1-file b>1");
    becomes("${NONE:-x y:-z}", "x y:-z");
    becomes("${NONE:-}", "");
    becomes("${EMPTY}", "");
    becomes("${EMPTY:-x}", "x");
    becomes("$${A} ${A}", "${A} 1");
    setenv("C", "${A}", 1); /* a value is not looked at again */
    becomes("${C}", "${A}");
}

static void bad_forms_are_refused(void)
{
    begin("");
    refused("s3cr3t ${NONE}", "variable NONE is not set");
    refused("${NONE", "\"${\" without its \"}\"");
    refused("${}", "${...} that is neither ${NAME} nor ${NAME:-default}");
    refused("${1A}", "${...} that is neither ${NAME} nor ${NAME:-default}");
    refused("${A-x}", "${...} that is neither ${NAME} nor ${NAME:-default}");
    refused("${A B}", "${...} that is neither ${NAME} nor ${NAME:-default}");
}

static void environment_wins(void)
{
    begin("A=file\nB=file\n");
    setenv("A", "environment", 1);
    struct variables_text a = variables_replace(&vars, "${A}");
    struct variables_text b = variables_replace(&vars, "${B}");
    CU_ASSERT_STRING_EQUAL(a.text, "environment");
    CU_ASSERT_STRING_EQUAL(a.origin, "environment A");
    CU_ASSERT_STRING_EQUAL(b.text, "file");
    CU_ASSERT_STRING_EQUAL(b.origin, "env file .env B");
    CU_ASSERT_STRING_EQUAL(b.names, "B");
    CU_ASSERT_PTR_NULL(variables_replace(&vars, "x${A}").origin);
    CU_ASSERT_PTR_NULL(variables_replace(&vars, "${A}${B}").origin);
}

static void split_sets_make_a_url(void)
{
    begin("V1_DB_NAME=old db\nV1_DB_PASSWORD=p@ss/w:rd?\n");
    setenv("V1_DB_HOST", "db.example", 1);
    setenv("V1_DB_PORT", "5433", 1);
    setenv("V1_DB_USER", "me", 1);
    becomes("${V1_DATABASE_URL}", "postgresql://me:p%40ss%2Fw%3Ard%3F@db.example:5433/old%20db");
    refused("${V2_DATABASE_URL}", "variable V2_DATABASE_URL is not set");
    begin("");
    setenv("V2_DB_HOST", "/run/pg", 1);
    becomes("${V2_DATABASE_URL}", "postgresql://%2Frun%2Fpg");
    setenv("V1_DB_HOST", "other", 1);
    setenv("V1_DATABASE_URL", "postgresql://given/x", 1);
    becomes("${V1_DATABASE_URL}", "postgresql://given/x");
}

static void secrets_come_from_private_files(void)
{
    begin("");
    scratch_begin();
    scratch_write("url", "postgresql://u:filepass1@h/d\n", 0600);
    scratch_write("open", "x\n", 0644);
    setenv("DATABASE_URL_FILE", scratch_path("url"), 1);
    setenv("API_KEY_FILE", scratch_path("open"), 1);
    setenv("LOG_FILE", scratch_path("url"), 1);
    becomes("${DATABASE_URL}", "postgresql://u:filepass1@h/d");
    refused("${LOG}", "variable LOG is not set"); /* not the name of a secret */
    CU_ASSERT_EQUAL(faults.n, 0);
    refused("${API_KEY}", "variable API_KEY is not set");
    CU_ASSERT_EQUAL_FATAL(faults.n, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].what, "file of API_KEY_FILE"));
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].what, "mode 0644"));
    char line[] = "got filepass1 from it";
    log_mask(line);
    CU_ASSERT_STRING_EQUAL(line, "got *** from it");
    scratch_end();
}

static void secrets_are_marked(void)
{
    begin("");
    setenv("DATABASE_URL", "postgresql://u:markpass2@h/d", 1);
    setenv("X_PASSWORD", "markpass3", 1);
    CU_ASSERT_FALSE(variables_replace(&vars, "${DATABASE_URL}").secret);
    CU_ASSERT_TRUE(variables_replace(&vars, "psql ${DATABASE_URL}").secret);
    CU_ASSERT_TRUE(variables_replace(&vars, "postgresql://u:${X_PASSWORD}@h").secret);
    CU_ASSERT_FALSE(variables_replace(&vars, "${HOME:-x}").secret);
    char line[] = "markpass2 markpass3";
    log_mask(line);
    CU_ASSERT_STRING_EQUAL(line, "*** ***");
}

static void values_must_be_utf8(void)
{
    begin("");
    setenv("A", "\xff", 1);
    refused("${A}", "variable A is not set");
    CU_ASSERT_EQUAL_FATAL(faults.n, 1);
    CU_ASSERT_STRING_EQUAL(faults.items[0].what, "variable A is not UTF-8 text");
}

int main(int argc, char **argv)
{
    static const struct unit_case cases[] = {
        {"texts_are_replaced", texts_are_replaced},
        {"bad_forms_are_refused", bad_forms_are_refused},
        {"environment_wins", environment_wins},
        {"split_sets_make_a_url", split_sets_make_a_url},
        {"secrets_come_from_private_files", secrets_come_from_private_files},
        {"secrets_are_marked", secrets_are_marked},
        {"values_must_be_utf8", values_must_be_utf8},
    };
    int status = UNIT_MAIN("variables", cases, argc, argv);
    arena_free(mem);
    faults_clear(&faults);
    return status;
}
