/*
 * url.c - the transform "url": the form of a web address, and a scheme for one that lacks it.
 *
 * By RFC 3986: http or https, a host, and only characters that an address may hold. A name and
 * password before the host are refused: they do not belong into a row. What stands behind the host
 * is not looked at further, and nothing is fetched.
 */
#include <string.h>
#include <strings.h>

#include "transform.h"
#include "units.h"

struct url {
    const mig_host_t *host;
    mig_str_t scheme; /* in front of "//"; empty: such an address is refused */
    int null_on_bad;
};

static int starts_with(const char *text, size_t len, const char *head)
{
    size_t n = strlen(head);
    return len >= n && strncasecmp(text, head, n) == 0;
}

/* What is wrong behind the "//", as a static sentence, or NULL. */
static const char *host_fault(const char *p, size_t len)
{
    size_t n = 0;
    while (n < len && !memchr("/?#", p[n], 3))
        n++;
    if (n == 0 || p[0] == ':')
        return "the address names no host";
    return memchr(p, '@', n) ? "the address holds a name or password before its host" : NULL;
}

static const char *find_fault(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c))
            return "a character is not allowed in an address";
    }
    size_t head = starts_with(text, len, "https://")  ? 8
                  : starts_with(text, len, "http://") ? 7
                                                      : 0;
    return head ? host_fault(text + head, len - head)
                : "the address begins with neither http:// nor https://";
}

/* "//host/path" with the scheme. */
static void add_scheme(const struct url *u, mig_value_t *value)
{
    if (!u->scheme.len || !starts_with(value->data, value->len, "//") ||
        value->len > UINT32_MAX - u->scheme.len - 1)
        return;
    char *text = u->host->alloc(u->host, u->scheme.len + 1 + value->len);
    memcpy(text, u->scheme.data, u->scheme.len);
    text[u->scheme.len] = ':';
    memcpy(text + u->scheme.len + 1, value->data, value->len);
    value->data = text;
    value->len += (uint32_t)u->scheme.len + 1;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct url *u = transform_new(host, sizeof *u);
    u->host = host;
    u->scheme = transform_option_text(host, "scheme");
    u->null_on_bad = transform_option_is(host, "on_bad", "null");
    *self = u;
    return MIG_OK;
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct url *u = self;
    int32_t rc;
    if (transform_settled(u->host, in, n_in, TRANSFORM_TAKES(MIG_TEXT), out, &rc))
        return rc;
    *out = *in;
    add_scheme(u, out);
    const char *fault = find_fault(out->data, out->len);
    if (fault && !u->null_on_bad)
        return transform_reject(u->host, "bad_url", fault);
    if (fault) {
        u->host->repaired(u->host, NULL, "bad_url_to_null");
        *out = (mig_value_t){.kind = MIG_NULL};
    }
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {
    {"scheme", MIG_OPT_TEXT, 0, NULL, "http|https",
     "Put in front of an address that begins with \"//\"."},
    {"on_bad", MIG_OPT_TEXT, 0, "reject", "reject|null",
     "What becomes of a text that is no web address; null is counted."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(url_unit, "url", "Checks the form of a web address.", OPTIONS, create,
               transform_destroy_nothing, apply);
