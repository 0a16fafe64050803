/*
 * answer.c - judges an answer by its status and by how the transfer ended.
 *
 * What the server says in words is passed on only from its error bodies, which name types and
 * fields; bodies of good answers hold records and are never quoted, but for the first bytes of
 * HTML, which is no record.
 */
#include "answer.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "../common/plural.h"
#include "common/jsonscan.h"

#define QUOTE_MOST 80

static void set(struct answer *a, enum answer_kind kind, int32_t status, const char *fix)
{
    a->kind = kind;
    a->status = status;
    a->fix = fix;
}

/* ---- the transfer ------------------------------------------------------------------------- */

static int is_certificate(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_INVALIDCERTSTATUS;
}

static int is_hopeless(CURLcode code)
{
    return code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ||
           code == CURLE_NOT_BUILT_IN;
}

static void broken_off(struct answer *a, const struct transfer *t, const struct settings *s)
{
    if (t->is_too_large) {
        snprintf(a->what, sizeof a->what,
                 "the page is larger than the option \"page_limit\" allows, %zu %s", s->page_limit,
                 plural(s->page_limit, "byte", "bytes"));
        set(a, ANSWER_SMALLER, MIG_E_SOURCE,
            "raise \"page_limit\" where a thing may really be as large as that");
        return;
    }
    snprintf(a->what, sizeof a->what, "%s", t->cause[0] ? t->cause : curl_easy_strerror(t->code));
    if (is_certificate(t->code))
        set(a, ANSWER_NEVER, MIG_E_SOURCE,
            "nothing was sent; name the authority's certificate by \"ca_file\", or have the "
            "server's one corrected: it is always checked");
    else if (is_hopeless(t->code))
        set(a, ANSWER_NEVER, MIG_E_SOURCE, NULL);
    else
        set(a, t->code == CURLE_OPERATION_TIMEDOUT ? ANSWER_SMALLER : ANSWER_AGAIN, MIG_E_TEMPORARY,
            "run the same command again: it goes on from here");
}

/* ---- the status --------------------------------------------------------------------------- */

/* "body.message" of an error, as Bubble and most others name it. */
static void add_message(struct answer *a, const struct transfer *t)
{
    json_t *json = json_loadb(t->body.data ? t->body.data : "", t->body.len, 0, NULL);
    const char *text = json_string_value(json_object_get(json_object_get(json, "body"), "message"));
    if (!text)
        text = json_string_value(json_object_get(json, "message"));
    size_t n = strlen(a->what);
    if (text)
        snprintf(a->what + n, sizeof a->what - n, ": %.250s", text);
    json_decref(json);
}

static void redirected(struct answer *a, const struct transfer *t)
{
    char *host = transfer_redirect_host(t);
    snprintf(a->what, sizeof a->what,
             "the server redirects to %.200s; this is not followed, because the key would go along",
             host ? host : "another place");
    curl_free(host);
    set(a, ANSWER_NEVER, MIG_E_SOURCE, "give the address that is meant by the option \"url\"");
}

static void refused(struct answer *a, const struct transfer *t)
{
    snprintf(a->what, sizeof a->what, "the server refuses the key (%ld)", t->status);
    add_message(a, t);
    set(a, ANSWER_NEVER, MIG_E_SOURCE,
        "see whether the variable behind the option \"api_key\" holds the token that the "
        "application's settings show, of this version, and whether it was revoked");
}

static int looks_like_html(const struct transfer *t)
{
    struct jsonscan_slice text =
        jsonscan_trim(t->body.data ? t->body.data : "", t->body.data ? t->body.len : 0);
    return text.len && *text.data == '<';
}

static void is_html(struct answer *a, const struct transfer *t)
{
    char quote[QUOTE_MOST + 1];
    size_t n = t->body.len < QUOTE_MOST ? t->body.len : QUOTE_MOST;
    for (size_t i = 0; i < n; i++)
        quote[i] = isprint((unsigned char)t->body.data[i]) ? t->body.data[i] : '?';
    quote[n] = '\0';
    snprintf(a->what, sizeof a->what, "the answer is HTML and no JSON: %s", quote);
    set(a, ANSWER_AGAIN, MIG_E_SOURCE,
        "see whether \"url\" is the application's own address, and whether its Data API is on");
}

void answer_read(struct answer *a, const struct transfer *t, const struct settings *s)
{
    *a = (struct answer){.kind = ANSWER_BODY};
    if (t->code != CURLE_OK) {
        broken_off(a, t, s);
        return;
    }
    a->http = t->status;
    if (t->status == 200) {
        if (looks_like_html(t))
            is_html(a, t);
        return;
    }
    if (t->status >= 300 && t->status < 400) {
        redirected(a, t);
        return;
    }
    if (t->status == 401 || t->status == 403) {
        refused(a, t);
        return;
    }
    snprintf(a->what, sizeof a->what, "the server answers %ld", t->status);
    add_message(a, t);
    if (t->status == 429)
        set(a, ANSWER_LATER, MIG_E_TEMPORARY, "ask for less at a time by \"parallel\"");
    else if (t->status >= 500 || t->status == 408)
        set(a, ANSWER_AGAIN, MIG_E_TEMPORARY, "run the same command again: it goes on from here");
    else if (t->status == 404)
        set(a, ANSWER_NEVER, MIG_E_SOURCE,
            "see whether the type is ticked in the settings of the Data API, and how the stage's "
            "\"entity\" is written");
    else
        set(a, ANSWER_NEVER, MIG_E_SOURCE, NULL);
}

void answer_bad_body(struct answer *a, const struct transfer *t, const char *fault)
{
    *a = (struct answer){.kind = ANSWER_BODY};
    snprintf(a->what, sizeof a->what, "%s (%zu %s)", fault, t->body.len,
             plural(t->body.len, "byte", "bytes"));
    set(a, ANSWER_AGAIN, MIG_E_SOURCE, NULL);
}
