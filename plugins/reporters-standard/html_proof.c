/*
 * html_proof.c - whether the outcome is right: verification, the project's checks, the criteria;
 * and what else is worth knowing: warnings, repairs, who ran it with what.
 */
#include <string.h>

#include "criteria.h"
#include "html.h"
#include "view.h"

/* ---- verification --------------------------------------------------------------------- */

static void counted(struct out *o, const char *label, int64_t n)
{
    html_tag(o, "dt", label);
    out_text(o, "<dd>");
    html_count(o, n);
    out_text(o, "</dd>\n");
}

static void said(struct out *o, const char *label, const char *text)
{
    if (*text == '\0')
        return;
    html_tag(o, "dt", label);
    html_tag(o, "dd", text);
}

static void verify_picture(struct out *o, int64_t rows, int64_t differences)
{
    struct html_bar bar = {"Rows read back",
                           {{(double)(rows - differences), "ok"}, {(double)differences, "rej"}}};
    out_text(o, "<figure>\n<p class=\"key\"><span><i class=\"ok\"></i>as staged, in every field"
                "</span><span><i class=\"rej\"></i>different</span></p>\n");
    html_bars(o, "verify", "Rows as they were staged",
              "One bar: rows that are equal, then rows "
              "that differ. The numbers stand below.",
              1);
    html_bar(o, 0, &bar, (double)rows);
    html_count(o, differences);
    out_text(o, " of ");
    html_count(o, rows);
    out_text(o, " differ");
    html_bar_end(o);
    html_bars_end(o);
    out_text(o, "</figure>\n");
}

static void state_cell(struct out *o, const char *word)
{
    const char *tone = "";
    if (strcmp(word, "passed") == 0 || strcmp(word, "met") == 0)
        tone = "good";
    else if (strcmp(word, "failed") == 0 || strcmp(word, "not met") == 0)
        tone = "bad";
    else if (strcmp(word, "warning") == 0)
        tone = "warn";
    out_format(o, "<td class=\"%s\">", tone);
    out_escaped(o, word);
    out_text(o, "</td>");
}

static void groups(struct out *o, const json_t *list)
{
    static const char *const columns[] = {"Stage",      "Table",  "#Expected",
                                          "#As staged", "Result", NULL};
    size_t i;
    json_t *group;
    if (json_array_size(list) == 0)
        return;
    html_table(o, "Rows of each table, read back", columns);
    json_array_foreach(list, i, group)
    {
        html_row(o, view_text(group, "table"));
        html_cell(o, view_text(group, "stage"));
        html_cell_count(o, view_count(group, "expected"));
        html_cell_count(o, view_count(group, "found"));
        state_cell(o, view_text(group, "result"));
        html_row_end(o);
    }
    html_table_end(o);
}

static void verification(struct out *o, const json_t *root)
{
    const json_t *verify = json_object_get(root, "verify");
    const json_t *fingerprint = json_object_get(root, "fingerprint");
    if (!json_is_object(verify)) {
        html_tag(o, "p", "Not done: nothing was published.");
        return;
    }
    int64_t rows = view_count(verify, "rows"), differences = view_count(verify, "differences");
    html_tag(o, "p",
             differences ? "Live rows differ from what was staged."
                         : "Every row was read back from the live tables and equals what was "
                           "staged, in every field.");
    if (rows > 0)
        verify_picture(o, rows, differences);
    out_text(o, "<dl>\n");
    counted(o, "Rows compared", rows);
    counted(o, "Fields compared", view_count(verify, "fields"));
    counted(o, "Rows that differ", differences);
    counted(o, "Fields that triggers and defaults changed",
            view_count(verify, "changed_by_target"));
    counted(o, "Rows that others changed since", view_count(verify, "changed_since"));
    said(o, "Fingerprint before", view_text(fingerprint, "before"));
    said(o, "Fingerprint after", view_text(fingerprint, "after"));
    out_text(o, "</dl>\n");
    groups(o, json_object_get(verify, "groups"));
}

/* ---- checks and criteria -------------------------------------------------------------- */

