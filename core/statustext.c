/* statustext.c - the document of statusdoc.c in words: a paragraph a run, a screen, one line. Reads
 * and prints nothing itself. */
#include "statustext.h"

#include <jansson.h>
#include <string.h>

#include "plural.h"
#include "statusdoc.h"

static const json_t *member(const json_t *object, const char *name)
{
    return json_object_get(object, name);
}

static long long whole(const json_t *object, const char *name)
{
    return (long long)statusdoc_number(object, name);
}

static void add_size(double bytes, struct str *out)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    size_t i = 0;
    for (; bytes >= 10240 && i < 4; i++)
        bytes /= 1024;
    str_printf(out, "%.0f %s", bytes, units[i]);
}

static void run_line(const json_t *run, struct str *out)
{
    const char *parent = statusdoc_text(run, "parent");
    str_printf(out, "run %s (%s of %s%s%s%s): %s, started %s, %.1f s", statusdoc_text(run, "run"),
               statusdoc_text(run, "kind"), parent[0] ? "run " : "", parent,
               parent[0] ? " of " : "", statusdoc_text(run, "project"),
               statusdoc_text(run, "state"), statusdoc_text(run, "started"),
               statusdoc_number(run, "seconds"));
    if (json_is_integer(member(run, "exit_code")))
        str_printf(out, ", exit %lld", whole(run, "exit_code"));
    str_printf(out, ", %lld %s read, %lld left out", whole(run, "read"),
               plural(whole(run, "read"), "record", "records"), whole(run, "left_out"));
    if (json_is_number(member(run, "kept_bytes"))) {
        str_add(out, ", keeps ");
        add_size(statusdoc_number(run, "kept_bytes"), out);
    }
    str_add_char(out, '\n');
}

static void add_phase(const json_t *stage, struct str *out)
{
    const char *priority = statusdoc_text(stage, "priority");
    int has_phase = json_is_integer(member(stage, "phase"));
    if (has_phase)
        str_printf(out, " (phase %lld", whole(stage, "phase"));
    if (priority[0])
        str_printf(out, "%s%s", has_phase ? ", " : " (", priority);
    if (has_phase || priority[0])
        str_add_char(out, ')');
}

static void stage_names(const json_t *run, struct str *out)
{
    size_t i;
    json_t *stage;
    str_add(out, "     ");
    json_array_foreach(member(run, "stages"), i, stage)
    {
        const char *status = statusdoc_text(stage, "status");
        str_printf(out, "%s %s %s", i ? "," : "", statusdoc_text(stage, "name"),
                   str_equal(status, "complete") ? status : "pending");
        add_phase(stage, out);
    }
    str_add_char(out, '\n');
}

static const json_t *stage_at_work(const json_t *run)
{
    size_t i;
    json_t *stage;
    json_array_foreach(member(run, "stages"), i, stage)
    {
        if (str_equal(statusdoc_text(stage, "status"), "loading"))
            return stage;
    }
    return NULL;
}

static void add_left(const json_t *object, struct str *out)
{
    if (json_is_number(member(object, "seconds_left")))
        str_printf(out, "%.1f s left", statusdoc_number(object, "seconds_left"));
    else
        str_add(out, "time left unknown");
}

static void add_pace(const json_t *stage, struct str *out)
{
    str_printf(out, "%lld", whole(stage, "read"));
    if (json_is_number(member(stage, "total")))
        str_printf(out, " of %s%lld",
                   str_equal(statusdoc_text(stage, "status"), "complete") ? "" : "about ",
                   whole(stage, "total"));
    str_add(out, plural(json_is_number(member(stage, "total")) ? whole(stage, "total")
                                                               : whole(stage, "read"),
                        " record", " records"));
    if (whole(stage, "skipped") + whole(stage, "rejected"))
        str_printf(out, ", %lld left out", whole(stage, "skipped") + whole(stage, "rejected"));
    if (!str_equal(statusdoc_text(stage, "status"), "loading"))
        return;
    if (json_is_number(member(stage, "rate")))
        str_printf(out, ", %.0f/s", statusdoc_number(stage, "rate"));
    if (json_is_number(member(stage, "share")))
        str_printf(out, ", %.1f %%", 100 * statusdoc_number(stage, "share"));
    str_add(out, ", ");
    add_left(stage, out);
}

static void step_line(const json_t *run, struct str *out)
{
    const json_t *stage = stage_at_work(run), *batches = member(run, "batches");
    const char *step = statusdoc_text(run, "step");
    str_printf(out, "      step %s", step);
    if (json_is_object(batches))
        str_printf(out, "%s, %lld of %lld %s done", str_equal(step, "publish") ? "" : ", publish",
                   whole(batches, "done"), whole(batches, "of"),
                   plural(whole(batches, "of"), "batch", "batches"));
    if (stage && str_equal(step, "load")) {
        str_printf(out, ": %s, ", statusdoc_text(stage, "name"));
        add_pace(stage, out);
    }
    str_add_char(out, '\n');
}

