/* conform_report.c - what is tried of validators and reporters. In the child process of a trial. */
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "trial.h"

#define MAX_CHECKS 100000U

/* ---- validators ------------------------------------------------------------------------- */

static int32_t check(struct conform *c, uint32_t number, mig_check_t *out)
{
    const mig_validator_ops_t *ops = c->unit->ops;
    *out = (mig_check_t){.size = sizeof *out};
    trial_enter("check", "");
    int32_t got = ops->check(c->self, number, out);
    trial_leave();
    int kind = out->kind == MIG_CHECK_ROW || out->kind == MIG_CHECK_QUERY;
    int severity = out->severity == MIG_SEVERITY_ERROR || out->severity == MIG_SEVERITY_WARNING;
    if (got == MIG_OK && (!kind || !severity || !out->name || !out->code || !out->message ||
                          !out->sql || (out->kind == MIG_CHECK_ROW && !out->table)))
        trial_fault("fill kind, severity, name, code, message, sql, and table for a MIG_CHECK_ROW",
                    "gave check number %u without kind, severity or a text that is due in check()",
                    number);
    return conform_outcome(c, got, 1U << MIG_END);
}

static void checks(struct conform *c)
{
    mig_check_t one, two;
    uint32_t n = 0;
    struct conform_growth g;
    if (conform_create(c) != MIG_OK)
        return;
    while (n < MAX_CHECKS && check(c, n, &one) == MIG_OK)
        n++;
    if (n == MAX_CHECKS)
        trial_fault("answer MIG_END behind the last one",
                    "never says that it is at its end in check()");
    for (uint32_t i = n; n < MAX_CHECKS && i-- > 0;)
        if (check(c, i, &one) != MIG_OK || check(c, i, &two) != MIG_OK ||
            strcmp(one.name ? one.name : "", two.name ? two.name : "") != 0 ||
            strcmp(one.sql ? one.sql : "", two.sql ? two.sql : "") != 0)
            trial_fault("a number means one check for as long as the instance lives",
                        "gave another check number %u when it was asked again in check()", i);
    conform_grow_begin(&g);
    while (conform_grow_on(&g, 10000))
        check(c, n ? (uint32_t)(g.n % n) : 0, &one);
    conform_grow_end(&g, "calls of check()");
    conform_destroy(c);
}

const struct conform_try conform_validator[] = {{checks}, {NULL}};

/* ---- reporters -------------------------------------------------------------------------- */

/* A run that lost a record, with what share/report.schema.json asks for. */
static const char whole[] =
    "{\"run\":{\"id\":1,\"project\":\"test\",\"status\":\"published\",\"exit_code\":20,\"message\":"
    "\"published, with rejects\",\"started\":\"2026-01-31T12:00:00Z\",\"finished\":"
    "\"2026-01-31T12:00:01Z\",\"seconds\":1.0,\"publish_seconds\":0.1,\"peak_rss_kb\":1,"
    "\"plugins\":[]},"
    "\"stages\":[{\"name\":\"a\",\"status\":\"published\",\"seconds\":0.5,\"records\":{\"read\":2,"
    "\"loaded\":1,\"skipped\":{},\"rejected\":{\"bad\":1}},\"tables\":{\"public.a\":{\"staged\":1,"
    "\"inserted\":1,\"updated\":0,\"unchanged\":0,\"left\":{},\"deleted\":0}}}],\"checks\":[],"
    "\"verify\":{\"rows\":1,\"fields\":1,\"differences\":0},\"fingerprint\":{\"before\":{},"
    "\"after\":{}}}";

static struct conform *of(const mig_host_t *h)
{
    return h->impl;
}

static int32_t file_open(const mig_host_t *h, const char *name, uint32_t *handle)
{
    struct conform *c = of(h);
    if (!name || !name[0] || name[0] == '/' || strstr(name, "..")) {
        trial_fault("name it relative to the bundle", "opens a file with an unfit name in %s",
                    trial_where());
        return c->m.host.fail(&c->m.host, MIG_E_CONFIG, "unfit name", NULL);
    }
    if (conform_refuses(c, "file_open"))
        return c->refusal;
    if (c->files_open == 8)
        return c->m.host.fail(&c->m.host, MIG_E_IO, "too many files are open", NULL);
    *handle = c->files++;
    c->files_open++;
    return MIG_OK;
}

