/*
 * catalog.c - from the options and an entity's name to a part of a file.
 *
 * A project gives one file, or a file for each entity. A document's index is kept while its
 * file stays open, so that it is scanned once however many entities are read from it; when
 * the file has changed meanwhile, its places mean nothing and the run ends.
 */
#include "catalog.h"

#include <stdlib.h>
#include <string.h>

#include "common/say.h"
#include "form.h"

static char *text_option(const mig_host_t *host, const char *name)
{
    mig_value_t v;
    if (host->option(host, name, &v) != MIG_OK || v.kind == MIG_ABSENT || v.kind == MIG_NULL)
        return NULL;
    return strndup(v.data, v.len);
}

static int32_t read_files(struct catalog *c)
{
    char *text = text_option(c->host, "files");
    if (!text)
        return MIG_OK;
    c->files = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    const char *fix = "write it as {\"entity\": \"path\", ...}";
    if (!json_is_object(c->files) || !json_object_size(c->files))
        return say_fail(c->host, MIG_E_CONFIG, fix, "option \"files\" names no file");
    const char *entity;
    json_t *path;
    json_object_foreach(c->files, entity, path)
    {
        if (!json_is_string(path) || !json_string_length(path))
            return say_fail(c->host, MIG_E_CONFIG, fix, "option \"files\": \"%s\" is given no path",
                            entity);
    }
    return MIG_OK;
}

int32_t catalog_init(struct catalog *c, const mig_host_t *host)
{
    *c = (struct catalog){.host = host};
    c->file = text_option(host, "file");
    c->dir = text_option(host, "dir");
    c->format = text_option(host, "format");
    c->root = text_option(host, "root");
    if (!c->format)
        c->format = strdup("auto");
    if (!c->root)
        c->root = strdup("");
    if (!c->format || !c->root)
        return say_fail(host, MIG_E_NOMEM, NULL, "no memory for options");
    int32_t status = read_files(c);
    if (status == MIG_OK && !c->file == !c->files)
        status = say_fail(host, MIG_E_CONFIG,
                          "give \"file\" for a document with all entities, "
                          "or \"files\" for a file for each entity",
                          "give one of the options \"file\" and \"files\"");
    return status;
}

void catalog_clear(struct catalog *c)
{
    free(c->file);
    free(c->dir);
    free(c->format);
    free(c->root);
    json_decref(c->files);
    index_clear(&c->index);
    *c = (struct catalog){.host = c->host};
}

static char *join(const struct catalog *c, const char *path)
{
    if (*path == '/' || !c->dir)
        return strdup(path);
    size_t n = strlen(c->dir) + strlen(path) + 2;
    char *joined = malloc(n);
    if (joined) {
        char *end = stpcpy(joined, c->dir);
        *end = '/';
        stpcpy(end + 1, path);
    }
    return joined;
}

static void no_such_entity(const struct catalog *c, const char *entity, struct nearest near)
{
    const char *where = c->file ? c->file : "files";
    if (near.name)
        say_fail(c->host, MIG_E_SOURCE, "correct the stage's \"entity\"",
                 "\"%s\" has no entity \"%s\"; did you mean \"%s\"?", where, entity, near.name);
    else
        say_fail(c->host, MIG_E_SOURCE, "correct the stage's \"entity\"",
                 "\"%s\" has no entity \"%s\"", where, entity);
}

char *catalog_path(const struct catalog *c, const char *entity)
{
    const char *given = c->file;
    if (c->files) {
        given = json_string_value(json_object_get(c->files, entity));
        if (!given) {
            struct nearest near = {0};
            const char *name;
            json_t *path;
            json_object_foreach(c->files, name, path)
            {
                nearest_offer(&near, entity, name);
            }
            no_such_entity(c, entity, near);
            return NULL;
        }
    }
    char *path = join(c, given);
    if (!path)
        say_fail(c->host, MIG_E_NOMEM, NULL, "no memory for a path");
    return path;
}

static int32_t ping_one(const struct catalog *c, const char *given)
{
    struct input in;
    char *path = join(c, given);
    input_init(&in, c->host);
    int32_t status = path ? input_open(&in, path) : MIG_E_NOMEM;
    if (!path)
        say_fail(c->host, status, NULL, "no memory for a path");
    input_clear(&in);
    free(path);
    return status;
}

int32_t catalog_ping(struct catalog *c)
{
    if (c->file)
        return ping_one(c, c->file);
    const char *entity;
    json_t *path;
    json_object_foreach(c->files, entity, path)
    {
        int32_t status = ping_one(c, json_string_value(path));
        if (status != MIG_OK)
            return status;
    }
    return MIG_OK;
}

