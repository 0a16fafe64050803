/* types.h - which types the application gives out, as far as it tells. */
#ifndef MIGHOST_SOURCE_BUBBLE_TYPES_H
#define MIGHOST_SOURCE_BUBBLE_TYPES_H

#include "answer.h"

/* Asks once, waits for the answer and closes the connection again. MIG_OK: `answer` says what came;
 * row() was called for each type that it named. Negative: said to the host, or of row(). */
int32_t types_ask(const struct settings *s, struct answer *answer, void *ctx,
                  int32_t (*row)(void *ctx, const char *type));
/* ' did you mean "TYPE"?', or which types there are, or "": for a message. */
void types_suggest(const struct settings *s, const char *type, char *out, size_t room);

#endif
