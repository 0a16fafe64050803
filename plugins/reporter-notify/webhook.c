/*
 * webhook.c - the reporter "webhook": posts the summary to an address. The address is a secret, as
 * chats give them out: it is in no message. A redirect is no success, so that nothing is sent where
 * the project did not say.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "common/option.h"
#include "notice.h"

struct webhook {
    struct notice notice;
    const char *url, *token;
};

/* ---- where to ------------------------------------------------------------------------- */

static int is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "[::1]") == 0;
}

/* https, or what does not leave the machine. */
static int is_safe(const char *url)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL;
    int safe = 0;
    if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        safe = strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && is_loopback(host));
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);
    return safe;
}

/* ---- one request ---------------------------------------------------------------------- */

static size_t pass_over(char *data, size_t size, size_t n, void *ctx)
{
    (void)data;
    (void)ctx;
    return size * n;
}

static int is_stopped(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct webhook *w = ctx;
    (void)a, (void)b, (void)c, (void)d;
    return notice_stopped(&w->notice);
}

static void set_options(CURL *curl, const struct webhook *w, mig_str_t body,
                        struct curl_slist *headers)
{
    curl_easy_setopt(curl, CURLOPT_URL, w->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mighost");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)w->notice.seconds * 1000);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, pass_over);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_stopped);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, w);
}

/* The text in front of "Bearer" is no secret, what stands behind it is: it goes by header only. */
static struct curl_slist *make_headers(const struct webhook *w)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    if (!headers || !w->token)
        return headers;
    size_t room = strlen(w->token) + 32;
    char *line = w->notice.host->alloc(w->notice.host, room);
    snprintf(line, room, "Authorization: Bearer %s", w->token);
    struct curl_slist *longer = curl_slist_append(headers, line);
    return longer ? longer : headers;
}

static int32_t judge(const struct webhook *w, CURLcode got, long status)
{
    const mig_host_t *host = w->notice.host;
    char text[200];
    if (got != CURLE_OK)
        snprintf(text, sizeof text, "the webhook cannot be told: %s", curl_easy_strerror(got));
    else if (status < 200 || status > 299)
        snprintf(text, sizeof text, "the webhook answered with HTTP status %ld", status);
    else
        return MIG_OK;
    return host->fail(host, MIG_E_TEMPORARY, text,
                      "try it with curl; \"timeout\" is how long it may take");
}

static int32_t post(const struct webhook *w, mig_str_t body)
{
    const mig_host_t *host = w->notice.host;
    long status = 0;
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = make_headers(w);
    if (!curl || !headers) {
        curl_slist_free_all(headers);
        curl_easy_cleanup(curl);
        return host->fail(host, MIG_E_NOMEM, "no memory for a request", NULL);
    }
    set_options(curl, w, body, headers);
    CURLcode got = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    return judge(w, got, status);
}

/* ---- the unit ------------------------------------------------------------------------- */

static int32_t report(void *self, const mig_report_t *report)
{
    struct webhook *w = self;
    mig_str_t body;
    int32_t rc = notice_message(&w->notice, report, &body);
    if (rc != MIG_OK)
        return rc == MIG_END ? MIG_OK : rc;
    /* Not before here: the host forks workers behind create(). */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return w->notice.host->fail(w->notice.host, MIG_E_NOMEM, "libcurl cannot be begun", NULL);
    rc = post(w, body);
    curl_global_cleanup();
    return rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct webhook *w = host->alloc(host, sizeof *w);
    *self = w;
    int32_t rc = notice_options(host, &w->notice);
    if (rc == MIG_OK)
        rc = option_keep(host, "url", &w->url);
    if (rc == MIG_OK)
        rc = option_keep(host, "token", &w->token);
    if (rc == MIG_OK && !is_safe(w->url))
        return host->fail(host, MIG_E_CONFIG, "\"url\" is no https address",
                          "http is taken for this machine only: 127.0.0.1, [::1], localhost");
    return rc;
}

static void destroy(void *self)
{
    (void)self; /* the host owns the memory */
}

static const mig_option_t OPTIONS[] = {
    {"url", MIG_OPT_TEXT, MIG_OPTF_REQUIRED | MIG_OPTF_SECRET, NULL, NULL,
     "Where to post; https, or http on this machine."},
    {"token", MIG_OPT_TEXT, MIG_OPTF_SECRET, NULL, NULL,
     "Sent as \"Authorization: Bearer\", where it is given."},
    NOTICE_OPTIONS,
};

static const mig_reporter_ops_t OPS = {sizeof OPS, 0, report};
const mig_unit_t webhook_unit = {.size = sizeof(mig_unit_t),
                                 .kind = MIG_REPORTER,
                                 .name = "webhook",
                                 .summary = "Posts the summary of a run that has ended, as JSON.",
                                 .options = OPTIONS,
                                 .create = create,
                                 .destroy = destroy,
                                 .ops = &OPS};