/* Leaves the file open at `path`, the open one when it is that. */
static int32_t open_path(struct catalog *c, struct input *in, const char *path)
{
    if (in->path && strcmp(in->path, path) == 0)
        return input_unchanged(in);
    index_clear(&c->index);
    c->indexed = 0;
    return input_open(in, path);
}

static int32_t build_index(struct catalog *c, struct input *in, const char *root)
{
    if (c->indexed)
        return MIG_OK;
    int32_t status = index_build(&c->index, in, root);
    c->indexed = status == MIG_OK;
    return status;
}

/* The name of a file that holds one entity and says nothing of its name. */
static char *stem(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    return strndup(name, strcspn(name, "."));
}

static int32_t list_files(struct catalog *c, void *ctx,
                          int32_t (*row)(void *ctx, const char *entity))
{
    const char *entity;
    json_t *path;
    json_object_foreach(c->files, entity, path)
    {
        int32_t status = row(ctx, entity);
        if (status != MIG_OK)
            return status;
    }
    return MIG_OK;
}

int32_t catalog_entities(struct catalog *c, struct input *in, void *ctx,
                         int32_t (*row)(void *ctx, const char *entity))
{
    if (c->files)
        return list_files(c, ctx, row);
    enum form form;
    int32_t status = open_path(c, in, c->file);
    if (status == MIG_OK)
        status = form_find(in, c->format, 1, &form);
    if (status != MIG_OK)
        return status;
    if (form != FORM_DOCUMENT) {
        char *name = stem(c->file);
        status = name ? row(ctx, name) : say_fail(c->host, MIG_E_NOMEM, NULL, "no memory");
        free(name);
        return status;
    }
    status = build_index(c, in, c->root);
    for (size_t i = 0; i < c->index.n && status == MIG_OK; i++)
        status = row(ctx, c->index.entries[i].name);
    return status;
}

static int32_t find_in_document(struct catalog *c, struct input *in, const char *root,
                                const char *entity, struct catalog_place *out)
{
    struct nearest near;
    int32_t status = build_index(c, in, root);
    if (status != MIG_OK)
        return status;
    const struct index_entry *e = index_find(&c->index, entity, &near);
    if (!e) {
        no_such_entity(c, entity, near);
        return MIG_E_SOURCE;
    }
    if (e->first != '[')
        return input_broken(in, e->from, "the entity's value is no list of records",
                            "an entity is a list: \"name\": [ {...}, ... ]");
    *out = (struct catalog_place){READER_ARRAY, e->from, e->to};
    return MIG_OK;
}

/* A file for one entity: `root` names the list itself. */
static int32_t find_at_root(struct catalog *c, struct input *in, struct catalog_place *out)
{
    const char *dot = strrchr(c->root, '.');
    char *parent = strndup(c->root, dot ? (size_t)(dot - c->root) : 0);
    if (!parent)
        return say_fail(c->host, MIG_E_NOMEM, NULL, "no memory for a path");
    int32_t status = find_in_document(c, in, parent, dot ? dot + 1 : c->root, out);
    free(parent);
    return status;
}

static int32_t check_stem(const struct catalog *c, const char *entity)
{
    char *name = stem(c->file);
    if (!name)
        return say_fail(c->host, MIG_E_NOMEM, NULL, "no memory for a name");
    int same = strcmp(name, entity) == 0;
    if (!same)
        say_fail(c->host, MIG_E_SOURCE,
                 "correct the stage's \"entity\", or name the file by \"files\"",
                 "file \"%s\" holds one entity, \"%s\", and no \"%s\"", c->file, name, entity);
    free(name);
    return same ? MIG_OK : MIG_E_SOURCE;
}

static int32_t find(struct catalog *c, struct input *in, const char *entity,
                    struct catalog_place *out)
{
    enum form form;
    if (c->files && *c->root)
        return find_at_root(c, in, out);
    int32_t status = form_find(in, c->format, c->file != NULL, &form);
    if (status != MIG_OK)
        return status;
    if (form == FORM_DOCUMENT)
        return find_in_document(c, in, c->root, entity, out);
    if (c->file && (status = check_stem(c, entity)) != MIG_OK)
        return status;
    *out = (struct catalog_place){.form = form == FORM_ARRAY   ? READER_ARRAY
                                          : form == FORM_LINES ? READER_LINES
                                                               : READER_OBJECT,
                                  .to = (uint64_t)in->opened.st_size};
    return MIG_OK;
}

int32_t catalog_find(struct catalog *c, struct input *in, const char *entity,
                     struct catalog_place *out)
{
    char *path = catalog_path(c, entity);
    if (!path)
        return MIG_E_SOURCE;
    int32_t status = open_path(c, in, path);
    free(path);
    if (status == MIG_OK)
        status = find(c, in, entity, out);
    if (status == MIG_OK)
        input_seek(in, out->from, out->to);
    return status;
}
