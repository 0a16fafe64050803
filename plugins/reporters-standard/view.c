/*
 * view.c - reads report.json. It adds up what the host counted, and decides nothing.
 */
#include "view.h"

#include <string.h>

int32_t view_load(const mig_host_t *host, const mig_report_t *report, json_t **root)
{
    *root = json_loadb(report->json.data, report->json.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(*root))
        return MIG_OK;
    json_decref(*root);
    *root = NULL;
    return host->fail(host, MIG_E_BUG, "the host's report is no JSON object", NULL);
}

const char *view_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

int64_t view_count(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

double view_share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)(part * 1000 / whole) / 10.0 : 0;
}

double view_seconds(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

int view_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

int view_is_published(const json_t *root)
{
    return view_true(json_object_get(root, "run"), "published");
}

int view_has_status(const json_t *root, const char *status)
{
    return strcmp(view_text(json_object_get(root, "run"), "status"), status) == 0;
}

int view_has_written(const json_t *root)
{
    return view_is_published(root) || view_has_status(root, "rolled_back");
}

/* The sum of {"reason": n, ...}. */
static int64_t sum_of(const json_t *object, const char *name)
{
    int64_t sum = 0;
    const char *reason;
    json_t *n;
    json_object_foreach(json_object_get(object, name), reason, n) sum += json_integer_value(n);
    return sum;
}

void view_add_records(const json_t *stage, struct view_records *sum)
{
    const json_t *records = json_object_get(stage, "records");
    sum->read += view_count(records, "read");
    sum->migrated += view_count(records, "loaded");
    sum->skipped += sum_of(records, "skipped");
    sum->rejected += sum_of(records, "rejected");
}

void view_add_rows(const json_t *table, struct view_rows *sum)
{
    sum->staged += view_count(table, "staged");
    sum->inserted += view_count(table, "inserted");
    sum->updated += view_count(table, "updated");
    sum->unchanged += view_count(table, "unchanged");
    sum->left += sum_of(table, "left");
    sum->deleted += view_count(table, "deleted");
}
