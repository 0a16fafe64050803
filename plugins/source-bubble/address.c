/*
 * address.c - reads the option "url".
 *
 * The key travels in a header only, so the address may hold neither user nor query. Where the
 * connection is not encrypted it goes to this machine only, unless the project says otherwise.
 */
#include "address.h"

#include <string.h>

#include "common/say.h"

/* 127.0.0.0/8, ::1 and the name that means them by RFC 6761. */
static int is_loopback(const char *host)
{
    size_t n = strlen(host);
    if (strcmp(host, "[::1]") == 0 || strcmp(host, "localhost") == 0)
        return 1;
    return strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == n;
}

static char *part(CURLU *u, CURLUPart which)
{
    char *text = NULL;
    return curl_url_get(u, which, &text, 0) == CURLUE_OK ? text : NULL;
}

/* The address as Bubble's manual and its users write it, with the path that every request has. */
static int is_api(const char *path)
{
    static const char *const known[] = {"/", "/api/1.1", "/api/1.1/", "/api/1.1/obj",
                                        "/api/1.1/obj/"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(path, known[i]) == 0)
            return 1;
    return 0;
}

static const char *fault_of_parts(CURLU *u, int may_have_path)
{
    char *user = part(u, CURLUPART_USER), *query = part(u, CURLUPART_QUERY);
    char *fragment = part(u, CURLUPART_FRAGMENT), *path = part(u, CURLUPART_PATH);
    const char *fault = NULL;
    if (user || query || fragment)
        fault = "it holds more than scheme, host and port; the key is given by \"api_key\"";
    else if (path && !may_have_path && !is_api(path))
        fault = "it holds a path other than /api/1.1; give the branch by the option \"version\"";
    curl_free(user);
    curl_free(query);
    curl_free(fragment);
    curl_free(path);
    return fault;
}

static const char *fault_of_scheme(struct settings *s, const char *scheme, const char *host,
                                   int may_be_plain)
{
    if (!scheme || !host || (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
        return "it does not begin with https://";
    s->is_plain = strcmp(scheme, "http") == 0;
    if (s->is_plain && !is_loopback(host) && !may_be_plain)
        return "http:// would send the key unencrypted; only \"allow_http\": true allows that";
    return NULL;
}

/* Scheme, host and port; NULL: no memory. */
static char *server_of(CURLU *base)
{
    CURLU *u = curl_url_dup(base);
    char *whole = NULL, *server = NULL;
    if (u && curl_url_set(u, CURLUPART_PATH, "/", 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_URL, &whole, 0) == CURLUE_OK)
        server = strndup(whole, strlen(whole) - 1);
    curl_free(whole);
    curl_url_cleanup(u);
    return server;
}

int32_t address_read(struct settings *s, const char *url, int may_have_path, int may_be_plain)
{
    s->base = curl_url();
    if (!s->base)
        return say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for an address");
    int wrong = curl_url_set(s->base, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK;
    char *scheme = part(s->base, CURLUPART_SCHEME), *host = part(s->base, CURLUPART_HOST);
    const char *fault = wrong ? "it is no URL" : fault_of_scheme(s, scheme, host, may_be_plain);
    if (!fault)
        fault = fault_of_parts(s->base, may_have_path);
    curl_free(scheme);
    curl_free(host);
    if (fault)
        return say_fail(s->host, MIG_E_CONFIG, "write https://app.example.com",
                        "option \"url\": %s", fault);
    s->server = server_of(s->base);
    return s->server ? MIG_OK : say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for an address");
}
