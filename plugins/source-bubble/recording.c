/*
 * recording.c - writes a recording.
 *
 * A page counts once its line stands in the manifest, and a type once the manifest says that it is
 * whole; whatever breaks off before leaves something that cannot be taken for all. What is secret
 * is cut out before anything is written, and kept only under a key.
 */
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/plural.h"
#include "common/say.h"
#include "redact.h"
#include "seal.h"

void recording_init(struct recording *r, const struct settings *s, const struct page_form *form)
{
    *r = (struct recording){.s = s, .form = form, .dir = -1, .manifest = -1};
    buf_init(&r->text, s->page_limit);
    buf_init(&r->sealed, s->page_limit + SEAL_MORE);
}

void recording_close(struct recording *r)
{
    if (r->dir >= 0)
        close(r->dir);
    if (r->manifest >= 0)
        close(r->manifest);
    buf_clear(&r->text);
    buf_clear(&r->sealed);
    json_decref(r->left_out);
    json_t *done = r->done;
    recording_init(r, r->s, r->form);
    r->done = done;
}

void recording_clear(struct recording *r)
{
    recording_close(r);
    json_decref(r->done);
    r->done = NULL;
}

void recording_begin(struct recording *r, const char *entity, const char *type, uint64_t keep)
{
    recording_close(r);
    r->entity = entity;
    r->type = json_object_get(r->done, type) ? NULL : type;
    r->keep = keep;
}

/* ---- writing ------------------------------------------------------------------------------ */

