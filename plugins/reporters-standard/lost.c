/*
 * lost.c - what was rejected or skipped, by what began it.
 */
#include "lost.h"

#include <stdio.h>
#include <string.h>

#include "view.h"

/* "stage: code" of what began it. The report has it as "stage:key code"; a key may hold colons
 * and blanks, so the stage ends at the first colon and the code begins after the last blank. */
static void first_cause(char *out, size_t size, const json_t *entry)
{
    const char *cause = view_text(entry, "first_cause");
    const char *colon = strchr(cause, ':'), *blank = strrchr(cause, ' ');
    if (colon && blank && colon < blank)
        snprintf(out, size, "%.*s: %s", (int)(colon - cause), cause, blank + 1);
    else
        snprintf(out, size, "%s: %s", view_text(entry, "stage"), view_text(entry, "code"));
}

static int is_first(const json_t *entry)
{
    return *view_text(entry, "first_cause") == '\0';
}

json_t *lost_by_cause(const json_t *root)
{
    json_t *causes = json_object(), *entry;
    size_t i;
    json_array_foreach(json_object_get(root, "rejects"), i, entry)
    {
        char cause[512];
        first_cause(cause, sizeof cause, entry);
        json_t *lost = json_object_get(causes, cause);
        if (!lost) {
            lost = json_object();
            json_object_set_new(causes, cause, lost);
        }
        const char *stage = is_first(entry) ? "" : view_text(entry, "stage");
        int64_t n = view_count(lost, stage) + view_count(entry, "count");
        json_object_set_new(lost, stage, json_integer(n));
    }
    return causes;
}
