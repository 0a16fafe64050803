/* files.h - which file holds an entity, by the options "file", "files" and "dir". */
#ifndef MIGHOST_PLUGINS_FILES_H
#define MIGHOST_PLUGINS_FILES_H

#include <jansson.h>

#include "common/input.h"

struct files {
    const mig_host_t *host; /* borrowed */
    char *file;             /* one file for all entities, or NULL; owned, as all texts here */
    char *dir;              /* where relative names in `files` start */
    json_t *files;          /* entity -> path, or NULL */
};

/* From the unit's options. 0 or negative, said to the host; files_clear() in any case. */
int32_t files_init(struct files *f, const mig_host_t *host);
void files_clear(struct files *f);

/* Opens each file and closes it again. */
int32_t files_ping(const struct files *f);
/* Path of the file that holds the entity, if any does: owned by the caller. NULL: said why. */
char *files_path(const struct files *f, const char *entity);
/* The entity of a `file` that holds one and says nothing of its name: the file's own name up to
 * the first dot. files_check_stem() says what is wrong when `entity` is another. */
char *files_stem(const struct files *f);
int32_t files_check_stem(const struct files *f, const char *entity);
/* row() for each member of `files`. */
int32_t files_list(const struct files *f, void *ctx, int32_t (*row)(void *ctx, const char *entity));
/* Says that there is no such entity; `near` is one that is, or NULL. */
void files_no_such_entity(const struct files *f, const char *entity, const char *near);

#define FILES_IDENTITY 128U
/* Text that changes when the entity's file may have changed, "" when that cannot be told. 0, or
 * MIG_E_SOURCE, said to the host. */
int32_t files_identity(const struct files *f, const struct input *in, const char *entity,
                       char text[FILES_IDENTITY]);

#endif
