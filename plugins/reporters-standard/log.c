/*
 * log.c - the reporter "log": the log so far under another name, or in another form. The host
 * writes run.log itself, from the first line on; this is for people and programs that look for
 * something else.
 */
#include <string.h>

#include "common/option.h"
#include "names.h"
#include "out.h"
#include "reporter.h"

static const char *const levels[] = {"debug", "info", "warning", "error"};

struct logger {
    const mig_host_t *host;
    const char *file;
    size_t level;
    int json;
};

struct line {
    const char *time, *text;
    size_t n_time, n_text, level;
};

/* "[time] text", with the level in front of the text where it is not "info". */
static struct line parse(const char *p, size_t n)
{
    struct line l = {"", p, 0, n, 1};
    const char *close = n > 2 && *p == '[' ? memchr(p, ']', n) : NULL;
    if (close && close + 2 <= p + n) {
        l.time = p + 1;
        l.n_time = (size_t)(close - l.time);
        l.text = close + 2;
        l.n_text = n - (size_t)(l.text - p);
    }
    for (size_t i = 0; i < 4; i++) {
        size_t word = strlen(levels[i]);
        if (l.n_text < word + 2 || memcmp(l.text, levels[i], word) != 0 ||
            memcmp(l.text + word, ": ", 2) != 0)
            continue;
        l.level = i;
        l.text += word + 2;
        l.n_text -= word + 2;
        break;
    }
    return l;
}

static void put_json(struct out *o, const struct line *l)
{
    out_text(o, "{\"time\": ");
    out_json(o, l->time, l->n_time);
    out_format(o, ", \"level\": \"%s\", \"message\": ", levels[l->level]);
    out_json(o, l->text, l->n_text);
    out_text(o, "}\n");
}

static void put_lines(struct out *o, const struct logger *log, mig_str_t text)
{
    for (size_t at = 0; at < text.len;) {
        const char *p = text.data + at, *end = memchr(p, '\n', text.len - at);
        size_t n = end ? (size_t)(end - p) : text.len - at;
        struct line l = parse(p, n);
        at += n + 1;
        if (l.level < log->level)
            continue;
        if (log->json) {
            put_json(o, &l);
            continue;
        }
        out_bytes(o, p, n);
        out_text(o, "\n");
    }
}

static int32_t report(void *self, const mig_report_t *report)
{
    const struct logger *log = self;
    const char *name;
    mig_str_t text;
    struct out o;
    int32_t rc = report->text(report, "run.log", &text);
    if (rc == MIG_END)
        return MIG_OK;
    if (rc == MIG_OK)
        rc = names_file(log->host, report, log->file, &name);
    if (rc != MIG_OK)
        return rc;
    out_open(&o, log->host, name);
    put_lines(&o, log, text);
    return out_close(&o);
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct logger *log = host->alloc(host, sizeof *log);
    const char *level = "", *form = "";
    *self = log;
    *log = (struct logger){.host = host};
    int32_t rc = names_option(host, "file", &log->file);
    if (rc == MIG_OK)
        rc = option_keep(host, "level", &level);
    if (rc == MIG_OK)
        rc = option_keep(host, "form", &form);
    for (size_t i = 0; i < 4; i++)
        if (strcmp(levels[i], level) == 0)
            log->level = i;
    log->json = strcmp(form, "json") == 0;
    return rc;
}

static const mig_option_t OPTIONS[] = {
    {"file", MIG_OPT_TEXT, 0, "migration.log", NULL, "Name of the copy in the bundle."},
    {"level", MIG_OPT_TEXT, 0, "debug", "debug|info|warning|error",
     "The least grave lines that go in."},
    {"form", MIG_OPT_TEXT, 0, "text", "text|json", "Lines of text, or one JSON object a line."},
    REPORTER_NO_MORE_OPTIONS,
};

REPORTER_UNIT(log_unit, "log",
              "Writes the log so far under another name or as JSON; the host keeps run.log anyway.",
              OPTIONS, create, report);
