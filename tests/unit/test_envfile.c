/* test_envfile.c - .env files: what is read, what is refused. */
#include "envfile.h"

#include "scratch.h"
#include "unit.h"

static struct arena *mem;
static struct faults faults;
static struct envfile env;

static int parse(const char *text)
{
    arena_free(mem);
    mem = arena_new();
    faults_clear(&faults);
    return envfile_parse(".env", text, strlen(text), mem, &env, &faults);
}

static int read_file(const char *text, mode_t mode)
{
    scratch_write(".env", text, mode);
    faults_clear(&faults);
    return envfile_read(scratch_path(".env"), mem, &env, &faults);
}

static void has(const char *name, const char *value)
{
    const char *found = envfile_get(&env, name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_STRING_EQUAL(found, value);
}

static void plain_lines_are_read(void)
{
    CU_ASSERT_EQUAL(parse("\xef\xbb\xbf# top\n\nA=1\n B = two words \t\nexport C=x#y\n"
                          "D=value # comment\nE=\nF=#all\nexported=1\r\nURL=a?b=c&d=$HOME"),
                    0);
    CU_ASSERT_EQUAL(env.n, 8);
    has("A", "1");
    has("B", "two words");
    has("C", "x#y");
    has("D", "value");
    has("E", "");
    has("F", "");
    has("exported", "1");
    has("URL", "a?b=c&d=$HOME");
    CU_ASSERT_PTR_NULL(envfile_get(&env, "top"));
}

static void quotes_are_read(void)
{
    CU_ASSERT_EQUAL(parse("A='a # b\\n \"'\nB=\"x\\ny\\\"\\\\\\$\" # c\nC=\"\"\nD='${A}'\n"), 0);
    has("A", "a # b\\n \"");
    has("B", "x\ny\"\\$");
    has("C", "");
    has("D", "${A}");
}

static void faults_name_lines_not_values(void)
{
    CU_ASSERT_NOT_EQUAL(parse("A='s3cr3t\nB=\"s3cr3t\" s3cr3t\n1C=s3cr3t\ns3cr3t\nD=\xff\n"
                              "E=1\n=s3cr3t\nE=s3cr3t\n"),
                        0);
    static const char *const expected[] = {
        ".env:1: a quote that is not closed",
        ".env:2: text behind the closing quote",
        ".env:3: no NAME=value line",
        ".env:4: no NAME=value line",
        ".env:5: a byte that is not UTF-8, or a NUL byte",
        ".env:7: no NAME=value line",
        ".env:8: E is given twice, first in line 6",
    };
    CU_ASSERT_EQUAL_FATAL(faults.n, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < faults.n; i++) {
        CU_ASSERT_STRING_EQUAL(faults.items[i].what, expected[i]);
        CU_ASSERT_EQUAL(faults.items[i].code, STATUS_CONFIG);
        CU_ASSERT_PTR_NULL(strstr(faults.items[i].fix, "s3cr3t"));
    }
}

static void secrets_want_a_private_file(void)
{
    scratch_begin();
    CU_ASSERT_EQUAL(read_file("LOG_LEVEL=debug\nDATABASE_URL=\n", 0644), 0);
    CU_ASSERT_EQUAL(read_file("DATABASE_URL=postgresql://h/d\n", 0600), 0);
    CU_ASSERT_EQUAL(read_file("V1_DB_PASSWORD=s3cr3t\n", 0644), STATUS_CONFIG);
    CU_ASSERT_EQUAL_FATAL(faults.n, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].what, "mode 0644"));
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].fix, "chmod 600 '"));
    CU_ASSERT_PTR_NULL(strstr(faults.items[0].what, "s3cr3t"));
    CU_ASSERT_EQUAL(read_file("BUBBLE_API_KEY=s3cr3t\n", 0640), STATUS_CONFIG);
    CU_ASSERT_EQUAL(read_file("A=1\n", 0602), STATUS_CONFIG);
    CU_ASSERT_PTR_NOT_NULL(strstr(faults.items[0].fix, "chmod o-w '"));
    scratch_end();
}

static void secret_names_are_known(void)
{
    CU_ASSERT_TRUE(envfile_secret_name("V1_DB_PASSWORD"));
    CU_ASSERT_TRUE(envfile_secret_name("DATABASE_URL"));
    CU_ASSERT_TRUE(envfile_secret_name("BUBBLE_API_KEY"));
    CU_ASSERT_FALSE(envfile_secret_name("KEY_FILE"));
    CU_ASSERT_FALSE(envfile_secret_name("LOG_LEVEL"));
}

int main(int argc, char **argv)
{
    static const struct unit_case cases[] = {
        {"plain_lines_are_read", plain_lines_are_read},
        {"quotes_are_read", quotes_are_read},
        {"faults_name_lines_not_values", faults_name_lines_not_values},
        {"secrets_want_a_private_file", secrets_want_a_private_file},
        {"secret_names_are_known", secret_names_are_known},
    };
    mem = arena_new();
    int status = UNIT_MAIN("envfile", cases, argc, argv);
    arena_free(mem);
    faults_clear(&faults);
    return status;
}
