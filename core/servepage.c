/* servepage.c - the page of --serve: what became of the newest run, its stages, what was left out,
 * its log, all runs. share/page/ holds the frame, its style and its script. */
#include "servepage.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plansvg.h"
#include "servefiles.h"
#include "servehtml.h"
#include "statusdoc.h"
#include "statustext.h"

static const json_t *member(const json_t *object, const char *name)
{
    return json_object_get(object, name);
}

static double number(const json_t *object, const char *name)
{
    return statusdoc_number(object, name);
}

static int has_number(const json_t *object, const char *name)
{
    return json_is_number(member(object, name));
}

static int is(const json_t *object, const char *name, const char *text)
{
    return strcmp(statusdoc_text(object, name), text) == 0;
}

/* ---- what became of it ------------------------------------------------------------------- */

static const char *tone_of_run(const json_t *run)
{
    if (statustext_is_unfinished(run))
        return json_is_false(member(run, "alive")) ? "bad" : "now";
    int code = (int)number(run, "exit_code");
    return is(run, "state", "held") ? "now" : code == 0 ? "good" : code == 20 ? "warn" : "bad";
}

static void what_became(const json_t *run, struct str *out)
{
    str_printf(out, "Run %s ", statusdoc_text(run, "run"));
    if (!statustext_is_unfinished(run)) {
        int code = (int)number(run, "exit_code");
        str_add(out, is(run, "state", "held") ? "is held before publish" : "is over: ");
        if (is(run, "state", "held"))
            return;
        servehtml_word(out, is(run, "state", "done")  ? status_text(code)
                            : is(run, "state", "dry") ? "nothing was written"
                                                      : statusdoc_text(run, "state"));
        return;
    }
    if (json_is_false(member(run, "alive"))) {
        str_add(out, "stopped: no process works on it");
        return;
    }
    str_add(out, "is at work: ");
    servehtml_escaped(out, statusdoc_text(run, "step"));
}

static void waits(const json_t *run, struct str *out)
{
    size_t i, k;
    json_t *wait, *by;
    json_array_foreach(member(run, "waits"), i, wait)
    {
        const char *on = statusdoc_text(wait, "on");
        int lock = is(wait, "for", "lock");
        str_add(out, "<p class=\"wait\">");
        if (json_is_integer(member(wait, "worker")))
            str_printf(out, "Worker %.0f waits ", number(wait, "worker"));
        else
            str_add(out, "Waits ");
        if (json_is_number(member(wait, "seconds")))
            str_printf(out, "%.0f s ", number(wait, "seconds"));
        str_printf(out, "for %s%s%s", lock ? "a lock" : "", lock && on[0] ? " on " : "",
                   is(wait, "for", "plugin") ? "a plugin: " : "");
        servehtml_escaped(out, on);
        json_array_foreach(member(wait, "held_by"), k, by)
        {
            str_printf(out, "%s process %.0f of ", k ? "," : ", held by", number(by, "pid"));
            servehtml_escaped(out, statusdoc_text(by, "user"));
            str_add(out, statusdoc_text(by, "application")[0] ? ", " : "");
            servehtml_escaped(out, statusdoc_text(by, "application"));
        }
        str_add(out, "</p>\n");
    }
}

static void tile(struct str *out, const char *what)
{
    str_printf(out, "</b><span>%s</span></li>\n", what);
}

