/*
 * record.c - from the text of a thing to values.
 *
 * Bubble leaves out what is empty, so a field that is missing is NULL; that it was renamed cannot
 * be told from one thing, only from all of them.
 */
#include "record.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/nearest.h"
#include "common/verdict.h"

#define OTHERS 10U     /* names that are told when none is near */
#define LINE_FIELDS 8U /* whose share is told in one line */

void record_init(struct record *r, const struct settings *s)
{
    *r = (struct record){.s = s};
    fields_init(&r->fields, s->host);
    buf_init(&r->unescaped, s->record_limit);
}

void record_clear(struct record *r)
{
    fields_clear(&r->fields);
    buf_clear(&r->unescaped);
    free(r->raw);
    free(r->values);
    free(r->filled);
    free(r->secret);
    EVP_MD_CTX_free(r->digest);
    record_init(r, r->s);
}

static void find_secrets(struct record *r, const char *entity)
{
    const mig_host_t *h = r->s->host;
    for (size_t i = 0; i < r->fields.n_wanted && MIG_HAS(h, is_secret); i++)
        r->secret[i] =
            h->is_secret(h, entity, (mig_str_t){r->fields.items[i].name, r->fields.items[i].len}) ==
            1;
}

int32_t record_begin(struct record *r, const char *entity, const char *const *names, uint32_t n)
{
    size_t room = n ? n : 1;
    record_clear(r);
    int32_t status = fields_set(&r->fields, names, n);
    if (status != MIG_OK)
        return status;
    r->raw = calloc(room, sizeof *r->raw);
    r->values = calloc(room, sizeof *r->values);
    r->filled = calloc(room, sizeof *r->filled);
    r->secret = calloc(room, sizeof *r->secret);
    r->digest = EVP_MD_CTX_new();
    if (!r->raw || !r->values || !r->filled || !r->secret || !r->digest)
        return say_fail(r->s->host, MIG_E_NOMEM, NULL, "no memory for %u fields", n);
    find_secrets(r, entity);
    return MIG_OK;
}

/* ---- values ------------------------------------------------------------------------------- */

static int begins(const mig_value_t *v, const char *text)
{
    size_t n = strlen(text);
    return v->len >= n && memcmp(v->data, text, n) == 0;
}

/* "//s3.amazonaws.com/appforest_uf/..." or "//<hash>.cdn.bubble.io/...": nothing else. */
static int is_file(const mig_value_t *v)
{
    static const char domain[] = ".cdn.bubble.io";
    if (v->kind != MIG_TEXT || !begins(v, "//"))
        return 0;
    if (begins(v, "//s3.amazonaws.com/appforest_uf/"))
        return 1;
    const char *host = v->data + 2, *slash = memchr(host, '/', v->len - 2);
    size_t n = slash ? (size_t)(slash - host) : 0;
    return n > sizeof domain - 1 &&
           memcmp(host + n - (sizeof domain - 1), domain, sizeof domain - 1) == 0;
}

static void complete(struct record *r, size_t i)
{
    static const char scheme[] = "https:";
    const mig_host_t *h = r->s->host;
    mig_value_t *v = &r->values[i];
    char *text = h->alloc(h, sizeof scheme - 1 + v->len);
    memcpy(text, scheme, sizeof scheme - 1);
    memcpy(text + sizeof scheme - 1, v->data, v->len);
    *v = (mig_value_t){text, v->len + (uint32_t)sizeof scheme - 1, MIG_TEXT};
    h->repaired(h, r->fields.items[i].name, "https_put_first");
}

static int32_t reject(const struct record *r, const char *code, const char *reason, size_t at)
{
    return say_reject(r->s->host, code, "thing %" PRIu64 ", byte %zu of it: %s", r->n, at, reason);
}

static int32_t judge(const struct record *r, const char *text, size_t len)
{
    struct verdict v;
    if (len > r->s->record_limit)
        return reject(r, "too_long", "it is longer than the option \"record_limit\" allows", 0);
    if (verdict_find(text, len, r->s->value_limit, &v) != MIG_OK)
        return say_fail(r->s->host, MIG_E_NOMEM, NULL, "no memory to parse a record");
    return v.code ? reject(r, v.code, v.reason, v.at) : MIG_OK;
}

/* The sum does not depend on the order; the same thing twice counts twice. Fields that are missing
 * are not as fields that are null. */
static int32_t add_to_sum(struct record *r)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0, carry = 0;
    int ok = EVP_DigestInit_ex(r->digest, EVP_sha256(), NULL);
    for (size_t i = 0; ok && i < r->fields.n_wanted; i++) {
        const struct jsonscan_slice *raw = &r->raw[i];
        if (raw->data && !r->secret[i])
            ok = EVP_DigestUpdate(r->digest, r->fields.items[i].name, r->fields.items[i].len + 1) &&
                 EVP_DigestUpdate(r->digest, raw->data, raw->len) &&
                 EVP_DigestUpdate(r->digest, "", 1);
    }
    if (!ok || !EVP_DigestFinal_ex(r->digest, digest, &n) || n != sizeof r->sum)
        return say_fail(r->s->host, MIG_E_BUG, NULL, "OpenSSL gives no SHA-256");
    for (size_t i = sizeof r->sum; i-- > 0;) {
        carry += r->sum[i] + (unsigned int)digest[i];
        r->sum[i] = (unsigned char)carry;
        carry >>= 8;
    }
    return MIG_OK;
}

