/*
 * testreport.c - the reporter "test-report": what was tested and how it went, test_report.json: the
 * project's checks, the counts of each stage, the rows that were read back, what was preserved and
 * the criteria of success, each with result and duration. share/testreport.schema.json describes
 * it.
 */
#include <stdlib.h>
#include <string.h>

#include "criteria.h"
#include "out.h"
#include "reporter.h"
#include "view.h"

/* "validator: check (before)": one name for each, whatever validators call their checks. */
static json_t *check_test(const json_t *check)
{
    json_t *name = json_sprintf("%s: %s (%s)", view_text(check, "validator"),
                                view_text(check, "name"), view_text(check, "phase"));
    json_int_t found = view_count(check, "violations");
    return json_pack("{s:o, s:s, s:f, s:I, s:i, s:I}", "name", name, "result",
                     view_text(check, "status"), "duration", view_seconds(check, "seconds"),
                     "violations", found, "expected", 0, "found", found);
}

/* "records of users": each that was read is somewhere. */
static json_t *records_test(const json_t *stage)
{
    struct view_records n = {0};
    view_add_records(stage, &n);
    json_int_t found = n.migrated + n.skipped + n.rejected;
    return json_pack("{s:o, s:s, s:f, s:I, s:I}", "name",
                     json_sprintf("records of %s", view_text(stage, "name")), "result",
                     found == n.read ? "passed" : "failed", "duration", 0.0, "expected",
                     (json_int_t)n.read, "found", found);
}

/* "accuracy of users in shop.people": rows that are in the live table as they were staged, in every
 * field. */
static json_t *accuracy_test(const json_t *group)
{
    const char *stage = view_text(group, "stage");
    return json_pack("{s:o, s:s, s:f, s:I, s:I}", "name",
                     json_sprintf("accuracy of %s in %s", *stage ? stage : "all rows",
                                  view_text(group, "table")),
                     "result", view_text(group, "result"), "duration", 0.0, "expected",
                     view_count(group, "expected"), "found", view_count(group, "found"));
}

/* "preserved: androids": number and sum of the rows before publish, and behind it. */
static json_t *preserved_test(const json_t *group)
{
    const json_t *before = json_object_get(group, "before"),
                 *after = json_object_get(group, "after");
    int open = !json_is_string(before) || !json_is_string(after);
    json_t *test = json_pack("{s:o, s:s, s:f}", "name",
                             json_sprintf("preserved: %s", view_text(group, "name")), "result",
                             json_array_size(json_object_get(group, "changed")) ? "failed"
                             : open                                             ? "skipped"
                                                                                : "passed",
                             "duration", 0.0);
    if (!open) {
        json_object_set(test, "expected", (json_t *)before);
        json_object_set(test, "found", (json_t *)after);
    }
    return test;
}

static json_t *criterion_test(size_t i, const json_t *root)
{
    static const char *const results[] = {"failed", "passed", "skipped"};
    return json_pack("{s:s, s:s, s:f}", "name", criteria_text(i), "result",
                     results[criteria_ask(i, root)], "duration", 0.0);
}

static json_t *all_tests(const json_t *root)
{
    json_t *list = json_array(), *check, *stage, *group;
    const json_t *verify = json_object_get(root, "verify");
    size_t i;
    json_array_foreach(json_object_get(root, "checks"), i, check)
        json_array_append_new(list, check_test(check));
    json_array_foreach(json_object_get(root, "stages"), i, stage)
        json_array_append_new(list, records_test(stage));
    json_array_foreach(json_object_get(verify, "groups"), i, group)
        json_array_append_new(list, accuracy_test(group));
    json_array_foreach(json_object_get(root, "preserved"), i, group)
        json_array_append_new(list, preserved_test(group));
    for (i = 0; criteria_text(i); i++)
        json_array_append_new(list, criterion_test(i, root));
    return list;
}

static json_int_t with(const json_t *list, const char *result)
{
    json_int_t n = 0;
    size_t i;
    json_t *test;
    json_array_foreach(list, i, test) n += strcmp(view_text(test, "result"), result) == 0;
    return n;
}

static char *make_text(const json_t *root)
{
    const json_t *run = json_object_get(root, "run");
    json_t *list = all_tests(root);
    json_t *out =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:O}", "project", view_text(run, "project"),
                  "run", view_text(run, "id"), "started", view_text(run, "started"), "passed",
                  with(list, "passed"), "failed", with(list, "failed"), "warnings",
                  with(list, "warning"), "skipped", with(list, "skipped"), "cases", list);
    char *text = json_dumps(out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(list);
    json_decref(out);
    return text;
}

static int32_t report(void *self, const mig_report_t *report)
{
    const struct reporter *r = self;
    const char *name;
    json_t *root;
    int32_t rc = reporter_begin(r, report, &name, &root);
    if (rc != MIG_OK)
        return rc;
    char *text = make_text(root);
    json_decref(root);
    rc = text ? out_file(r->host, name, (mig_str_t){text, strlen(text)})
              : r->host->fail(r->host, MIG_E_BUG, "the list of tests cannot be made", NULL);
    free(text);
    return rc;
}

static const mig_option_t OPTIONS[] = {
    {"file", MIG_OPT_TEXT, 0, "test_report.json", NULL, "Name of the file in the bundle."},
    REPORTER_NO_MORE_OPTIONS,
};

REPORTER_UNIT(testreport_unit, "test-report",
              "Writes checks and criteria with result and duration.", OPTIONS, reporter_create,
              report);
