/*
 * replay.c - pages of a recording, in the order in which they were used. Things that stand in
 * several of them are told apart as they were when they were read.
 */
#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/say.h"
#include "query.h"

void replay_init(struct replay *r, const struct settings *s)
{
    *r = (struct replay){.s = s, .dir = -1};
    buf_init(&r->body, s->page_limit);
}

void replay_close(struct replay *r)
{
    if (r->dir >= 0)
        close(r->dir);
    if (r->manifest)
        fclose(r->manifest);
    buf_clear(&r->body);
    page_free(&r->page);
    replay_init(r, r->s);
}

static int32_t damaged(const struct replay *r, const char *what)
{
    return say_fail(r->s->host, MIG_E_SOURCE, "record it again",
                    "the recording of \"%s\" in \"%s\", page %" PRIu64 ": %s", r->type,
                    r->s->replay, r->pages + 1, what);
}

int32_t replay_begin(struct replay *r, const char *type)
{
    char name[RECORDING_NAME];
    replay_close(r);
    r->type = type;
    int32_t status = recording_open_dir(r->s, r->s->replay, 0, &r->dir);
    if (status != MIG_OK)
        return status;
    int fd = recording_name(type, ".manifest", name) == 0
                 ? openat(r->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                 : -1;
    r->manifest = fd < 0 ? NULL : fdopen(fd, "r");
    return r->manifest
               ? MIG_OK
               : say_fail(r->s->host, MIG_E_SOURCE, "record it by the option \"record\"",
                          "directory \"%s\" holds no recording of \"%s\"", r->s->replay, type);
}

/* 0, or -1: it cannot be read, or has another length. */
static int read_file(struct replay *r, const char *name, json_int_t bytes)
{
    int fd = openat(r->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    r->body.len = 0;
    if (fd < 0 || bytes < 0 || buf_reserve(&r->body, (size_t)bytes + 1) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    ssize_t n = 1;
    while (n > 0 && r->body.len <= (size_t)bytes) {
        n = read(fd, r->body.data + r->body.len, (size_t)bytes + 1 - r->body.len);
        r->body.len += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    return r->body.len == (size_t)bytes ? 0 : -1;
}

static int32_t read_page(struct replay *r, const json_t *line)
{
    char end[32], name[RECORDING_NAME], digest[RECORDING_DIGEST];
    const char *due = json_string_value(json_object_get(line, "sha256"));
    snprintf(end, sizeof end, ".%06" PRIu64 ".json", r->pages + 1);
    recording_name(r->type, end, name);
    if (!due || read_file(r, name, json_integer_value(json_object_get(line, "bytes"))) != 0)
        return damaged(r, "its file is missing, or has another length than the manifest says");
    if (recording_digest(r->body.data, r->body.len, digest) != 0 || strcmp(digest, due) != 0)
        return damaged(r, "its SHA-256 is not that of the manifest");
    const char *fault = page_parse(&r->page, &query_form, r->body.data, r->body.len);
    r->at = 0;
    return fault ? damaged(r, fault) : MIG_OK;
}

/* MIG_OK: a page; MIG_END: the manifest says that it was the last. */
static int32_t next_page(struct replay *r)
{
    char *text = NULL;
    size_t room = 0;
    ssize_t n = getline(&text, &room, r->manifest);
    json_t *line = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
    free(text);
    int32_t status;
    if (!line)
        status = damaged(r, "it is not whole: reading was broken off");
    else if (json_is_true(json_object_get(line, "complete")))
        status = json_integer_value(json_object_get(line, "pages")) == (json_int_t)r->pages
                     ? MIG_END
                     : damaged(r, "the manifest has another number of pages than it says");
    else
        status = read_page(r, line);
    json_decref(line);
    r->pages += status == MIG_OK;
    return status;
}

int32_t replay_next(struct replay *r, struct keyset *k, struct jsonscan_slice *thing)
{
    for (;;) {
        while (r->at < r->page.n) {
            const struct page_thing *t = &r->page.things[r->at++];
            int is_new = keyset_offer(k, t->made, t->id.data, t->id.len);
            if (is_new < 0)
                return say_fail(r->s->host, MIG_E_NOMEM, NULL, "no memory for ids");
            *thing = t->text;
            if (is_new)
                return MIG_OK;
        }
        int32_t status = next_page(r);
        if (status != MIG_OK)
            return status;
    }
}
