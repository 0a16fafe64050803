/*
 * jsonscan.c - structural scanner over JSON text (RFC 8259).
 *
 * Not a validator and not a parser: literals, numbers, escapes and bytes of strings are passed
 * over unread. Nothing is allocated. Every loop moves forward by at least one byte, so that
 * any input costs time in proportion to its length.
 *
 * Strings are left by memchr() for the next quote and a count of the backslashes before it:
 * an even number means that the quote is a real one.
 */
#include "common/jsonscan.h"

#include <string.h>

#include "common/jsontext.h"

enum { PLAIN, QUOTE, OPEN, CLOSE, COMMA };

static const unsigned char class_of[256] = {
    ['"'] = QUOTE, ['{'] = OPEN, ['['] = OPEN, ['}'] = CLOSE, [']'] = CLOSE, [','] = COMMA,
};

static int is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

const char *jsonscan_blank(const char *p, const char *end)
{
    while (p < end && is_blank(*p))
        p++;
    return p;
}

struct jsonscan_slice jsonscan_trim(const char *text, size_t len)
{
    const char *end = text + len, *begin = jsonscan_blank(text, end);
    while (end > begin && is_blank(end[-1]))
        end--;
    return (struct jsonscan_slice){begin, (size_t)(end - begin)};
}

/* 1 when an odd number of backslashes stands before `at`. */
static int behind_backslash(const char *begin, const char *at)
{
    const char *p = at;
    while (p > begin && p[-1] == '\\')
        p--;
    return (at - p) & 1;
}

const char *jsonscan_string(const char *at, const char *end)
{
    for (;;) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (!quote)
            return NULL;
        if (!behind_backslash(at, quote))
            return quote + 1;
        at = quote + 1;
    }
}

void jsonscan_begin(struct jsonscan *s)
{
    /* The bits of `kinds` are written before they are read. */
    s->depth = s->nodes = s->parts = 0;
    s->in_string = s->escaped = 0;
}

int jsonscan_closed(const struct jsonscan *s)
{
    return s->depth == 0 && !s->in_string;
}

static const char *feed_string(struct jsonscan *s, const char *at, const char *end)
{
    if (s->escaped) {
        s->escaped = 0;
        at++;
    }
    const char *after = jsonscan_string(at, end);
    if (after) {
        s->in_string = 0;
        s->parts += s->depth == 0;
        return after;
    }
    /* The tail may hold quotes that were escaped; backslashes are counted from the last. */
    s->escaped = (uint8_t)behind_backslash(at, end);
    return end;
}

static void push(struct jsonscan *s, char bracket)
{
    if (s->depth < JSONSCAN_DEPTH) {
        uint64_t bit = (uint64_t)1 << (s->depth % 64U);
        if (bracket == '{')
            s->kinds[s->depth / 64U] |= bit;
        else
            s->kinds[s->depth / 64U] &= ~bit;
    }
    s->nodes++;
    s->depth++;
}

static int pop(struct jsonscan *s, char bracket)
{
    s->depth--;
    s->parts += s->depth == 0;
    if (s->depth >= JSONSCAN_DEPTH)
        return 1;
    uint64_t is_object = s->kinds[s->depth / 64U] >> (s->depth % 64U) & 1U;
    return is_object == (uint64_t)(bracket == '}');
}

/* Runs over every byte of a document twice; tidier shapes were up to a third slower. */
enum jsonscan_result jsonscan_feed(struct jsonscan *s, const char *p, size_t n, size_t *used)
{
    const char *at = p, *end = p + n;
    while (at < end) {
        if (s->in_string) {
            at = feed_string(s, at, end);
            continue;
        }
        unsigned char class = class_of[(unsigned char)*at];
        if (class == QUOTE) {
            s->in_string = 1;
        } else if (class == OPEN) {
            push(s, *at);
        } else if (class >= CLOSE) {
            int outside = s->depth == 0;
            if (outside || (class == CLOSE && !pop(s, *at))) {
                *used = (size_t)(at - p);
                return outside ? JSONSCAN_END : JSONSCAN_BROKEN;
            }
            s->nodes += class == COMMA;
        }
        at++;
    }
    *used = n;
    return JSONSCAN_MORE;
}

void jsonscan_walk(struct jsonscan_walk *w, const char *text, size_t len)
{
    *w = (struct jsonscan_walk){.at = text, .end = text + len, .first = 1};
}

