/* scan.c - are any of these texts in a file? The first four bytes of each choose its list, so that
 * most places of the file cost one look, however many texts there are. */
#include "scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "str.h"

#define LISTS 65536
#define SHORTEST 4
#define LONGEST 512 /* what is longer is known by its beginning */
#define MOST 20000  /* texts; more are a whole table that fell, of which these show it as well */
#define PIECE 65536

struct needle {
    struct needle *next;
    const char *what;
    size_t n;
    char text[];
};

struct scan {
    struct arena *mem;
    size_t n;
    struct needle *lists[LISTS];
};

struct scan *scan_new(void)
{
    struct scan *s = arena_heap(NULL, sizeof *s);
    memset(s, 0, sizeof *s);
    s->mem = arena_new();
    return s;
}

void scan_free(struct scan *s)
{
    if (s)
        arena_free(s->mem);
    free(s);
}

size_t scan_count(const struct scan *s)
{
    return s->n;
}

static size_t list_of(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    unsigned h = (unsigned)u[0] | (unsigned)u[1] << 8 | (unsigned)u[2] << 16 | (unsigned)u[3] << 24;
    return (h * 2654435761U) >> 16;
}

static void add(struct scan *s, const char *what, const char *text, size_t n)
{
    n = n < LONGEST ? n : LONGEST;
    if (n < SHORTEST || s->n >= MOST)
        return;
    struct needle **list = &s->lists[list_of(text)];
    for (const struct needle *other = *list; other; other = other->next)
        if (other->n == n && memcmp(other->text, text, n) == 0)
            return;
    struct needle *needle = arena_alloc(s->mem, sizeof *needle + n);
    needle->next = *list;
    needle->what = arena_strdup(s->mem, what);
    needle->n = n;
    memcpy(needle->text, text, n);
    *list = needle;
    s->n++;
}

static int is_telling(const char *text, size_t n)
{
    size_t letters = 0, digits = 0;
    for (size_t i = 0; i < n; i++) {
        letters += isalpha((unsigned char)text[i]) != 0;
        digits += isdigit((unsigned char)text[i]) != 0;
    }
    return n >= 8 && letters < n && digits < n;
}

/* As one of the forms of file writes it. */
static void add_form(struct scan *s, const char *what, const char *text, size_t n,
                     const char *(*form)(char c))
{
    struct str out;
    str_init(&out, 0);
    for (size_t i = 0; i < n; i++) {
        const char *written = form(text[i]);
        if (written)
            str_add(&out, written);
        else
            str_add_char(&out, text[i]);
    }
    if (out.len > n)
        add(s, what, out.data, out.len);
    str_clear(&out);
}

static const char *form_json(char c)
{
    return c == '"'    ? "\\\""
           : c == '\\' ? "\\\\"
           : c == '\n' ? "\\n"
           : c == '\r' ? "\\r"
           : c == '\t' ? "\\t"
                       : NULL;
}

static const char *form_csv(char c)
{
    return c == '"' ? "\"\"" : NULL;
}

static const char *form_html(char c)
{
    return c == '&'    ? "&amp;"
           : c == '<'  ? "&lt;"
           : c == '>'  ? "&gt;"
           : c == '"'  ? "&quot;"
           : c == '\'' ? "&#39;"
                       : NULL;
}

static const char *form_sql(char c)
{
    return c == '\'' ? "''" : NULL;
}

void scan_add(struct scan *s, const char *what, const char *text, size_t n, int surely)
{
    const char *(*const forms[])(char c) = {form_json, form_csv, form_html, form_sql};
    if (!surely && !is_telling(text, n))
        return;
    add(s, what, text, n);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        add_form(s, what, text, n, forms[i]);
}

/* The first text in the bytes before `end`; one may reach up to `all`. */
static const char *find(const struct scan *s, const char *data, size_t end, size_t all)
{
    for (size_t i = 0; i < end && i + SHORTEST <= all; i++)
        for (const struct needle *x = s->lists[list_of(data + i)]; x; x = x->next)
            if (x->n <= all - i && memcmp(x->text, data + i, x->n) == 0)
                return x->what;
    return NULL;
}

int scan_fd(const struct scan *s, int fd, const char **what)
{
    char *data = arena_heap(NULL, PIECE + LONGEST);
    size_t have = 0;
    ssize_t n = 1;
    *what = NULL;
    if (lseek(fd, 0, SEEK_SET) < 0)
        n = -1;
    while (n > 0 && !*what) {
        n = read(fd, data + have, PIECE + LONGEST - have);
        if (n < 0 && errno == EINTR) {
            n = 1;
            continue;
        }
        have += n > 0 ? (size_t)n : 0;
        size_t end = n == 0 ? have : have > LONGEST ? have - LONGEST : 0;
        *what = find(s, data, end, have);
        memmove(data, data + end, have - end);
        have -= end;
    }
    free(data);
    return n < 0 ? -1 : 0;
}
