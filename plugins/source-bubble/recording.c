/*
 * recording.c - writes a recording.
 *
 * A page counts once its line stands in the manifest, and a type once the manifest says that it is
 * whole; whatever breaks off before leaves something that cannot be taken for all. Fields that the
 * project calls secret are cut out before anything is written.
 */
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/jsontext.h"
#include "common/say.h"

void recording_init(struct recording *r, const struct settings *s)
{
    *r = (struct recording){.s = s, .dir = -1, .manifest = -1};
    buf_init(&r->text, s->page_limit);
}

void recording_close(struct recording *r)
{
    if (r->dir >= 0)
        close(r->dir);
    if (r->manifest >= 0)
        close(r->manifest);
    buf_clear(&r->text);
    json_t *done = r->done;
    recording_init(r, r->s);
    r->done = done;
}

void recording_clear(struct recording *r)
{
    recording_close(r);
    json_decref(r->done);
    r->done = NULL;
}

void recording_begin(struct recording *r, const char *type, int goes_on)
{
    recording_close(r);
    r->type = json_object_get(r->done, type) ? NULL : type;
    r->goes_on = goes_on;
}

/* ---- names and digests -------------------------------------------------------------------- */

int recording_name(const char *type, const char *end, char out[RECORDING_NAME])
{
    if (!*type || *type == '.' || strchr(type, '/') || strlen(type) > 200)
        return -1;
    snprintf(out, RECORDING_NAME, "%s%s", type, end);
    return 0;
}

int recording_digest(const char *data, size_t len, char out[RECORDING_DIGEST])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    if (!EVP_Digest(data, len, digest, &n, EVP_sha256(), NULL) || n != 32)
        return -1;
    for (unsigned int i = 0; i < n; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
    return 0;
}

int32_t recording_open_dir(const struct settings *s, const char *path, int make, int *out)
{
    struct stat st;
    if (make && mkdir(path, 0700) != 0 && errno != EEXIST)
        return say_fail(s->host, MIG_E_IO, "make the directories above it, writable for this user",
                        "directory \"%s\" cannot be made: %s", path, strerror(errno));
    *out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*out < 0 || fstat(*out, &st) != 0)
        return say_fail(s->host, MIG_E_IO, "name a directory of this user that is no link",
                        "directory \"%s\" cannot be opened: %s", path, strerror(errno));
    if (st.st_uid != geteuid() || (st.st_mode & 077))
        return say_fail(s->host, MIG_E_CONFIG, "chmod 700; it holds what was read",
                        "directory \"%s\" can be read by others, or is another user's", path);
    return MIG_OK;
}

/* ---- writing ------------------------------------------------------------------------------ */

