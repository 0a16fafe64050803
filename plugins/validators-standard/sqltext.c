/*
 * sqltext.c - quoting.
 *
 * Names come from the project file and are data here: a quote in one is doubled, a control
 * character is refused, and so is a name that PostgreSQL would cut. A fault does not stop the
 * building, so that callers look once, at the end.
 */
#include "sqltext.h"

#include <string.h>

#define MAX_SQL 1000000U
#define MAX_NAME 63U

void sqltext_begin(struct sqltext *s)
{
    buf_init(&s->text, MAX_SQL);
    s->fault = NULL;
}

void sqltext_end(struct sqltext *s)
{
    buf_clear(&s->text);
}

static void set_fault(struct sqltext *s, const char *fault)
{
    if (!s->fault)
        s->fault = fault;
}

static void add_bytes(struct sqltext *s, const char *data, size_t len)
{
    if (buf_add(&s->text, data, len) != 0)
        set_fault(s, "its SQL is too long");
}

void sqltext_add(struct sqltext *s, const char *sql)
{
    add_bytes(s, sql, strlen(sql));
}

static void add_quoted(struct sqltext *s, const char *text, char quote)
{
    add_bytes(s, &quote, 1);
    for (; *text; text++) {
        if (*text == quote)
            add_bytes(s, &quote, 1);
        add_bytes(s, text, 1);
    }
    add_bytes(s, &quote, 1);
}

static int has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return 1;
    return 0;
}

void sqltext_name(struct sqltext *s, const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > MAX_NAME || has_control(name))
        set_fault(s, "a column's name must have 1 to 63 bytes and no control characters");
    add_quoted(s, name, '"');
}

void sqltext_literal(struct sqltext *s, const char *text)
{
    add_quoted(s, text, '\'');
}

void sqltext_table(struct sqltext *s, const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > 2 * MAX_NAME + 1 || has_control(name) || strpbrk(name, "{}"))
        set_fault(s, "a table's name must be \"table\" or \"schema.table\", without braces and "
                     "control characters");
    sqltext_add(s, "{");
    sqltext_add(s, name);
    sqltext_add(s, "}");
}

void sqltext_project(struct sqltext *s, const char *sql)
{
    size_t len = strlen(sql);
    while (len > 0 && strchr(" \t\r\n;", sql[len - 1]))
        len--;
    if (len == 0)
        set_fault(s, "its SQL is empty");
    add_bytes(s, sql, len);
    sqltext_add(s, "\n");
}

static const char *skip_digits(const char *p)
{
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

int sqltext_is_number(const char *text)
{
    const char *p = text + (*text == '-');
    const char *whole = skip_digits(p);
    if (whole == p)
        return 0;
    if (*whole == '.') {
        const char *fraction = skip_digits(whole + 1);
        if (fraction == whole + 1)
            return 0;
        whole = fraction;
    }
    if (*whole == 'e' || *whole == 'E') {
        const char *digits = whole + 1 + (whole[1] == '-' || whole[1] == '+');
        whole = skip_digits(digits);
        if (whole == digits)
            return 0;
    }
    return *whole == '\0';
}

/* Whether `text` has the form of `like`, where 0 stands for a digit. */
static int has_form(const char *text, const char *like)
{
    for (; *like; text++, like++)
        if (*like == '0' ? *text < '0' || *text > '9' : *text != *like)
            return 0;
    return 1;
}

int sqltext_is_time(const char *text)
{
    size_t len = strlen(text);
    if (len > 40 || strspn(text, "0123456789:.+-TZ ") != len)
        return 0;
    return has_form(text, "0000-00-00") || has_form(text, "00:00");
}
