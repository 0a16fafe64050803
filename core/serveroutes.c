/* serveroutes.c - what --serve answers: the page, its files, the state as JSON and as events, and
 * files of bundles that are on this machine. Looks only: GET and HEAD. */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outdir.h"
#include "serve.h"
#include "servefiles.h"
#include "servepage.h"
#include "statusdoc.h"
#include "statustext.h"
#include "str.h"

#define LOG_BYTES 8000 /* of its end */

/* Nothing from elsewhere, nothing inline, in no frame. */
#define POLICY                                                                                     \
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri "       \
    "'none'; form-action 'none'; frame-ancestors 'none'"
/* report.html has its style in itself, and no script. */
#define REPORT_POLICY                                                                              \
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "         \
    "frame-ancestors 'none'; sandbox"

struct request {
    struct serve *s;
    struct MHD_Connection *connection;
    const char *url;
    int head;
};

/* ---- answers ----------------------------------------------------------------------------- */

static enum MHD_Result send_it(struct request *q, unsigned status, const char *type,
                               const char *policy, struct MHD_Response *r)
{
    static const char *const headers[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-store"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    if (!r)
        return MHD_NO;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        MHD_add_response_header(r, headers[i][0], headers[i][1]);
    MHD_add_response_header(r, "Content-Type", type);
    MHD_add_response_header(r, "Content-Security-Policy", policy);
    enum MHD_Result result = MHD_queue_response(q->connection, status, r);
    MHD_destroy_response(r);
    return result;
}

static struct MHD_Response *of_text(struct str *text)
{
    size_t n = text->len;
    char *data = str_take(text);
    return data ? MHD_create_response_from_buffer(n, data, MHD_RESPMEM_MUST_FREE) : NULL;
}

static struct MHD_Response *message(const char *title, const char *text)
{
    struct str page;
    str_init(&page, 0);
    servepage_message(title, text, &page);
    return of_text(&page);
}

static enum MHD_Result refuse(struct request *q, unsigned status, const char *title,
                              const char *text)
{
    return send_it(q, status, "text/html; charset=utf-8", POLICY, message(title, text));
}

static enum MHD_Result not_found(struct request *q)
{
    return refuse(q, 404, "Not here", "There is no such page, or no such file on this machine.");
}

static enum MHD_Result constant(struct request *q, const char *type, const char *text)
{
    return send_it(
        q, 200, type, POLICY,
        MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT));
}

/* ---- files of bundles -------------------------------------------------------------------- */

/* The bundle's directory by its name alone, below the project's report directory: the path in the
 * state is what somebody wrote there. -1: not here. */