int32_t record_read(struct record *r, const char *text, size_t len)
{
    r->n++;
    int32_t status = judge(r, text, len);
    if (status != MIG_OK)
        return status;
    if (!fields_take(&r->fields, text, len, r->raw))
        return reject(r, "bad_json", "not valid JSON", 0);
    if (buf_reserve(&r->unescaped, len))
        return say_fail(r->s->host, MIG_E_NOMEM, NULL, "no memory for a record");
    char *scratch = r->unescaped.data;
    for (size_t i = 0; i < r->fields.n_wanted; i++) {
        const struct jsonscan_slice *raw = &r->raw[i];
        r->values[i] = (mig_value_t){.kind = r->s->missing_is_null ? MIG_NULL : MIG_ABSENT};
        if (!raw->data)
            continue;
        if (jsontext_value(raw->data, raw->len, &scratch, &r->values[i]) != 0)
            return reject(r, "bad_json", "not valid JSON", 0);
        r->filled[i] += r->values[i].kind != MIG_NULL && r->values[i].len;
        if (r->s->complete_urls && is_file(&r->values[i]))
            complete(r, i);
    }
    fields_count(&r->fields);
    return add_to_sum(r);
}

/* ---- how much is filled ------------------------------------------------------------------- */

void record_met(const struct record *r, char *out)
{
    for (size_t i = 0; i < r->fields.n_wanted; i++)
        *out++ = r->filled[i] ? '1' : '0';
    *out = '\0';
}

void record_set_met(struct record *r, const char *met, size_t len)
{
    for (size_t i = 0; i < r->fields.n_wanted && i < len; i++)
        r->filled[i] = met[i] == '1';
}

static int may_be_unseen(const struct record *r, const char *name)
{
    size_t i;
    json_t *allowed;
    json_array_foreach(r->s->may_be_unseen, i, allowed)
    {
        if (strcmp(json_string_value(allowed), name) == 0)
            return 1;
    }
    return 0;
}

static void tell_shares(const struct record *r, const char *entity)
{
    char line[900];
    size_t len = 0;
    for (size_t i = 0; i < r->fields.n_wanted; i++) {
        double share = r->n ? 100.0 * (double)r->filled[i] / (double)r->n : 0;
        int n = snprintf(line + len, sizeof line - len, "%s\"%.80s\" %.1f %%", len ? ", " : "",
                         r->fields.items[i].name, share);
        len += n > 0 ? (size_t)n : 0;
        if (i + 1 < r->fields.n_wanted && (i + 1) % LINE_FIELDS)
            continue;
        say_log(r->s->host, MIG_LOG_INFO, "\"%s\": filled: %s", entity, line);
        len = 0;
    }
}

/* The nearest name that nobody reads, or some of them. */
static void suggest(const struct record *r, const char *name, char *out, size_t room)
{
    struct nearest near = {0};
    size_t first = r->fields.n_wanted, n = r->fields.n, len = 0;
    *out = '\0';
    for (size_t i = first; i < n; i++)
        nearest_offer(&near, name, r->fields.items[i].name);
    if (near.name)
        snprintf(out, room, "; did you mean \"%.100s\"?", near.name);
    for (size_t i = first; i < n && i < first + OTHERS && !near.name; i++)
        len +=
            (size_t)snprintf(out + len, room - len, "%s\"%.40s\"",
                             i == first ? "; others that it has: " : ", ", r->fields.items[i].name);
}

static int32_t unseen(const struct record *r, const char *entity, const char *name)
{
    static const char fix[] =
        "the names of fields are taken exactly as the API gives them (display names, or ids such "
        "as \"note_text\"); correct the name, or list it in the option \"may_be_unseen\" when it "
        "is "
        "empty everywhere";
    char others[OTHERS * 48 + 64];
    suggest(r, name, others, sizeof others);
    return say_fail(r->s->host, MIG_E_SOURCE, fix,
                    "type \"%s\": none of %" PRIu64 " things has a value in field \"%.200s\"%s",
                    entity, r->n, name, others);
}

int32_t record_end(const struct record *r, const char *entity)
{
    if (r->fields.n_wanted)
        tell_shares(r, entity);
    for (size_t i = 0; i < r->fields.n_wanted; i++)
        if (!r->filled[i] && !may_be_unseen(r, r->fields.items[i].name))
            return unseen(r, entity, r->fields.items[i].name);
    return MIG_OK;
}
