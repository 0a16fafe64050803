/*
 * proof.c - the sections of summary.txt on whether the outcome is right: checks, verification,
 * and the criteria of success.
 */
#include <string.h>

#include "../common/plural.h"
#include "criteria.h"
#include "summary.h"
#include "view.h"

/* The longest name's, as far as a line has room for it. */
static int width_of_names(const json_t *checks)
{
    size_t i, width = 48;
    json_t *check;
    json_array_foreach(checks, i, check)
    {
        size_t n = strlen(view_text(check, "name"));
        width = n > width ? n : width;
    }
    return width < 80 ? (int)width : 80;
}

void summary_checks(struct out *o, const json_t *root)
{
    const json_t *checks = json_object_get(root, "checks");
    int width = width_of_names(checks);
    size_t i;
    json_t *check;
    out_heading(o, "Checks");
    if (json_array_size(checks) == 0) {
        out_text(o, "none\n");
        return;
    }
    out_format(o, "%-*s %-10s %-6s%10s %10s  %s\n", width, "check", "step", "kind", "expected",
               "found", "result");
    json_array_foreach(checks, i, check)
    {
        const json_t *found = json_object_get(check, "found");
        out_plain(o, view_text(check, "name"), width);
        out_text(o, " ");
        out_plain(o, view_text(check, "phase"), 10);
        out_text(o, " ");
        out_plain(o, view_text(check, "kind"), 6);
        out_format(o, "%10lld %10lld  ", (long long)view_count(check, "expected"),
                   (long long)view_count(check, json_is_integer(found) ? "found" : "violations"));
        out_plain(o, view_text(check, "status"), 0);
        out_text(o, "\n");
    }
}

static void say_logins(struct out *o, const json_t *logins)
{
    size_t i;
    const json_t *l;
    json_array_foreach((json_t *)logins, i, l)
    {
        out_format(o, "%s: %lld old %s, %lld %s not, %lld %s nothing to prove\n",
                   view_text(l, "stage"), (long long)view_count(l, "proven"),
                   plural(view_count(l, "proven"), "password opens its account",
                          "passwords open their accounts"),
                   (long long)view_count(l, "failed"),
                   plural(view_count(l, "failed"), "does", "do"),
                   (long long)view_count(l, "nothing_to_prove"),
                   plural(view_count(l, "nothing_to_prove"), "account has", "accounts have"));
    }
}

static void say_groups(struct out *o, const json_t *groups)
{
    size_t i;
    const json_t *g;
    if (json_array_size(groups) == 0)
        return;
    out_format(o, "%-24s %-40s%10s %10s  %s\n", "stage", "table", "expected", "as staged",
               "result");
    json_array_foreach((json_t *)groups, i, g)
    {
        out_plain(o, view_text(g, "stage"), 24);
        out_text(o, " ");
        out_plain(o, view_text(g, "table"), 40);
        out_format(o, "%10lld %10lld  ", (long long)view_count(g, "expected"),
                   (long long)view_count(g, "found"));
        out_plain(o, view_text(g, "result"), 0);
        out_text(o, "\n");
    }
}

void summary_verify(struct out *o, const json_t *root)
{
    const json_t *verify = json_object_get(root, "verify");
    const json_t *fingerprint = json_object_get(root, "fingerprint");
    out_heading(o, "Verification of live tables against staging");
    if (json_is_object(verify))
        out_format(o,
                   "%lld %s, %lld %s compared, %lld %s\napart from these, changed by triggers and "
                   "defaults: %lld, by others since: %lld\n",
                   (long long)view_count(verify, "rows"),
                   plural(view_count(verify, "rows"), "row", "rows"),
                   (long long)view_count(verify, "fields"),
                   plural(view_count(verify, "fields"), "field", "fields"),
                   (long long)view_count(verify, "differences"),
                   plural(view_count(verify, "differences"), "difference", "differences"),
                   (long long)view_count(verify, "changed_by_target"),
                   (long long)view_count(verify, "changed_since"));
    else
        out_text(o, "not done: nothing was published\n");
    say_groups(o, json_object_get(verify, "groups"));
    say_logins(o, json_object_get(root, "logins"));
    for (size_t i = 0; i < 2; i++) {
        const char *when = i == 0 ? "before" : "after";
        if (*view_text(fingerprint, when) == '\0')
            continue;
        out_format(o, "fingerprint %-8s", when);
        out_plain(o, view_text(fingerprint, when), 0);
        out_text(o, "\n");
    }
}

void summary_criteria(struct out *o, const json_t *root)
{
    out_heading(o, "Criteria");
    for (size_t i = 0; criteria_text(i); i++)
        out_format(o, "%-64s%s\n", criteria_text(i), criteria_word(criteria_ask(i, root)));
}
