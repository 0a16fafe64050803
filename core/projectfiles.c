/* projectfiles.c - reads the files that an object {"$file": "PATH"} stands for: mappings and lookup
 * tables that are looked over apart from the project. They decide what is written as much as the
 * project file does, so the same is asked of them. What is read is part of the options from then
 * on: of the plan's hash, of --show-config and --plan. */
#include "projectfiles.h"

#include <string.h>

#include "fieldread.h"
#include "safefile.h"

#define DEPTH_MOST 8 /* files inside of files: more are a circle */

/* An object that is nothing but a reference to a file. */
static const struct jsonfile_node *reference(const struct jsonfile_node *node)
{
    const struct jsonfile_node *file = jsonfile_get(node, "$file");
    return file && node->n == 1 ? file : NULL;
}

static void unreadable(struct fields *f, const struct jsonfile_node *at, const char *key,
                       const struct error *err)
{
    jsonfile_fault(f->file, at->raw, f->faults, err->fix[0] ? err->fix : NULL, "\"%s\": %s%s%s",
                   key, err->what, err->why[0] ? "; " : "", err->why);
}

/* The tree of the file, which stays part of f->file; NULL after a fault. */
static struct jsonfile_node *read_file(struct fields *f, const struct jsonfile_node *at,
                                       const char *key, const char *path)
{
    struct str text;
    struct error err = {0};
    struct jsonfile *file = arena_alloc(f->mem, sizeof *file);
    int failed = 1;
    if (path[0] != '/')
        path = arena_printf(f->mem, "%s/%s", f->dir, path);
    str_init(&text, JSONFILE_MAX);
    if (safefile_read(path, "file", SAFEFILE_TRUSTED, &text, NULL, &err))
        unreadable(f, at, key, &err);
    else
        failed = jsonfile_parse(file, path, text.data, text.len, f->mem, f->faults);
    str_clear(&text);
    if (failed)
        return NULL;
    jsonfile_add(f->file, file);
    return file->root;
}

static int include(struct fields *f, struct jsonfile_node *node, const char *key, int depth);

/* The node becomes what the file holds, and keeps its own name and place in the list. */
static int replace(struct fields *f, struct jsonfile_node *node, const struct jsonfile_node *at,
                   const char *key, int depth)
{
    struct variables_text r = {0};
    const char *path = NULL;
    if (at->kind != JSONFILE_STRING || !at->text[0])
        jsonfile_fault(f->file, at->raw, f->faults, "write { \"$file\": \"mappings/users.json\" }",
                       "\"%s\": \"$file\" is %s, due is the path of a file", key,
                       at->kind == JSONFILE_STRING ? "empty" : jsonfile_kind_name(at));
    else if (depth == DEPTH_MOST)
        jsonfile_fault(f->file, at->raw, f->faults, "let no file lead back to itself",
                       "\"%s\": files name files more than %d times over", key, DEPTH_MOST);
    else
        path = fieldread_replace(f, at, key, &r);
    const struct jsonfile_node *root = path ? read_file(f, at, key, path) : NULL;
    if (!root)
        return -1;
    struct jsonfile_node own = *node;
    *node = *root;
    node->key = own.key;
    node->next = own.next;
    return include(f, node, key, depth + 1);
}

/* -1 behind the first fault: where files lead to themselves there are no others. */
static int include(struct fields *f, struct jsonfile_node *node, const char *key, int depth)
{
    const struct jsonfile_node *at = reference(node);
    if (at)
        return replace(f, node, at, key, depth);
    int result = 0;
    for (struct jsonfile_node *one = node->first; one && !result; one = one->next)
        result =
            include(f, one, one->key ? arena_printf(f->mem, "%s.%s", key, one->key) : key, depth);
    return result;
}

void projectfiles_include(struct fields *f, const struct jsonfile_node *node, const char *key)
{
    include(f, (struct jsonfile_node *)node, key, 0);
}
