/*
 * form.c - tells documents, lists, lines and single records apart.
 *
 * Looks at the first window only. What is decided here is a guess that the reader confirms
 * or refuses with a place in the file; the option "format" overrides it.
 */
#include "form.h"

#include <string.h>
#include <strings.h>

#include "common/jsonscan.h"
#include "common/say.h"

static int ends_with(const char *path, const char *tail)
{
    size_t n = strlen(path), m = strlen(tail);
    return n > m && strcasecmp(path + n - m, tail) == 0;
}

static int starts_with(const struct input *in, const char *bytes, size_t n)
{
    return in->end - in->begin >= n && memcmp(in->data + in->begin, bytes, n) == 0;
}

/* Fills the first window: a read may give less than was asked for. */
static int32_t fill(struct input *in)
{
    int32_t status = MIG_OK;
    input_seek(in, 0, (uint64_t)in->opened.st_size);
    while (status == MIG_OK && in->end - in->begin < INPUT_READ)
        status = input_more(in, INPUT_READ);
    return status < 0 ? status : MIG_OK;
}

static int32_t check_encoding(struct input *in)
{
    if (starts_with(in, "\xef\xbb\xbf", 3))
        return input_broken(in, 0, "the file begins with a byte order mark",
                            "remove it: sed -i '1s/^\\xEF\\xBB\\xBF//' FILE");
    if (starts_with(in, "\xff\xfe", 2) || starts_with(in, "\xfe\xff", 2))
        return input_broken(in, 0, "the file is UTF-16, not UTF-8",
                            "convert it: iconv -f UTF-16 -t UTF-8 FILE");
    return MIG_OK;
}

/* The window begins with '{'. 1 when the first line is whole and another follows. A line whose
 * brackets do not match is one too: in a document it would have been found broken. */
static int is_lines(const struct input *in)
{
    struct jsonscan scan;
    size_t used;
    const char *text = in->data + in->begin, *end = in->data + in->end;
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    if (!newline || jsonscan_blank(newline, end) == end)
        return 0;
    jsonscan_begin(&scan);
    return jsonscan_feed(&scan, text, (size_t)(newline - text), &used) == JSONSCAN_BROKEN ||
           jsonscan_closed(&scan);
}

static int32_t guess(struct input *in, int all_entities, enum form *out)
{
    int32_t c = input_peek(in);
    if (c < 0)
        return c;
    if (ends_with(in->path, ".ndjson") || ends_with(in->path, ".jsonl"))
        *out = FORM_LINES;
    else if (c == INPUT_EOF)
        return say_fail(in->host, MIG_E_SOURCE,
                        "export it again; a list without records is written as []",
                        "file \"%s\" is empty", in->path);
    else if (c == '[')
        *out = FORM_ARRAY;
    else if (c == '{')
        *out = is_lines(in) ? FORM_LINES : all_entities ? FORM_DOCUMENT : FORM_OBJECT;
    else
        return input_broken(in, input_at(in), "this is no JSON object or list",
                            "the source \"json\" reads JSON documents, lists and lines");
    return MIG_OK;
}

int32_t form_find(struct input *in, const char *format, int all_entities, enum form *out)
{
    int32_t status = fill(in);
    if (status == MIG_OK)
        status = check_encoding(in);
    if (status != MIG_OK)
        return status;
    if (strcmp(format, "document") == 0)
        *out = FORM_DOCUMENT;
    else if (strcmp(format, "array") == 0)
        *out = FORM_ARRAY;
    else if (strcmp(format, "ndjson") == 0)
        *out = FORM_LINES;
    else if (strcmp(format, "object") == 0)
        *out = FORM_OBJECT;
    else
        return guess(in, all_entities, out);
    return MIG_OK;
}
