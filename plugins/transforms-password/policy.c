/*
 * policy.c - which kind of password it is, and what the project says of that kind.
 */
#include "policy.h"

#include <string.h>

#include "bcrypt.h"
#include "common/say.h"

static enum policy_act read_act(const mig_host_t *host, const char *option)
{
    static const char *const words[] = {"hash", "keep", "generate", "reset", "reject"};
    mig_value_t v;
    if (host->option(host, option, &v) == MIG_OK && v.kind > MIG_NULL)
        for (int i = 0; i < 5; i++)
            if (v.len == strlen(words[i]) && memcmp(v.data, words[i], v.len) == 0)
                return (enum policy_act)i;
    return POLICY_REJECT;
}

int32_t policy_read(struct policy *p, const mig_host_t *host)
{
    mig_value_t v;
    p->host = host;
    p->acts[POLICY_PLAIN] = read_act(host, "plain");
    p->acts[POLICY_BCRYPT] = read_act(host, "bcrypt");
    p->acts[POLICY_MISSING] = read_act(host, "missing");
    int32_t rc = host->option(host, "long", &v);
    p->truncate = rc == MIG_OK && v.kind > MIG_NULL && v.len == 8;
    return rc;
}

static enum policy_kind kind_of(const mig_value_t *in)
{
    if (in->kind <= MIG_NULL || !in->len)
        return POLICY_MISSING;
    return bcrypt_is_hash(in->data, in->len) ? POLICY_BCRYPT : POLICY_PLAIN;
}

/* A cut in the middle of a character would still be what crypt() looks at. */
uint32_t policy_len(const struct policy *p, const mig_value_t *in)
{
    return p->truncate && in->len > BCRYPT_MOST ? BCRYPT_MOST : in->len;
}

static int32_t unfit(const struct policy *p, const mig_value_t *in)
{
    const mig_host_t *h = p->host;
    if (memchr(in->data, '\0', in->len))
        return h->reject(h, NULL, "nul_byte", "the password holds a NUL byte, which ends it");
    if (policy_len(p, in) > BCRYPT_MOST)
        return h->reject(h, NULL, "too_long",
                         "the password has more than 72 bytes; bcrypt looks at no more");
    return MIG_OK;
}

int32_t policy_decide(const struct policy *p, const mig_value_t *in, uint32_t n_in,
                      enum policy_act *act, enum policy_kind *kind)
{
    const mig_host_t *h = p->host;
    if (n_in != 1)
        return say_fail(h, MIG_E_CONFIG, "give it the one field that holds the password",
                        "takes one value, but the mapping gives it %u", (unsigned)n_in);
    if (in->kind > MIG_NUMBER)
        return h->reject(h, NULL, "bad_type", "the password is neither a text nor a number");
    *kind = kind_of(in);
    *act = p->acts[*kind];
    if (*act == POLICY_HASH)
        return unfit(p, in);
    if (*act != POLICY_REJECT)
        return MIG_OK;
    if (*kind == POLICY_MISSING)
        return h->reject(h, NULL, "no_password", "there is no password");
    return h->reject(h, NULL, "bad_password",
                     *kind == POLICY_BCRYPT ? "the password is hashed already"
                                            : "the password is not hashed");
}
