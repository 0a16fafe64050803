/* position.h - where reading goes on: the keyset as text. */
#ifndef MIGHOST_SOURCE_BUBBLE_POSITION_H
#define MIGHOST_SOURCE_BUBBLE_POSITION_H

#include "reader.h"
#include "record.h"

/* For free(); "" where it would be too long; NULL: no memory. */
char *position_make(const struct reader *r, const struct record *record);
/* 0, or -1: this is no position. */
int position_set(struct reader *r, struct record *record, const char *text, size_t len);

#endif
