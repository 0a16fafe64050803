/* notify.c - tells others how a run ended. Units of kind reporter are called with the summary
 * alone: there is no bundle any more to write into, and a run that was not begun has none. */
#include "notify.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "log.h"

/* ---- what a report of these members does not have ---------------------------------------- */

static int32_t no_rejects(const mig_report_t *r, void *ctx,
                          int32_t (*row)(void *ctx, const mig_reject_t *reject))
{
    (void)r, (void)ctx, (void)row;
    return MIG_OK;
}

static int32_t no_map(const mig_report_t *r, const char *stage, void *ctx,
                      int32_t (*row)(void *ctx, mig_str_t source_key, mig_str_t final_key))
{
    (void)r, (void)stage, (void)ctx, (void)row;
    return MIG_OK;
}

static int32_t no_text(const mig_report_t *r, const char *name, mig_str_t *out)
{
    (void)r, (void)name, (void)out;
    return MIG_END;
}

static int32_t no_changes(const mig_report_t *r, void *ctx,
                          int32_t (*row)(void *ctx, const char *stage, const char *what,
                                         const char *key, const char *final_key))
{
    (void)r, (void)ctx, (void)row;
    return MIG_OK;
}

/* ---- the summary ------------------------------------------------------------------------- */

static json_t *run_part(const struct job *job, const struct notify_end *end)
{
    char host[128] = "";
    gethostname(host, sizeof host - 1);
    json_t *id = end->run ? json_sprintf("%lld", (long long)end->run) : json_null();
    json_t *bundle = end->bundle[0] ? json_string(end->bundle) : json_null();
    return json_pack("{s:o, s:s, s:s, s:i, s:f, s:s, s:o}", "id", id, "project", job->project->name,
                     "action", end->action, "exit_code", end->exit_code, "seconds", end->seconds,
                     "host", host, "bundle", bundle);
}

static char *summary(const struct job *job, const struct notify_end *end)
{
    json_t *root = json_object();
    int good = end->exit_code == STATUS_OK || end->exit_code == STATUS_PARTIAL;
    json_object_set_new(root, "success", json_boolean(good));
    json_object_set_new(root, "message", json_string(end->message));
    json_object_set_new(root, "summary", report_summary(end->totals));
    json_object_set_new(root, "run", run_part(job, end));
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(root);
    if (text)
        log_mask(text);
    return text;
}

void notify_send(const struct job *job, const struct notify_end *end)
{
    char *text = job->n_notify ? summary(job, end) : NULL;
    if (!text)
        return;
    const mig_report_t report = {.size = sizeof report,
                                 .json = {text, strlen(text)},
                                 .rejects = no_rejects,
                                 .idmap = no_map,
                                 .text = no_text,
                                 .changes = no_changes};
    for (size_t i = 0; i < job->n_notify; i++) {
        struct error err = {0};
        struct unit *u = job->notify[i].unit;
        int32_t returned = call_report(u, &report);
        if (returned == MIG_OK)
            continue;
        host_error(u, returned, "report", &err);
        log_write(LOG_WARNING, "%s; the run is as it is said above", err.what);
    }
    free(text);
}
