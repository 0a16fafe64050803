/* manifest.h - manifest.json: the files of a directory and their SHA-256: listed for its manifest,
 * and compared with it later. */
#ifndef MIGHOST_MANIFEST_H
#define MIGHOST_MANIFEST_H

#include <stddef.h>

struct json_t;

/* An object, path -> {"sha256", "bytes"}, of all files below the open directory but the manifest
 * itself and what is still under its temporary name. NULL: it cannot be read back. */
struct json_t *manifest_list(int dir);
/* Calls tell() for each file that is missing, changed, or not in the list. How many were looked at.
 */
size_t manifest_compare(int dir, const struct json_t *files, void *ctx,
                        void (*tell)(void *ctx, const char *name, const char *what));
/* The manifest of the open directory, and its own SHA-256. NULL: there is none that can be read. */
struct json_t *manifest_read(int dir, char hex[65]);

#endif
