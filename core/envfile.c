/* envfile.c - a .env file as most tools read it: NAME=value, `export` before it allowed, comments
 * with '#', single quotes take all as it is, double quotes know \n \r \t \\ \" \$. Nothing is
 * replaced inside values and nothing goes into the process's environment. */
#include "envfile.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

#include "safefile.h"

#define MAX_FAULTS 100

struct reader {
    const char *path;
    size_t line;
    struct arena *mem;
    struct envfile *out;
    struct faults *faults;
    size_t capacity;
    int failed;
};

static void fault(struct reader *r, const char *text, const char *fix)
{
    struct error err = {0};
    r->failed = 1;
    if (r->faults->n >= MAX_FAULTS)
        return;
    error_set(&err, STATUS_CONFIG, "%s:%zu: %s", r->path, r->line, text);
    error_fix(&err, "%s", fix);
    faults_add(r->faults, &err);
}

int envfile_secret_name(const char *name)
{
    static const char *const ends[] = {"PASSWORD", "URL", "KEY", "TOKEN", "SECRET"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t k = strlen(ends[i]);
        if (n >= k && strcmp(name + n - k, ends[i]) == 0)
            return 1;
    }
    return 0;
}

const char *envfile_get(const struct envfile *file, const char *name)
{
    for (size_t i = 0; i < file->n; i++)
        if (strcmp(file->entries[i].name, name) == 0)
            return file->entries[i].value;
    return NULL;
}

static char escaped(char c)
{
    return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

/* `p` is the opening quote. NULL after a fault. */
static const char *quoted_value(struct reader *r, const char *p)
{
    char quote = *p++, *value = arena_alloc(r->mem, strlen(p) + 1), *q = value;
    while (*p && *p != quote) {
        if (quote == '"' && *p == '\\' && p[1]) {
            *q++ = escaped(p[1]);
            p += 2;
        } else {
            *q++ = *p++;
        }
    }
    if (!*p) {
        fault(r, "a quote that is not closed",
              "close it in the same line; write a line break as "
              "\\n inside double quotes");
        return NULL;
    }
    p += 1 + strspn(p + 1, " \t");
    if (*p && *p != '#') {
        fault(r, "text behind the closing quote", "quote the whole value");
        return NULL;
    }
    return value;
}

static const char *plain_value(struct reader *r, const char *p)
{
    const char *end = p + strlen(p);
    for (const char *c = p; (c = strchr(c, '#')); c++)
        if (c == p || c[-1] == ' ' || c[-1] == '\t') {
            end = c;
            break;
        }
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return arena_strndup(r->mem, p, (size_t)(end - p));
}

static void add(struct reader *r, const char *name, const char *value)
{
    struct envfile *out = r->out;
    for (size_t i = 0; i < out->n; i++)
        if (strcmp(out->entries[i].name, name) == 0) {
            const char *text = arena_printf(r->mem, "%s is given twice, first in line %zu", name,
                                            out->entries[i].line);
            fault(r, text, "remove one of the two lines");
            return;
        }
    if (out->n == r->capacity) {
        r->capacity = r->capacity ? r->capacity * 2 : 32;
        struct envfile_entry *bigger = arena_alloc(r->mem, r->capacity * sizeof *bigger);
        if (out->n)
            memcpy(bigger, out->entries, out->n * sizeof *bigger);
        out->entries = bigger;
    }
    out->entries[out->n++] = (struct envfile_entry){name, value, r->line};
}

static void read_line(struct reader *r, const char *p)
{
    p += strspn(p, " \t");
    if (!*p || *p == '#')
        return;
    if (strncmp(p, "export", 6) == 0 && (p[6] == ' ' || p[6] == '\t'))
        p += 6 + strspn(p + 6, " \t");
    size_t n = 0;
    while (isalnum((unsigned char)p[n]) || p[n] == '_')
        n++;
    const char *equals = p + n + strspn(p + n, " \t");
    if (!n || isdigit((unsigned char)p[0]) || *equals != '=') {
        fault(r, "no NAME=value line",
              "names are made of letters, digits and '_'; begin a comment "
              "with '#'");
        return;
    }
    const char *name = arena_strndup(r->mem, p, n);
    p = equals + 1 + strspn(equals + 1, " \t");
    const char *value = *p == '"' || *p == '\'' ? quoted_value(r, p) : plain_value(r, p);
    if (value)
        add(r, name, value);
}

int envfile_parse(const char *path, const char *text, size_t n, struct arena *mem,
                  struct envfile *out, struct faults *faults)
{
    struct reader r = {.path = path, .mem = mem, .out = out, .faults = faults};
    *out = (struct envfile){.path = path};
    const char *p = text, *end = text + n;
    if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        p += 3;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t length = (size_t)((newline ? newline : end) - p);
        r.line++;
        if (!str_utf8_ok(p, length)) {
            fault(&r, "a byte that is not UTF-8, or a NUL byte", "save the file as UTF-8");
        } else {
            if (length && p[length - 1] == '\r')
                length--;
            read_line(&r, arena_strndup(mem, p, length));
        }
        p = newline ? newline + 1 : end;
    }
    return r.failed ? STATUS_CONFIG : 0;
}

static int holds_secret(const struct envfile *file)
{
    for (size_t i = 0; i < file->n; i++)
        if (file->entries[i].value[0] && envfile_secret_name(file->entries[i].name))
            return 1;
    return 0;
}

int envfile_read(const char *path, struct arena *mem, struct envfile *out, struct faults *faults)
{
    struct str text;
    struct error err = {0};
    mode_t mode = 0;
    *out = (struct envfile){.path = path};
    str_init(&text, ENVFILE_MAX);
    int result = safefile_read(path, "env file", SAFEFILE_TRUSTED, &text, &mode, &err);
    if (result == 0)
        result = envfile_parse(path, text.data, text.len, mem, out, faults);
    if (holds_secret(out) && safefile_private(path, "env file", mode, &err) != 0)
        result = STATUS_CONFIG;
    if (err.code)
        faults_add(faults, &err);
    str_clear(&text);
    return result;
}
