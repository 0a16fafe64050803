/*
 * input.c - the file of a source, read piece by piece.
 *
 * Reads with pread() in large pieces and keeps only what its owner has not passed yet, so
 * that memory does not depend on the size of the file. A file that changes while it is read
 * is an error: records could be torn or met twice.
 */
#include "common/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/jsonscan.h"
#include "common/say.h"

void input_init(struct input *in, const mig_host_t *host)
{
    *in = (struct input){.host = host, .fd = -1};
}

void input_clear(struct input *in)
{
    if (in->fd >= 0)
        close(in->fd);
    free(in->path);
    free(in->data);
    input_init(in, in->host);
}

static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode)                    ? "a directory"
           : S_ISFIFO(mode)                 ? "a pipe"
           : S_ISCHR(mode) || S_ISBLK(mode) ? "a device"
           : S_ISSOCK(mode)                 ? "a socket"
                                            : "no regular file";
}

static int32_t cannot_open(struct input *in, const char *path, int error)
{
    const char *fix = error == ENOENT   ? "correct the path in the source's options; relative "
                                          "paths start from the project's directory"
                      : error == EACCES ? "give the calling user the right to read it"
                                        : NULL;
    return say_fail(in->host, MIG_E_SOURCE, fix, "file \"%s\" cannot be opened: %s", path,
                    strerror(error));
}

int32_t input_open(struct input *in, const char *path)
{
    input_clear(in);
    /* Without O_NONBLOCK the open of a pipe would wait for a writer. */
    in->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (in->fd < 0)
        return cannot_open(in, path, errno);
    if (fstat(in->fd, &in->opened) != 0)
        return cannot_open(in, path, errno);
    if (!S_ISREG(in->opened.st_mode))
        return say_fail(in->host, MIG_E_SOURCE, "copy the data into a regular file first",
                        "\"%s\" is %s, not a file", path, kind_of(in->opened.st_mode));
    in->path = strdup(path);
    in->data = malloc(INPUT_READ);
    if (!in->path || !in->data)
        return say_fail(in->host, MIG_E_NOMEM, NULL, "no memory to read \"%s\"", path);
    in->capacity = INPUT_READ;
    posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    input_seek(in, 0, (uint64_t)in->opened.st_size);
    return MIG_OK;
}

void input_seek(struct input *in, uint64_t from, uint64_t to)
{
    in->begin = in->end = 0;
    in->offset = from;
    in->limit = to;
}

uint64_t input_at(const struct input *in)
{
    return in->offset + in->begin;
}

static int same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int32_t changed(struct input *in)
{
    return say_fail(in->host, MIG_E_SOURCE, "keep the file as it is during a run, then run again",
                    "file \"%s\" changed while it was read", in->path);
}

int32_t input_unchanged(struct input *in)
{
    struct stat now;
    if (fstat(in->fd, &now) != 0 || !same_file(&in->opened, &now))
        return changed(in);
    /* Replaced by a rename: what was read is whole, but not what the next reader will see. */
    if (stat(in->path, &now) != 0 || !same_file(&in->opened, &now))
        return changed(in);
    return MIG_OK;
}

/* Makes room behind the bytes that are kept. */
static int32_t make_room(struct input *in, size_t most)
{
    if (in->begin) {
        memmove(in->data, in->data + in->begin, in->end - in->begin);
        in->offset += in->begin;
        in->end -= in->begin;
        in->begin = 0;
    }
    if (in->end < in->capacity / 2 || in->capacity >= most)
        return in->end < in->capacity ? MIG_OK
                                      : say_fail(in->host, MIG_E_BUG, NULL, "window is full");
    size_t capacity = in->capacity > most / 2 ? most : in->capacity * 2;
    char *data = realloc(in->data, capacity);
    if (!data)
        return say_fail(in->host, MIG_E_NOMEM, NULL, "no memory to read \"%s\"", in->path);
    in->data = data;
    in->capacity = capacity;
    return MIG_OK;
}

int32_t input_more(struct input *in, size_t most)
{
    if (in->offset + in->end >= in->limit)
        return MIG_END;
    if (in->host->cancelled(in->host))
        return say_fail(in->host, MIG_E_CANCELLED, NULL, "reading was stopped");
    int32_t status = make_room(in, most);
    if (status != MIG_OK)
        return status;
    uint64_t left = in->limit - in->offset - in->end;
    size_t n = in->capacity - in->end;
    n = n > INPUT_READ ? INPUT_READ : n;
    n = n > left ? (size_t)left : n;
    ssize_t got;
    do {
        got = pread(in->fd, in->data + in->end, n, (off_t)(in->offset + in->end));
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return say_fail(in->host, MIG_E_SOURCE, NULL, "file \"%s\" cannot be read: %s", in->path,
                        strerror(errno));
    in->end += (size_t)got;
    struct stat now;
    if (got == 0 || fstat(in->fd, &now) != 0 || !same_file(&in->opened, &now))
        return changed(in);
    return MIG_OK;
}

int32_t input_peek(struct input *in)
{
    for (;;) {
        const char *end = in->data + in->end;
        in->begin = (size_t)(jsonscan_blank(in->data + in->begin, end) - in->data);
        if (in->begin < in->end)
            return (unsigned char)in->data[in->begin];
        int32_t status = input_more(in, INPUT_READ);
        if (status != MIG_OK)
            return status == MIG_END ? INPUT_EOF : status;
    }
}

/* Counted only when something is wrong, because nothing else needs lines. */
static uint64_t line_of(struct input *in, uint64_t offset)
{
    char piece[4096];
    uint64_t line = 1, at = 0;
    while (at < offset) {
        size_t n = offset - at < sizeof piece ? (size_t)(offset - at) : sizeof piece;
        ssize_t got = pread(in->fd, piece, n, (off_t)at);
        if (got <= 0)
            break;
        for (ssize_t i = 0; i < got; i++)
            line += piece[i] == '\n';
        at += (uint64_t)got;
    }
    return line;
}

int32_t input_broken(struct input *in, uint64_t offset, const char *text, const char *fix)
{
    return say_fail(in->host, MIG_E_SOURCE, fix,
                    "file \"%s\", line %" PRIu64 " (byte %" PRIu64 "): %s", in->path,
                    line_of(in, offset), offset, text);
}
