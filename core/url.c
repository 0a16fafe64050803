/* url.c - connection texts: RFC 3986 as libpq reads it, and libpq's "keyword=value" form. libpq's
 * own messages quote the text, password included, so the text is checked here before libpq sees
 * it. A fault is told by its class only. When in doubt, masking takes too much. */
#include "url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"

#define MAX_SPANS 16

struct span {
    const char *start, *end;
};

static const char at_sign[] = "more than one '@', or one in the host; in user and password write "
                              "it as %40";
static const char bad_escape[] = "a '%' that two hexadecimal digits do not follow; write a plain "
                                 "one as %25";
static const char no_bracket[] = "a '[' without its ']'; an IPv6 address stands in [ ]";
static const char bad_port[] = "a port that is no number from 1 to 65535; in user and password "
                               "write ':' as %3A, '/' as %2F, '?' as %3F, '#' as %23";
static const char control[] = "a control character or a space";
static const char no_equals[] = "a keyword without '='";
static const char bad_keyword[] = "a parameter name that is not made of letters, digits and '_'";
static const char open_quote[] = "a quote that is not closed";
static const char no_scheme[] = "neither postgresql://user@host/database nor keyword=value pairs";

static const char *authority_of(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    return n && isalpha((unsigned char)text[0]) && strncmp(text + n, "://", 3) == 0 ? text + n + 3
                                                                                    : NULL;
}

int url_has_scheme(const char *text)
{
    return authority_of(text) != NULL;
}

static int is_database_url(const char *text)
{
    return strncmp(text, "postgresql://", 13) == 0 || strncmp(text, "postgres://", 11) == 0;
}

static int is_keywords(const char *text)
{
    return !authority_of(text) && strchr(text, '=') != NULL;
}

static int bad_percent(const char *text)
{
    for (const char *p = text; (p = strchr(p, '%')); p++)
        if (!isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]) ||
            (p[1] == '0' && p[2] == '0'))
            return 1;
    return 0;
}

/* One "host:port" out of a list; sets *end to what ended it. */
static const char *host_fault(const char *p, const char **end)
{
    const char *stop = p + strcspn(p, ",/?#");
    if (*p == '[') {
        const char *close = memchr(p, ']', (size_t)(stop - p));
        if (!close)
            return no_bracket;
        p = close + 1;
        if (*p != ':' && p != stop)
            return bad_port;
    } else if (memchr(p, '[', (size_t)(stop - p))) {
        return no_bracket;
    }
    const char *colon = memchr(p, ':', (size_t)(stop - p));
    if (memchr(p, '@', (size_t)(stop - p)))
        return at_sign;
    *end = stop;
    if (!colon || colon + 1 == stop)
        return NULL;
    size_t digits = strspn(colon + 1, "0123456789");
    long port = strtol(colon + 1, NULL, 10);
    return digits == (size_t)(stop - colon - 1) && digits <= 5 && port >= 1 && port <= 65535
               ? NULL
               : bad_port;
}

static const char *query_fault(const char *p)
{
    while (*p) {
        size_t name = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        if (p[name] != '=')
            return p[name] == '&' || !p[name] ? no_equals : bad_keyword;
        if (!name)
            return bad_keyword;
        p += name + strcspn(p + name, "&");
        p += *p == '&';
    }
    return NULL;
}

static const char *uri_fault(const char *text, const char *authority)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return control;
    if (bad_percent(text))
        return bad_escape;
    /* As libpq: the user part ends at the first '@' before a '/'. */
    const char *p = authority + strcspn(authority, "@/");
    p = *p == '@' ? p + 1 : authority;
    const char *end = p;
    const char *fault = host_fault(p, &end);
    while (!fault && *end == ',') {
        p = end + 1;
        fault = host_fault(p, &end);
    }
    if (fault)
        return fault;
    p = end;
    const char *query = strchr(p, '?');
    /* '@' behind the host is legal, but is as good as always the rest of a password. */
    if (is_database_url(text) && memchr(p, '@', query ? (size_t)(query - p) : strlen(p)))
        return at_sign;
    return query && is_database_url(text) ? query_fault(query + 1) : NULL;
}

/* Reads one pair at *p and goes behind it. NULL, or what is wrong. */
static const char *next_pair(const char **p, struct span *key, struct span *value)
{
    const char *s = *p;
    key->start = s;
    s += strcspn(s, "= \t\r\n");
    key->end = s;
    s += strspn(s, " \t\r\n");
    if (*s != '=')
        return no_equals;
    if (key->start == key->end)
        return bad_keyword;
    s++;
    s += strspn(s, " \t\r\n");
    int quoted = *s == '\'';
    s += quoted;
    value->start = s;
    while (*s && (quoted ? *s != '\'' : !strchr(" \t\r\n", *s)))
        s += *s == '\\' && s[1] ? 2 : 1;
    value->end = s;
    if (quoted && *s != '\'')
        return open_quote;
    s += quoted;
    *p = s + strspn(s, " \t\r\n");
    return NULL;
}

