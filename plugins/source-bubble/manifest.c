/*
 * manifest.c - reads a manifest; names and digests.
 *
 * A line that is cut, as by a kill, counts as if it were not there.
 */
#include "manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/say.h"

/* ---- names and digests -------------------------------------------------------------------- */

int manifest_name(const char *type, const char *end, char out[MANIFEST_NAME])
{
    size_t n = 0;
    if (!*type || strlen(type) > 200)
        return -1;
    for (const unsigned char *p = (const unsigned char *)type; *p; p++) {
        int plain = (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') ||
                    *p == '-' || *p == '_';
        n += (size_t)snprintf(out + n, MANIFEST_NAME - n, plain ? "%c" : "%%%02X", *p);
    }
    snprintf(out + n, MANIFEST_NAME - n, "%s", end);
    return n < 240 ? 0 : -1; /* what a file's name may have */
}

int manifest_page(const char *type, uint64_t page, const char *end, char out[MANIFEST_NAME])
{
    char tail[40];
    snprintf(tail, sizeof tail, ".%06" PRIu64 ".%s", page, end);
    return manifest_name(type, tail, out);
}

void manifest_about(const char *type, uint64_t page, const char *sha256, char *out)
{
    snprintf(out, MANIFEST_NAME, "%.200s %" PRIu64 " %s", type, page, sha256);
}

int manifest_digest(const struct buf *b, char out[MANIFEST_DIGEST])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    if (!EVP_Digest(b->data, b->len, digest, &n, EVP_sha256(), NULL) || n != 32)
        return -1;
    for (unsigned int i = 0; i < n; i++)
        snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
    return 0;
}

int32_t manifest_open_dir(const struct settings *s, const char *path, int make, int *out)
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

/* ---- its lines ---------------------------------------------------------------------------- */

static void take_page(struct manifest *m, const json_t *line, long end)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(line, "left_out"), i, name)
    {
        if (json_is_string(name))
            json_object_set_new(m->left_out, json_string_value(name), json_true());
    }
    m->is_sealed |= json_is_string(json_object_get(line, "sealed"));
    m->pages++;
    m->end = end;
}

/* One that says another number of pages makes it none that is whole, for good. */
static void take_whole(struct manifest *m, json_t *line, long end)
{
    size_t i;
    json_t *name;
    int fits = json_integer_value(json_object_get(line, "pages")) == (json_int_t)m->pages;
    json_array_foreach(json_object_get(line, "left_out"), i, name)
    {
        if (json_is_string(name))
            json_object_set_new(m->left_out, json_string_value(name), json_true());
    }
    if (!m->last) {
        m->first = json_incref(line);
        m->first_pages = m->pages;
        m->first_end = end;
    }
    m->is_whole = fits && (!m->last || m->is_whole);
    json_decref(m->last);
    m->last = json_incref(line);
}

int manifest_read(struct manifest *m, FILE *f, uint64_t most)
{
    char *text = NULL;
    size_t room = 0;
    ssize_t n;
    *m = (struct manifest){.left_out = json_object()};
    rewind(f);
    while (m->pages < most && (n = getline(&text, &room, f)) > 0 && text[n - 1] == '\n') {
        json_t *line = json_loadb(text, (size_t)n, 0, NULL);
        if (json_is_true(json_object_get(line, "complete")))
            take_whole(m, line, ftell(f));
        else if (line)
            take_page(m, line, ftell(f));
        else
            m->is_whole = 0;
        json_decref(line);
    }
    free(text);
    if (m->is_whole) /* what is behind the last such line was broken off */
        m->pages = (uint64_t)json_integer_value(json_object_get(m->last, "pages"));
    return ferror(f) ? -1 : 0;
}

void manifest_clear(struct manifest *m)
{
    json_decref(m->left_out);
    json_decref(m->first);
    json_decref(m->last);
    *m = (struct manifest){.pages = 0};
}

int manifest_is_whole(const char *dir, const char *type)
{
    char name[MANIFEST_NAME];
    struct manifest m;
    int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    int fd = at >= 0 && manifest_name(type, ".manifest", name) == 0
                 ? openat(at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                 : -1;
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    if (at >= 0)
        close(at);
    if (!f)
        return 0;
    int is = manifest_read(&m, f, UINT64_MAX) == 0 && m.is_whole;
    manifest_clear(&m);
    fclose(f);
    return is;
}
