/* arena.h - memory freed at once. Leaf. Allocation never returns NULL: out of memory ends the
 * program with a message and exit code 1, before which no state is lost (the target holds it). */
#ifndef MIGHOST_ARENA_H
#define MIGHOST_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);
void arena_reset(struct arena *a);                     /* empties, keeps one block */
void *arena_alloc(struct arena *a, size_t n);          /* aligned for any type, zeroed */
void arena_wipe(struct arena *a);                      /* the same; what was there is no more */
char *arena_strdup(struct arena *a, const char *text); /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *text, size_t n);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
size_t arena_size(const struct arena *a); /* bytes handed out since the last reset */
/* malloc and realloc under the same rule. */
void *arena_heap(void *old, size_t n);

#endif
