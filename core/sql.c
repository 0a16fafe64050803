/* sql.c - quoting of names and literals for PostgreSQL. Pure. Names come from the catalog or
 * the project; both are valid UTF-8 without control characters (checked where they are read:
 * CVE-2025-1094 is quoting with invalid encoding, CVE-2025-8715 a newline in a name). */
#include "sql.h"

#include <string.h>

void sql_ident(struct str *out, const char *name)
{
    str_add_char(out, '"');
    for (const char *p = name; *p; p++) {
        if (*p == '"')
            str_add_char(out, '"');
        str_add_char(out, *p);
    }
    str_add_char(out, '"');
}

void sql_table(struct str *out, const char *schema, const char *table)
{
    sql_ident(out, schema);
    str_add_char(out, '.');
    sql_ident(out, table);
}

void sql_literal(struct str *out, const char *text)
{
    /* standard_conforming_strings is pinned; a backslash still takes the E form, so that the
     * text means the same everywhere, also in rollback.sql. */
    int escape = strpbrk(text, "\\\n\r\t") != NULL;
    str_add(out, escape ? " E'" : "'");
    for (const char *p = text; *p; p++) {
        if (*p == '\n' || *p == '\r' || *p == '\t')
            str_add(out, *p == '\n' ? "\\n" : *p == '\r' ? "\\r" : "\\t");
        else {
            if (*p == '\'' || *p == '\\')
                str_add_char(out, *p);
            str_add_char(out, *p);
        }
    }
    str_add_char(out, '\'');
}

void sql_copy_field(struct str *out, const char *text, char end)
{
    for (; *text; text++) {
        const char *escape = *text == '\\'   ? "\\\\"
                             : *text == '\n' ? "\\n"
                             : *text == '\r' ? "\\r"
                             : *text == '\t' ? "\\t"
                                             : NULL;
        if (escape)
            str_add(out, escape);
        else
            str_add_char(out, *text);
    }
    str_add_char(out, end);
}

/* A COMMIT among them is an error of PL/pgSQL there. */
void sql_do(struct str *out, const char *statements)
{
    struct str body;
    str_init(&body, 0);
    str_add(&body, "BEGIN EXECUTE ");
    sql_literal(&body, statements);
    str_add(&body, "; END");
    str_add(out, "DO ");
    sql_literal(out, body.data);
    str_clear(&body);
}

int sql_name_ok(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > SQL_NAME_MOST || !str_utf8_ok(name, n))
        return 0;
    for (const unsigned char *p = (const unsigned char *)name; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            return 0;
    return 1;
}

void sql_split(const char *name, const char *schema, struct sql_name *out)
{
    const char *dot = strchr(name, '.');
    size_t n = dot ? (size_t)(dot - name) : strlen(schema);
    if (n >= sizeof out->schema)
        n = sizeof out->schema - 1;
    memcpy(out->schema, dot ? name : schema, n);
    out->schema[n] = '\0';
    const char *table = dot ? dot + 1 : name;
    n = strlen(table);
    if (n >= sizeof out->table)
        n = sizeof out->table - 1;
    memcpy(out->table, table, n);
    out->table[n] = '\0';
}

void sql_copy_text(struct str *out, const char *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = data[i];
        const char *escape = c == '\\'   ? "\\\\"
                             : c == '\n' ? "\\n"
                             : c == '\r' ? "\\r"
                             : c == '\t' ? "\\t"
                                         : NULL;
        if (escape)
            str_add(out, escape);
        else
            str_add_char(out, c);
    }
}
