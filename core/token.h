/* token.h - a target key that is not known yet, as a value that migrators hand round (MIG_KEY):
 * stage and source key behind a mark, so that it is found wherever its text was put. */
#ifndef MIGHOST_TOKEN_H
#define MIGHOST_TOKEN_H

#include <stddef.h>

#include <mighost/plugin.h>

#include "arena.h"

#define TOKEN_MARK_SIZE 33

/* A mark that no value of a source holds: random, new for each process. */
void token_mark(char out[TOKEN_MARK_SIZE]);
mig_value_t token_make(struct arena *mem, const char *mark, const char *stage,
                       const mig_value_t *source_key);
/* "stage:key", as staging tables hold it; `v` is a token. */
mig_str_t token_text(const mig_value_t *v);
/* Is it a token of this stage? */
int token_is_of(const mig_value_t *v, const char *stage);
/* Does the text of a value that is no token hold one? */
int token_inside(const mig_value_t *v, const char *mark);

#endif
