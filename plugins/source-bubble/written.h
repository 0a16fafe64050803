/* written.h - what others wrote to a type since it was read. */
#ifndef MIGHOST_SOURCE_BUBBLE_WRITTEN_H
#define MIGHOST_SOURCE_BUBBLE_WRITTEN_H

#include "reader.h"

#define WRITTEN_MOST 10000U /* things that are told, and one beyond */

/* Calls row() with the id of each thing that was made or changed at `since` or later. Things that
 * are gone cannot be told by this API. 0 or negative, said to the host. */
int32_t written_find(const struct settings *s, const char *entity, int64_t since, void *ctx,
                     int32_t (*row)(void *ctx, int32_t removed, mig_str_t key));

#endif
