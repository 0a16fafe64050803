/*
 * dateformat.c - date formats compiled to items, and compared with each other.
 *
 * Nothing is guessed: what is no element must be quoted, and two formats that would read one
 * text in two ways are found here, before any text is read.
 */
#include "dateformat.h"

#include <string.h>
#include <strings.h>

struct element {
    const char *text; /* longest first */
    char kind;
    uint8_t min, max;
};

static const struct element ELEMENTS[] = {
    {"YYYY", KIND_YEAR, 4, 4}, {"YY", KIND_SHORT_YEAR, 2, 2}, {"MMM", KIND_MONTH_NAME, 3, 3},
    {"MM", KIND_MONTH, 2, 2},  {"M", KIND_MONTH, 1, 2},       {"DD", KIND_DAY, 2, 2},
    {"D", KIND_DAY, 1, 2},     {"HH", KIND_HOUR, 2, 2},       {"H", KIND_HOUR, 1, 2},
    {"mm", KIND_MINUTE, 2, 2}, {"ss", KIND_SECOND, 2, 2},     {"SSS", KIND_FRACTION, 1, 9},
    {"Z", KIND_ZONE, 1, 6},
};

/* ---- compiling ------------------------------------------------------------------------ */

static const char *add(struct dateformat *f, char kind, char literal, uint8_t min, uint8_t max)
{
    if (f->n == DATEFORMAT_MAX_ITEMS)
        return "it is too long";
    f->items[f->n++] = (struct dateformat_item){kind, literal, min, max};
    f->has_year |= kind == KIND_YEAR || kind == KIND_SHORT_YEAR;
    f->has_two_digit_year |= kind == KIND_SHORT_YEAR;
    f->has_month |= kind == KIND_MONTH || kind == KIND_MONTH_NAME;
    f->has_day |= kind == KIND_DAY;
    f->has_hour |= kind == KIND_HOUR;
    f->has_part_of_hour |= strchr("msfZ", kind) != NULL;
    return NULL;
}

static const struct element *find_element(const char *p, size_t left)
{
    for (size_t i = 0; i < sizeof ELEMENTS / sizeof *ELEMENTS; i++) {
        size_t n = strlen(ELEMENTS[i].text);
        if (n <= left && memcmp(p, ELEMENTS[i].text, n) == 0)
            return &ELEMENTS[i];
    }
    return NULL;
}

/* `*p` is at '['. */
static const char *add_bracketed(struct dateformat *f, const char **p, const char *end)
{
    const char *fault = NULL;
    for ((*p)++; *p < end && **p != ']' && !fault; (*p)++)
        fault = add(f, KIND_LITERAL, **p, 1, 1);
    if (fault)
        return fault;
    if (*p == end)
        return "a bracket is not closed";
    (*p)++;
    return NULL;
}

static int is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static const char *add_next(struct dateformat *f, const char **p, const char *end)
{
    const struct element *e = find_element(*p, (size_t)(end - *p));
    if (e) {
        *p += strlen(e->text);
        return add(f, e->kind, 0, e->min, e->max);
    }
    if (**p == '[')
        return add_bracketed(f, p, end);
    if (is_letter(**p) && **p != 'T')
        return "it holds letters that are no element; other letters stand in brackets: [of]";
    return add(f, KIND_LITERAL, *(*p)++, 1, 1);
}

