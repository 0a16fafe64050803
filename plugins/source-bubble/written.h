/* written.h - what others wrote to a type since it was read. */
#ifndef MIGHOST_SOURCE_BUBBLE_WRITTEN_H
#define MIGHOST_SOURCE_BUBBLE_WRITTEN_H

#include "reader.h"

#define WRITTEN_MOST 10000U /* things that are told, and one beyond */

/* Keeps each thing that was made or changed at `since` or later with the pages of `to`. `known`
 * gets id -> when it was changed, `asked_at` when this began, by the server's clock. 0 or negative,
 * said to the host. */
int32_t written_keep(const struct settings *s, struct recording *to, const char *entity,
                     int64_t since, json_t *known, int64_t *asked_at);
/* Calls row() with the id of each thing that was made or changed at `since` or later, but for
 * those that are `known` (may be NULL) as they are. Things that are gone cannot be told by this
 * API. 0 or negative, said to the host. */
int32_t written_find(const struct settings *s, const char *entity, int64_t since,
                     const json_t *known, void *ctx,
                     int32_t (*row)(void *ctx, int32_t removed, mig_str_t key));

#endif
