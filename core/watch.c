/* watch.c - --status: the state of runs as text or JSON, once or, with --follow, until the run
 * ends. Only reads, by a connection of its own: a run neither waits for who looks nor ends with
 * him. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "actions.h"
#include "output.h"
#include "signals.h"
#include "statusdoc.h"
#include "statustext.h"

#define FOLLOW_MS 1000
#define GONE_LOOKS 3 /* so often a run without a process is looked at before it counts as ended */

/* ---- followed ---------------------------------------------------------------------------- */

/* Lines that are longer than the terminal is wide would be two. */
static int show_screen(const struct str *text)
{
    int lines = 0, columns = output_columns();
    for (const char *p = text->data; *p; lines++) {
        size_t n = strcspn(p, "\n"), most = 0, at = 0;
        for (; at < n && (int)most < columns; at++)
            most += ((unsigned char)p[at + 1] & 0xc0) != 0x80;
        output_format("%.*s\n", (int)at, p);
        p += n + (p[n] != '\0');
    }
    return lines;
}

struct follow {
    char run[32]; /* the one that was at work first */
    char last[1024];
    int lines, gone;
};

/* 0: goes on; 1: the run is over, with its code. */
static int over(const json_t *doc, const json_t *run, struct follow *f, int *code)
{
    const json_t *row = statustext_row(doc, f->run), *exit_code = json_object_get(row, "exit_code");
    int stopped = json_is_false(json_object_get(run, "alive"));
    if (!row || !statustext_is_unfinished(row)) {
        *code = (int)json_integer_value(exit_code);
        return 1;
    }
    f->gone = stopped ? f->gone + 1 : 0;
    *code = STATUS_TEMPORARY;
    return f->gone >= GONE_LOOKS;
}

static void show(const struct cli *cli, const json_t *doc, struct follow *f)
{
    const json_t *run = json_object_get(doc, "current");
    struct str text;
    str_init(&text, 0);
    if (cli->json) {
        char *line = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(9));
        output_line(line ? line : "");
        free(line);
    } else if (!json_is_object(run)) {
        output_line("no run yet");
    } else if (output_is_terminal()) {
        statustext_screen(doc, run, &text);
        output_over(f->lines);
        f->lines = show_screen(&text);
    } else {
        statustext_line(doc, run, &text);
        if (strncmp(text.data, f->last, sizeof f->last - 1) != 0)
            output_text(text.data);
        snprintf(f->last, sizeof f->last, "%s", text.data);
    }
    output_flush();
    str_clear(&text);
}

static int follow(const struct cli *cli, struct session *s)
{
    struct follow f = {.run = ""};
    for (int code = 0;;) {
        json_t *doc = statusdoc_make(&s->state, s->project, 0, &s->err);
        if (!doc)
            return s->err.code;
        const json_t *run = json_object_get(doc, "current");
        if (!f.run[0])
            snprintf(f.run, sizeof f.run, "%s", statusdoc_text(run, "run"));
        show(cli, doc, &f);
        int end = over(doc, run, &f, &code);
        json_decref(doc);
        if (end && code == STATUS_TEMPORARY && f.gone)
            output_line("no process works on the run any more; repeat its command to go on");
        if (end)
            return code;
        nanosleep(&(struct timespec){.tv_nsec = FOLLOW_MS * 1000000L - 1}, NULL);
        if (host_is_cancelled())
            return signals_code();
    }
}

/* ---- the action ---------------------------------------------------------------------------- */

static int once(const struct cli *cli, struct session *s)
{
    json_t *doc = statusdoc_make(&s->state, s->project, 1, &s->err);
    if (!doc)
        return s->err.code;
    struct str text;
    str_init(&text, 0);
    if (cli->json) {
        char *json = json_dumps(doc, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        output_line(json ? json : "");
        free(json);
    } else {
        statustext_all(doc, &text);
        output_text(text.data);
    }
    str_clear(&text);
    json_decref(doc);
    return 0;
}

int watch_status(const struct cli *cli, struct session *s)
{
    int code = session_target(s);
    if (!code)
        code = cli->follow ? follow(cli, s) : once(cli, s);
    if (s->err.code || s->faults.n)
        session_report(s, "nothing was written");
    return code ? code : faults_code(&s->faults);
}