static void wait_lines(const json_t *run, struct str *out)
{
    size_t i, k;
    json_t *wait, *by;
    json_array_foreach(member(run, "waits"), i, wait)
    {
        const char *on = statusdoc_text(wait, "on");
        int lock = str_equal(statusdoc_text(wait, "for"), "lock");
        str_add(out, "      ");
        if (json_is_integer(member(wait, "worker")))
            str_printf(out, "worker %lld ", whole(wait, "worker"));
        str_add(out, "waits ");
        if (json_is_number(member(wait, "seconds")))
            str_printf(out, "%.1f s ", statusdoc_number(wait, "seconds"));
        str_printf(out, "for %s%s%s", lock ? "a lock" : "", lock && on[0] ? " on " : "",
                   str_equal(statusdoc_text(wait, "for"), "plugin") ? "a plugin: " : "");
        str_add(out, on);
        json_array_foreach(member(wait, "held_by"), k, by)
        {
            str_printf(out, "%s pid %lld (%s%s%s)", k ? "," : ", held by", whole(by, "pid"),
                       statusdoc_text(by, "user"), statusdoc_text(by, "application")[0] ? ", " : "",
                       statusdoc_text(by, "application"));
        }
        str_add_char(out, '\n');
    }
}

int statustext_is_unfinished(const json_t *run)
{
    static const char *const states[] = {"loading", "checked", "partly", "published"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (str_equal(statusdoc_text(run, "state"), states[i]))
            return 1;
    return 0;
}

static void alive_line(const json_t *run, struct str *out)
{
    const json_t *alive = member(run, "alive");
    str_printf(out, "      host %s, pid %lld: %s, last sign of life %.1f s ago\n",
               statusdoc_text(run, "host"), whole(run, "pid"),
               json_is_true(alive)    ? "at work"
               : json_is_false(alive) ? "no process works on it; repeat its command to go on"
                                      : "not known whether it is at work",
               statusdoc_number(run, "heartbeat_seconds"));
}

void statustext_all(const json_t *doc, struct str *out)
{
    size_t i;
    json_t *run;
    const json_t *now = member(doc, "current");
    json_array_foreach(member(doc, "runs"), i, run)
    {
        run_line(run, out);
        if (!str_equal(statusdoc_text(run, "run"), statusdoc_text(now, "run")))
            continue;
        stage_names(now, out);
        if (!statustext_is_unfinished(now))
            continue;
        step_line(now, out);
        wait_lines(now, out);
        alive_line(now, out);
    }
    if (!i)
        str_add(out, "no run yet\n");
}

const json_t *statustext_row(const json_t *doc, const char *number)
{
    size_t i;
    json_t *run;
    json_array_foreach(member(doc, "runs"), i, run)
    {
        if (str_equal(statusdoc_text(run, "run"), number))
            return run;
    }
    return NULL;
}

static void stage_lines(const json_t *run, struct str *out)
{
    size_t i;
    json_t *stage;
    json_array_foreach(member(run, "stages"), i, stage)
    {
        str_printf(out, "  %-8s  %s: ", statusdoc_text(stage, "status"),
                   statusdoc_text(stage, "name"));
        if (str_equal(statusdoc_text(stage, "status"), "pending"))
            str_printf(out, "%lld expected", whole(stage, "total"));
        else
            add_pace(stage, out);
        str_add_char(out, '\n');
    }
}

static void reject_lines(const json_t *run, struct str *out)
{
    size_t i;
    json_t *r;
    json_array_foreach(member(run, "rejects"), i, r)
    {
        if (i == 5) {
            str_printf(out, "  and %zu more %s\n", json_array_size(member(run, "rejects")) - i,
                       plural(json_array_size(member(run, "rejects")) - i, "reason", "reasons"));
            break;
        }
        str_printf(out, "  %lld %s of %s: %s, begun by %s of %s\n", whole(r, "count"),
                   statusdoc_text(r, "outcome"), statusdoc_text(r, "stage"),
                   statusdoc_text(r, "code"), statusdoc_text(r, "cause_code"),
                   statusdoc_text(r, "cause_stage"));
    }
}

/* All of the run, for a terminal on which it is drawn again and again. */
void statustext_screen(const json_t *doc, const json_t *run, struct str *out)
{
    size_t i;
    json_t *step;
    run_line(statustext_row(doc, statusdoc_text(run, "run")), out);
    str_add(out, " ");
    json_array_foreach(member(run, "steps"), i, step)
    {
        const char *status = statusdoc_text(step, "status");
        if (str_equal(status, "now") || str_equal(status, "done"))
            str_printf(out, " %s%s %.1f s", statusdoc_text(step, "name"),
                       str_equal(status, "now") ? " (now)" : "", statusdoc_number(step, "seconds"));
        else if (!str_equal(status, "skipped"))
            str_printf(out, " %s", statusdoc_text(step, "name"));
    }
    str_add_char(out, '\n');
    stage_lines(run, out);
    reject_lines(run, out);
    if (!statustext_is_unfinished(run))
        return;
    wait_lines(run, out);
    alive_line(run, out);
    str_add(out, "  the run: ");
    add_left(run, out);
    str_add_char(out, '\n');
}

/* One line where nobody looks: what changed shows by comparing it with the one before. */
void statustext_line(const json_t *doc, const json_t *run, struct str *out)
{
    const json_t *row = statustext_row(doc, statusdoc_text(run, "run"));
    if (!statustext_is_unfinished(run)) {
        run_line(row, out);
        return;
    }
    str_printf(out, "run %s: %s", statusdoc_text(run, "run"), statusdoc_text(run, "state"));
    struct str more;
    str_init(&more, 0);
    step_line(run, &more);
    wait_lines(run, &more);
    for (char *p = more.data; (p = strchr(p, '\n')); p++)
        *p = ' ';
    str_printf(out, ",%s\n", more.data + 5);
    str_clear(&more);
}
