/* keyset.h - a set of texts, all in memory: who fills it knows that they are few. Leaf. [main] */
#ifndef MIGHOST_KEYSET_H
#define MIGHOST_KEYSET_H

#include <stddef.h>

#include <mighost/plugin.h>

struct keyset;

struct keyset *keyset_new(void);
void keyset_free(struct keyset *k);
/* Adds a copy; a text that is there already changes nothing. May hold any bytes. */
void keyset_add(struct keyset *k, const char *text, size_t n);
int keyset_has(const struct keyset *k, const char *text, size_t n);
size_t keyset_size(const struct keyset *k);
/* All texts, in no order; they live as long as the set. */
void keyset_list(const struct keyset *k, mig_str_t *out);

#endif