static void tiles(const json_t *run, const json_t *row, struct str *out)
{
    int at_work = statustext_is_unfinished(run) && !json_is_false(member(run, "alive"));
    str_add(out, "<ul class=\"tiles\">\n<li><b>");
    servehtml_count(out, number(row, "read"));
    tile(out, "records read");
    str_add(out, "<li><b>");
    servehtml_count(out, number(row, "left_out"));
    tile(out, "records left out");
    str_add(out, "<li><b>");
    servehtml_duration(out, number(run, "seconds"));
    tile(out, at_work ? "since its start" : "from start to end");
    if (at_work) {
        str_add(out, "<li><b>");
        if (has_number(run, "seconds_left"))
            servehtml_duration(out, number(run, "seconds_left"));
        else
            str_add(out, "unknown");
        tile(out, "to go, as measured");
        str_add(out, "<li><b>");
        servehtml_duration(out, number(run, "heartbeat_seconds"));
        tile(out, "since its last sign of life");
    } else if (json_is_object(member(row, "totals"))) {
        str_add(out, "<li><b>");
        servehtml_count(out, number(member(row, "totals"), "migrated"));
        int unwritten = is(run, "state", "dry") || is(run, "state", "failed") ||
                        is(run, "state", "held") || is(run, "state", "abandoned");
        tile(out, unwritten ? "fit to migrate" : "records migrated");
    }
    str_add(out, "</ul>\n");
}

static void steps(const json_t *run, struct str *out)
{
    size_t i;
    json_t *step;
    str_add(out, "<ol class=\"steps\" aria-label=\"Steps\">\n");
    json_array_foreach(member(run, "steps"), i, step)
    {
        const char *status = statusdoc_text(step, "status");
        str_printf(out, "<li class=\"%s %s\"><b>", status,
                   is(step, "status", "done")      ? "good"
                   : is(step, "status", "stopped") ? "bad"
                                                   : "still");
        servehtml_escaped(out, statusdoc_text(step, "name"));
        str_add(out, "</b><span>");
        if (is(step, "status", "done"))
            servehtml_duration(out, number(step, "seconds"));
        else if (is(step, "status", "now"))
            str_printf(out, "now %.0f s", number(step, "seconds"));
        else
            servehtml_escaped(out, is(step, "status", "skipped") ? "not due" : status);
        str_add(out, "</span></li>\n");
    }
    str_add(out, "</ol>\n");
}

static void verdict(const json_t *doc, const json_t *run, struct str *out)
{
    str_printf(out, "<section id=\"verdict\">\n<div class=\"verdict %s\">\n<h1>", tone_of_run(run));
    what_became(run, out);
    str_add(out, "</h1>\n<p>");
    servehtml_escaped(out, is(run, "kind", "run")       ? "A run"
                           : is(run, "kind", "dry-run") ? "A dry run"
                                                        : "A redrive");
    str_add(out, " of project ");
    servehtml_escaped(out, statusdoc_text(run, "project"));
    str_add(out, ", begun <time>");
    servehtml_escaped(out, statusdoc_text(run, "started"));
    str_add(out, "</time> on host ");
    servehtml_escaped(out, statusdoc_text(run, "host"));
    str_printf(out, ", process %.0f, mighost ", number(run, "pid"));
    servehtml_escaped(out, statusdoc_text(run, "version"));
    str_add(out, "</p>\n");
    waits(run, out);
    str_add(out, "</div>\n");
    steps(run, out);
    tiles(run, statustext_row(doc, statusdoc_text(run, "run")), out);
    str_add(out, "</section>\n");
}

/* ---- stages ------------------------------------------------------------------------------ */

static const char *tone_of_stage(const json_t *stage)
{
    if (is(stage, "status", "loading"))
        return "now";
    if (is(stage, "status", "pending"))
        return "still";
    return number(stage, "skipped") + number(stage, "rejected") > 0 ? "warn" : "good";
}

