/* exportdir.c - while sources are read the directory holds half.json, which says who reads; once
 * all is there it holds manifest.json. Neither is ever taken for the other. */
#include "exportdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "manifest.h"

#define HALF "half.json"
#define WHOLE "manifest.json"
#define FRESH_SECONDS (24 * 60 * 60)

/* ---- half ------------------------------------------------------------------------------ */

static json_t *read_json(int dir, const char *name)
{
    int fd = outdir_openat(dir, name, O_RDONLY | O_NONBLOCK, 0);
    json_t *root = fd < 0 ? NULL : json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL);
    if (fd >= 0)
        close(fd);
    return root;
}

static json_t *describe(const struct project *p, const struct exportdir_owner *owner,
                        json_int_t begun)
{
    return json_pack("{s:i, s:s, s:s, s:I, s:s, s:s, s:I}", "format", 1, "version", PACKAGE_VERSION,
                     "project", p->name, "run", (json_int_t)owner->run, "started", owner->started,
                     "database", owner->database, "begun", begun);
}

static int same_text(const json_t *root, const char *key, const char *text)
{
    const char *is = json_string_value(json_object_get(root, key));
    return is && strcmp(is, text) == 0;
}

static int is_owner(const json_t *root, const struct project *p,
                    const struct exportdir_owner *owner)
{
    return same_text(root, "project", p->name) &&
           json_integer_value(json_object_get(root, "run")) == owner->run &&
           same_text(root, "started", owner->started) &&
           same_text(root, "database", owner->database);
}

static int write_half(struct outdir *dir, const struct project *p,
                      const struct exportdir_owner *owner, struct error *err)
{
    json_t *root = describe(p, owner, (json_int_t)time(NULL));
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    int code = text ? outdir_put(dir, HALF, text, strlen(text), err)
                    : error_set(err, STATUS_BUG, HALF " cannot be made");
    free(text);
    return code;
}

/* ---- what is there --------------------------------------------------------------------- */

static int refuse(const char *path, const char *what, const char *fix, struct error *err)
{
    error_set(err, STATUS_BACKUP, "export directory %s %s", path, what);
    error_fix(err, "%s", fix);
    return STATUS_BACKUP;
}

static int refuse_whole(const char *path, struct error *err)
{
    return refuse(path, "holds a whole export already, which is never written over",
                  "run from it by --skip-export; or move it away, or name another by --export-dir",
                  err);
}

static int go_on(const char *path, const json_t *half, const struct project *p,
                 const struct exportdir_owner *owner, int confirmed, struct error *err)
{
    char what[200];
    json_int_t run = json_integer_value(json_object_get(half, "run"));
    double age = difftime(time(NULL), (time_t)json_integer_value(json_object_get(half, "begun")));
    if (!is_owner(half, p, owner)) {
        const char *name = json_string_value(json_object_get(half, "project"));
        char by[40] = "--export-only";
        if (run)
            snprintf(by, sizeof by, "run %lld", (long long)run);
        snprintf(what, sizeof what, "holds half an export, by %s of project %.60s", by,
                 name ? name : "?");
        return refuse(path, what,
                      "go on with what began it, move it away, or name another by --export-dir",
                      err);
    }
    if (owner->run || confirmed || (age >= 0 && age < FRESH_SECONDS))
        return 0;
    return refuse(path, "holds half an export that was begun more than a day ago",
                  "move it away and begin anew; --yes goes on with it: what it holds stays as old "
                  "as it is",
                  err);
}

static int is_empty(int dir, char other[256])
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e = NULL;
    *other = '\0';
    while (d && (e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            snprintf(other, 256, "%s", e->d_name);
            break;
        }
    if (d)
        closedir(d);
    return d && !e;
}