static int is_digits(const struct dateformat_item *item)
{
    return item->kind != KIND_LITERAL && item->kind != KIND_T_OR_BLANK &&
           item->kind != KIND_MONTH_NAME && item->kind != KIND_ZONE;
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *check(const struct dateformat *f)
{
    if (!f->has_year || !f->has_month || !f->has_day)
        return "it lacks the year, the month or the day";
    if (f->has_part_of_hour && !f->has_hour)
        return "it has minutes, seconds or an offset but no hours";
    for (size_t i = 0; i + 1 < f->n; i++) {
        const struct dateformat_item *a = &f->items[i], *b = &f->items[i + 1];
        int digit_follows = is_digits(b) || (b->kind == KIND_LITERAL && is_digit(b->literal));
        if (is_digits(a) && a->min != a->max && digit_follows)
            return "a number of one or two digits is followed by a digit";
    }
    for (size_t i = 0; i < f->n; i++)
        for (size_t j = i + 1; j < f->n; j++)
            if (f->items[i].kind == f->items[j].kind && f->items[i].kind != KIND_LITERAL)
                return "an element stands in it twice";
    return NULL;
}

static const char *compile_one(const char *text, size_t len, struct dateformat *f)
{
    const char *p = text, *end = text + len, *fault = NULL;
    *f = (struct dateformat){.n = 0};
    while (p < end && !fault)
        fault = add_next(f, &p, end);
    return fault ? fault : check(f);
}

static int is_word(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && strncasecmp(text, word, len) == 0;
}

/* What ISO 8601 and RFC 3339 texts of databases and web services look like. */
static size_t compile_iso(struct dateformat *out)
{
    static const char *const forms[] = {
        "YYYY-MM-DD",          "YYYY-MM-DDTHH:mm:ss.SSSZ", "YYYY-MM-DDTHH:mm:ssZ",
        "YYYY-MM-DDTHH:mm:ss", "YYYY-MM-DDTHH:mm:ss.SSS",  "YYYY-MM-DDTHH:mmZ",
        "YYYY-MM-DDTHH:mm",
    };
    size_t n = sizeof forms / sizeof *forms;
    for (size_t i = 0; i < n; i++) {
        (void)compile_one(forms[i], strlen(forms[i]), &out[i]);
        for (size_t j = 0; j < out[i].n; j++)
            if (out[i].items[j].literal == 'T')
                out[i].items[j].kind = KIND_T_OR_BLANK;
    }
    return n;
}

size_t dateformat_compile(const char *text, size_t len, struct dateformat *out, const char **fault)
{
    *fault = NULL;
    if (is_word(text, len, "iso"))
        return compile_iso(out);
    int seconds = is_word(text, len, "epoch_seconds");
    if (seconds || is_word(text, len, "epoch_millis")) {
        *out = (struct dateformat){.n = 0};
        (void)add(out, seconds ? KIND_EPOCH_SECONDS : KIND_EPOCH_MILLIS, 0, 1,
                  DATEFORMAT_EPOCH_DIGITS);
        return 1;
    }
    *fault = compile_one(text, len, out);
    return *fault ? 0 : 1;
}

/* ---- conflicts ------------------------------------------------------------------------ */

/* Digits that stand together in a format: how many, and what they mean. */
struct digit_run {
    size_t min, max;
    char meaning[DATEFORMAT_MAX_ITEMS + 1];
};

/* From item *i on; leaves *i behind the run. An empty run is no run of digits. */
static void take_run(const struct dateformat *f, size_t *i, struct digit_run *run)
{
    size_t n = 0;
    memset(run, 0, sizeof *run);
    for (; *i < f->n && is_digits(&f->items[*i]); (*i)++) {
        run->min += f->items[*i].min;
        run->max += f->items[*i].max;
        run->meaning[n++] = f->items[*i].kind;
    }
}

static int same_item(const struct dateformat_item *a, const struct dateformat_item *b)
{
    const struct dateformat_item *lit = a->kind == KIND_LITERAL ? a : b;
    if (a->kind == b->kind)
        return a->kind != KIND_LITERAL || a->literal == b->literal;
    return (a->kind == KIND_T_OR_BLANK || b->kind == KIND_T_OR_BLANK) &&
           lit->kind == KIND_LITERAL && (lit->literal == 'T' || lit->literal == ' ');
}

int dateformat_conflict(const struct dateformat *a, const struct dateformat *b)
{
    size_t i = 0, j = 0;
    int differ = 0;
    while (i < a->n && j < b->n) {
        struct digit_run x, y;
        take_run(a, &i, &x);
        take_run(b, &j, &y);
        if (x.min > y.max || y.min > x.max)
            return 0;
        differ |= strcmp(x.meaning, y.meaning) != 0;
        if (x.max > 0)
            continue;
        if (!same_item(&a->items[i++], &b->items[j++]))
            return 0;
    }
    return i == a->n && j == b->n && differ;
}