static void stage_row(const json_t *stage, int at_work, struct str *out)
{
    const char *tone = tone_of_stage(stage);
    str_add(out, "<tr>");
    servehtml_tag(out, "th scope=\"row\"", statusdoc_text(stage, "name"));
    str_printf(out, "<td class=\"tone %s\">%s</td>", tone, statusdoc_text(stage, "status"));
    str_printf(out, "<td class=\"%s\"><progress max=\"100\" value=\"%.1f\">%.0f %%</progress></td>",
               tone, 100 * number(stage, "share"), 100 * number(stage, "share"));
    servehtml_cell_count(out, stage, "read");
    str_add(out, "<td class=\"n\">");
    if (has_number(stage, "total") && !is(stage, "status", "complete"))
        str_add(out, "about ");
    if (has_number(stage, "total"))
        servehtml_count(out, number(stage, "total"));
    str_add(out, "</td>");
    if (at_work) {
        servehtml_cell_count(out, stage, "rate");
        str_add(out, "<td class=\"n\">");
        if (!is(stage, "status", "complete") && has_number(stage, "seconds_left"))
            servehtml_duration(out, number(stage, "seconds_left"));
        str_add(out, "</td>");
    }
    servehtml_cell_count(out, stage, "skipped");
    servehtml_cell_count(out, stage, "rejected");
    servehtml_cell(out, stage, "source");
    str_add(out, "</tr>\n");
}

static void stages(const json_t *run, struct str *out)
{
    static const char *const now[] = {"Stage",     "State",       "Share",  "#Read",
                                      "#Of",       "#Per second", "#To go", "#Skipped",
                                      "#Rejected", "Source",      NULL};
    static const char *const over[] = {"Stage",    "State",     "Share",  "#Read", "#Of",
                                       "#Skipped", "#Rejected", "Source", NULL};
    int at_work = statustext_is_unfinished(run);
    size_t i;
    json_t *stage;
    servehtml_section(out, "stages", "Stages");
    servehtml_table(out, "Stages in their order", at_work ? now : over);
    json_array_foreach(member(run, "stages"), i, stage)
    {
        stage_row(stage, at_work, out);
    }
    servehtml_table_end(out);
    str_add(out, "</section>\n");
}

/* ---- the plan as a picture --------------------------------------------------------------- */

struct picture {
    struct str *out;
    const json_t *stages;
};

static const json_t *stage_of(void *ctx, size_t i)
{
    return json_array_get(((const struct picture *)ctx)->stages, i);
}

static const char *stage_name(void *ctx, size_t i)
{
    return statusdoc_text(stage_of(ctx, i), "name");
}

static const char *stage_need(void *ctx, size_t i, size_t k)
{
    return json_string_value(json_array_get(member(stage_of(ctx, i), "needs"), k));
}

static const char *stage_tone(void *ctx, size_t i)
{
    return tone_of_stage(stage_of(ctx, i));
}

static int stage_is_off(void *ctx, size_t i)
{
    return is(stage_of(ctx, i), "status", "pending");
}

static void stage_said(void *ctx, size_t i)
{
    const json_t *stage = stage_of(ctx, i);
    struct str *out = ((const struct picture *)ctx)->out;
    double left = number(stage, "skipped") + number(stage, "rejected");
    if (is(stage, "status", "pending")) {
        str_add(out, "pending");
        return;
    }
    servehtml_count(out, number(stage, "read"));
    str_add(out, " read");
    if (is(stage, "status", "loading") && has_number(stage, "share")) {
        str_printf(out, ", %.0f %%", 100 * number(stage, "share"));
    } else if (left > 0) {
        str_add(out, ", ");
        servehtml_count(out, left);
        str_add(out, " left out");
    }
}

static void picture_markup(void *ctx, const char *text)
{
    str_add(((const struct picture *)ctx)->out, text);
}

static void picture_text(void *ctx, const char *text)
{
    servehtml_escaped(((const struct picture *)ctx)->out, text);
}

static void plan(const json_t *run, struct str *out)
{
    struct picture x = {out, member(run, "stages")};
    const struct plansvg svg = {&x,          json_array_size(x.stages),
                                stage_name,  stage_need,
                                stage_tone,  stage_is_off,
                                stage_said,  picture_markup,
                                picture_text};
    void *memory = svg.n > 0 && svg.n <= PLANSVG_MOST ? malloc(plansvg_bytes()) : NULL;
    servehtml_section(out, "plan", "Plan");
    if (memory)
        plansvg_draw(&svg, memory);
    else
        str_printf(out, "<p>%zu stages: no picture.</p>\n", svg.n);
    free(memory);
    str_add(out, "</section>\n");
}