static int look(struct outdir *dir, const struct project *p, const struct exportdir_owner *owner,
                int confirmed, int *whole, struct error *err)
{
    char other[256], what[300], hex[65];
    const char *path = outdir_path(dir);
    json_t *half = NULL, *root = manifest_read(outdir_fd(dir), hex);
    int code = 0;
    *whole = root && owner->run && is_owner(root, p, owner);
    if (root && !*whole)
        code = refuse_whole(path, err);
    if (!root)
        half = read_json(outdir_fd(dir), HALF);
    if (half) {
        code = go_on(path, half, p, owner, confirmed, err);
    } else if (!root && is_empty(outdir_fd(dir), other)) {
        code = write_half(dir, p, owner, err);
    } else if (!root) {
        snprintf(what, sizeof what, "holds other files, \"%.200s\" for one", other);
        code = refuse(path, what, "name an empty directory, or one that is to be made", err);
    }
    json_decref(root);
    json_decref(half);
    return code;
}

static int check_mode(const struct outdir *dir, struct error *err)
{
    struct stat st;
    if (fstat(outdir_fd(dir), &st) == 0 && !(st.st_mode & 077))
        return 0;
    return refuse(outdir_path(dir), "can be read by others", "chmod 700; it holds what was read",
                  err);
}

struct outdir *exportdir_take(const struct project *p, const struct exportdir_owner *owner,
                              int confirmed, int *whole, struct error *err)
{
    struct outdir *dir = outdir_open(p->export_dir, err);
    if (!dir)
        return NULL;
    int code = check_mode(dir, err);
    if (!code)
        code = look(dir, p, owner, confirmed, whole, err);
    if (!code)
        return dir;
    outdir_close(dir);
    return NULL;
}

/* ---- whole ----------------------------------------------------------------------------- */

int exportdir_finish(struct outdir *dir, const struct project *p,
                     const struct exportdir_owner *owner, struct json_t *about, struct error *err)
{
    json_t *half = read_json(outdir_fd(dir), HALF);
    json_t *root = describe(p, owner, json_integer_value(json_object_get(half, "begun")));
    json_t *files = manifest_list(outdir_fd(dir));
    json_object_del(files, HALF);
    json_object_set_new(root, "finished", json_integer((json_int_t)time(NULL)));
    json_object_update(root, about);
    json_decref(about);
    json_decref(half);
    char *text = NULL;
    if (files) {
        json_object_set_new(root, "files", files);
        text = json_dumps(root, JSON_INDENT(2));
    }
    json_decref(root);
    int code = text ? outdir_put(dir, WHOLE, text, strlen(text), err)
                    : refuse(outdir_path(dir), "cannot be read back",
                             "see that nobody changes it and the disk works; then begin anew", err);
    free(text);
    if (!code)
        unlinkat(outdir_fd(dir), HALF, 0);
    return code;
}

struct difference {
    size_t n;
    char first[400];
};

static void note(void *ctx, const char *name, const char *what)
{
    struct difference *d = ctx;
    if (strcmp(name, HALF) == 0) /* a kill came between the manifest and its removal */
        return;
    if (!d->n++)
        snprintf(d->first, sizeof d->first, "%.300s: %s", name, what);
}

static int no_export(const char *path, int dir, struct error *err)
{
    int half = dir >= 0 && faccessat(dir, HALF, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (half)
        return refuse(path, "holds half an export: reading was broken off",
                      "go on with it by the command that began it, or begin anew elsewhere", err);
    return refuse(path, "holds no export",
                  "make one by --export-only, or name another directory by --export-dir", err);
}

struct json_t *exportdir_verify(const struct project *p, char id[65], struct error *err)
{
    struct difference d = {0};
    int dir = open(p->export_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    json_t *root = dir < 0 ? NULL : manifest_read(dir, id);
    if (!root)
        no_export(p->export_dir, dir, err);
    else
        manifest_compare(dir, json_object_get(root, "files"), &d, note);
    if (d.n) {
        error_set(err, STATUS_BACKUP, "the export in %s is not as it was made: %s%s", p->export_dir,
                  d.first, d.n > 1 ? ", and more" : "");
        error_why(err, "what was read once can only be read again as it was");
        error_fix(err, "restore the directory, or export anew into another one");
        json_decref(root);
        root = NULL;
    }
    if (dir >= 0)
        close(dir);
    return root;
}

struct json_t *exportdir_manifest(const struct project *p)
{
    char id[65];
    int dir = open(p->export_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    json_t *root = dir < 0 ? NULL : manifest_read(dir, id);
    if (dir >= 0)
        close(dir);
    return root;
}