static void checks(struct out *o, const json_t *root)
{
    static const char *const columns[] = {"Check", "Result", "#Violations", "Validator",
                                          "When",  "#Time",  NULL};
    const json_t *list = json_object_get(root, "checks");
    size_t i;
    json_t *check;
    if (json_array_size(list) == 0) {
        html_tag(o, "p", "The project has no checks of its own.");
        return;
    }
    html_table(o, "Checks, before publish and behind it", columns);
    json_array_foreach(list, i, check)
    {
        html_row(o, view_text(check, "name"));
        state_cell(o, view_text(check, "status"));
        html_cell_count(o, view_count(check, "violations"));
        html_cell(o, view_text(check, "validator"));
        html_cell(o, view_text(check, "phase"));
        html_cell_seconds(o, view_seconds(check, "seconds"));
        html_row_end(o);
    }
    html_table_end(o);
}

void html_proof(struct out *o, const json_t *root)
{
    static const char *const columns[] = {"Criterion", "Result", NULL};
    html_section(o, "proof", "Proof");
    verification(o, root);
    html_table(o, "Criteria, each worked out from the numbers of the run", columns);
    for (size_t i = 0; criteria_text(i); i++) {
        html_row(o, criteria_text(i));
        state_cell(o, criteria_word(criteria_ask(i, root)));
        html_row_end(o);
    }
    html_table_end(o);
    checks(o, root);
    html_section_end(o);
}

/* ---- notes ---------------------------------------------------------------------------- */

static void warnings(struct out *o, const json_t *root)
{
    const json_t *list = json_object_get(root, "warnings");
    size_t i;
    json_t *warning;
    if (json_array_size(list) == 0) {
        html_tag(o, "p", "No warnings.");
        return;
    }
    out_format(o, "<h3>Warnings (%zu)</h3>\n<ul>\n", json_array_size(list));
    json_array_foreach(list, i, warning)
    {
        const char *text = json_string_value(warning);
        html_tag(o, "li", text ? text : view_text(warning, "message"));
    }
    out_text(o, "</ul>\n");
}

static void repairs(struct out *o, const json_t *root)
{
    static const char *const columns[] = {"Stage", "Field", "Rule", "#Times", NULL};
    const json_t *list = json_object_get(root, "repairs");
    size_t i;
    json_t *repair;
    if (json_array_size(list) == 0)
        return;
    html_table(o, "Repairs and defaults", columns);
    json_array_foreach(list, i, repair)
    {
        html_row(o, view_text(repair, "stage"));
        html_cell(o, view_text(repair, "field"));
        html_cell(o, view_text(repair, "rule"));
        html_cell_count(o, view_count(repair, "count"));
        html_row_end(o);
    }
    html_table_end(o);
}

void html_notes(struct out *o, const json_t *root)
{
    html_section(o, "notes", "Warnings and repairs");
    warnings(o, root);
    repairs(o, root);
    html_section_end(o);
}

/* ---- origin --------------------------------------------------------------------------- */

void html_origin(struct out *o, const json_t *root)
{
    static const char *const columns[] = {"Plugin", "Version", "SHA-256 of its file", NULL};
    static const char *const parts[][2] = {
        {"project", "Project"},   {"id", "Run"},          {"parent", "Redrive of run"},
        {"database", "Database"}, {"started", "Started"}, {"finished", "Finished"},
        {"user", "By"},           {"host", "On"},         {"version", "mighost"}};
    const json_t *run = json_object_get(root, "run");
    size_t i;
    json_t *plugin;
    html_section(o, "origin", "Who, when, with what");
    out_text(o, "<dl>\n");
    for (i = 0; i < sizeof parts / sizeof *parts; i++)
        said(o, parts[i][1], view_text(run, parts[i][0]));
    out_text(o, "</dl>\n");
    html_table(o, "Plugins that took part", columns);
    json_array_foreach(json_object_get(run, "plugins"), i, plugin)
    {
        html_row(o, view_text(plugin, "id"));
        html_cell(o, view_text(plugin, "version"));
        out_text(o, "<td><code>");
        out_escaped(o, view_text(plugin, "sha256"));
        out_text(o, "</code></td>");
        html_row_end(o);
    }
    html_table_end(o);
    html_section_end(o);
}