/* ---- what was left out, the log, all runs ------------------------------------------------- */

static void rejects(const json_t *run, struct str *out)
{
    static const char *const columns[] = {"Stage",    "#Records", "Reason",
                                          "Begun by", "Outcome",  NULL};
    const json_t *list = member(run, "rejects");
    size_t i;
    json_t *r;
    servehtml_section(out, "rejects", "Left out, by what began it");
    if (!json_array_size(list)) {
        str_add(out, "<p>Nothing was left out so far.</p>\n</section>\n");
        return;
    }
    servehtml_table(out, "Records left out", columns);
    json_array_foreach(list, i, r)
    {
        str_add(out, "<tr>");
        servehtml_tag(out, "th scope=\"row\"", statusdoc_text(r, "stage"));
        servehtml_cell_count(out, r, "count");
        servehtml_cell(out, r, "code");
        str_add(out, "<td>");
        if (!is(r, "cause_stage", statusdoc_text(r, "stage")) ||
            !is(r, "cause_code", statusdoc_text(r, "code"))) {
            servehtml_escaped(out, statusdoc_text(r, "cause_code"));
            str_add(out, " in ");
            servehtml_escaped(out, statusdoc_text(r, "cause_stage"));
        }
        str_add(out, "</td>");
        servehtml_cell(out, r, "outcome");
        str_add(out, "</tr>\n");
    }
    servehtml_table_end(out);
    if (!json_is_true(member(run, "rejects_complete")))
        str_add(out, "<p>Of the first " STATUSDOC_MOST_REJECTS " only.</p>\n");
    str_add(out, "</section>\n");
}

static void log_lines(const struct servepage *p, const json_t *run, struct str *out)
{
    size_t i;
    json_t *event;
    servehtml_section(out, "log", p->log[0] ? "Log" : "What happened");
    str_add(out, "<div class=\"box\"><pre tabindex=\"0\">");
    servehtml_escaped(out, p->log);
    json_array_foreach(p->log[0] ? NULL : member(run, "events"), i, event)
    {
        servehtml_escaped(out, statusdoc_text(event, "at"));
        str_add(out, "  ");
        servehtml_escaped(out, statusdoc_text(event, "what"));
        str_add(out, "\n");
    }
    str_add(out, "</pre></div>\n</section>\n");
}

static void files(const struct servepage *p, const json_t *run, struct str *out)
{
    static const char *const names[][2] = {
        {"report.html", "report"}, {"summary.txt", "summary"}, {"run.log", "log"}};
    const char *between = "";
    str_add(out, "<td>");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!p->has_file(p->ctx, statusdoc_text(run, "run"), names[i][0]))
            continue;
        str_printf(out, "%s<a href=\"/run/%s/%s\">%s</a>", between, statusdoc_text(run, "run"),
                   names[i][0], names[i][1]);
        between = ", ";
    }
    str_add(out, "</td>");
}

static void history(const struct servepage *p, struct str *out)
{
    static const char *const columns[] = {"Run",   "State", "Kind",  "Project",
                                          "Begun", "#Took", "#Read", "#Left out",
                                          "#Exit", "Undo",  "Files", NULL};
    size_t i;
    json_t *run;
    servehtml_section(out, "history", "All runs");
    servehtml_table(out, "All runs, newest first", columns);
    json_array_foreach(member(p->doc, "runs"), i, run)
    {
        str_add(out, "<tr>");
        servehtml_tag(out, "th scope=\"row\"", statusdoc_text(run, "run"));
        str_printf(out, "<td class=\"tone %s\">", tone_of_run(run));
        servehtml_word(out, statusdoc_text(run, "state"));
        str_add(out, "</td>");
        servehtml_cell(out, run, "kind");
        servehtml_cell(out, run, "project");
        str_add(out, "<td><time>");
        servehtml_escaped(out, statusdoc_text(run, "started"));
        str_add(out, "</time></td><td class=\"n\">");
        servehtml_duration(out, number(run, "seconds"));
        str_add(out, "</td>");
        servehtml_cell_count(out, run, "read");
        servehtml_cell_count(out, run, "left_out");
        servehtml_cell_count(out, run, "exit_code");
        str_add(out, json_is_true(member(run, "undoable")) ? "<td>can be</td>" : "<td></td>");
        files(p, run, out);
        str_add(out, "</tr>\n");
    }
    servehtml_table_end(out);
    str_add(out, "</section>\n");
}

