/*
 * replay.c - pages of a recording, in the order in which they were used. Things that stand in
 * several of them are told apart as they were when they were read.
 *
 * Whether the recording is whole, and the key the right one, is said before the first record.
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
#include "seal.h"

void replay_init(struct replay *r, const struct settings *s, const struct page_form *form)
{
    *r = (struct replay){.s = s, .form = form, .dir = -1};
    buf_init(&r->body, s->page_limit);
    buf_init(&r->sealed, s->page_limit + SEAL_MORE);
}

void replay_close(struct replay *r)
{
    if (r->dir >= 0)
        close(r->dir);
    if (r->manifest)
        fclose(r->manifest);
    manifest_clear(&r->about);
    buf_clear(&r->body);
    buf_clear(&r->sealed);
    page_free(&r->page);
    replay_init(r, r->s, r->form);
}

int replay_is_open(const struct replay *r)
{
    return r->manifest != NULL;
}

static int32_t damaged(const struct replay *r, const char *what)
{
    return say_fail(r->s->host, MIG_E_SOURCE, "record it again",
                    "the recording of \"%s\" in \"%s\", page %" PRIu64 ": %s", r->type, r->dir_path,
                    r->pages + 1, what);
}

/* ---- pages -------------------------------------------------------------------------------- */

/* 0, or -1: it cannot be read, or is longer than may be. */
static int read_file(const struct replay *r, const char *name, struct buf *out)
{
    struct stat st;
    int fd = openat(r->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    out->len = 0;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        buf_reserve(out, (size_t)st.st_size + 1) != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    ssize_t n = 1;
    while (n > 0 && out->len <= (size_t)st.st_size) {
        n = read(fd, out->data + out->len, (size_t)st.st_size + 1 - out->len);
        out->len += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    return n == 0 && out->len == (size_t)st.st_size ? 0 : -1;
}

static int32_t read_kept(struct replay *r, const json_t *line, const char *end, const char *member,
                         struct buf *out)
{
    char name[MANIFEST_NAME], digest[MANIFEST_DIGEST];
    const char *due = json_string_value(json_object_get(line, member));
    manifest_page(r->type, r->pages + 1, end, name);
    if (!due || read_file(r, name, out) != 0)
        return damaged(r, "its file is missing, or cannot be read");
    if (manifest_digest(out, digest) != 0 || strcmp(digest, due) != 0)
        return damaged(r, "its SHA-256 is not that of the manifest");
    return MIG_OK;
}

static int32_t wrong_key(const struct replay *r)
{
    return say_fail(r->s->host, MIG_E_CONFIG,
                    "set it to the key with which the recording was made; nothing can be read by "
                    "another one",
                    "the secret fields of \"%s\" in \"%s\" cannot be decrypted by the key in "
                    "variable %s",
                    r->type, r->dir_path, r->s->seal_name);
}

static int32_t read_sealed(struct replay *r, const json_t *line)
{
    char about[MANIFEST_NAME];
    int32_t status = read_kept(r, line, "sealed", "sealed", &r->sealed);
    manifest_about(r->type, r->pages + 1, json_string_value(json_object_get(line, "sha256")),
                   about);
    if (status == MIG_OK && seal_open(r->s->seal_key, about, &r->sealed, &r->body) != 0)
        status = wrong_key(r);
    return status;
}

static int32_t read_page(struct replay *r, const json_t *line)
{
    int sealed = r->s->seal_key && json_is_string(json_object_get(line, "sealed"));
    int32_t status = read_kept(r, line, "json", "sha256", &r->body);
    if (status == MIG_OK && sealed)
        status = read_sealed(r, line);
    if (status != MIG_OK)
        return status;
    const char *fault =
        page_parse(&r->page, r->form, r->body.data ? r->body.data : "", r->body.len);
    r->at = 0;
    return fault ? damaged(r, fault) : MIG_OK;
}

/* MIG_OK: a page; MIG_END: it was the last. */
static int32_t next_page(struct replay *r)
{
    char *text = NULL;
    size_t room = 0;
    if (r->pages == r->about.pages)
        return MIG_END;
    ssize_t n = getline(&text, &room, r->manifest);
    json_t *line = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
    free(text);
    int32_t status = line ? read_page(r, line) : damaged(r, "the manifest changed meanwhile");
    json_decref(line);
    r->pages += status == MIG_OK;
    return status;
}

/* ---- the beginning ------------------------------------------------------------------------ */

static int32_t not_there(const struct replay *r, const char *field)
{
    const char *fix = r->about.is_sealed
                          ? "set the variable to the key with which the recording was made"
                          : "read the server; or record anew with a key in the variable, so that "
                            "secret fields are kept encrypted";
    return say_fail(
        r->s->host, MIG_E_CONFIG, fix,
        "\"%s\": field \"%.200s\" is secret and %s in the recording in \"%s\", and %s %s", r->type,
        field, r->about.is_sealed ? "only encrypted" : "not", r->dir_path, r->s->seal_name,
        r->about.is_sealed ? "is not set" : "was not set when it was made");
}

static int may_be_unseen(const struct settings *s, const char *name)
{
    size_t i;
    json_t *allowed;
    json_array_foreach(s->may_be_unseen, i, allowed)
    {
        if (strcmp(json_string_value(allowed), name) == 0)
            return 1;
    }
    return 0;
}

static int32_t check_fields(const struct replay *r, const char *const *fields, uint32_t n)
{
    int restored = r->about.is_sealed && r->s->seal_key;
    for (uint32_t i = 0; i < n && !restored; i++)
        if (json_object_get(r->about.left_out, fields[i]) && !may_be_unseen(r->s, fields[i]))
            return not_there(r, fields[i]);
    return MIG_OK;
}

static int32_t open_manifest(struct replay *r)
{
    char name[MANIFEST_NAME];
    int32_t status = manifest_open_dir(r->s, r->dir_path, 0, &r->dir);
    if (status != MIG_OK)
        return status;
    int fd = manifest_name(r->type, ".manifest", name) == 0
                 ? openat(r->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                 : -1;
    r->manifest = fd < 0 ? NULL : fdopen(fd, "r");
    if (!r->manifest)
        return say_fail(r->s->host, MIG_E_SOURCE, "record it first",
                        "directory \"%s\" holds no recording of \"%s\"", r->dir_path, r->type);
    if (manifest_read(&r->about, r->manifest, UINT64_MAX) != 0)
        return damaged(r, "the manifest cannot be read");
    rewind(r->manifest);
    r->pages = r->about.is_whole ? 0 : r->about.pages;
    if (r->about.is_whole)
        return MIG_OK;
    return damaged(r, r->about.last ? "the manifest has another number of pages than it says"
                                    : "it is not whole: reading was broken off");
}

int32_t replay_begin(struct replay *r, const char *dir, const char *type, const char *const *fields,
                     uint32_t n)
{
    replay_close(r);
    r->dir_path = dir;
    r->type = type;
    int32_t status = open_manifest(r);
    if (status == MIG_OK)
        status = check_fields(r, fields, n);
    if (status == MIG_OK && r->about.is_sealed && r->s->seal_key)
        status = next_page(r); /* by another key it is none */
    return status == MIG_END ? MIG_OK : status;
}

int32_t replay_go(struct replay *r, uint64_t number, size_t at)
{
    int32_t status = MIG_OK;
    while (status == MIG_OK && r->pages < number)
        status = next_page(r);
    if (status == MIG_OK && number)
        r->at = at < r->page.n ? at : r->page.n;
    return status == MIG_END ? MIG_OK : status;
}

/* ---- things ------------------------------------------------------------------------------- */

int32_t replay_next(struct replay *r, struct keyset *k, struct jsonscan_slice *thing)
{
    for (;;) {
        while (r->at < r->page.n) {
            const struct page_thing *t = &r->page.things[r->at++];
            int is_new = k ? keyset_offer(k, t->made, t->id.data, t->id.len) : 1;
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