static int open_file(struct serve *s, const char *run, const char *name)
{
    char host[128] = "", path[512];
    const struct project *p = s->x->project;
    const json_t *row = statustext_row(servedoc_get(s), run);
    const char *bundle = statusdoc_text(row, "bundle"), *last = strrchr(bundle, '/');
    gethostname(host, sizeof host - 1);
    if (!last || strncmp(last, "/run-", 5) != 0 || !str_equal(host, statusdoc_text(row, "host")))
        return -1;
    char *reports = realpath(p->report_dir, NULL);
    int here = reports && strncmp(bundle, reports, strlen(reports)) == 0 &&
               bundle + strlen(reports) == last;
    int dir = here ? open(reports, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    snprintf(path, sizeof path, "%s/%s", last + 1, name);
    int fd = dir < 0 ? -1 : outdir_openat(dir, path, O_RDONLY | O_NONBLOCK, 0);
    if (dir >= 0)
        close(dir);
    free(reports);
    return fd;
}

static int has_file(void *ctx, const char *run, const char *name)
{
    int fd = open_file(ctx, run, name);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Those that hold no record: names, counts, and what was written to the log. */
static const char *type_of(const char *name)
{
    static const char *const types[][2] = {{"report.html", "text/html; charset=utf-8"},
                                           {"summary.txt", "text/plain; charset=utf-8"},
                                           {"run.log", "text/plain; charset=utf-8"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_equal(name, types[i][0]))
            return types[i][1];
    return NULL;
}

static enum MHD_Result bundle_file(struct request *q)
{
    char run[24];
    const char *rest = q->url + strlen("/run/");
    size_t n = strspn(rest, "0123456789");
    const char *type = n && n < sizeof run && rest[n] == '/' ? type_of(rest + n + 1) : NULL;
    struct stat st;
    if (!type)
        return not_found(q);
    snprintf(run, sizeof run, "%.*s", (int)n, rest);
    int fd = open_file(q->s, run, rest + n + 1);
    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        if (fd >= 0)
            close(fd);
        return not_found(q);
    }
    return send_it(q, 200, type, REPORT_POLICY,
                   MHD_create_response_from_fd64((uint64_t)st.st_size, fd));
}

/* The end of the current run's log, from a whole line on. */
static void read_log(struct serve *s, const char *run, struct str *out)
{
    char data[LOG_BYTES];
    struct stat st;
    int fd = open_file(s, run, "run.log");
    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        off_t from = st.st_size > LOG_BYTES ? st.st_size - LOG_BYTES : 0;
        ssize_t n = pread(fd, data, sizeof data, from);
        const char *begin = from && n > 0 ? memchr(data, '\n', (size_t)n) : data;
        begin = begin && from ? begin + 1 : begin;
        if (n > 0 && begin)
            str_add_n(out, begin, (size_t)(data + n - begin));
    }
    close(fd);
}

/* ---- routes ------------------------------------------------------------------------------ */

static enum MHD_Result page(struct request *q)
{
    const json_t *doc = servedoc_get(q->s);
    struct str text, log;
    if (!doc)
        return refuse(q, 503, "The target does not answer", q->s->err.what);
    str_init(&text, 0);
    str_init(&log, 0);
    read_log(q->s, statusdoc_text(json_object_get(doc, "current"), "run"), &log);
    struct servepage p = {doc, log.data, q->s, has_file};
    servepage_make(&p, &text);
    str_clear(&log);
    return send_it(q, 200, "text/html; charset=utf-8", POLICY, of_text(&text));
}

static enum MHD_Result json(struct request *q)
{
    const json_t *doc = servedoc_get(q->s);
    char *text = doc ? json_dumps(doc, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    if (!text)
        return refuse(q, 503, "The target does not answer", q->s->err.what);
    return send_it(q, 200, "application/json", POLICY,
                   MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE));
}

static enum MHD_Result events(struct request *q)
{
    if (q->head)
        return constant(q, "text/event-stream", "");
    struct MHD_Response *r = serveevents_open(q->s, q->connection);
    if (!r)
        return refuse(q, 503, "Too many", "Too many browsers look at once.");
    return send_it(q, 200, "text/event-stream", POLICY, r);
}

static enum MHD_Result route(struct request *q)
{
    if (str_equal(q->url, "/"))
        return page(q);
    if (str_equal(q->url, "/events"))
        return events(q);
    if (str_equal(q->url, "/status.json"))
        return json(q);
    if (str_equal(q->url, "/page.css"))
        return constant(q, "text/css; charset=utf-8", servefiles_page_css);
    if (str_equal(q->url, "/page.js"))
        return constant(q, "text/javascript; charset=utf-8", servefiles_page_js);
    if (str_equal(q->url, "/favicon.ico"))
        return send_it(q, 204, "image/x-icon", POLICY,
                       MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
    return strncmp(q->url, "/run/", 5) == 0 ? bundle_file(q) : not_found(q);
}

/* The token leaves the address, and with it the browser's history. */
static enum MHD_Result let_in(struct request *q)
{
    char cookie[160];
    const struct serveguard *g = &q->s->guard;
    struct MHD_Response *r = message("Let in", "Go on to the page.");
    snprintf(cookie, sizeof cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict", g->cookie_name,
             g->cookie);
    if (r) {
        MHD_add_response_header(r, "Set-Cookie", cookie);
        MHD_add_response_header(r, "Location", "/");
    }
    return send_it(q, 303, "text/html; charset=utf-8", POLICY, r);
}

static enum MHD_Result answer(struct request *q, const char *method)
{
    struct serveguard *g = &q->s->guard;
    const char *token = MHD_lookup_connection_value(q->connection, MHD_GET_ARGUMENT_KIND, "token");
    if (!serveguard_host_ok(g, MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, "Host")))
        return refuse(q, 403, "Not for this name", "This page answers to loopback names only.");
    if (!q->head && !str_equal(method, "GET")) {
        struct MHD_Response *r = message("It can look, not act", "Only GET and HEAD are answered.");
        if (r)
            MHD_add_response_header(r, "Allow", "GET, HEAD");
        return send_it(q, 405, "text/html; charset=utf-8", POLICY, r);
    }
    if (!q->head && str_equal(q->url, "/") && serveguard_redeem(g, token))
        return let_in(q);
    if (token || !serveguard_cookie_ok(g, MHD_lookup_connection_value(
                                              q->connection, MHD_COOKIE_KIND, g->cookie_name)))
        return refuse(q, 403, "Not let in",
                      "Open the address that mighost --serve printed. It opens the page once, in "
                      "one browser; for another one start --serve again.");
    return route(q);
}

enum MHD_Result serveroutes_answer(void *cls, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *data,
                                   size_t *size, void **state)
{
    static int begun; /* its address marks a request whose body is to come */
    struct request q = {cls, connection, url, str_equal(method, "HEAD")};
    (void)version;
    (void)data;
    if (!*state) {
        *state = &begun;
        return MHD_YES;
    }
    if (*size) { /* of no use to anybody here */
        *size = 0;
        return MHD_YES;
    }
    return answer(&q, method);
}
