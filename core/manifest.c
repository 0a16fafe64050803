/* manifest.c - what a directory holds against what its manifest says. */
#include "manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "outdir.h"

#define MANIFEST "manifest.json"

static int add_file(void *ctx, const struct outdir_entry *e)
{
    json_t *files = ctx;
    char hex[65];
    struct stat st;
    if (!e->is_file || e->name[0] == '.' || strcmp(e->path, MANIFEST) == 0)
        return 0;
    int fd = openat(e->dir, e->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int bad = fd < 0 || fstat(fd, &st) || digest_fd(fd, hex);
    if (!bad)
        json_object_set_new(
            files, e->path,
            json_pack("{s:s, s:I}", "sha256", hex, "bytes", (json_int_t)st.st_size));
    if (fd >= 0)
        close(fd);
    return bad ? -1 : 0;
}

struct json_t *manifest_list(int dir)
{
    json_t *files = json_object();
    if (outdir_walk(dir, files, add_file) == 0)
        return files;
    json_decref(files);
    return NULL;
}

struct looking {
    int dir;
    const json_t *files;
    void *ctx;
    void (*tell)(void *ctx, const char *name, const char *what);
};

static void check_file(const struct looking *e, const char *name, const json_t *entry)
{
    const char *due = json_string_value(json_object_get(entry, "sha256"));
    char hex[65] = "";
    int fd = outdir_openat(e->dir, name, O_RDONLY | O_NONBLOCK, 0);
    int bad = fd < 0 || digest_fd(fd, hex);
    if (bad)
        e->tell(e->ctx, name, fd < 0 && errno == ENOENT ? "missing" : strerror(errno));
    else if (!due || strcmp(hex, due) != 0)
        e->tell(e->ctx, name, "is not as the manifest has it");
    if (fd >= 0)
        close(fd);
}

/* What the manifest does not name was put there by somebody else. */
static int find_other(void *ctx, const struct outdir_entry *entry)
{
    const struct looking *e = ctx;
    if (strcmp(entry->path, MANIFEST) != 0 && !json_object_get(e->files, entry->path))
        e->tell(e->ctx, entry->path, "is not in the manifest");
    return 0;
}

size_t manifest_compare(int dir, const struct json_t *files, void *ctx,
                        void (*tell)(void *ctx, const char *name, const char *what))
{
    struct looking e = {dir, files, ctx, tell};
    const char *name;
    json_t *entry;
    json_object_foreach((json_t *)files, name, entry) check_file(&e, name, entry);
    if (outdir_walk(dir, &e, find_other))
        tell(ctx, ".", "cannot be read whole");
    return json_object_size(files);
}

struct json_t *manifest_read(int dir, char hex[65])
{
    int fd = outdir_openat(dir, MANIFEST, O_RDONLY | O_NONBLOCK, 0);
    json_t *root = NULL;
    if (fd >= 0 && digest_fd(fd, hex) == 0 && lseek(fd, 0, SEEK_SET) == 0)
        root = json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL);
    if (fd >= 0)
        close(fd);
    if (json_is_object(json_object_get(root, "files")))
        return root;
    json_decref(root);
    return NULL;
}
