/*
 * email.c - the transform "email": the form of an address.
 *
 * The rule is that of HTML's input type "email" narrowed by RFC 5321: a local part of
 * dot-separated atoms of at most 64 bytes, a domain of at least two labels of at most 63
 * letters, digits and inner hyphens, the last not all digits, 254 bytes in all. Quoted local
 * parts, address literals and non-ASCII addresses are refused. The validator "email" states
 * the same rule in SQL; tests/fixtures/emails.txt holds both to one table.
 */
#include <string.h>

#include "template.h"
#include "transform.h"
#include "units.h"

#define MAX_LOCAL 64
#define MAX_LABEL 63
#define MAX_ALL 254

struct email {
    const mig_host_t *host;
    int null_on_bad, lower_domain;
    int has_placeholder;
    struct template placeholder;
};

static int is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static const char *local_fault(const char *p, size_t len)
{
    if (len == 0)
        return "there is nothing before the @";
    if (len > MAX_LOCAL)
        return "the part before the @ is longer than 64 bytes";
    for (size_t i = 0; i < len; i++) {
        int is_dot = p[i] == '.';
        if (is_dot && (i == 0 || i == len - 1 || p[i - 1] == '.'))
            return "a dot before the @ stands first, last or beside another";
        if (!is_dot && !is_alnum(p[i]) && (p[i] == '\0' || !strchr("!#$%&'*+/=?^_`{|}~-", p[i])))
            return "a character before the @ is not allowed there";
    }
    return NULL;
}

static const char *label_fault(const char *p, size_t len)
{
    if (len == 0)
        return "the domain has an empty part";
    if (len > MAX_LABEL)
        return "a part of the domain is longer than 63 bytes";
    if (p[0] == '-' || p[len - 1] == '-')
        return "a part of the domain begins or ends with a hyphen";
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(p[i]) && p[i] != '-')
            return "a character of the domain is not allowed there";
    return NULL;
}

static const char *domain_fault(const char *p, size_t len)
{
    const char *end = p + len;
    for (size_t labels = 1;; labels++) {
        const char *dot = memchr(p, '.', (size_t)(end - p));
        size_t n = (size_t)((dot ? dot : end) - p);
        const char *fault = label_fault(p, n);
        if (fault)
            return fault;
        if (dot) {
            p = dot + 1;
            continue;
        }
        if (labels < 2)
            return "the domain has no dot";
        for (; n > 0 && p[n - 1] >= '0' && p[n - 1] <= '9'; n--)
            ;
        return n == 0 ? "the domain ends with a number" : NULL;
    }
}

/* What is wrong with the address, as a static sentence, or NULL. */
static const char *find_fault(const char *text, size_t len)
{
    const char *at = len > 0 ? memchr(text, '@', len) : NULL;
    if (!at)
        return "there is no @";
    if (len > MAX_ALL)
        return "the address is longer than 254 bytes";
    size_t local = (size_t)(at - text);
    const char *fault = local_fault(text, local);
    return fault ? fault : domain_fault(at + 1, len - local - 1);
}

static void lower_domain(const struct email *e, mig_value_t *value)
{
    const char *at = memchr(value->data, '@', value->len);
    char *copy = NULL;
    for (size_t i = (size_t)(at - value->data); i < value->len; i++) {
        if (value->data[i] < 'A' || value->data[i] > 'Z')
            continue;
        if (!copy) {
            copy = e->host->alloc(e->host, value->len);
            memcpy(copy, value->data, value->len);
            value->data = copy;
            e->host->repaired(e->host, NULL, "lower_domain");
        }
        copy[i] = (char)(copy[i] - 'A' + 'a');
    }
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct email *e = transform_new(host, sizeof *e);
    *self = e;
    e->host = host;
    e->null_on_bad = transform_option_is(host, "on_bad", "null");
    e->has_placeholder = transform_option_is(host, "on_bad", "placeholder");
    e->lower_domain = transform_option_flag(host, "lower_domain");
    if (e->has_placeholder != (transform_option_text(host, "placeholder").len > 0))
        return host->fail(host, MIG_E_CONFIG,
                          "\"placeholder\" and \"on_bad\": \"placeholder\" go together",
                          "give both or neither");
    return e->has_placeholder ? template_read(host, "placeholder", &e->placeholder) : MIG_OK;
}

/* The placeholder must be an address itself: the values that it takes decide. */
static int32_t take_placeholder(const struct email *e, const mig_value_t *in, uint32_t n_in,
                                const char *rule, mig_value_t *out)
{
    int32_t rc = template_fill(e->host, &e->placeholder, in, n_in, out);
    if (rc != MIG_OK)
        return rc;
    if (out->kind != MIG_TEXT || find_fault(out->data, out->len))
        return transform_reject(e->host, "bad_email",
                                "neither the address nor its placeholder is one");
    e->host->repaired(e->host, NULL, rule);
    return MIG_OK;
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct email *e = self;
    int32_t rc;
    if (e->has_placeholder && in->kind <= MIG_NULL)
        return take_placeholder(e, in, n_in, "no_email_to_placeholder", out);
    if (transform_settled(e->host, in, e->has_placeholder ? 1 : n_in, TRANSFORM_TAKES(MIG_TEXT),
                          out, &rc))
        return rc;
    const char *fault = find_fault(in->data, in->len);
    *out = *in;
    if (fault && e->has_placeholder)
        return take_placeholder(e, in, n_in, "bad_email_to_placeholder", out);
    if (fault && !e->null_on_bad)
        return transform_reject(e->host, "bad_email", fault);
    if (fault) {
        e->host->repaired(e->host, NULL, "bad_email_to_null");
        *out = (mig_value_t){.kind = MIG_NULL};
    } else if (e->lower_domain) {
        lower_domain(e, out);
    }
    return MIG_OK;
}

static const mig_option_t OPTIONS[] = {
    {"on_bad", MIG_OPT_TEXT, 0, "reject", "reject|null|placeholder",
     "What becomes of a bad address: the record is rejected, or the value is NULL or the "
     "placeholder, counted."},
    {"placeholder", MIG_OPT_TEXT, 0, NULL, NULL,
     "The address for a bad or missing one, such as user-{2}@temp.example.org: {2} is the second "
     "value."},
    {"lower_domain", MIG_OPT_BOOL, 0, "false", NULL,
     "Makes the part behind the @ lower case, counted."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(email_unit, "email", "Checks the form of an email address.", OPTIONS, create,
               transform_destroy_nothing, apply);