static int32_t broken(const struct recording *r, const char *name)
{
    return say_fail(r->s->host, MIG_E_IO, "free space there, or do without the recording",
                    "file \"%s\" in \"%s\" cannot be written: %s", name, r->s->record,
                    strerror(errno));
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int32_t is_there(const struct recording *r)
{
    return say_fail(
        r->s->host, MIG_E_CONFIG, "read it by the option \"replay\", or move it away first",
        "directory \"%s\" holds a whole recording of \"%s\" already", r->s->record, r->type);
}

static int32_t lacks_pages(const struct recording *r, uint64_t pages)
{
    return say_fail(r->s->host, MIG_E_CONFIG,
                    "move the directory away, and abandon the run, so that it begins anew",
                    "the recording of \"%s\" in \"%s\" has %" PRIu64
                    " %s, and the run that it is of goes on behind page %" PRIu64,
                    r->type, r->s->record, pages, plural(pages, "page", "pages"), r->keep);
}

/* What stands there, up to `most` pages. 0, or -1: it cannot be read. */
static int read_manifest(const struct recording *r, uint64_t most, struct manifest *m)
{
    int copy = dup(r->manifest);
    FILE *f = copy < 0 ? NULL : fdopen(copy, "r");
    int failed = !f || manifest_read(m, f, most) != 0;
    if (f)
        fclose(f);
    return failed ? -1 : 0;
}

/* What an earlier run left. UINT64_MAX pages to keep are all that there are. */
static int32_t take_up(struct recording *r, const char *name)
{
    struct manifest m = {.pages = 0};
    int failed = read_manifest(r, UINT64_MAX, &m) != 0;
    int whole = !failed && m.last;
    if (!failed && r->keep < m.pages) {
        manifest_clear(&m);
        failed = read_manifest(r, r->keep, &m) != 0;
    }
    int32_t status = failed                                       ? broken(r, name)
                     : whole                                      ? is_there(r)
                     : r->keep != UINT64_MAX && m.pages < r->keep ? lacks_pages(r, m.pages)
                                                                  : MIG_OK;
    if (status == MIG_OK && ftruncate(r->manifest, m.end) != 0)
        status = broken(r, name);
    r->pages = m.pages;
    r->left_out = json_incref(m.left_out);
    manifest_clear(&m);
    return status;
}

static int32_t open_manifest(struct recording *r, char name[MANIFEST_NAME])
{
    int32_t status = manifest_open_dir(r->s, r->s->record, 1, &r->dir);
    if (status != MIG_OK)
        return status;
    if (manifest_name(r->type, ".manifest", name) != 0)
        return say_fail(r->s->host, MIG_E_CONFIG, "do without the recording",
                        "a name is too long to be that of a file");
    r->manifest = openat(r->dir, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    return r->manifest < 0 ? broken(r, name) : MIG_OK;
}

/* With the first page, because a type may be opened and never read. */
static int32_t begin(struct recording *r)
{
    char name[MANIFEST_NAME];
    int32_t status = open_manifest(r, name);
    return status == MIG_OK ? take_up(r, name) : status;
}

static int32_t write_file(const struct recording *r, const char *end, const struct buf *text,
                          char digest[MANIFEST_DIGEST])
{
    char name[MANIFEST_NAME];
    manifest_page(r->type, r->pages + 1, end, name);
    int fd = openat(r->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return broken(r, name);
    int failed = write_all(fd, text->data, text->len) != 0;
    failed |= close(fd) != 0;
    return failed || manifest_digest(text, digest) != 0 ? broken(r, name) : MIG_OK;
}

/* The page with all that is in it, under the key. */
static int32_t write_sealed(struct recording *r, const struct buf *body, const char *digest,
                            json_t *line)
{
    char about[MANIFEST_NAME], sealed[MANIFEST_DIGEST];
    manifest_about(r->type, r->pages + 1, digest, about);
    if (seal_close(r->s->seal_key, about, body, &r->sealed) != 0)
        return say_fail(r->s->host, MIG_E_NOMEM, NULL, "a page cannot be encrypted");
    int32_t status = write_file(r, "sealed", &r->sealed, sealed);
    if (status == MIG_OK)
        json_object_set_new(line, "sealed", json_string(sealed));
    return status;
}

static json_t *names_of(json_t *object)
{
    json_t *list = json_array(), *value;
    const char *name;
    json_object_foreach(object, name, value) json_array_append_new(list, json_string(name));
    return list;
}

static int add_line(const struct recording *r, const json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT);
    int failed = !text || dprintf(r->manifest, "%s\n", text) < 0;
    free(text);
    return failed ? -1 : 0;
}

static int32_t write_page(struct recording *r, const struct buf *body, json_t *cut)
{
    char digest[MANIFEST_DIGEST];
    int32_t status = write_file(r, "json", &r->text, digest);
    json_t *line =
        json_pack("{sI sI}", "page", (json_int_t)(r->pages + 1), "bytes", (json_int_t)r->text.len);
    if (status == MIG_OK && json_object_size(cut)) {
        json_object_set_new(line, "left_out", names_of(cut));
        json_object_update(r->left_out, cut);
        if (r->s->seal_key)
            status = write_sealed(r, body, digest, line);
    }
    json_object_set_new(line, "sha256", json_string(digest));
    if (status == MIG_OK && add_line(r, line) != 0)
        status = broken(r, "the manifest");
    json_decref(line);
    return status;
}

int32_t recording_add(struct recording *r, const struct page *page, const struct buf *body)
{
    int32_t status = !r->type || r->dir >= 0 ? MIG_OK : begin(r);
    if (status != MIG_OK || !r->type || (r->is_amended && !page->n))
        return status;
    json_t *cut = json_object();
    if (redact_page(r->s, r->entity, r->form, page, body, cut, &r->text) != 0)
        status = say_fail(r->s->host, MIG_E_NOMEM, NULL, "no memory for a page");
    else
        status = write_page(r, body, cut);
    json_decref(cut);
    r->pages += status == MIG_OK;
    return status;
}

/* ---- what changed meanwhile --------------------------------------------------------------- */

int32_t recording_amend(struct recording *r, const char *entity, const char *type, int64_t *since)
{
    char name[MANIFEST_NAME];
    struct manifest m = {.pages = 0};
    recording_close(r);
    r->entity = entity;
    r->type = type;
    r->is_amended = 1;
    int32_t status = open_manifest(r, name);
    int failed = status != MIG_OK || read_manifest(r, UINT64_MAX, &m) != 0 || !m.is_whole;
    const json_t *at = json_object_get(m.first, "asked_at");
    *since = json_is_integer(at) ? json_integer_value(at) : -1;
    if (status == MIG_OK && (failed || ftruncate(r->manifest, m.first_end) != 0))
        status = broken(r, name);
    r->pages = m.first_pages;
    r->left_out = json_incref(m.left_out);
    manifest_clear(&m);
    return status;
}

/* ---- the end ------------------------------------------------------------------------------ */

/* Pages of an earlier try, which had more. */
static void drop_rest(const struct recording *r)
{
    char name[MANIFEST_NAME];
    int more = 1;
    for (uint64_t page = r->pages + 1; more; page++) {
        manifest_page(r->type, page, "json", name);
        more = unlinkat(r->dir, name, 0) == 0;
        manifest_page(r->type, page, "sealed", name);
        unlinkat(r->dir, name, 0);
    }
}

static int end_manifest(const struct recording *r, int64_t asked_at)
{
    size_t i;
    json_t *name;
    json_array_foreach(r->s->secret, i, name)
        json_object_set_new(r->left_out, json_string_value(name), json_true());
    json_t *line =
        json_pack("{sb sI ss* ss* so}", "complete", 1, "pages", (json_int_t)r->pages, "server",
                  r->s->server, "version", r->s->version, "left_out", names_of(r->left_out));
    if (asked_at >= 0)
        json_object_set_new(line, "asked_at", json_integer(asked_at));
    int failed = add_line(r, line);
    json_decref(line);
    return failed;
}

int32_t recording_finish(struct recording *r, int64_t asked_at)
{
    int32_t status = MIG_OK;
    if (!r->type)
        return MIG_OK;
    if (r->dir < 0)
        status = begin(r);
    if (status != MIG_OK)
        return status;
    drop_rest(r);
    /* All pages are on the disk before the line that says so. */
    if (syncfs(r->dir) != 0 || end_manifest(r, asked_at) != 0 || fsync(r->manifest) != 0 ||
        fsync(r->dir) != 0)
        return broken(r, "the manifest");
    say_log(r->s->host, MIG_LOG_INFO, "\"%s\": %" PRIu64 " %s kept in \"%s\"", r->type, r->pages,
            plural(r->pages, "page is", "pages are"), r->s->record);
    if (!r->done)
        r->done = json_object();
    json_object_set_new(r->done, r->type, json_true());
    recording_close(r);
    return MIG_OK;
}
