/* test_cli.c - the command line: passwords are overwritten where other users could read them, and
 * what is wrong with an option is said. */
#include "cli.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define MAX_ARGS 8

struct line {
    char *argv[MAX_ARGS + 2];
    int argc, code;
    struct cli cli;
    struct error err;
};

/* Arguments are writable and separate, as the kernel gives them. */
static void parse(struct line *l, const char *const *args)
{
    memset(l, 0, sizeof *l);
    l->argv[l->argc++] = strdup("mighost");
    for (; *args && l->argc <= MAX_ARGS; args++)
        l->argv[l->argc++] = strdup(*args);
    optind = 0; /* glibc: begin anew */
    l->code = cli_parse(l->argc, l->argv, &l->cli, &l->err);
}

static void line_clear(struct line *l)
{
    cli_clear(&l->cli);
    for (int i = 0; i < l->argc; i++)
        free(l->argv[i]);
}

static void passwords_are_overwritten(void)
{
    static const char *const urls[] = {"postgresql://user:c4nary@host/db",
                                       "postgres://:c4nary@/db?host=/run",
                                       "postgresql://host/db?password=c4nary",
                                       "host=h password=c4nary dbname=d",
                                       "password = 'c4nary'",
                                       "--target=postgresql://user:c4nary@host/db",
                                       "https://user:c4nary@host/api",
                                       "postgresql://u:c4n@ry/x@host/db"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct line l;
        const char *const args[] = {"--run", "--no-such-option", urls[i], "--skip", "a", NULL};
        parse(&l, args);
        CU_ASSERT_EQUAL(l.code, STATUS_USAGE);
        CU_ASSERT_EQUAL(strspn(l.argv[3], "*"), strlen(urls[i]));
        CU_ASSERT_PTR_NULL(strstr(l.err.what, "c4n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(l.err.what, "argument 3"));
        line_clear(&l);
    }
}

static void other_arguments_stay(void)
{
    static const char *const urls[] = {"postgresql://user@host:5432/db",
                                       "postgresql://[::1]:5432/db", "https://host/a:b/c@d",
                                       "/srv/passwords/project.json"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct line l;
        const char *const args[] = {"--run", "--target", urls[i], NULL};
        parse(&l, args);
        CU_ASSERT_EQUAL(l.code, 0);
        CU_ASSERT_STRING_EQUAL(l.argv[3], urls[i]);
        CU_ASSERT_PTR_EQUAL(l.cli.session.overrides.target_url, l.argv[3]);
        line_clear(&l);
    }
}

static void urls_by_position(void)
{
    struct line l;
    const char *const two[] = {"--run", "mongodb://old/a", "postgresql://new/b", NULL};
    parse(&l, two);
    CU_ASSERT_EQUAL(l.code, 0);
    CU_ASSERT_STRING_EQUAL(l.cli.session.overrides.source_url, "mongodb://old/a");
    CU_ASSERT_STRING_EQUAL(l.cli.session.overrides.target_url, "postgresql://new/b");
    line_clear(&l);
    const char *const one[] = {"--run", "postgresql://new/b", NULL};
    parse(&l, one);
    CU_ASSERT_PTR_NULL(l.cli.session.overrides.source_url);
    CU_ASSERT_STRING_EQUAL(l.cli.session.overrides.target_url, "postgresql://new/b");
    line_clear(&l);
}

static void faults_are_named(void)
{
    static const struct {
        const char *args[3], *what, *fix;
    } cases[] = {
        {{NULL}, "no action given", "usage:"},
        {{"--rnu"}, "unknown option --rnu", "did you mean --run?"},
        {{"--zzz"}, "unknown option --zzz", "see mighost --help"},
        {{"-x"}, "unknown option -x", "see mighost --help"},
        {{"-xyz"}, "unknown option -x", "see mighost --help"},
        {{"--run=5"}, "option --run takes no value", "see mighost --help"},
        {{"--re"},
         "option --re may be --redrive, --rehearse, --report, --restore",
         "see mighost --help"},
        {{"--verify"}, "option --verify needs a value", "see mighost --help"},
        {{"--run", "--dry-run"}, "--run and --dry-run cannot be given together", "one action"},
        {{"--run", "stray"}, "\"stray\" is neither an option nor a URL", "see mighost --help"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct line l;
        parse(&l, cases[i].args);
        CU_ASSERT_EQUAL(l.code, STATUS_USAGE);
        CU_ASSERT_PTR_NOT_NULL(strstr(l.err.what, cases[i].what));
        CU_ASSERT_PTR_NOT_NULL(strstr(l.err.fix, cases[i].fix));
        line_clear(&l);
    }
}

/* No option's number may be one of getopt_long()'s own answers. */
static void every_flag_is_taken(void)
{
    static const char *const flags[] = {"--verbose", "--quiet",        "--json",
                                        "--yes",     "--require-lock", "--with-dependencies"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        struct line l;
        const char *const args[] = {"--run", flags[i], NULL};
        parse(&l, args);
        CU_ASSERT_EQUAL(l.code, 0);
        line_clear(&l);
    }
}

static const struct unit_case cases[] = {
    {"passwords_are_overwritten", passwords_are_overwritten},
    {"other_arguments_stay", other_arguments_stay},
    {"urls_by_position", urls_by_position},
    {"faults_are_named", faults_are_named},
    {"every_flag_is_taken", every_flag_is_taken},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("cli", cases, argc, argv);
}
