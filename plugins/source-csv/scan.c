/*
 * scan.c - the state machine of CSV.
 *
 * Most bytes mean nothing: a table says which ones stop the loop in a field with quotes and in
 * one without. What the standard does not allow, a quote in the middle of a field or text behind
 * a closing one, is noted and read as plain text up to the next delimiter, so that it costs this
 * record and no other.
 */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

#define STOPS_PLAIN 1U
#define STOPS_QUOTED 2U

void scan_init(struct scan *s, char delimiter, char quote)
{
    *s = (struct scan){.delimiter = delimiter, .quote = quote};
    s->stops[(unsigned char)delimiter] = STOPS_PLAIN;
    s->stops['\r'] = s->stops['\n'] = STOPS_PLAIN | STOPS_QUOTED;
    if (quote)
        s->stops[(unsigned char)quote] = STOPS_PLAIN | STOPS_QUOTED;
}

void scan_clear(struct scan *s)
{
    free(s->fields);
    s->fields = NULL;
    s->capacity = 0;
}

void scan_begin(struct scan *s, size_t most)
{
    s->most = most;
    s->at = s->len = s->n_fields = 0;
    s->lines = s->quote_in = 0;
    s->state = SCAN_FIELD;
    s->last = s->bad_quote = s->dropped = 0;
}

void scan_drop(struct scan *s)
{
    s->dropped = 1;
    s->at = 0;
}

static int grow(struct scan *s)
{
    size_t capacity = s->capacity ? s->capacity * 2 : 64;
    struct scan_field *fields = realloc(s->fields, capacity * sizeof *fields);
    if (!fields)
        return -1;
    s->fields = fields;
    s->capacity = capacity;
    return 0;
}

static int begin_field(struct scan *s, size_t from, uint8_t quoted)
{
    size_t i = s->n_fields++;
    s->state = quoted ? SCAN_QUOTED : SCAN_PLAIN;
    if (quoted)
        s->quote_in = s->lines;
    if (s->dropped || i >= s->most)
        return 0;
    if (i == s->capacity && grow(s))
        return -1;
    s->fields[i] = (struct scan_field){.from = from, .quoted = quoted};
    return 0;
}

static struct scan_field *current(const struct scan *s)
{
    return s->dropped || s->n_fields > s->most ? NULL : &s->fields[s->n_fields - 1];
}

static void end_field(const struct scan *s, size_t at)
{
    struct scan_field *field = current(s);
    if (field)
        field->len = at - field->from;
}

/* Behind a field: 1 when the record has ended. */
static int behind_field(struct scan *s, char c)
{
    if (c == s->delimiter) {
        s->at++;
        s->state = SCAN_FIELD;
        return 0;
    }
    s->len = s->at++;
    s->lines++;
    s->state = SCAN_CR;
    return c == '\n';
}

static void skip(struct scan *s, const char *text, size_t len, unsigned stops)
{
    size_t at = s->at;
    while (at < len && !(s->stops[(unsigned char)text[at]] & stops))
        at++;
    s->at = at;
}

static int in_plain(struct scan *s, const char *text, size_t len)
{
    skip(s, text, len, STOPS_PLAIN);
    if (s->at == len)
        return 0;
    char c = text[s->at];
    if (s->quote && c == s->quote) {
        s->bad_quote = 1;
        s->at++;
        return 0;
    }
    if (s->state == SCAN_PLAIN)
        end_field(s, s->at);
    return behind_field(s, c);
}

static void in_quotes(struct scan *s, const char *text, size_t len)
{
    size_t from = s->at;
    skip(s, text, len, STOPS_QUOTED);
    if (s->at > from)
        s->last = 0;
    if (s->at == len)
        return;
    char c = text[s->at++];
    if (c == s->quote)
        s->state = SCAN_CLOSED;
    else if (c != '\n' || s->last != '\r')
        s->lines++;
    s->last = (unsigned char)c;
}

static int behind_quote(struct scan *s, char c)
{
    struct scan_field *field = current(s);
    if (c == s->quote) {
        if (field)
            field->doubled = 1;
        s->state = SCAN_QUOTED;
        s->at++;
        return 0;
    }
    end_field(s, s->at - 1);
    if (s->stops[(unsigned char)c] & STOPS_PLAIN)
        return behind_field(s, c);
    s->bad_quote = 1;
    s->state = SCAN_BEHIND;
    return 0;
}

/* One move; 1 when the record has ended, -1 without memory. */
static int step(struct scan *s, const char *text, size_t len)
{
    char c = text[s->at];
    switch (s->state) {
    case SCAN_FIELD:
        if (!s->quote || c != s->quote)
            return begin_field(s, s->at, 0);
        return begin_field(s, ++s->at, 1);
    case SCAN_QUOTED:
        in_quotes(s, text, len);
        return 0;
    case SCAN_CLOSED:
        return behind_quote(s, c);
    case SCAN_CR:
        s->at += c == '\n';
        return 1;
    default:
        return in_plain(s, text, len);
    }
}

/* The text ends here. */
static enum scan_result finish(struct scan *s)
{
    if (s->state == SCAN_CR)
        return SCAN_ENDED;
    if (s->state == SCAN_QUOTED)
        return SCAN_OPEN;
    if (s->state == SCAN_FIELD) {
        if (!s->n_fields)
            return SCAN_NONE;
        if (begin_field(s, s->at, 0))
            return SCAN_NOMEM;
    }
    if (s->state != SCAN_BEHIND)
        end_field(s, s->at - (s->state == SCAN_CLOSED));
    s->len = s->at;
    return SCAN_ENDED;
}

enum scan_result scan_feed(struct scan *s, const char *text, size_t len, int last)
{
    while (s->at < len) {
        int ended = step(s, text, len);
        if (ended)
            return ended < 0 ? SCAN_NOMEM : SCAN_ENDED;
    }
    return last ? finish(s) : SCAN_MORE;
}

size_t scan_unquote(const struct scan *s, const struct scan_field *field, const char *record,
                    char *out)
{
    const char *p = record + field->from, *end = p + field->len;
    char *to = out;
    while (p < end) {
        const char *quote = memchr(p, s->quote, (size_t)(end - p));
        size_t n = (size_t)((quote ? quote + 1 : end) - p);
        memcpy(to, p, n);
        to += n;
        p += n + (quote != NULL);
    }
    return (size_t)(to - out);
}