/* ---- the frame --------------------------------------------------------------------------- */

struct parts {
    const char *name;
    const struct str *text;
};

static void fill(const struct parts *parts, size_t n, struct str *out)
{
    for (const char *p = servefiles_page_html; *p;) {
        size_t len = strcspn(p, "{"), k = 0;
        str_add_n(out, p, len);
        p += len;
        for (; *p && k < n; k++) {
            size_t size = strlen(parts[k].name);
            if (strncmp(p, parts[k].name, size) != 0)
                continue;
            str_add_n(out, parts[k].text->data, parts[k].text->len);
            p += size;
            break;
        }
        if (*p && k == n)
            str_add_char(out, *p++);
    }
}

static void frame(const struct str *title, const struct str *again, const struct str *jump,
                  const struct str *where, const struct str *body, const struct str *asked,
                  struct str *out)
{
    const struct parts parts[] = {{"{title}", title}, {"{again}", again}, {"{jump}", jump},
                                  {"{where}", where}, {"{main}", body},   {"{asked}", asked}};
    fill(parts, sizeof parts / sizeof *parts, out);
}

void servepage_make(const struct servepage *p, struct str *out)
{
    const json_t *run = member(p->doc, "current");
    struct str title, again, jump, where, body, asked;
    str_init(&title, 0);
    str_init(&again, 0);
    str_init(&jump, 0);
    str_init(&where, 0);
    str_init(&body, 0);
    str_init(&asked, 0);
    servehtml_escaped(&title, statusdoc_text(p->doc, "project"));
    str_add(&title, ": ");
    str_add(&where, "Migrations into database ");
    servehtml_escaped(&where, statusdoc_text(p->doc, "database"));
    if (json_is_object(run)) {
        what_became(run, &title);
        str_add(&jump, "<a class=\"jump\" href=\"#stages\">To the stages</a>\n");
        verdict(p->doc, run, &body);
        stages(run, &body);
        plan(run, &body);
        rejects(run, &body);
        log_lines(p, run, &body);
        history(p, &body);
    } else {
        str_add(&title, "no run yet");
        str_add(&body, "<section id=\"verdict\"><div class=\"verdict still\"><h1>No run yet</h1>"
                       "<p>Nothing was moved into this database so far. <code>mighost --run</code> "
                       "begins; this page shows it by itself.</p></div></section>\n");
    }
    str_add(&asked, "As of ");
    servehtml_escaped(&asked, statusdoc_text(p->doc, "at"));
    str_printf(&asked, ", mighost %s. This page can look, not act.",
               statusdoc_text(p->doc, "version"));
    if (!json_is_object(run) || statustext_is_unfinished(run) || is(run, "state", "held"))
        str_add(&again, "<noscript><meta http-equiv=\"refresh\" content=\"3\"></noscript>\n");
    frame(&title, &again, &jump, &where, &body, &asked, out);
    str_clear(&title);
    str_clear(&again);
    str_clear(&jump);
    str_clear(&where);
    str_clear(&body);
    str_clear(&asked);
}

void servepage_message(const char *title, const char *text, struct str *out)
{
    str_add(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    servehtml_escaped(out, title);
    str_add(out, "</title></head><body><h1>");
    servehtml_escaped(out, title);
    str_add(out, "</h1>");
    servehtml_tag(out, "p", text);
    str_add(out, "</body></html>\n");
}
