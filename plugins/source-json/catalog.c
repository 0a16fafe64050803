/*
 * catalog.c - from the options and an entity's name to a part of a file.
 *
 * A document's index is kept while its file stays open, so that it is scanned once however many
 * entities are read from it; when the file has changed meanwhile, its places mean nothing and the
 * run ends.
 */
#include "catalog.h"

#include <stdlib.h>
#include <string.h>

#include "common/option.h"
#include "common/say.h"
#include "form.h"

int32_t catalog_init(struct catalog *c, const mig_host_t *host)
{
    *c = (struct catalog){.host = host};
    c->format = option_text(host, "format");
    c->root = option_text(host, "root");
    if (!c->format)
        c->format = strdup("auto");
    if (!c->root)
        c->root = strdup("");
    if (!c->format || !c->root)
        return say_fail(host, MIG_E_NOMEM, NULL, "no memory for options");
    return files_init(&c->files, host);
}

void catalog_clear(struct catalog *c)
{
    files_clear(&c->files);
    free(c->format);
    free(c->root);
    index_clear(&c->index);
    *c = (struct catalog){.host = c->host};
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

int32_t catalog_entities(struct catalog *c, struct input *in, void *ctx,
                         int32_t (*row)(void *ctx, const char *entity))
{
    if (c->files.files)
        return files_list(&c->files, ctx, row);
    enum form form;
    int32_t status = open_path(c, in, c->files.file);
    if (status == MIG_OK)
        status = form_find(in, c->format, 1, &form);
    if (status != MIG_OK)
        return status;
    if (form != FORM_DOCUMENT) {
        char *name = files_stem(&c->files);
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
        files_no_such_entity(&c->files, entity, near.name);
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

static int32_t find(struct catalog *c, struct input *in, const char *entity,
                    struct catalog_place *out)
{
    enum form form;
    if (c->files.files && *c->root)
        return find_at_root(c, in, out);
    int32_t status = form_find(in, c->format, c->files.file != NULL, &form);
    if (status != MIG_OK)
        return status;
    if (form == FORM_DOCUMENT)
        return find_in_document(c, in, c->root, entity, out);
    if (c->files.file && (status = files_check_stem(&c->files, entity)) != MIG_OK)
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
    char *path = files_path(&c->files, entity);
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
