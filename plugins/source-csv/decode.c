/*
 * decode.c - byte order marks and encodings.
 *
 * The conversion is iconv's. All encodings here are without state, so that a place in the text is
 * a place in the file and a number of bytes behind it.
 */
#include "decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/say.h"

#define MARK 3U   /* bytes of the longest byte order mark */
#define GROWTH 3U /* bytes of UTF-8 for a byte of the file, at most */

static const struct {
    const char *option, *name, *mark;
    size_t unit;
} encodings[] = {
    {"utf-8", NULL, "\xef\xbb\xbf", 1},        {"utf-16le", "UTF-16LE", "\xff\xfe", 2},
    {"utf-16be", "UTF-16BE", "\xfe\xff", 2},   {"latin1", "ISO-8859-1", NULL, 1},
    {"windows-1252", "WINDOWS-1252", NULL, 1},
};
#define ENCODINGS (sizeof encodings / sizeof *encodings)

void decode_init(struct decode *d, struct input *in)
{
    *d = (struct decode){.in = in};
}

static void close_converter(struct decode *d)
{
    if (d->converts)
        iconv_close(d->converter);
    d->converts = 0;
}

void decode_clear(struct decode *d)
{
    close_converter(d);
    free(d->data);
    decode_init(d, d->in);
}

/* The encoding whose mark the file begins with; ENCODINGS: none. */
static size_t marked(const struct input *in)
{
    for (size_t i = 0; i < ENCODINGS; i++) {
        const char *mark = encodings[i].mark;
        if (mark && in->end - in->begin >= strlen(mark) &&
            memcmp(in->data + in->begin, mark, strlen(mark)) == 0)
            return i;
    }
    return ENCODINGS;
}

static size_t named(const char *encoding)
{
    size_t i = 0;
    while (i < ENCODINGS && strcmp(encodings[i].option, encoding) != 0)
        i++;
    return i;
}

/* Chooses by option and mark, and passes over the mark. */
static int32_t choose(struct decode *d, const char *encoding, size_t *out)
{
    struct input *in = d->in;
    size_t mark = marked(in), wanted = named(encoding);
    if (wanted < ENCODINGS && mark < ENCODINGS && mark != wanted)
        return say_fail(in->host, MIG_E_SOURCE,
                        "leave the option \"encoding\" out: the mark says what the file is",
                        "file \"%s\" begins with the byte order mark of %s, and is to be read as "
                        "%s",
                        in->path, encodings[mark].option, encoding);
    if (mark < ENCODINGS)
        in->begin += strlen(encodings[mark].mark);
    *out = wanted < ENCODINGS ? wanted : mark < ENCODINGS ? mark : 0;
    return MIG_OK;
}

int32_t decode_begin(struct decode *d, const char *encoding)
{
    struct input *in = d->in;
    size_t chosen = 0;
    int32_t status = MIG_OK;
    close_converter(d);
    d->begin = d->end = d->piece_at = 0;
    input_seek(in, 0, (uint64_t)in->opened.st_size);
    while (status == MIG_OK && in->end - in->begin < MARK)
        status = input_more(in, INPUT_READ);
    if (status < 0 || (status = choose(d, encoding, &chosen)) != MIG_OK)
        return status;
    d->piece = input_at(in);
    d->unit = encodings[chosen].unit;
    if (!encodings[chosen].name)
        return MIG_OK;
    d->converter = iconv_open("UTF-8", encodings[chosen].name);
    if (d->converter == (iconv_t)-1)
        return say_fail(in->host, MIG_E_SOURCE, "convert the file to UTF-8 first",
                        "this system cannot convert from %s: %s", encodings[chosen].name,
                        strerror(errno));
    d->converts = 1;
    return MIG_OK;
}

/* Drops what the owner has passed, makes room for the text of `raw` bytes. */
static int32_t make_room(struct decode *d, size_t raw)
{
    size_t held = d->end - d->begin;
    if (held && d->begin)
        memmove(d->data, d->data + d->begin, held);
    d->begin = 0;
    d->end = held;
    size_t need = held + GROWTH * raw;
    if (need <= d->capacity)
        return MIG_OK;
    size_t capacity = d->capacity ? d->capacity : GROWTH * INPUT_READ;
    while (capacity < need)
        capacity *= 2;
    char *data = realloc(d->data, capacity);
    if (!data)
        return say_fail(d->in->host, MIG_E_NOMEM, NULL, "no memory to read \"%s\"", d->in->path);
    d->data = data;
    d->capacity = capacity;
    return MIG_OK;
}

static void add_bad(struct decode *d, size_t raw)
{
    struct input *in = d->in;
    size_t n = in->end - in->begin;
    in->begin += raw < n ? raw : n;
    d->data[d->end++] = DECODE_BAD;
}

/* Takes all bytes of the window but the first ones of a character that is not whole. */
static void convert(struct decode *d)
{
    struct input *in = d->in;
    size_t n = in->end - in->begin;
    if (!d->converts) {
        memcpy(d->data + d->end, in->data + in->begin, n);
        d->end += n;
        in->begin = in->end;
        return;
    }
    while (in->begin < in->end) {
        char *from = in->data + in->begin, *to = d->data + d->end;
        size_t left = in->end - in->begin, room = d->capacity - d->end;
        size_t result = iconv(d->converter, &from, &left, &to, &room);
        int error = errno;
        in->begin = in->end - left;
        d->end = d->capacity - room;
        if (result != (size_t)-1 || error == EINVAL)
            return;
        add_bad(d, d->unit);
    }
}

int32_t decode_more(struct decode *d)
{
    struct input *in = d->in;
    int32_t status = MIG_OK;
    /* The first window was read for its mark. */
    size_t held = in->end - in->begin;
    if (held < INPUT_READ / 2)
        status = input_more(in, 2 * INPUT_READ);
    if (status < 0 || (status == MIG_END && !held))
        return status;
    int32_t room = make_room(d, in->end - in->begin);
    if (room != MIG_OK)
        return room;
    d->piece = input_at(in);
    d->piece_at = d->end;
    convert(d);
    /* The file ends inside a character. */
    if (status == MIG_END && in->begin < in->end)
        add_bad(d, in->end - in->begin);
    return MIG_OK;
}

void decode_place(const struct decode *d, uint64_t *piece, uint64_t *skip)
{
    *piece = d->piece;
    *skip = d->begin - d->piece_at;
}

int32_t decode_go(struct decode *d, uint64_t piece, uint64_t skip)
{
    int32_t status = MIG_OK;
    d->begin = d->end = d->piece_at = 0;
    d->piece = piece;
    input_seek(d->in, piece, (uint64_t)d->in->opened.st_size);
    while (status == MIG_OK && d->end - d->begin < skip)
        status = decode_more(d);
    if (status == MIG_OK)
        d->begin += (size_t)skip;
    return status;
}
