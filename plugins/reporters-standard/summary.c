/*
 * summary.c - the reporter "summary": summary.txt, for people.
 *
 * Every number comes from report.json or is a sum of numbers there; nothing is counted, decided
 * or worded as a success here that the report does not say.
 */
#include "summary.h"

#include "reporter.h"
#include "view.h"

static void line(struct out *o, const char *label, const char *text)
{
    if (*text == '\0')
        return;
    out_plain(o, label, 13);
    out_plain(o, text, 0);
    out_text(o, "\n");
}

static void run(struct out *o, const json_t *root)
{
    const json_t *r = json_object_get(root, "run");
    long long snapshots = (long long)view_count(r, "snapshots");
    out_text(o, "Migration summary\n=================\n");
    line(o, "Project", view_text(r, "project"));
    line(o, "Run", view_text(r, "id"));
    line(o, "Redrive of", view_text(r, "parent"));
    line(o, "Status", view_text(r, "status"));
    line(o, "Result", view_text(root, "message"));
    line(o, "Started", view_text(r, "started"));
    line(o, "Finished", view_text(r, "finished"));
    line(o, "By", view_text(r, "user"));
    line(o, "On", view_text(r, "host"));
    line(o, "mighost", view_text(r, "version"));
    line(o, "Backup", view_text(r, "backup"));
    if (snapshots)
        out_format(o, "%-13s%lld, of the sources\n", "Snapshots", snapshots);
}

static void failure(struct out *o, const json_t *root)
{
    const json_t *f = json_object_get(root, "failure");
    if (!json_is_object(f))
        return;
    out_heading(o, "Failure");
    line(o, "What", view_text(f, "what"));
    line(o, "Why", view_text(f, "why"));
    line(o, "Fix", view_text(f, "fix"));
}

static void durations(struct out *o, const json_t *root)
{
    const json_t *r = json_object_get(root, "run");
    size_t i;
    json_t *step;
    out_heading(o, "Duration");
    json_array_foreach(json_object_get(r, "steps"), i, step)
    {
        out_plain(o, view_text(step, "name"), 24);
        out_format(o, "%12.3f s\n", view_seconds(step, "seconds"));
    }
    out_format(o, "%-24s%12.3f s\n", "in all", view_seconds(r, "seconds"));
    out_format(o, "%-24s%12.3f s\n", "live tables locked for", view_seconds(r, "publish_seconds"));
    json_int_t retries = json_integer_value(json_object_get(r, "retries"));
    if (retries)
        out_format(o, "%-24s%8" JSON_INTEGER_FORMAT "\n", "transactions tried again", retries);
}

static void plugins(struct out *o, const json_t *root)
{
    const json_t *list = json_object_get(json_object_get(root, "run"), "plugins");
    size_t i;
    json_t *plugin;
    if (json_array_size(list) == 0)
        return;
    out_heading(o, "Plugins");
    json_array_foreach(list, i, plugin)
    {
        out_plain(o, view_text(plugin, "id"), 40);
        out_text(o, " ");
        out_plain(o, view_text(plugin, "version"), 10);
        out_format(o, " %.12s\n", view_text(plugin, "sha256"));
    }
}

static void verdict(struct out *o, const json_t *root)
{
    out_format(o, "\nFinal status: %s, exit code %lld: ",
               view_true(root, "success") ? "SUCCESS" : "FAILURE",
               (long long)view_count(json_object_get(root, "run"), "exit_code"));
    out_plain(o, view_text(root, "message"), 0);
    out_text(o, "\n");
}

static int32_t report(void *self, const mig_report_t *report)
{
    static void (*const sections[])(struct out *, const json_t *) = {run,
                                                                     failure,
                                                                     summary_stages,
                                                                     summary_tables,
                                                                     summary_coverage,
                                                                     summary_sources,
                                                                     summary_causes,
                                                                     summary_repairs,
                                                                     summary_warnings,
                                                                     summary_checks,
                                                                     summary_verify,
                                                                     durations,
                                                                     plugins,
                                                                     summary_criteria,
                                                                     verdict};
    const struct reporter *r = self;
    const char *name;
    json_t *root;
    int32_t rc = reporter_begin(r, report, &name, &root);
    if (rc != MIG_OK)
        return rc;
    struct out o;
    out_open(&o, r->host, name);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
        sections[i](&o, root);
    json_decref(root);
    return out_close(&o);
}

static const mig_option_t OPTIONS[] = {
    {"file", MIG_OPT_TEXT, 0, "summary.txt", NULL, "Name of the file in the bundle."},
    REPORTER_NO_MORE_OPTIONS,
};

REPORTER_UNIT(summary_unit, "summary", "Writes the summary for people, summary.txt.", OPTIONS,
              reporter_create, report);
