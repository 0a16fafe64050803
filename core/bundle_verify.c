/* bundle_verify.c - --verify-bundle DIR: are the files of a bundle those that its manifest names?
 * Needs nothing but the directory, so that whoever was handed it can ask. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "digest.h"
#include "outdir.h"
#include "output.h"

struct evidence {
    int dir;
    const json_t *files; /* of the manifest */
    size_t n, faults;
};

static void tell(struct evidence *e, const char *name, const char *what)
{
    output_format("%s: %s\n", name, what);
    e->faults++;
}

static void check_file(struct evidence *e, const char *name, const json_t *entry)
{
    const char *due = json_string_value(json_object_get(entry, "sha256"));
    char hex[65] = "";
    int fd = outdir_openat(e->dir, name, O_RDONLY | O_NONBLOCK, 0);
    int bad = fd < 0 || digest_fd(fd, hex);
    e->n++;
    if (bad)
        tell(e, name, fd < 0 && errno == ENOENT ? "missing" : strerror(errno));
    else if (!due || strcmp(hex, due) != 0)
        tell(e, name, "is not as the manifest has it");
    if (fd >= 0)
        close(fd);
}

/* What the manifest does not name was put there by somebody else. */
static int find_other(void *ctx, const struct outdir_entry *entry)
{
    struct evidence *e = ctx;
    if (strcmp(entry->path, "manifest.json") != 0 && !json_object_get(e->files, entry->path))
        tell(e, entry->path, "is not in the manifest");
    return 0;
}

static json_t *read_manifest(int dir, char hex[65])
{
    int fd = outdir_openat(dir, "manifest.json", O_RDONLY | O_NONBLOCK, 0);
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

static int verdict(struct session *s, const struct evidence *e, const json_t *root, const char *hex)
{
    const char *project = json_string_value(json_object_get(root, "project"));
    if (!e->faults) {
        output_format("run %lld of project %s: %zu files are as the manifest has them; its own "
                      "SHA-256 is %s\n",
                      (long long)json_integer_value(json_object_get(root, "run")),
                      project ? project : "?", e->n, hex);
        return 0;
    }
    error_set(&s->err, STATUS_BACKUP, "the bundle is not as its manifest has it: %zu differences",
              e->faults);
    error_fix(&s->err, "make it again from the target: --report RUN");
    return STATUS_BACKUP;
}

int bundle_verify(const struct cli *cli, struct session *s)
{
    char hex[65] = "";
    struct evidence e = {.dir = open(cli->argument, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    json_t *root = e.dir < 0 ? NULL : read_manifest(e.dir, hex);
    const char *name;
    json_t *entry;
    int code = 0;
    if (!root) {
        code = error_set(&s->err, STATUS_BACKUP,
                         "%s is no bundle: it has no manifest.json that can "
                         "be read",
                         cli->argument);
        error_fix(&s->err, "name the directory that the last line of a run gives");
    } else {
        e.files = json_object_get(root, "files");
        json_object_foreach((json_t *)e.files, name, entry) check_file(&e, name, entry);
        if (outdir_walk(e.dir, &e, find_other))
            tell(&e, cli->argument, "cannot be read whole");
        code = verdict(s, &e, root, hex);
    }
    json_decref(root);
    if (e.dir >= 0)
        close(e.dir);
    if (code)
        session_report(s, "nothing was changed");
    return code;
}
