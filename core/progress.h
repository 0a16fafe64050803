/* progress.h - what a person sees while a run works: on a terminal one screen that is redrawn in
 * place (frame.c says what is on it), plain lines otherwise. On stderr. */
#ifndef MIGHOST_PROGRESS_H
#define MIGHOST_PROGRESS_H

#include <stdint.h>

#include "load.h"

enum progress_mode { PROGRESS_AUTO, PROGRESS_PLAIN, PROGRESS_NONE };

void progress_init(enum progress_mode mode);
/* What is to be done: "run 3 of project shop", and the steps in their order (borrowed). */
void progress_begin(const char *title, const char *const *steps, size_t n_steps);
void progress_title(const char *title);
/* A stage to come; `expected` records, by earlier runs, -1: not known. */
void progress_stage(const char *name, int64_t expected);
int progress_is_live(void); /* there is a screen */
/* A step begins: "load", "check", ... */
void progress_step(const char *name);
/* For load_options.progress. */
void progress_load(void *ctx, const struct load_progress *p);
/* The last stage told of is read. */
void progress_loaded(void);
/* All that are rejected, once check has looked. */
void progress_rejected(uint64_t n);
/* The screen goes; lines stay. */
void progress_end(void);
/* Lines behind the screen: bare on a terminal, of the log elsewhere. */
void progress_lines(const char *text);
int progress_columns(void); /* that such a line may have */

#endif
