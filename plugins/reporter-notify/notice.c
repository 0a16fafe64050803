/*
 * notice.c - when others are told of a run's end, and what. The host has put the summary together;
 * here a sentence is made of it, where that is what is wanted.
 */
#include "notice.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/option.h"

int32_t notice_options(const mig_host_t *host, struct notice *n)
{
    const char *when, *form, *seconds;
    int32_t rc = option_keep(host, "when", &when);
    if (rc == MIG_OK)
        rc = option_keep(host, "form", &form);
    if (rc == MIG_OK)
        rc = option_keep(host, "timeout", &seconds);
    if (rc != MIG_OK)
        return rc;
    *n = (struct notice){.host = host,
                         .trouble_only = strcmp(when, "trouble") == 0,
                         .text_only = strcmp(form, "text") == 0,
                         .seconds = strtoll(seconds, NULL, 10)};
    return MIG_OK;
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static char *sentence(const json_t *root)
{
    const json_t *run = json_object_get(root, "run");
    const char *id = member(run, "id");
    json_t *text = json_sprintf("%s, %s%s: %s", member(run, "project"), *id ? "run " : "no run", id,
                                member(root, "message"));
    json_t *object = json_pack("{s:o}", "text", text);
    char *out = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return out;
}

int notice_stopped(const struct notice *n)
{
    return !n->stopped && n->host->cancelled(n->host);
}

int32_t notice_message(struct notice *n, const mig_report_t *report, mig_str_t *out)
{
    n->stopped = n->host->cancelled(n->host) != 0;
    json_t *root = json_loadb(report->json.data, report->json.len, JSON_REJECT_DUPLICATES, NULL);
    json_int_t code =
        json_integer_value(json_object_get(json_object_get(root, "run"), "exit_code"));
    int32_t rc = n->trouble_only && code == 0 ? MIG_END : MIG_OK;
    *out = report->json;
    if (rc == MIG_OK && n->text_only) {
        char *text = sentence(root);
        size_t len = text ? strlen(text) : 0;
        char *copy = n->host->alloc(n->host, len + 1);
        if (text)
            memcpy(copy, text, len);
        *out = (mig_str_t){copy, len};
        free(text);
    }
    json_decref(root);
    return rc;
}