static int32_t broken(const struct recording *r, const char *name)
{
    return say_fail(r->s->host, MIG_E_IO, "free space there, or leave \"record\" away",
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

struct lines {
    uint64_t n;
    off_t end; /* behind the last whole one */
    int is_complete;
};

/* The manifest of a run that goes on. */
static int read_lines(int fd, struct lines *out)
{
    int copy = dup(fd);
    FILE *f = copy < 0 ? NULL : fdopen(copy, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    *out = (struct lines){.n = 0};
    if (!f)
        return -1;
    rewind(f);
    while ((n = getline(&line, &room, f)) > 0 && line[n - 1] == '\n') {
        out->is_complete |= strstr(line, "\"complete\"") != NULL;
        out->end += n;
        out->n++;
    }
    free(line);
    return fclose(f);
}

/* With the first page, because a type may be opened and never read. */
static int32_t begin(struct recording *r)
{
    char name[RECORDING_NAME];
    struct lines lines;
    int32_t status = recording_open_dir(r->s, r->s->record, 1, &r->dir);
    if (status != MIG_OK)
        return status;
    if (recording_name(r->type, ".manifest", name) != 0)
        return say_fail(r->s->host, MIG_E_CONFIG, "leave \"record\" away",
                        "a type's name cannot be that of a file");
    r->manifest = openat(r->dir, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (r->manifest < 0 || read_lines(r->manifest, &lines) != 0)
        return broken(r, name);
    if (lines.is_complete)
        return say_fail(
            r->s->host, MIG_E_CONFIG, "read it by the option \"replay\", or move it away first",
            "directory \"%s\" holds a whole recording of \"%s\" already", r->s->record, r->type);
    if (!r->goes_on)
        lines = (struct lines){.n = 0};
    r->pages = lines.n;
    return ftruncate(r->manifest, lines.end) == 0 ? MIG_OK : broken(r, name);
}

static int is_secret(const struct recording *r, const struct jsonscan_slice *key)
{
    size_t i;
    json_t *name;
    json_array_foreach(r->s->secret, i, name)
    {
        if (jsontext_equal(key->data, key->len, json_string_value(name), json_string_length(name)))
            return 1;
    }
    return 0;
}

static int add_thing(struct recording *r, const struct jsonscan_slice *text)
{
    struct jsonscan_walk w;
    struct jsonscan_member m;
    int any = 0, failed = buf_add_char(&r->text, '{');
    jsonscan_walk(&w, text->data, text->len);
    while (!failed && jsonscan_next(&w, &m) == 1) {
        if (is_secret(r, &m.key))
            continue;
        failed = (any && buf_add_char(&r->text, ',')) || buf_add_char(&r->text, '"') ||
                 buf_add(&r->text, m.key.data, m.key.len) || buf_add_text(&r->text, "\":") ||
                 buf_add(&r->text, m.value.data, m.value.len);
        any = 1;
    }
    return failed || buf_add_char(&r->text, '}');
}

/* The page as it came, but for the secret fields. */
static int make_text(struct recording *r, const struct page *page, const struct buf *body)
{
    char counts[100];
    r->text.len = 0;
    if (!json_array_size(r->s->secret))
        return buf_add(&r->text, body->data, body->len);
    int failed = buf_add_text(&r->text, "{\"response\":{\"results\":[");
    for (size_t i = 0; i < page->n && !failed; i++)
        failed = (i && buf_add_char(&r->text, ',')) || add_thing(r, &page->things[i].text);
    snprintf(counts, sizeof counts, "],\"count\":%zu", page->n);
    failed = failed || buf_add_text(&r->text, counts);
    if (page->remaining >= 0) {
        snprintf(counts, sizeof counts, ",\"remaining\":%" PRId64, page->remaining);
        failed = failed || buf_add_text(&r->text, counts);
    }
    return failed || buf_add_text(&r->text, "}}");
}

static int32_t write_page(struct recording *r)
{
    char end[32], name[RECORDING_NAME], digest[RECORDING_DIGEST];
    snprintf(end, sizeof end, ".%06" PRIu64 ".json", r->pages + 1);
    recording_name(r->type, end, name);
    int fd = openat(r->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return broken(r, name);
    int failed = write_all(fd, r->text.data, r->text.len) != 0;
    failed |= close(fd) != 0;
    if (failed || recording_digest(r->text.data, r->text.len, digest) != 0)
        return broken(r, name);
    if (dprintf(r->manifest, "{\"page\":%" PRIu64 ",\"bytes\":%zu,\"sha256\":\"%s\"}\n",
                r->pages + 1, r->text.len, digest) < 0)
        return broken(r, "the manifest");
    return MIG_OK;
}

int32_t recording_add(struct recording *r, const struct page *page, const struct buf *body)
{
    int32_t status = !r->type || r->dir >= 0 ? MIG_OK : begin(r);
    if (status != MIG_OK || !r->type)
        return status;
    if (make_text(r, page, body) != 0)
        return say_fail(r->s->host, MIG_E_NOMEM, NULL, "no memory for a page");
    status = write_page(r);
    r->pages++;
    r->things += page->n;
    return status;
}

int32_t recording_finish(struct recording *r)
{
    int32_t status = MIG_OK;
    if (!r->type)
        return MIG_OK;
    if (r->dir < 0)
        status = begin(r);
    if (status != MIG_OK)
        return status;
    json_t *json =
        json_pack("{sb sI ss ss sO*}", "complete", 1, "pages", (json_int_t)r->pages, "server",
                  r->s->server, "version", r->s->version, "left_out", r->s->secret);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    int failed = !text || dprintf(r->manifest, "%s\n", text) < 0 || fsync(r->manifest) != 0 ||
                 fsync(r->dir) != 0;
    free(text);
    if (failed)
        return broken(r, "the manifest");
    say_log(r->s->host, MIG_LOG_INFO, "\"%s\": %" PRIu64 " pages are kept in \"%s\"", r->type,
            r->pages, r->s->record);
    if (!r->done)
        r->done = json_object();
    json_object_set_new(r->done, r->type, json_true());
    recording_close(r);
    return MIG_OK;
}
