/*
 * html.c - the reporter "html": report.html, for people with a browser. One file that needs no
 * other and no script, and may load nothing: its policy forbids it whatever a name might hold.
 *
 * Like summary.txt it says what report.json says; nothing is counted or decided here.
 */
#include "html.h"

#include "reporter.h"
#include "view.h"

static void title(struct out *o, const json_t *root)
{
    const json_t *run = json_object_get(root, "run");
    out_escaped(o, view_text(run, "project"));
    out_text(o, ", run ");
    out_escaped(o, view_text(run, "id"));
}

static void head(struct out *o, const json_t *root)
{
    out_text(o, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    title(o, root);
    out_text(o, "</title>\n<style>\n");
    out_text(o, html_style);
    out_text(o, "</style>\n</head>\n<body>\n<a class=\"jump\" href=\"#plan\">To the plan</a>\n"
                "<header>\n<h1>Migration of ");
    title(o, root);
    out_text(o, "</h1>\n");
    html_verdict(o, root);
    out_text(o,
             "<nav aria-label=\"Sections\"><ul>"
             "<li><a href=\"#plan\">Plan</a></li><li><a href=\"#stages\">Rows and time</a></li>");
    if (json_array_size(json_object_get(root, "sources")))
        out_text(o, "<li><a href=\"#sources\">Sources</a></li>");
    out_text(o, "<li><a href=\"#fields\">Fields and columns</a></li>"
                "<li><a href=\"#lost\">What was left out</a></li>"
                "<li><a href=\"#proof\">Proof</a></li><li><a href=\"#undo\">The way back</a></li>"
                "<li><a href=\"#notes\">Warnings and repairs</a></li>"
                "<li><a href=\"#origin\">Who, when, with what</a></li></ul></nav>\n"
                "</header>\n<main>\n");
}

static int32_t report(void *self, const mig_report_t *report)
{
    static void (*const sections[])(struct out *, const json_t *) = {
        head,      html_plan,  html_stages, html_sources, html_coverage,
        html_lost, html_proof, html_undo,   html_notes,   html_origin};
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
    out_text(&o, "</main>\n<footer>Made from report.json, which has all of it for "
                 "programs.</footer>\n</body>\n</html>\n");
    json_decref(root);
    return out_close(&o);
}

static const mig_option_t OPTIONS[] = {
    {"file", MIG_OPT_TEXT, 0, "report.html", NULL, "Name of the file in the bundle."},
    REPORTER_NO_MORE_OPTIONS,
};

REPORTER_UNIT(html_unit, "html", "Writes the report for a browser, report.html.", OPTIONS,
              reporter_create, report);
