/* csvfield.c - fields of lists for people. What an export writes is for programs, see exportcsv.c.
 */
#include "csvfield.h"

#include <string.h>

/* A number may begin with its sign. */
static int is_formula(const char *text)
{
    return text[0] && strchr("=+-@\t\r", text[0]) && text[strspn(text, "-0123456789., ")];
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
