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

static void part_init(struct replay_part *p, const struct settings *s)
{
    *p = (struct replay_part){.manifest = NULL};
    buf_init(&p->body, s->page_limit);
    buf_init(&p->sealed, s->page_limit + SEAL_MORE);
}

static void part_close(struct replay_part *p)
{
    if (p->manifest)
        fclose(p->manifest);
    buf_clear(&p->body);
    buf_clear(&p->sealed);
    page_free(&p->page);
}

void replay_init(struct replay *r, const struct settings *s, const struct page_form *form)
{
    *r = (struct replay){.s = s, .form = form, .dir = -1};
    part_init(&r->first, s);
    part_init(&r->amended, s);
}

void replay_close(struct replay *r)
{
    if (r->dir >= 0)
        close(r->dir);
    part_close(&r->first);
    part_close(&r->amended);
    manifest_clear(&r->about);
    replay_init(r, r->s, r->form);
}

int replay_is_open(const struct replay *r)
{
    return r->first.manifest != NULL;
}

uint64_t replay_pages(const struct replay *r)
{
    uint64_t again = r->amended.manifest ? r->amended.pages - r->about.first_pages : 0;
    return r->first.pages + again;
}

static int32_t damaged(const struct replay *r, uint64_t page, const char *what)
{
    return say_fail(r->s->host, MIG_E_SOURCE, "record it again",
                    "the recording of \"%s\" in \"%s\", page %" PRIu64 ": %s", r->type, r->dir_path,
                    page, what);
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

static int32_t read_kept(const struct replay *r, const struct replay_part *p, const json_t *line,
                         const char *end, struct buf *out)
{
    char name[MANIFEST_NAME], digest[MANIFEST_DIGEST];
    const char *member = strcmp(end, "json") == 0 ? "sha256" : end;
    const char *due = json_string_value(json_object_get(line, member));
    manifest_page(r->type, p->pages + 1, end, name);
    if (!due || read_file(r, name, out) != 0)
        return damaged(r, p->pages + 1, "its file is missing, or cannot be read");
    if (manifest_digest(out, digest) != 0 || strcmp(digest, due) != 0)
        return damaged(r, p->pages + 1, "its SHA-256 is not that of the manifest");
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

static int32_t read_sealed(const struct replay *r, struct replay_part *p, const json_t *line)
{
    char about[MANIFEST_NAME];
    int32_t status = read_kept(r, p, line, "sealed", &p->sealed);
    manifest_about(r->type, p->pages + 1, json_string_value(json_object_get(line, "sha256")),
                   about);
    if (status == MIG_OK && seal_open(r->s->seal_key, about, &p->sealed, &p->body) != 0)
        status = wrong_key(r);
    return status;
}

static int32_t read_page(const struct replay *r, struct replay_part *p, const json_t *line)
{
    int sealed = r->s->seal_key && json_is_string(json_object_get(line, "sealed"));
    int32_t status = read_kept(r, p, line, "json", &p->body);
    if (status == MIG_OK && sealed)
        status = read_sealed(r, p, line);
    if (status != MIG_OK)
        return status;
    const char *fault =
        page_parse(&p->page, r->form, p->body.data ? p->body.data : "", p->body.len);
    p->at = 0;
    return fault ? damaged(r, p->pages + 1, fault) : MIG_OK;
}

/* MIG_OK: a page; MIG_END: it was the last. */
static int32_t next_page(const struct replay *r, struct replay_part *p)
{
    char *text = NULL;
    size_t room = 0;
    if (p->pages == p->last)
        return MIG_END;
    ssize_t n = getline(&text, &room, p->manifest);
    json_t *line = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
    free(text);
    int32_t status =
        line ? read_page(r, p, line) : damaged(r, p->pages + 1, "the manifest changed meanwhile");
    json_decref(line);
    p->pages += status == MIG_OK;
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

static FILE *open_file(const struct replay *r)
{
    char name[MANIFEST_NAME];
    int fd = manifest_name(r->type, ".manifest", name) == 0
                 ? openat(r->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                 : -1;
    return fd < 0 ? NULL : fdopen(fd, "r");
}

static int32_t open_manifest(struct replay *r)
{
    struct replay_part *p = &r->first;
    int32_t status = manifest_open_dir(r->s, r->dir_path, 0, &r->dir);
    if (status != MIG_OK)
        return status;
    p->manifest = open_file(r);
    if (!p->manifest)
        return say_fail(r->s->host, MIG_E_SOURCE, "record it first",
                        "directory \"%s\" holds no recording of \"%s\"", r->dir_path, r->type);
    if (manifest_read(&r->about, p->manifest, UINT64_MAX) != 0)
        return damaged(r, 1, "the manifest cannot be read");
    rewind(p->manifest);
    p->last = r->about.first_pages;
    if (r->about.is_whole)
        return MIG_OK;
    return damaged(r, r->about.pages + 1,
                   r->about.last ? "the manifest has another number of pages than it says"
                                 : "it is not whole: reading was broken off");
}

/* What was read again stands behind the line that says that the first reading was whole. */
static int32_t open_amended(struct replay *r)
{
    struct replay_part *p = &r->amended;
    if (r->about.pages == r->about.first_pages)
        return MIG_OK;
    p->pages = r->about.first_pages;
    p->last = r->about.pages;
    p->manifest = open_file(r);
    return p->manifest && fseek(p->manifest, r->about.first_end, SEEK_SET) == 0
               ? MIG_OK
               : damaged(r, p->pages + 1, "the manifest cannot be read");
}

int32_t replay_begin(struct replay *r, const char *dir, const char *type, const char *const *fields,
                     uint32_t n)
{
    replay_close(r);
    r->dir_path = dir;
    r->type = type;
    int32_t status = open_manifest(r);
    if (status == MIG_OK)
        status = open_amended(r);
    if (status == MIG_OK)
        status = check_fields(r, fields, n);
    if (status == MIG_OK && r->about.is_sealed && r->s->seal_key)
        status = next_page(r, &r->first); /* by another key it is none */
    return status == MIG_END ? MIG_OK : status;
}

int32_t replay_go(struct replay *r, uint64_t number, size_t at)
{
    struct replay_part *p = &r->first;
    int32_t status = MIG_OK;
    while (status == MIG_OK && p->pages < number)
        status = next_page(r, p);
    if (status == MIG_OK && number)
        p->at = at < p->page.n ? at : p->page.n;
    return status == MIG_END ? MIG_OK : status;
}

/* ---- things ------------------------------------------------------------------------------- */

/* Has it a thing more? */
static int32_t fill(const struct replay *r, struct replay_part *p)
{
    int32_t status = MIG_OK;
    while (status == MIG_OK && p->at == p->page.n)
        status = next_page(r, p);
    return status;
}

/* Both are in order of creation, and a thing keeps its place in it: what was read again comes
 * before what else was made in its moment, so that the keyset passes over the thing as it was
 * before. */
static int32_t pick(struct replay *r, struct replay_part **out)
{
    struct replay_part *p = &r->first, *again = &r->amended;
    int32_t status = fill(r, p), more = fill(r, again);
    *out = p;
    if (more == MIG_OK &&
        (status == MIG_END ||
         (status == MIG_OK && again->page.things[again->at].made <= p->page.things[p->at].made))) {
        *out = again;
        return MIG_OK;
    }
    return more < 0 && status >= 0 ? more : status;
}

int32_t replay_next(struct replay *r, struct keyset *k, struct jsonscan_slice *thing)
{
    struct replay_part *p;
    int32_t status;
    while ((status = pick(r, &p)) == MIG_OK) {
        const struct page_thing *t = &p->page.things[p->at++];
        int is_new = k ? keyset_offer(k, t->made, t->id.data, t->id.len) : 1;
        if (is_new < 0)
            return say_fail(r->s->host, MIG_E_NOMEM, NULL, "no memory for ids");
        *thing = t->text;
        if (is_new)
            return MIG_OK;
    }
    return status;
}
