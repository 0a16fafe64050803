/* selftest.c - --self-test: scenarios of a migration from document to proof, played through the
 * same functions as the actions. What a scenario must find is counted by SQL, never taken from
 * the run's own words. Where they are played: site.c. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actions.h"
#include "backup.h"
#include "log.h"
#include "output.h"
#include "plural.h"
#include "progress.h"
#include "rollback.h"
#include "signals.h"
#include "site.h"

#define AUTHORS 200

/* ---- scenarios, in this order: each finds what the one before left ----------------------- */

static int publishes(struct site *site)
{
    struct site_played p;
    return site_project(site, "reject") || site_document(site, AUTHORS, 0) ||
           site_play(site, 0, STATUS_OK, &p) || site_counted(site, &p.before, 0, 0) ||
           site_counted(site, &p.after, AUTHORS, 2 * AUTHORS);
}

static int repeats(struct site *site)
{
    struct site_played p;
    return site_play(site, 0, STATUS_OK, &p) || site_untouched(site, &p.before, &p.after) ||
           site_counted(site, &p.after, AUTHORS, 2 * AUTHORS);
}

static int runs_dry(struct site *site)
{
    struct site_played p;
    if (site_document(site, AUTHORS + 10, 0) || site_play(site, 1, STATUS_OK, &p))
        return 1;
    if (p.verdict.totals.inserted != 30)
        return site_fail(site, "it would insert %lld %s, not 30",
                         (long long)p.verdict.totals.inserted,
                         plural(p.verdict.totals.inserted, "row", "rows"));
    return site_untouched(site, &p.before, &p.after);
}

static int refuses_all(struct site *site)
{
    struct site_played p;
    return site_project(site, "fail") || site_document(site, AUTHORS + 10, 1) ||
           site_play(site, 0, STATUS_INVALID, &p) || site_untouched(site, &p.before, &p.after);
}

static int keeps_bad_aside(struct site *site)
{
    struct site_played p;
    return site_project(site, "reject") || site_document(site, AUTHORS + 10, 1) ||
           site_play(site, 0, STATUS_PARTIAL, &p) ||
           site_counted(site, &p.after, AUTHORS + 9, 2 * (AUTHORS + 10) - 4);
}

static int take_back(struct site *site, int64_t run, struct site_rows *after)
{
    struct site_session s;
    struct rollback_result result;
    int code = 0, bad = site_open(site, &s);
    if (!bad) {
        code = pg_begin(s.x.pg, "READ ONLY", &s.x.err);
        if (!code)
            code = state_attach(&s.x.state, run, &s.x.err);
        pg_rollback(s.x.pg);
        if (!code)
            code = rollback_run(&s.x.state, s.x.project, ROLLBACK_REFUSE, &result, &s.x.err);
        bad = code ? site_failed(site, &s.x, code) : site_look(site, s.x.pg, after);
    }
    if (!bad && !result.proven)
        bad = site_fail(site, "the rollback has no proof");
    site_close(&s);
    return bad;
}

static int rolls_back(struct site *site)
{
    struct site_played p;
    struct site_rows after;
    if (site_document(site, AUTHORS + 30, 0) || site_play(site, 0, STATUS_OK, &p) ||
        site_counted(site, &p.after, AUTHORS + 30, 2 * (AUTHORS + 30)) ||
        take_back(site, p.verdict.run, &after))
        return 1;
    return strcmp(p.before.content, after.content) ? site_fail(site, "the tables are not as before")
                                                   : 0;
}

static int flip_byte(struct site *site, const char *backups, const char *id)
{
    char path[8192];
    int n = snprintf(path, sizeof path, "%s/%s/data.dump", backups, id);
    FILE *file = (size_t)n < sizeof path ? fopen(path, "r+e") : NULL;
    if (!file)
        return site_fail(site, "%s: %m", path);
    fseek(file, 0, SEEK_END);
    fseek(file, ftell(file) / 2, SEEK_SET);
    int c = fgetc(file);
    fseek(file, -1, SEEK_CUR);
    fputc(c ^ 1, file);
    return fclose(file) ? site_fail(site, "%s: %m", path) : 0;
}

static int refused(struct site *site, struct site_session *s, const char *id)
{
    struct error err = {0};
    if (backup_verify(s->backups, id, &err))
        return site_fail(site, "%s", err.what);
    if (flip_byte(site, s->backups, id))
        return 1;
    if (backup_verify(s->backups, id, &err) != STATUS_BACKUP)
        return site_fail(site, "a damaged backup counts as good");
    error_clear(&err);
    if (backup_restore(s->backups, id, s->x.url, &err) != STATUS_BACKUP)
        return site_fail(site, "a damaged backup was restored");
    return 0;
}

static int refuses_a_damaged_backup(struct site *site)
{
    struct site_session s;
    struct backup_info *list;
    struct site_rows before, after;
    struct error err = {0};
    size_t n = 0;
    int bad = site_open(site, &s) || site_look(site, s.x.pg, &before);
    if (!bad && backup_list(s.backups, 0, s.x.project->mem, &list, &n, &err))
        bad = site_fail(site, "%s", err.what);
    if (!bad && !n)
        bad = site_fail(site, "no run has left a backup");
    bad = bad || refused(site, &s, list[0].id) || site_look(site, s.x.pg, &after) ||
          site_untouched(site, &before, &after);
    site_close(&s);
    return bad;
}

/* ---- all together ---------------------------------------------------------------------- */

static const struct {
    const char *name;
    int (*act)(struct site *site);
} scenarios[] = {
    {"publish", publishes},
    {"second run changes nothing", repeats},
    {"dry run writes nothing", runs_dry},
    {"strict run refuses all", refuses_all},
    {"tolerant run keeps bad records aside", keeps_bad_aside},
    {"rollback brings everything back", rolls_back},
    {"damaged backup is refused", refuses_a_damaged_backup},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void tell(const struct site *site, const char *name, double seconds, json_t *results)
{
    int passed = !site->why[0];
    if (results)
        json_array_append_new(results, json_pack("{s:s, s:b, s:s, s:f}", "name", name, "passed",
                                                 passed, "message", site->why, "seconds", seconds));
    else
        output_format("%s %s%s%s\n", passed ? "passed" : "failed", name, passed ? "" : ": ",
                      site->why);
}

static int play_all(struct site *site, json_t *results)
{
    int failed = 0;
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios && !host_is_cancelled(); i++) {
        double begun = now();
        site->why[0] = '\0';
        int bad = i == 0 && site_make(site);
        failed |= bad || scenarios[i].act(site);
        tell(site, scenarios[i].name, now() - begun, results);
        if (!site->dir[0])
            break;
    }
    site->why[0] = '\0';
    if (site_remove(site)) {
        failed = 1;
        tell(site, "clean up", 0, results);
    }
    return failed;
}

int selftest_run(const struct cli *cli, struct session *s)
{
    (void)s;
    struct site site = {.given = &cli->session};
    json_t *results = cli->json ? json_array() : NULL;
    progress_init(PROGRESS_NONE);
    /* Errors are what some scenarios are made to provoke. */
    if (!cli->verbose)
        log_level_set((enum log_level)(LOG_ERROR + 1));
    int failed = play_all(&site, results);
    if (results) {
        json_t *all = json_pack("{s:b, s:o}", "success", !failed, "results", results);
        char *text = all ? json_dumps(all, JSON_INDENT(2)) : NULL;
        output_line(text ? text : "{\"success\": false}");
        free(text);
        json_decref(all);
    }
    if (host_is_cancelled())
        return signals_code();
    return failed ? STATUS_INVALID : STATUS_OK;
}
