/* log.c - the one sink for messages. Nothing else writes to stderr. log_write() and log_mask() may
 * be called from any thread, all else from [main]. */
#include "log.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "arena.h"
#include "outlet.h"
#include "plural.h"
#include "screen.h"
#include "status.h"
#include "str.h"

static enum log_level least = LOG_INFO;
static int as_json;
static FILE *log_file;
static char **secrets;
static size_t n_secrets;
static unsigned long n_lost; /* lines that stderr did not take since it last took one */

static const char *const level_names[] = {"", "debug", "info", "warning", "error"};

void log_level_set(enum log_level level)
{
    least = level;
}

enum log_level log_level_get(void)
{
    return least;
}

void log_json(void)
{
    as_json = 1;
}

int log_is_json(void)
{
    return as_json;
}

int log_level_parse(const char *text)
{
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++)
        if (strcasecmp(text, level_names[i]) == 0)
            return i;
    return strcasecmp(text, "warn") == 0 ? LOG_WARNING : 0;
}

void log_file_set(FILE *file)
{
    log_file = file;
}

/* Longest first: a secret that is part of another one must not leave the rest of that readable. */
void log_secret(const char *secret)
{
    size_t n = secret ? strlen(secret) : 0, at = 0;
    if (n < 4)
        return;
    while (at < n_secrets && strlen(secrets[at]) >= n) {
        if (strcmp(secrets[at], secret) == 0)
            return;
        at++;
    }
    secrets = arena_heap(secrets, (n_secrets + 1) * sizeof *secrets);
    memmove(&secrets[at + 1], &secrets[at], (n_secrets - at) * sizeof *secrets);
    secrets[at] = memcpy(arena_heap(NULL, n + 1), secret, n + 1);
    n_secrets++;
}

void log_secret_each(void (*each)(void *ctx, const char *secret), void *ctx)
{
    for (size_t i = 0; i < n_secrets; i++)
        each(ctx, secrets[i]);
}

void log_mask(char *text)
{
    for (size_t i = 0; i < n_secrets; i++) {
        size_t n = strlen(secrets[i]);
        for (char *p = text; (p = strstr(p, secrets[i]));) {
            memmove(p + 3, p + n, strlen(p + n) + 1);
            memcpy(p, "***", 3);
            p += 3;
        }
    }
}

static void timestamp(char out[32])
{
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, 32 - n, ".%03ldZ", now.tv_nsec / 1000000);
}

static void add_escaped(struct str *out, const char *text)
{
    char shown[8];
    for (size_t n; *text; text += n) {
        n = str_control(text, shown);
        if (shown[0])
            str_add(out, shown);
        else
            str_add_n(out, text, n);
    }
}

/* Bytes that are no UTF-8 would make the line no JSON. */
static void add_json(struct str *out, const char *text)
{
    char shown[8];
    for (size_t n; *text; text += n) {
        n = str_control(text, shown);
        if (shown[0] && (unsigned char)*text < 0x20)
            str_printf(out, "\\u%04x", (unsigned char)*text);
        else if (shown[0])
            str_add(out, shown[1] == 'u' ? shown : "?");
        else if (*text == '"' || *text == '\\')
            str_printf(out, "\\%c", *text);
        else
            str_add_n(out, text, n);
    }
}

static void add_line(struct str *line, int json, enum log_level level, const char *text)
{
    char when[32];
    timestamp(when);
    if (json) {
        str_printf(line, "{\"time\": \"%s\", \"level\": \"%s\", \"message\": \"", when,
                   level_names[level]);
        add_json(line, text);
        str_add(line, "\"}\n");
        return;
    }
    str_printf(line, "[%s] %s%s", when, level == LOG_INFO ? "" : level_names[level],
               level == LOG_INFO ? "" : ": ");
    add_escaped(line, text);
    str_add_char(line, '\n');
}

/* A reader that went away or sleeps must not stop a run: errors of stderr are ignored, and what was
 * lost is told once it reads again. */
static void to_stderr(const struct str *line)
{
    char text[100];
    struct str note;
    str_init(&note, 0);
    if (n_lost) {
        snprintf(text, sizeof text, "%lu %s missing here: stderr did not take them", n_lost,
                 plural(n_lost, "line is", "lines are"));
        add_line(&note, as_json, LOG_WARNING, text);
    }
    str_add_n(&note, line->data, line->len);
    if (outlet_write(note.data, note.len))
        n_lost = 0;
    else
        n_lost++;
    str_clear(&note);
}

static int reaches_file(enum log_level level)
{
    return log_file && (level >= LOG_INFO || level >= least);
}

static void write_all(enum log_level level, char *text)
{
    struct str line;
    log_mask(text);
    screen_lock();
    str_init(&line, 0);
    add_line(&line, as_json, level, text);
    if (level >= least)
        to_stderr(&line);
    if (reaches_file(level)) {
        str_reset(&line);
        add_line(&line, 0, level, text);
        fwrite(line.data, 1, line.len, log_file);
        fflush(log_file);
    }
    str_clear(&line);
    screen_unlock();
}

void log_write(enum log_level level, const char *format, ...)
{
    if (level < least && !reaches_file(level))
        return;
    struct str text;
    va_list ap;
    str_init(&text, 1 << 20);
    va_start(ap, format);
    str_vprintf(&text, format, ap);
    va_end(ap);
    if (text.capacity)
        write_all(level, text.data);
    str_clear(&text);
}

/* What helps against a whole class of errors, where nothing better is known. */
static const char *usual_fix(int code)
{
    switch (code) {
    case STATUS_USAGE:
        return "see mighost --help";
    case STATUS_CONFIG:
        return "correct this, then repeat the command";
    case STATUS_BUSY:
        return "see what runs with --status";
    case STATUS_TEMPORARY:
        return "repeat the same command";
    case STATUS_INTERRUPTED:
    case STATUS_TERMINATED:
        return "repeat the same command: it goes on where this one stopped";
    case STATUS_PREFLIGHT:
    case STATUS_INVALID:
        return "the server's own text, which may hold values of records, is in its log only";
    case STATUS_BUG:
        return "this is a mistake in the program: please report it";
    default:
        return "";
    }
}

void log_error(const struct error *err, const char *state)
{
    struct str text;
    str_init(&text, 0);
    str_printf(&text, "%s", err->what);
    write_all(LOG_ERROR, text.data);
    const char *const names[] = {"why", "fix", "state"};
    const char *fix = err->fix[0] ? err->fix : usual_fix(err->code);
    const char *const values[] = {err->why, fix, state ? state : ""};
    for (int i = 0; i < 3; i++) {
        if (!values[i][0])
            continue;
        str_reset(&text);
        str_printf(&text, "  %s: %s", names[i], values[i]);
        write_all(LOG_ERROR, text.data);
    }
    str_clear(&text);
}

void log_line(const char *format, ...)
{
    struct str text, safe;
    va_list ap;
    str_init(&text, 1 << 20);
    str_init(&safe, 0);
    va_start(ap, format);
    str_vprintf(&text, format, ap);
    va_end(ap);
    if (text.capacity)
        log_mask(text.data);
    if (as_json) {
        add_line(&safe, 1, LOG_INFO, text.data);
    } else {
        add_escaped(&safe, text.data);
        str_add_char(&safe, '\n');
    }
    screen_lock();
    to_stderr(&safe);
    screen_unlock();
    str_clear(&text);
    str_clear(&safe);
}