static const char *keywords_fault(const char *text)
{
    const char *p = text + strspn(text, " \t\r\n");
    while (*p) {
        struct span key, value;
        const char *fault = next_pair(&p, &key, &value);
        if (fault)
            return fault;
        for (const char *k = key.start; k < key.end; k++)
            if (!isalnum((unsigned char)*k) && *k != '_')
                return bad_keyword;
    }
    return NULL;
}

const char *url_fault(const char *text)
{
    const char *authority = authority_of(text);
    if (authority)
        return uri_fault(text, authority);
    return is_keywords(text) ? keywords_fault(text) : no_scheme;
}

const char *url_database_fault(const char *text)
{
    return is_database_url(text) || is_keywords(text) ? url_fault(text) : no_scheme;
}

static int is_secret_key(const char *start, const char *end)
{
    static const char *const words[] = {"password", "passwd", "secret", "token", "key", "pass"};
    for (const char *p = start; p < end; p++)
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (strlen(words[i]) <= (size_t)(end - p) &&
                strncasecmp(p, words[i], strlen(words[i])) == 0)
                return 1;
    return 0;
}

static size_t uri_spans(const char *authority, struct span *spans)
{
    size_t n = 0;
    /* The last '@' that may end a password: also where one was not encoded. */
    const char *query = strchr(authority, '?');
    const char *at = strrchr(authority, '@');
    const char *colon = strchr(authority, ':');
    if (at && query && query < at && memchr(authority, '@', (size_t)(query - authority)))
        at = memrchr(authority, '@', (size_t)(query - authority));
    if (at && colon && colon < at)
        spans[n++] = (struct span){colon + 1, at};
    query = strchr(at ? at : authority, '?');
    while (query && *query && n < MAX_SPANS) {
        const char *key = query + 1, *end = key + strcspn(key, "&#");
        const char *equals = memchr(key, '=', (size_t)(end - key));
        if (equals && is_secret_key(key, equals))
            spans[n++] = (struct span){equals + 1, end};
        query = *end == '&' ? end : NULL;
    }
    return n;
}

static size_t keyword_spans(const char *text, struct span *spans)
{
    size_t n = 0;
    const char *p = text + strspn(text, " \t\r\n");
    while (*p && n < MAX_SPANS) {
        struct span key, value = {NULL, NULL};
        const char *fault = next_pair(&p, &key, &value);
        if (value.start && is_secret_key(key.start, key.end))
            spans[n++] = value;
        if (fault)
            break;
    }
    return n;
}

/* Where the secrets are, in order. */
static size_t secret_spans(const char *text, struct span spans[MAX_SPANS])
{
    const char *authority = authority_of(text);
    if (authority)
        return uri_spans(authority, spans);
    return is_keywords(text) ? keyword_spans(text, spans) : 0;
}

void url_mask(struct str *out, const char *text)
{
    struct span spans[MAX_SPANS];
    size_t n = secret_spans(text, spans);
    for (size_t i = 0; i < n; i++) {
        str_add_n(out, text, (size_t)(spans[i].start - text));
        if (spans[i].end > spans[i].start)
            str_add(out, "***");
        text = spans[i].end;
    }
    str_add(out, text);
}

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

void url_register_secrets(const char *text)
{
    struct span spans[MAX_SPANS];
    size_t n = secret_spans(text, spans);
    for (size_t i = 0; i < n; i++) {
        struct str raw, decoded;
        str_init(&raw, 0);
        str_init(&decoded, 0);
        str_add_n(&raw, spans[i].start, (size_t)(spans[i].end - spans[i].start));
        for (const char *p = raw.data; *p; p++) {
            int escape =
                *p == '%' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2]);
            str_add_char(&decoded, escape ? (char)(hex_digit(p[1]) * 16 + hex_digit(p[2])) : *p);
            p += escape ? 2 : 0;
        }
        log_secret(raw.data);
        if (strcmp(raw.data, decoded.data) != 0)
            log_secret(decoded.data);
        str_clear(&raw);
        str_clear(&decoded);
    }
}

void url_encode(struct str *out, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p < 0x80 && (isalnum(*p) || strchr("._~-", *p)))
            str_add_char(out, (char)*p);
        else
            str_printf(out, "%%%02X", *p);
    }
}
