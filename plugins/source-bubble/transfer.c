/*
 * transfer.c - the event loop between libcurl and the host.
 *
 * curl tells which sockets it watches; an epoll descriptor gathers them, because the host waits
 * for a few descriptors only. No redirect is followed: the key would go with it. Bodies are
 * bounded as they are unpacked, so that neither an endless nor a packed one fills memory.
 */
#include "transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "common/say.h"

#define CONNECT_MS 15000L

int64_t transfer_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what curl asks for ------------------------------------------------------------------- */

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *user, void *ours)
{
    struct transfers *ts = user;
    struct epoll_event e = {.data.fd = socket};
    (void)easy;
    (void)ours;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(ts->epoll, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    e.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
    if (epoll_ctl(ts->epoll, EPOLL_CTL_MOD, socket, &e) != 0 && errno == ENOENT)
        epoll_ctl(ts->epoll, EPOLL_CTL_ADD, socket, &e);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *user)
{
    struct transfers *ts = user;
    (void)multi;
    ts->due = timeout_ms < 0 ? -1 : transfer_now() + timeout_ms;
    return 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    struct transfer *t = user;
    if (buf_add(&t->body, data, size * n) == 0)
        return size * n;
    t->is_too_large = 1;
    return 0;
}

/* ---- all of them -------------------------------------------------------------------------- */

void transfers_init(struct transfers *ts, const struct settings *s)
{
    *ts = (struct transfers){.s = s, .epoll = -1, .due = -1};
}

/* The key stands in a header and nowhere else. */
static int make_headers(struct transfers *ts)
{
    const char *before = ts->s->key_header ? ts->s->key_header : "Authorization: Bearer ";
    ts->headers = curl_slist_append(NULL, "Accept: application/json");
    if (!ts->headers || !ts->s->key)
        return ts->headers ? 0 : -1;
    char *line = malloc(strlen(before) + strlen(ts->s->key) + 1);
    if (!line)
        return -1;
    stpcpy(stpcpy(line, before), ts->s->key);
    const struct curl_slist *all = curl_slist_append(ts->headers, line);
    explicit_bzero(line, strlen(line));
    free(line);
    return all ? 0 : -1;
}

static int32_t begin(struct transfers *ts)
{
    if (ts->multi)
        return MIG_OK;
    ts->multi = curl_multi_init();
    ts->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!ts->multi || ts->epoll < 0 || make_headers(ts) != 0)
        return say_fail(ts->s->host, MIG_E_NOMEM, NULL, "HTTP cannot be set up");
    curl_multi_setopt(ts->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(ts->multi, CURLMOPT_SOCKETDATA, ts);
    curl_multi_setopt(ts->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(ts->multi, CURLMOPT_TIMERDATA, ts);
    curl_multi_setopt(ts->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)ts->s->parallel);
    return MIG_OK;
}

void transfers_clear(struct transfers *ts)
{
    if (ts->multi)
        curl_multi_cleanup(ts->multi);
    if (ts->epoll >= 0)
        close(ts->epoll);
    for (struct curl_slist *h = ts->headers; h; h = h->next)
        explicit_bzero(h->data, strlen(h->data));
    curl_slist_free_all(ts->headers);
    transfers_init(ts, ts->s);
}

/* ---- one of them -------------------------------------------------------------------------- */

static CURL *make_easy(struct transfers *ts, struct transfer *t)
{
    const struct settings *s = ts->s;
    CURL *e = curl_easy_init();
    if (!e)
        return NULL;
    buf_init(&t->body, s->page_limit);
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, ts->headers);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "mighost");
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->cause);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, s->is_plain ? "http" : "https");
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    /* Until it is known whether one connection takes them all, as HTTP/2 has it. */
    curl_easy_setopt(e, CURLOPT_PIPEWAIT, s->is_plain ? 0L : 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)s->timeout_ms);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    /* A proxy would be told the key where nothing is encrypted. */
    if (s->is_plain)
        curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
    if (s->ca_file)
        curl_easy_setopt(e, CURLOPT_CAINFO, s->ca_file);
    return e;
}