static int32_t file_write(const mig_host_t *h, uint32_t handle, const void *data, size_t len)
{
    struct conform *c = of(h);
    if (handle >= c->files || (len && !data))
        trial_fault("write to a file that is open", "writes nothing, or to no file in %s",
                    trial_where());
    return conform_refuses(c, "file_write") ? c->refusal : MIG_OK;
}

static int32_t file_close(const mig_host_t *h, uint32_t handle)
{
    struct conform *c = of(h);
    if (handle >= c->files || c->files_open == 0)
        trial_fault("close each file once", "closes a file that is not open in %s", trial_where());
    else
        c->files_open--;
    return conform_refuses(c, "file_close") ? c->refusal : MIG_OK;
}

static int32_t rejects(const mig_report_t *r, void *ctx,
                       int32_t (*row)(void *, const mig_reject_t *))
{
    const mig_reject_t one = {.size = sizeof one,
                              .outcome = MIG_REJECT,
                              .stage = "a",
                              .key = "7",
                              .table = "public.a",
                              .field = "name",
                              .code = "bad",
                              .reason = "it is bad",
                              .first_cause = "b:1 bad",
                              .number = 7,
                              .raw = {"{\"id\":7}", 8}};
    const mig_reject_t bare = {.size = sizeof bare, .outcome = MIG_SKIP, .raw = {"", 0}};
    (void)r;
    int32_t got = row(ctx, &one);
    return got == MIG_OK ? row(ctx, &bare) : got;
}

static int32_t idmap(const mig_report_t *r, const char *stage, void *ctx,
                     int32_t (*row)(void *, mig_str_t, mig_str_t))
{
    (void)r;
    return strcmp(stage, "a") == 0 ? row(ctx, (mig_str_t){"7", 1}, (mig_str_t){"8", 1}) : MIG_OK;
}

static int32_t text(const mig_report_t *r, const char *name, mig_str_t *out)
{
    (void)r;
    *out = (mig_str_t){"-- text\n", 8};
    return strcmp(name, "verify.sql") == 0 ? MIG_END : MIG_OK;
}

static int32_t changes(const mig_report_t *r, void *ctx,
                       int32_t (*row)(void *, const char *, const char *, const char *,
                                      const char *))
{
    (void)r;
    int32_t got = row(ctx, "a", "vanished", "7", "8");
    return got == MIG_OK ? row(ctx, "a", "written", NULL, NULL) : got;
}

static int32_t taken(const mig_report_t *r, void *ctx,
                     int32_t (*row)(void *, const char *, const char *, const char *, const char *,
                                    const char *, const char *))
{
    (void)r;
    int32_t got = row(ctx, "a", "7", "public.a", "name", "suffix", "a:6");
    return got == MIG_OK ? row(ctx, "a", "9", "public.a", "name", "null", NULL) : got;
}

static int32_t report(struct conform *c, const char *json, const char *name)
{
    const mig_reporter_ops_t *ops = c->unit->ops;
    const mig_report_t r = {.size = sizeof r,
                            .json = {json, strlen(json)},
                            .rejects = rejects,
                            .idmap = idmap,
                            .text = text,
                            .changes = changes,
                            .taken = taken};
    c->files = c->files_open = 0;
    trial_enter("report", name);
    int32_t got = ops->report(c->self, &r);
    trial_leave();
    c->is_deaf |= conform_handed_on(c, got);
    if (got == MIG_OK && c->files_open)
        trial_fault("close each by host->file_close()", "left a file open in %s", trial_where());
    return conform_outcome(c, got, 0);
}

static int ready(struct conform *c)
{
    mig_host_t *h = &c->m.host;
    h->file_open = file_open, h->file_write = file_write, h->file_close = file_close;
    return conform_create(c) != MIG_OK;
}

static void reports(struct conform *c)
{
    struct conform_growth g;
    if (ready(c))
        return;
    report(c, whole, "the report of a run");
    report(c, "{}", "an empty report");
    conform_grow_begin(&g);
    while (conform_grow_on(&g, 200))
        report(c, whole, "the report of a run");
    conform_grow_end(&g, "calls of report()");
    conform_destroy(c);
}

/* Until one is not heeded. */
static void failing(struct conform *c)
{
    static const char *const services[] = {"file_open", "file_write", "file_close"};
    for (size_t i = 0; i < 3 && !c->is_deaf; i++) {
        c->refused = services[i];
        c->refusal = MIG_E_IO;
        c->was_refused = 0;
        if (ready(c))
            return;
        report(c, whole, "the report of a run");
        conform_destroy(c);
    }
}

const struct conform_try conform_reporter[] = {{reports}, {failing}, {NULL}};
