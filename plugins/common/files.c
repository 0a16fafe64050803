/*
 * files.c - the files of a source that reads files.
 *
 * A project gives one file, or a file for each entity. Names of entities that are not there are
 * answered with the nearest one that is.
 */
#include "common/files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/nearest.h"
#include "common/option.h"
#include "common/say.h"

static int32_t check_files(const struct files *f)
{
    const char *fix = "write it as {\"entity\": \"path\", ...}";
    if (!json_is_object(f->files) || !json_object_size(f->files))
        return say_fail(f->host, MIG_E_CONFIG, fix, "option \"files\" names no file");
    const char *entity;
    json_t *path;
    json_object_foreach(f->files, entity, path)
    {
        if (!json_is_string(path) || !json_string_length(path))
            return say_fail(f->host, MIG_E_CONFIG, fix, "option \"files\": \"%s\" is given no path",
                            entity);
    }
    return MIG_OK;
}

int32_t files_init(struct files *f, const mig_host_t *host)
{
    *f = (struct files){.host = host};
    f->file = option_text(host, "file");
    f->dir = option_text(host, "dir");
    char *text = option_text(host, "files");
    if (text) {
        f->files = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        free(text);
        int32_t status = check_files(f);
        if (status != MIG_OK)
            return status;
    }
    if (!f->file == !f->files)
        return say_fail(host, MIG_E_CONFIG,
                        "give \"file\" for one file, or \"files\" for a file for each entity",
                        "give one of the options \"file\" and \"files\"");
    return MIG_OK;
}

void files_clear(struct files *f)
{
    free(f->file);
    free(f->dir);
    json_decref(f->files);
    *f = (struct files){.host = f->host};
}

static char *join(const struct files *f, const char *path)
{
    if (*path == '/' || !f->dir)
        return strdup(path);
    size_t n = strlen(f->dir) + strlen(path) + 2;
    char *joined = malloc(n);
    if (joined) {
        char *end = stpcpy(joined, f->dir);
        *end = '/';
        stpcpy(end + 1, path);
    }
    return joined;
}

void files_no_such_entity(const struct files *f, const char *entity, const char *near)
{
    const char *where = f->file ? f->file : "files";
    if (near)
        say_fail(f->host, MIG_E_SOURCE, "correct the stage's \"entity\"",
                 "\"%s\" has no entity \"%s\"; did you mean \"%s\"?", where, entity, near);
    else
        say_fail(f->host, MIG_E_SOURCE, "correct the stage's \"entity\"",
                 "\"%s\" has no entity \"%s\"", where, entity);
}

char *files_path(const struct files *f, const char *entity)
{
    const char *given = f->file;
    if (f->files) {
        given = json_string_value(json_object_get(f->files, entity));
        if (!given) {
            struct nearest near = {0};
            const char *name;
            json_t *path;
            json_object_foreach(f->files, name, path)
            {
                nearest_offer(&near, entity, name);
            }
            files_no_such_entity(f, entity, near.name);
            return NULL;
        }
    }
    char *path = join(f, given);
    if (!path)
        say_fail(f->host, MIG_E_NOMEM, NULL, "no memory for a path");
    return path;
}

static int32_t ping_one(const struct files *f, const char *given)
{
    struct input in;
    char *path = join(f, given);
    input_init(&in, f->host);
    int32_t status = path ? input_open(&in, path) : MIG_E_NOMEM;
    if (!path)
        say_fail(f->host, status, NULL, "no memory for a path");
    input_clear(&in);
    free(path);
    return status;
}

int32_t files_ping(const struct files *f)
{
    if (f->file)
        return ping_one(f, f->file);
    const char *entity;
    json_t *path;
    json_object_foreach(f->files, entity, path)
    {
        int32_t status = ping_one(f, json_string_value(path));
        if (status != MIG_OK)
            return status;
    }
    return MIG_OK;
}

char *files_stem(const struct files *f)
{
    const char *slash = strrchr(f->file, '/');
    const char *name = slash ? slash + 1 : f->file;
    return strndup(name, strcspn(name, "."));
}

int32_t files_check_stem(const struct files *f, const char *entity)
{
    char *name = files_stem(f);
    if (!name)
        return say_fail(f->host, MIG_E_NOMEM, NULL, "no memory for a name");
    int same = strcmp(name, entity) == 0;
    if (!same)
        say_fail(f->host, MIG_E_SOURCE,
                 "correct the stage's \"entity\", or name the file by \"files\"",
                 "file \"%s\" holds one entity, \"%s\", and no \"%s\"", f->file, name, entity);
    free(name);
    return same ? MIG_OK : MIG_E_SOURCE;
}

int32_t files_list(const struct files *f, void *ctx, int32_t (*row)(void *ctx, const char *entity))
{
    const char *entity;
    json_t *path;
    json_object_foreach(f->files, entity, path)
    {
        int32_t status = row(ctx, entity);
        if (status != MIG_OK)
            return status;
    }
    return MIG_OK;
}

int32_t files_identity(const struct files *f, const struct input *in, const char *entity,
                       char text[FILES_IDENTITY])
{
    struct stat now;
    char *path = files_path(f, entity);
    if (!path)
        return MIG_E_SOURCE;
    /* Of what is being read, where that is the file: a new one would be another. */
    if (in->path && strcmp(path, in->path) == 0)
        now = in->opened;
    else if (stat(path, &now) != 0)
        now = (struct stat){0};
    free(path);
    *text = '\0';
    if (now.st_ino)
        snprintf(text, FILES_IDENTITY, "%" PRIdMAX " %" PRIdMAX ".%09ld %" PRIuMAX,
                 (intmax_t)now.st_size, (intmax_t)now.st_mtim.tv_sec, now.st_mtim.tv_nsec,
                 (uintmax_t)now.st_ino);
    return MIG_OK;
}
