/*
 * html_verdict.c - the top of report.html: what became of the run, in words, and how to undo it.
 */
#include <string.h>

#include "html.h"
#include "view.h"

struct words {
    const char *tone, *word, *rest;
};

static struct words unsuccessful(const json_t *root)
{
    if (view_has_status(root, "rolled_back"))
        return (struct words){"bad", "Taken back.",
                              "It was published, found wrong, and undone: the live tables are as "
                              "they were before."};
    if (view_is_published(root))
        return (struct words){"bad", "Published, but not finished.",
                              "The live tables are changed; what is left to do is said below."};
    return (struct words){"bad", "Failed. Nothing was published.",
                          "The live tables are as they were before."};
}

static struct words words_of(const json_t *root)
{
    const json_t *run = json_object_get(root, "run");
    int clean = view_count(root, "errors_total") == 0;
    if (view_true(root, "success") && view_has_status(root, "rolled_back"))
        return (struct words){
            "still", "Taken back.",
            "It was published, and undone later: the live tables are as they were "
            "before."};
    if (!view_true(root, "success"))
        return unsuccessful(root);
    if (strcmp(view_text(run, "action"), "dry-run") == 0)
        return (struct words){clean ? "still" : "warn", "Dry run. Nothing was written.",
                              clean ? "A run would migrate every record."
                                    : "A run would leave some records out."};
    if (!view_is_published(root))
        return (struct words){"still", "Held. Nothing is published yet.",
                              "All is checked and waits to be published."};
    if (view_count(run, "exit_code") == 20)
        return (struct words){"warn", "Published, with records left out.",
                              "Every record is accounted for; those that were left out are kept "
                              "aside, with what began it."};
    return (struct words){"good", "Done. Every record is accounted for.",
                          clean ? "None was left out." : "Those left out were so on purpose."};
}

/* ---- sums ----------------------------------------------------------------------------- */

static void tile(struct out *o, const char *label, int64_t n)
{
    out_text(o, "<li><b>");
    html_count(o, n);
    out_text(o, "</b><span>");
    out_escaped(o, label);
    out_text(o, "</span></li>\n");
}

static void tile_seconds(struct out *o, const char *label, double seconds)
{
    out_text(o, "<li><b>");
    html_seconds(o, seconds);
    out_text(o, "</b><span>");
    out_escaped(o, label);
    out_text(o, "</span></li>\n");
}

static void tiles(struct out *o, const json_t *root)
{
    const json_t *sum = json_object_get(root, "summary"), *run = json_object_get(root, "run");
    int done = view_has_written(root);
    out_text(o, "<ul class=\"tiles\">\n");
    tile(o, "records read", view_count(sum, "read"));
    tile(o, done ? "migrated" : "fit to migrate", view_count(sum, "migrated"));
    tile(o, "skipped", view_count(sum, "skipped"));
    tile(o, "rejected", view_count(sum, "rejected"));
    tile(o, done ? "rows inserted" : "rows to insert", view_count(sum, "inserted"));
    tile(o, done ? "rows updated" : "rows to update", view_count(sum, "updated"));
    tile(o, done ? "rows deleted" : "rows to delete", view_count(sum, "deleted"));
    tile_seconds(o, "in all", view_seconds(run, "seconds"));
    if (done)
        tile_seconds(o, "live tables locked", view_seconds(run, "publish_seconds"));
    out_text(o, "</ul>\n");
}

static void failure(struct out *o, const json_t *root)
{
    const json_t *f = json_object_get(root, "failure");
    static const char *const parts[][2] = {{"what", "What"}, {"why", "Why"}, {"fix", "Fix"}};
    if (!json_is_object(f))
        return;
    out_text(o, "<dl>\n");
    for (size_t i = 0; i < 3; i++) {
        if (*view_text(f, parts[i][0]) == '\0')
            continue;
        html_tag(o, "dt", parts[i][1]);
        html_tag(o, "dd", view_text(f, parts[i][0]));
    }
    out_text(o, "</dl>\n");
}

void html_verdict(struct out *o, const json_t *root)
{
    struct words words = words_of(root);
    out_format(o, "<div class=\"verdict %s\" role=\"status\">\n<p class=\"word\">", words.tone);
    out_escaped(o, words.word);
    out_text(o, "</p>\n");
    html_tag(o, "p", words.rest);
    out_text(o, "<p class=\"said\">");
    out_escaped(o, view_text(root, "message"));
    out_text(o, "</p>\n");
    failure(o, root);
    out_text(o, "</div>\n");
    tiles(o, root);
}

/* ---- the way back --------------------------------------------------------------------- */

void html_undo(struct out *o, const json_t *root)
{
    const json_t *run = json_object_get(root, "run");
    html_section(o, "undo", "The way back");
    if (!view_is_published(root)) {
        html_tag(o, "p",
                 view_has_status(root, "rolled_back")
                     ? "The run is taken back already: there is nothing to undo."
                     : "No live table was changed: there is nothing to undo.");
        html_section_end(o);
        return;
    }
    html_tag(o, "p",
             "This brings back what was there, row by row, and proves it. It refuses, and says "
             "why, where the application has changed the same rows since.");
    out_text(o, "<pre><code>mighost --rollback ");
    out_escaped(o, view_text(run, "id"));
    out_text(o, "</code></pre>\n");
    html_tag(o, "p", "The same with psql alone, by the script in this directory:");
    out_text(o, "<pre><code>psql -X -f rollback.sql</code></pre>\n");
    out_text(o, "<p>Both can be done until <code>mighost --finalize ");
    out_escaped(o, view_text(run, "id"));
    out_text(o, "</code>, which drops what they need.");
    if (*view_text(run, "backup")) {
        out_text(o, " Before it wrote, the run made the backup <code>");
        out_escaped(o, view_text(run, "backup"));
        out_text(o, "</code>.");
    }
    out_text(o, "</p>\n");
    html_section_end(o);
}
