/*
 * index.c - one pass over a document finds its entities.
 *
 * The pass follows structure only (a GB in about a second), so that each entity can then be
 * read from its own place and is parsed once, in whatever order the stages ask for them, and
 * so that a cut or damaged document is found before its first record is used.
 */
#include "index.h"

#include <stdlib.h>
#include <string.h>

#include "common/jsonscan.h"
#include "common/jsontext.h"
#include "common/say.h"

struct builder {
    struct index *x;
    struct input *in;
    const char *root; /* what is left of the path; "" at the object that holds the entities */
    int found;
};

void index_clear(struct index *x)
{
    for (size_t i = 0; i < x->n; i++)
        free(x->entries[i].name);
    free(x->entries);
    *x = (struct index){0};
}

const struct index_entry *index_find(const struct index *x, const char *name, struct nearest *near)
{
    *near = (struct nearest){0};
    for (size_t i = 0; i < x->n; i++) {
        if (strcmp(x->entries[i].name, name) == 0)
            return &x->entries[i];
        nearest_offer(near, name, x->entries[i].name);
    }
    return NULL;
}

static int32_t broken(struct builder *b, const char *text)
{
    return input_broken(b->in, input_at(b->in), text,
                        "the file is cut or was written wrongly: export it again");
}

static int32_t expected(struct builder *b, int32_t got, const char *what)
{
    if (got < 0)
        return got;
    return broken(b, got == INPUT_EOF ? "the document ends in the middle" : what);
}

/* Reads a key into `name` (NUL-terminated) and goes behind its colon. */
static int32_t take_key(struct builder *b, char name[INDEX_NAME + 1])
{
    struct input *in = b->in;
    const char *text, *after;
    for (;;) {
        text = in->data + in->begin + 1;
        after = jsonscan_string(text, in->data + in->end);
        if (after || in->end - in->begin > INDEX_NAME)
            break;
        int32_t status = input_more(in, INPUT_READ);
        if (status != MIG_OK)
            return expected(b, status == MIG_END ? INPUT_EOF : status, "");
    }
    if (!after || after - text > (ptrdiff_t)INDEX_NAME)
        return broken(b, "a name is longer than 1024 bytes");
    size_t len = jsontext_unescape(text, (size_t)(after - 1 - text), name);
    if (len == JSONTEXT_BAD || memchr(name, '\0', len))
        return broken(b, "a name has an escape that is not valid");
    name[len] = '\0';
    in->begin = (size_t)(after - in->data);
    int32_t c = input_peek(in);
    if (c != ':')
        return expected(b, c, "':' is missing behind a name");
    in->begin++;
    return MIG_OK;
}

/* Goes behind a value, to the comma or bracket that ends it. Another value or name before that
 * would hide an entity; other garbage is found when the entity is read. */
static int32_t skip_value(struct builder *b)
{
    struct input *in = b->in;
    struct jsonscan scan;
    jsonscan_begin(&scan);
    for (;;) {
        size_t used;
        enum jsonscan_result result =
            jsonscan_feed(&scan, in->data + in->begin, in->end - in->begin, &used);
        in->begin += used;
        if (scan.parts > 1)
            return broken(b, "a comma or '}' is missing");
        if (result == JSONSCAN_END)
            return MIG_OK;
        if (result == JSONSCAN_BROKEN)
            return broken(b, "a bracket closes what another kind opened");
        int32_t status = input_more(in, INPUT_READ);
        if (status != MIG_OK)
            return expected(b, status == MIG_END ? INPUT_EOF : status, "");
    }
}

static int32_t add(struct builder *b, const char *name, uint64_t from, char first)
{
    struct index *x = b->x;
    struct nearest near;
    if (index_find(x, name, &near))
        return broken(b, "the name of an entity comes twice");
    if (x->n == INDEX_ENTITIES)
        return say_fail(b->in->host, MIG_E_SOURCE, "name the object of the entities by \"root\"",
                        "file \"%s\" holds more than %u entities", b->in->path, INDEX_ENTITIES);
    if (x->n == x->capacity) {
        size_t capacity = x->capacity ? x->capacity * 2 : 16;
        struct index_entry *entries = realloc(x->entries, capacity * sizeof *entries);
        if (!entries)
            return say_fail(b->in->host, MIG_E_NOMEM, NULL, "no memory for an index");
        x->entries = entries;
        x->capacity = capacity;
    }
    struct index_entry e = {strdup(name), from, input_at(b->in), first};
    if (!e.name)
        return say_fail(b->in->host, MIG_E_NOMEM, NULL, "no memory for an index");
    x->entries[x->n++] = e;
    return MIG_OK;
}

static int32_t take_object(struct builder *b);

/* The length of the path's first name when it is `name`, else 0. */
static size_t on_path(const char *path, const char *name)
{
    size_t n = strcspn(path, ".");
    return strlen(name) == n && strncmp(path, name, n) == 0 ? n : 0;
}

static int32_t take_member(struct builder *b)
{
    char name[INDEX_NAME + 1];
    int32_t status = take_key(b, name);
    if (status != MIG_OK)
        return status;
    int32_t c = input_peek(b->in);
    if (c < 0 || c == INPUT_EOF)
        return expected(b, c, "");
    uint64_t from = input_at(b->in);
    const char *path = b->root;
    size_t n = on_path(path, name);
    if (n && c == '{' && !b->found) {
        b->root = path + n + (path[n] == '.');
        status = take_object(b);
        b->root = path;
        return status;
    }
    status = skip_value(b);
    if (status == MIG_OK && input_at(b->in) == from)
        return broken(b, "a value is missing");
    return status == MIG_OK && !*path ? add(b, name, from, (char)c) : status;
}

/* The window stands at '{'. Goes into itself once for each name in the path at most. */
static int32_t take_object(struct builder *b)
{
    struct input *in = b->in;
    int holds_entities = !*b->root;
    in->begin++;
    int32_t c = input_peek(in);
    while (c != '}') {
        if (c != '"')
            return expected(b, c, "the name of a member is missing");
        int32_t status = take_member(b);
        if (status != MIG_OK)
            return status;
        c = input_peek(in);
        if (c == '}')
            break;
        if (c != ',')
            return expected(b, c, "a comma or '}' is missing");
        in->begin++;
        c = input_peek(in);
        if (c == '}')
            return broken(b, "a comma stands before '}'");
    }
    in->begin++;
    b->found |= holds_entities;
    return MIG_OK;
}

int32_t index_build(struct index *x, struct input *in, const char *root)
{
    struct builder b = {x, in, root, 0};
    index_clear(x);
    input_seek(in, 0, (uint64_t)in->opened.st_size);
    int32_t c = input_peek(in);
    if (c != '{')
        return expected(&b, c, "the document is no JSON object");
    int32_t status = take_object(&b);
    if (status != MIG_OK)
        return status;
    c = input_peek(in);
    if (c != INPUT_EOF)
        return c < 0 ? c : broken(&b, "something follows the end of the document");
    if (!b.found)
        return say_fail(in->host, MIG_E_SOURCE, "correct the option \"root\"",
                        "file \"%s\" has no object at \"%s\"", in->path, root);
    return input_unchanged(in);
}
