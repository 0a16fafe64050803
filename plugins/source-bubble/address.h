/* address.h - the server that is read, checked before anything is sent. */
#ifndef MIGHOST_SOURCE_BUBBLE_ADDRESS_H
#define MIGHOST_SOURCE_BUBBLE_ADDRESS_H

#include "settings.h"

/* Sets base, server and is_plain. 0 or negative, said to the host without any of the text. */
int32_t address_read(struct settings *s, const char *url, int may_have_path, int may_be_plain);

#endif
