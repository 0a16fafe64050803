/* log.h - the one sink for messages: stderr and, once a run has a bundle, run.log. Lines are
 * "[2026-01-31T12:00:00.000Z] level message". Control characters are shown as \xNN. Leaf. */
#ifndef MIGHOST_LOG_H
#define MIGHOST_LOG_H

#include <stdio.h>

enum log_level { LOG_DEBUG = 1, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct error;

/* Lines below `level` do not reach stderr; run.log takes all from LOG_INFO on, and what stderr
 * takes. */
void log_level_set(enum log_level level);
enum log_level log_level_get(void);
/* "debug", "info", "warning", "error", any case; returns 0 when unknown. */
int log_level_parse(const char *text);
/* Lines of stderr as JSON objects: time, level, message. run.log stays as it is. */
void log_json(void);
int log_is_json(void);
/* Also write every line to this stream, borrowed; NULL ends that. */
void log_file_set(FILE *file);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An error in its four lines: what, why, fix, state. `state` may be NULL. */
void log_error(const struct error *err, const char *state);
/* A line of progress or result text on stderr, without time and level. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Every later line has these texts replaced by "***": passwords and keys. Copies; texts
 * shorter than 4 bytes are ignored. */
void log_secret(const char *secret);
/* Each of these texts. */
void log_secret_each(void (*each)(void *ctx, const char *secret), void *ctx);
/* Replaces known secrets in place. */
void log_mask(char *text);

#endif