/* Behind a value that ends inside the text, with `out` set; NULL when it is cut. */
static const char *take_value(struct jsonscan_walk *w, const char *at, struct jsonscan_slice *out)
{
    const char *p = at;
    if (p < w->end && *p == '"') {
        p = jsonscan_string(p + 1, w->end);
        if (!p)
            return NULL;
    } else if (p < w->end && class_of[(unsigned char)*p] == PLAIN) {
        while (p < w->end && class_of[(unsigned char)*p] == PLAIN && !is_blank(*p))
            p++;
    } else {
        struct jsonscan scan;
        size_t used;
        jsonscan_begin(&scan);
        if (jsonscan_feed(&scan, p, (size_t)(w->end - p), &used) != JSONSCAN_END)
            return NULL;
        *out = jsonscan_trim(p, used);
        return p + used;
    }
    *out = (struct jsonscan_slice){at, (size_t)(p - at)};
    return jsonscan_blank(p, w->end);
}

/* From behind the opening quote of a key to its value. */
static const char *take_key(struct jsonscan_walk *w, const char *key, struct jsonscan_member *m)
{
    const char *at = jsonscan_string(key, w->end);
    if (!at)
        return NULL;
    m->key = (struct jsonscan_slice){key, (size_t)(at - 1 - key)};
    at = jsonscan_blank(at, w->end);
    return at < w->end && *at == ':' ? jsonscan_blank(at + 1, w->end) : NULL;
}

int jsonscan_next(struct jsonscan_walk *w, struct jsonscan_member *m)
{
    const char *at = w->at, *end = w->end;
    int empty_allowed = w->first;
    if (at < end && *at == (w->first ? '{' : ','))
        at = jsonscan_blank(at + 1, end);
    else if (w->first || at >= end || *at != '}')
        return -1;
    else
        empty_allowed = 1;
    w->first = 0;
    if (at < end && *at == '}' && empty_allowed) {
        w->at = at + 1;
        return 0;
    }
    if (at >= end || *at != '"')
        return -1;
    at = take_key(w, at + 1, m);
    at = at ? take_value(w, at, &m->value) : NULL;
    if (!at || !m->value.len)
        return -1;
    w->at = at;
    return 1;
}

static int find_member(struct jsonscan_slice in, const char *name, size_t n,
                       struct jsonscan_slice *out)
{
    struct jsonscan_walk w;
    struct jsonscan_member m;
    jsonscan_walk(&w, in.data, in.len);
    while (jsonscan_next(&w, &m) == 1)
        if (jsontext_equal(m.key.data, m.key.len, name, n)) {
            *out = m.value;
            return 1;
        }
    return 0;
}

static int find_element(struct jsonscan_slice in, const char *name, size_t n,
                        struct jsonscan_slice *out)
{
    size_t wanted = 0;
    for (size_t i = 0; i < n; i++) {
        if (name[i] < '0' || name[i] > '9' || i > 8)
            return 0;
        wanted = wanted * 10 + (size_t)(name[i] - '0');
    }
    const char *at = in.data + 1, *end = in.data + in.len;
    for (size_t number = 0;; number++) {
        struct jsonscan scan;
        size_t used;
        jsonscan_begin(&scan);
        if (jsonscan_feed(&scan, at, (size_t)(end - at), &used) != JSONSCAN_END)
            return 0;
        if (number == wanted) {
            *out = jsonscan_trim(at, used);
            return out->len > 0;
        }
        if (at[used] != ',')
            return 0;
        at += used + 1;
    }
}

int jsonscan_path(const char *text, size_t len, const char *path, size_t path_len,
                  struct jsonscan_slice *out)
{
    struct jsonscan_slice at = jsonscan_trim(text, len);
    const char *end = path + path_len;
    for (;;) {
        const char *dot = memchr(path, '.', (size_t)(end - path));
        size_t n = (size_t)((dot ? dot : end) - path);
        if (!n || !at.len)
            return 0;
        int found = *at.data == '{'   ? find_member(at, path, n, &at)
                    : *at.data == '[' ? find_element(at, path, n, &at)
                                      : 0;
        if (!found)
            return 0;
        if (!dot)
            break;
        path = dot + 1;
    }
    *out = at;
    return 1;
}
