/* gate.c - asks the target which rehearsals it has seen, and the checklist what is open. */
#include "gate.h"

#include <string.h>

#include "checklist.h"
#include "jsonfile.h"
#include "log.h"
#include "output.h"
#include "plural.h"
#include "rehearsal.h"

#define MOST_OPEN 300 /* bytes of their names in a message */

static int read_checklist(const struct cli *cli, struct session *s, struct arena *mem,
                          struct checklist *out)
{
    struct checklist done;
    memset(out, 0, sizeof *out);
    if (!s->project->checklist)
        return 0;
    int code = checklist_read(s->project->checklist, mem, out, &s->err);
    if (code || !cli->acknowledge)
        return code;
    code = checklist_read(cli->acknowledge, mem, &done, &s->err);
    if (!code) {
        checklist_take(out, &done);
        memcpy(out->sha256, done.sha256, sizeof out->sha256);
    }
    return code;
}

static void refuse_checklist(struct session *s, const char *open, size_t n)
{
    struct error err = {0};
    error_set(&err, STATUS_PREFLIGHT, "%zu %s: %.*s", n,
              plural(n, "item of the checklist is open", "items of the checklist are open"),
              MOST_OPEN, open);
    error_fix(&err,
              "see to them and write in %s, or a copy for --acknowledge: - [x] item (name, "
              "YYYY-MM-DD)",
              s->project->checklist);
    faults_add(&s->faults, &err);
}

static void refuse_unrehearsed(struct session *s, const struct rehearsal_found *found)
{
    struct error err = {0};
    error_set(&err, STATUS_PREFLIGHT,
              "the target is production, and this plan has no passed rehearsal: %s", found->why);
    error_why(&err, "what was not tried as it is may do something else");
    error_fix(&err, "mighost --rehearse; or --force, which stands in the report");
    faults_add(&s->faults, &err);
}

static void quote_or_null(struct str *out, const char *text)
{
    if (*text)
        jsonfile_quote(out, text);
    else
        str_add(out, "null");
}

static void note(const struct cli *cli, const struct rehearsal_found *found,
                 const struct checklist *list, struct gate *out)
{
    size_t open = checklist_open(list);
    str_add(&out->report, "{\"id\": ");
    if (found->id)
        str_printf(&out->report, "%lld", (long long)found->id);
    else
        str_add(&out->report, "null");
    str_printf(&out->report, ", \"forced\": %s, \"why\": ",
               cli->force && (!found->id || open) ? "true" : "false");
    quote_or_null(&out->report, found->why);
    str_add(&out->report, ", \"bundle\": ");
    quote_or_null(&out->report, found->bundle);
    str_add(&out->report, ", \"checklist\": ");
    if (!list->n) {
        str_add(&out->report, "null}");
        return;
    }
    str_printf(&out->report, "{\"sha256\": \"%s\", \"items\": %zu, \"open\": %zu}}", list->sha256,
               list->n, open);
}

static int find(struct session *s, struct rehearsal_found *out)
{
    struct rehearsal_plan plan;
    rehearsal_plan_of(&s->job, &plan);
    int code = rehearsal_find(&s->state, s->project->name, &plan, out, &s->err);
    rehearsal_plan_clear(&plan);
    return code;
}

int gate_review(const struct cli *cli, struct session *s)
{
    const struct project *p = s->project;
    if (!p->n_review || cli->action == ACTION_DRY_RUN)
        return 0;
    error_set(&s->err, STATUS_CONFIG, "%zu %s: %.300s", p->n_review,
              plural(p->n_review, "line of the project's review is open",
                     "lines of the project's review are open, the first"),
              p->review[0]);
    error_why(&s->err, "what was proposed is not known to be right");
    error_fix(&s->err, "see to each, try it by --dry-run, and take it out of \"review\" in the "
                       "project file");
    return STATUS_CONFIG;
}

int gate_check(const struct cli *cli, struct session *s, struct gate *out)
{
    struct rehearsal_found found;
    struct checklist list;
    struct str open;
    memset(out, 0, sizeof *out);
    str_init(&out->report, 0);
    str_init(&open, 0);
    if (!s->project->target.production || cli->action == ACTION_DRY_RUN)
        return 0;
    struct arena *mem = arena_new();
    int code = read_checklist(cli, s, mem, &list);
    if (!code)
        code = find(s, &found);
    if (!code) {
        note(cli, &found, &list, out);
        if (!found.id && !cli->force)
            refuse_unrehearsed(s, &found);
        if (checklist_open(&list) && !cli->force) {
            checklist_open_text(&list, 1, &open);
            refuse_checklist(s, open.data, checklist_open(&list));
        }
        if (!found.id && cli->force)
            log_write(LOG_WARNING, "without a rehearsal, as --force says: %s", found.why);
        out->rehearsal = cli->action == ACTION_REDRIVE || cli->force ? 0 : found.id;
    }
    str_clear(&open);
    arena_free(mem);
    return s->faults.n ? faults_code(&s->faults) : code;
}

/* What is open of the whole list, or of what comes with the run and behind it. */
static int open_now(const struct cli *cli, struct session *s, int all, size_t *n, struct str *out)
{
    struct checklist list;
    struct arena *mem = arena_new();
    int code = s->project->target.production ? read_checklist(cli, s, mem, &list) : -1;
    *n = 0;
    for (size_t i = 0; !code && i < list.n; i++)
        *n += !list.items[i].who && (all || list.items[i].when != CHECKLIST_BEFORE);
    if (!code && all)
        checklist_open_text(&list, 1, out);
    if (!code)
        checklist_open_text(&list, 0, out);
    arena_free(mem);
    return code < 0 ? 0 : code;
}

int gate_end(const struct cli *cli, struct session *s)
{
    struct str open;
    size_t n;
    str_init(&open, 0);
    int code = open_now(cli, s, 1, &n, &open);
    if (!code && n && !cli->force)
        refuse_checklist(s, open.data, n);
    else if (!code && n)
        log_write(LOG_WARNING, "with open items on the checklist, as --force says: %s", open.data);
    str_clear(&open);
    return s->faults.n ? faults_code(&s->faults) : code;
}

void gate_tell_next(const struct cli *cli, struct session *s)
{
    struct str open;
    struct error was = s->err;
    size_t n;
    str_init(&open, 0);
    if (!open_now(cli, s, 0, &n, &open) && n)
        log_write(LOG_INFO, "next on the checklist: %s", open.data);
    s->err = was; /* a list that went meanwhile is no fault of the run */
    str_clear(&open);
}

void gate_clear(struct gate *gate)
{
    str_clear(&gate->report);
}

int gate_tell_checklist(const struct cli *cli, struct session *s)
{
    struct checklist list;
    struct str text;
    struct arena *mem = arena_new();
    int code = read_checklist(cli, s, mem, &list);
    str_init(&text, 0);
    if (!code && list.n) {
        str_printf(&text, "checklist, %zu of %zu open before the run:\n", checklist_open(&list),
                   list.n);
        checklist_text(&list, &text);
        output_text(text.data);
    }
    str_clear(&text);
    arena_free(mem);
    return code;
}

int gate_tell(const struct cli *cli, struct session *s)
{
    struct rehearsal_found found;
    int code = gate_tell_checklist(cli, s);
    if (code || !s->project->target.production)
        return code;
    code = find(s, &found);
    if (!code && found.id)
        output_format("production: rehearsal %lld of this plan passed\n", (long long)found.id);
    else if (!code)
        output_format("production: a run is refused: %s\n", found.why);
    return code;
}
