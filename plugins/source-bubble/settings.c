/*
 * settings.c - from the unit's options to what the rest works with.
 *
 * The key travels in a header only, so the address may hold neither user nor query. Where the
 * connection is not encrypted it goes to this machine only, unless the project says otherwise.
 */
#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/keep.h"
#include "common/say.h"

const mig_option_t settings_options[] = {
    {"url", MIG_OPT_URL, MIG_OPTF_REQUIRED, NULL, NULL,
     "Address of the application: https://app.example.com."},
    {"api_key", MIG_OPT_TEXT, MIG_OPTF_REQUIRED | MIG_OPTF_SECRET, NULL, NULL,
     "Token of the Data API, from a variable: \"${BUBBLE_API_KEY}\"."},
    {"version", MIG_OPT_TEXT, 0, "live", NULL,
     "Which database: live, version-test, or the id of another branch."},
    {"page_size", MIG_OPT_INT, 0, "100", "1..100", "Things in a page; fewer when pages fail."},
    {"parallel", MIG_OPT_INT, 0, "4", "1..32", "Requests under way at one time."},
    {"timeout", MIG_OPT_INT, 0, "60", "1..3600", "Seconds that a request may take."},
    {"retries", MIG_OPT_INT, 0, "10", "0..1000", "How often a page that failed is asked for anew."},
    {"retry_wait", MIG_OPT_INT, 0, "60", "1..3600",
     "Longest pause before it, in seconds, whatever the server asks for."},
    {"give_up", MIG_OPT_INT, 0, "900", "1..86400", "Seconds without any good page, at most."},
    {"time_limit", MIG_OPT_INT, 0, "0", "0..8640000",
     "Seconds for one entity; 0: no limit. The next run goes on from there."},
    {"page_limit", MIG_OPT_INT, 0, "67108864", "1024..2147483647",
     "Largest page in bytes, unpacked; of larger ones fewer things are asked for."},
    {"record_limit", MIG_OPT_INT, 0, "20971520", "1024..1073741824",
     "Longest record in bytes; a longer one is rejected."},
    {"value_limit", MIG_OPT_INT, 0, "262144", "16..100000000",
     "Most values in one record, nested ones too."},
    {"missing", MIG_OPT_TEXT, 0, "null", "null|absent",
     "What a field is that a record does not have: empty, as in Bubble, or not said."},
    {"file_urls", MIG_OPT_TEXT, 0, "https", "https|as_is",
     "Completes addresses of Bubble's files, which have no scheme."},
    {"may_be_unseen", MIG_OPT_JSON, 0, NULL, NULL,
     "List of fields that need not be in any record: [\"Nickname\", ...]."},
    {"allow_empty", MIG_OPT_BOOL, 0, "false", NULL, "Take a type without things for right."},
    {"allow_http", MIG_OPT_BOOL, 0, "false", NULL,
     "Send the key unencrypted to other machines than this one."},
    {"ca_file", MIG_OPT_PATH, 0, NULL, NULL,
     "Certificates to trust in place of the machine's own (PEM)."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static int32_t no_memory(const struct settings *s)
{
    return say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for options");
}

static char *text_option(const mig_host_t *host, const char *name)
{
    mig_value_t v;
    if (host->option(host, name, &v) != MIG_OK || v.kind == MIG_ABSENT || v.kind == MIG_NULL)
        return NULL;
    return strndup(v.data, v.len);
}

static int64_t number_option(const mig_host_t *host, const char *name)
{
    char *text = text_option(host, name);
    int64_t n = text ? strtoll(text, NULL, 10) : 0;
    free(text);
    return n;
}

static int is_option(const mig_host_t *host, const char *name, const char *value)
{
    char *text = text_option(host, name);
    int is = text && strcmp(text, value) == 0;
    free(text);
    return is;
}

/* ---- the address ------------------------------------------------------------------------ */

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

static const char *fault_of_parts(CURLU *u)
{
    char *user = part(u, CURLUPART_USER), *query = part(u, CURLUPART_QUERY);
    char *fragment = part(u, CURLUPART_FRAGMENT), *path = part(u, CURLUPART_PATH);
    const char *fault = NULL;
    if (user || query || fragment)
        fault = "it holds more than scheme, host and port; the key is given by \"api_key\"";
    else if (path && strcmp(path, "/") != 0)
        fault = "it holds a path; give the branch, if any, by the option \"version\"";
    curl_free(user);
    curl_free(query);
    curl_free(fragment);
    curl_free(path);
    return fault;
}

static const char *fault_of_scheme(struct settings *s, const char *scheme, const char *host)
{
    if (!scheme || !host || (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
        return "it does not begin with https://";
    s->is_plain = strcmp(scheme, "http") == 0;
    if (s->is_plain && !is_loopback(host) && !is_option(s->host, "allow_http", "true"))
        return "http:// would send the key unencrypted; only \"allow_http\": true allows that";
    return NULL;
}

static int32_t read_address(struct settings *s)
{
    char *url = text_option(s->host, "url");
    s->base = curl_url();
    if (!s->base || !url) {
        free(url);
        return url ? no_memory(s)
                   : say_fail(s->host, MIG_E_CONFIG, "give the option \"url\"",
                              "the source has no address");
    }
    const char *fault = NULL;
    int wrong = curl_url_set(s->base, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK;
    free(url);
    char *scheme = part(s->base, CURLUPART_SCHEME), *host = part(s->base, CURLUPART_HOST);
    fault = wrong ? "it is no URL" : fault_of_scheme(s, scheme, host);
    if (!fault)
        fault = fault_of_parts(s->base);
    curl_free(scheme);
    curl_free(host);
    if (fault)
        return say_fail(s->host, MIG_E_CONFIG, "write https://app.example.com",
                        "option \"url\": %s", fault);
    char *whole = part(s->base, CURLUPART_URL);
    s->server = whole ? strndup(whole, strlen(whole) - 1) : NULL;
    curl_free(whole);
    return s->server ? MIG_OK : no_memory(s);
}

/* Live data has no path of its own; every other version has its name before the API's. */
static int32_t read_version(struct settings *s)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    char path[100];
    s->version = text_option(s->host, "version");
    if (!s->version)
        return no_memory(s);
    size_t n = strlen(s->version);
    if (!n || n > 60 || strspn(s->version, letters) != n)
        return say_fail(s->host, MIG_E_CONFIG, "live, version-test, or the id of a branch",
                        "option \"version\" is no name of a version");
    s->is_live = strcmp(s->version, "live") == 0;
    char *end = path;
    if (!s->is_live) {
        *end++ = '/';
        end = stpcpy(end, s->version);
    }
    stpcpy(end, "/api/1.1");
    return curl_url_set(s->base, CURLUPART_PATH, path, 0) == CURLUE_OK ? MIG_OK : no_memory(s);
}

/* ---- the rest --------------------------------------------------------------------------- */

static int32_t read_key(struct settings *s)
{
    s->key = text_option(s->host, "api_key");
    if (!s->key || !*s->key)
        return say_fail(s->host, MIG_E_CONFIG,
                        "set the variable that \"api_key\" names; without a key Bubble gives out "
                        "fewer things and fields, and no error",
                        "option \"api_key\" is empty");
    for (const char *p = s->key; *p; p++)
        if (*p <= ' ' || *p == 0x7f)
            return say_fail(s->host, MIG_E_CONFIG, "it is one word, as Bubble shows it",
                            "option \"api_key\" holds a blank, a line break or a letter that no "
                            "key has");
    return MIG_OK;
}

static int32_t read_unseen(struct settings *s)
{
    int32_t status;
    s->may_be_unseen = keep_option_json(s->host, "may_be_unseen", &status);
    size_t i;
    json_t *name;
    int wrong = s->may_be_unseen && !json_is_array(s->may_be_unseen);
    json_array_foreach(s->may_be_unseen, i, name)
    {
        wrong |= !json_is_string(name);
    }
    return wrong ? say_fail(s->host, MIG_E_CONFIG, "write it as [\"Nickname\"]",
                            "option \"may_be_unseen\" is no list of names")
                 : status;
}

int32_t settings_read(struct settings *s, const mig_host_t *host)
{
    *s = (struct settings){.host = host};
    s->page_size = (uint32_t)number_option(host, "page_size");
    s->parallel = (uint32_t)number_option(host, "parallel");
    s->timeout_ms = 1000 * number_option(host, "timeout");
    s->retries = number_option(host, "retries");
    s->wait_most_ms = 1000 * number_option(host, "retry_wait");
    s->give_up_ms = 1000 * number_option(host, "give_up");
    s->time_limit_ms = 1000 * number_option(host, "time_limit");
    s->page_limit = (size_t)number_option(host, "page_limit");
    s->record_limit = (size_t)number_option(host, "record_limit");
    s->value_limit = (size_t)number_option(host, "value_limit");
    s->missing_is_null = is_option(host, "missing", "null");
    s->complete_urls = is_option(host, "file_urls", "https");
    s->allow_empty = is_option(host, "allow_empty", "true");
    s->ca_file = text_option(host, "ca_file");
    int32_t status = read_address(s);
    if (status == MIG_OK)
        status = read_version(s);
    if (status == MIG_OK)
        status = read_key(s);
    return status == MIG_OK ? read_unseen(s) : status;
}

void settings_clear(struct settings *s)
{
    if (s->key)
        explicit_bzero(s->key, strlen(s->key));
    free(s->key);
    free(s->server);
    free(s->version);
    free(s->ca_file);
    json_decref(s->may_be_unseen);
    curl_url_cleanup(s->base);
    *s = (struct settings){.host = s->host};
}
