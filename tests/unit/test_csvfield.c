/* test_csvfield.c - fields of lists that people open: quoted, and none that a spreadsheet would
 * run. */
#include "csvfield.h"
#include "unit.h"

static void formulas_are_disarmed(void)
{
    static const struct {
        const char *text, *line;
    } fields[] = {{"", "\"\","},
                  {"a,b\nc", "\"a,b\nc\","},
                  {"say \"x\"", "\"say \"\"x\"\"\","},
                  {"=1+1", "\"'=1+1\","},
                  {"+cmd", "\"'+cmd\","},
                  {"-x", "\"'-x\","},
                  {"@x", "\"'@x\","},
                  {"\t=1", "\"'\t=1\","},
                  {"\r=1", "\"'\r=1\","},
                  {"-12.5", "\"-12.5\","},
                  {"a=1", "\"a=1\","},
                  /* A sign makes a number only in front of one. */
                  {"-1-2", "\"'-1-2\","},
                  {"-", "\"'-\","},
                  {"-1.2.3", "\"'-1.2.3\","},
                  {"--1", "\"'--1\","},
                  {"-1=2", "\"'-1=2\","},
                  {"-0", "\"-0\","},
                  /* Programs that take quotes off, or lines apart, by their own rules. */
                  {"\"=1", "\"'\"\"=1\","},
                  {"'=1", "\"''=1\","},
                  {"\n@x", "\"'\n@x\","},
                  {" =1", "\"' =1\","},
                  {"a\n=1", "\"a\n=1\","}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct str line;
        str_init(&line, 0);
        csvfield_add(fields[i].text, ",", &line);
        CU_ASSERT_STRING_EQUAL(line.data, fields[i].line);
        str_clear(&line);
    }
}

static const struct unit_case cases[] = {{"formulas_are_disarmed", formulas_are_disarmed}};

int main(int argc, char **argv)
{
    return UNIT_MAIN("csvfield", cases, argc, argv);
}
