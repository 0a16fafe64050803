/* csvfield.c - fields of lists for people. What an export writes is for programs, see exportcsv.c.
 */
#include "csvfield.h"

#include <string.h>

/* "-12.5": the one thing that may begin with a sign. */
static int is_negative(const char *text)
{
    size_t whole = strspn(text + 1, "0123456789");
    const char *rest = text + 1 + whole;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    return text[0] == '-' && whole && !*rest;
}

/* As errors.csv has it: what stands in front of a formula does not hide it from programs that split
 * lines or take quotes off by their own rules. */
static int is_formula(const char *text)
{
    text += strspn(text, "\"'\n ");
    return text[0] && strchr("=+-@\t\r", text[0]) && !is_negative(text);
}

void csvfield_add(const char *text, const char *end, struct str *line)
{
    str_add_char(line, '"');
    if (is_formula(text))
        str_add_char(line, '\'');
    for (const char *p = text; *p; p++)
        str_add_n(line, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    str_add_char(line, '"');
    str_add(line, end);
}
