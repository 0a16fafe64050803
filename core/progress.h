/* progress.h - what a person sees while a run works: one line that is redrawn on a terminal,
 * plain lines otherwise. On stderr, through log. */
#ifndef MIGHOST_PROGRESS_H
#define MIGHOST_PROGRESS_H

#include <stdint.h>

#include "load.h"

enum progress_mode { PROGRESS_AUTO, PROGRESS_PLAIN, PROGRESS_NONE };

void progress_init(enum progress_mode mode);
/* A step begins: "load", "check", ... */
void progress_step(const char *name);
/* For load_options.progress. */
void progress_load(void *ctx, const struct load_progress *p);
/* Ends a line that is being redrawn. */
void progress_end(void);

#endif