int32_t transfer_start(struct transfers *ts, struct transfer *t, const char *url)
{
    int32_t status = begin(ts);
    if (status != MIG_OK)
        return status;
    if (!t->easy)
        t->easy = make_easy(ts, t);
    t->body.len = 0;
    t->cause[0] = '\0';
    t->is_done = t->is_too_large = 0;
    if (!t->easy || !url || curl_easy_setopt(t->easy, CURLOPT_URL, url) != CURLE_OK ||
        curl_multi_add_handle(ts->multi, t->easy) != CURLM_OK)
        return say_fail(ts->s->host, MIG_E_NOMEM, NULL, "no memory for a request");
    t->is_running = 1;
    ts->running++;
    return MIG_OK;
}

void transfer_stop(struct transfers *ts, struct transfer *t)
{
    if (t->is_running) {
        curl_multi_remove_handle(ts->multi, t->easy);
        ts->running--;
    }
    t->is_running = 0;
}

void transfer_free(struct transfers *ts, struct transfer *t)
{
    transfer_stop(ts, t);
    curl_easy_cleanup(t->easy);
    buf_clear(&t->body);
    *t = (struct transfer){.easy = NULL};
}

/* The server says when it answers; how long that took is known here. Its clock counts seconds. */
static int64_t asked_at(CURL *easy)
{
    struct curl_header *date;
    curl_off_t took = 0;
    if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) != CURLHE_OK)
        return -1;
    time_t answered = curl_getdate(date->value, NULL);
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &took);
    return answered < 0 ? -1 : (int64_t)answered * 1000 - (int64_t)took / 1000 - 1000;
}

static void note_end(struct transfers *ts, const CURLMsg *m)
{
    struct transfer *t = NULL;
    curl_off_t wait = 0;
    CURLcode code = m->data.result;
    curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
    curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &t->status);
    curl_easy_getinfo(m->easy_handle, CURLINFO_RETRY_AFTER, &wait);
    t->retry_after_ms = wait > 0 ? (int64_t)(wait < 1000000 ? wait : 1000000) * 1000 : -1;
    t->asked_at = asked_at(m->easy_handle);
    t->code = code;
    transfer_stop(ts, t); /* `m` is gone with it */
    t->is_done = 1;
}

void transfers_advance(struct transfers *ts)
{
    struct epoll_event events[16];
    int running, left;
    if (!ts->multi)
        return;
    int n = epoll_wait(ts->epoll, events, 16, 0);
    for (int i = 0; i < n; i++) {
        uint32_t e = events[i].events;
        int mask = (e & EPOLLIN ? CURL_CSELECT_IN : 0) | (e & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (e & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(ts->multi, events[i].data.fd, mask, &running);
    }
    if (ts->due >= 0 && ts->due <= transfer_now()) {
        ts->due = -1;
        curl_multi_socket_action(ts->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    for (CURLMsg *m; (m = curl_multi_info_read(ts->multi, &left));)
        if (m->msg == CURLMSG_DONE)
            note_end(ts, m);
}

void transfers_wait(const struct transfers *ts, int64_t most_ms, mig_wait_t *wait)
{
    int64_t ms = most_ms;
    if (ts->due >= 0) {
        int64_t left = ts->due - transfer_now();
        ms = left < ms ? left : ms;
    }
    wait->n_fds = ts->epoll >= 0;
    wait->fds[0] = ts->epoll;
    wait->events[0] = MIG_WAIT_READ;
    wait->timeout_ms = ms > 0 ? (uint32_t)ms : 0;
}

int32_t transfer_finish(struct transfers *ts, struct transfer *t)
{
    while (!t->is_done) {
        struct epoll_event e;
        mig_wait_t wait;
        if (ts->s->host->cancelled(ts->s->host))
            return say_fail(ts->s->host, MIG_E_CANCELLED, NULL, "reading was stopped");
        transfers_wait(ts, 200, &wait);
        epoll_wait(ts->epoll, &e, 1, (int)wait.timeout_ms);
        transfers_advance(ts);
    }
    return MIG_OK;
}

char *transfer_redirect_host(const struct transfer *t)
{
    char *to = NULL, *host = NULL;
    CURLU *u = curl_url();
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to);
    if (u && to && curl_url_set(u, CURLUPART_URL, to, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
        curl_url_get(u, CURLUPART_HOST, &host, 0);
    curl_url_cleanup(u);
    return host;
}
