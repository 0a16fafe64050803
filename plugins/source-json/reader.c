/*
 * reader.c - from a window over a file to one record after the other.
 *
 * The usual record is walked once: the walk over its members finds its end as well. A record
 * that is cut by the window's end, or is not what it should be, goes the slow way: its end is
 * found by structure alone, then it is looked at whole. Whether it is valid is not decided
 * here. An element reaches from comma to comma, so that garbage behind an object spoils that
 * one record and not the next.
 */
#include "reader.h"

#include <string.h>

static int32_t broken(struct reader *r, const char *text)
{
    return input_broken(r->in, input_at(r->in), text,
                        "the file is cut or was written wrongly: export it again");
}

static int32_t cut(struct reader *r, int32_t status)
{
    if (status != MIG_END)
        return status;
    return input_broken(r->in, r->offset, "the file ends inside the record that begins here",
                        "the file is cut: export it again");
}

static int32_t give(struct reader *r, size_t len, const char *after)
{
    struct input *in = r->in;
    struct jsonscan_slice text = jsonscan_trim(in->data + in->begin, len);
    r->text = text.data;
    r->len = text.len;
    in->begin = (size_t)(after - in->data);
    r->number++;
    return MIG_OK;
}

static int32_t give_too_long(struct reader *r)
{
    r->fault = READER_TOO_LONG;
    r->text = "";
    r->len = 0;
    r->number++;
    return MIG_OK;
}

/* The window for one record: what is read ahead comes on top of the record. */
static size_t most(const struct reader *r)
{
    return r->record_limit + 2 * INPUT_READ;
}

/* The record from `begin` on is wholly in the window and ends before `begin` + len. */
static void look_at(struct reader *r, size_t len)
{
    const char *text = r->in->data + r->in->begin;
    const char *after = fields_take(r->fields, text, len, r->raw);
    r->is_object = after && jsonscan_blank(after, text + len) == text + len;
}

/* Finds the end of the element by its structure, keeping it up to the limit. */
static int32_t next_slowly(struct reader *r)
{
    struct input *in = r->in;
    struct jsonscan scan;
    size_t len = 0;
    int too_long = 0;
    jsonscan_begin(&scan);
    for (;;) {
        size_t used, held = in->end - in->begin;
        enum jsonscan_result result =
            jsonscan_feed(&scan, in->data + in->begin + len, held - len, &used);
        len += used;
        too_long |= len > r->record_limit;
        if (result == JSONSCAN_BROKEN) {
            in->begin += len;
            return broken(r, "a bracket closes what another kind opened");
        }
        if (too_long) {
            in->begin += len;
            len = 0;
        }
        if (result == JSONSCAN_END)
            break;
        int32_t status = input_more(in, most(r));
        if (status == MIG_END && jsonscan_closed(&scan))
            break;
        if (status != MIG_OK)
            return cut(r, status);
    }
    if (too_long)
        return give_too_long(r);
    look_at(r, len);
    return give(r, len, in->data + in->begin + len);
}

/* The element at the window's begin, when it is one whole object inside the window. */
static int next_quickly(struct reader *r)
{
    struct input *in = r->in;
    const char *text = in->data + in->begin, *end = in->data + in->end;
    const char *after = fields_take(r->fields, text, (size_t)(end - text), r->raw);
    if (!after || (size_t)(after - text) > r->record_limit)
        return 0;
    const char *behind = jsonscan_blank(after, end);
    if (behind == end || (*behind != ',' && *behind != ']'))
        return 0;
    r->is_object = 1;
    give(r, (size_t)(after - text), behind);
    return 1;
}

static int32_t end_of_array(struct reader *r)
{
    uint64_t at = input_at(r->in);
    r->in->begin++;
    int32_t c = input_peek(r->in);
    if (c == INPUT_EOF) {
        r->ended = 1;
        r->end = at;
        return MIG_END;
    }
    return c < 0 ? c : broken(r, "something follows the end of the list");
}

static int32_t missing(struct reader *r, int32_t c, const char *text)
{
    if (c < 0)
        return c;
    return broken(r, c == INPUT_EOF ? "the list ends without ']'" : text);
}

static int32_t next_element(struct reader *r)
{
    struct input *in = r->in;
    int32_t c = input_peek(in);
    if (r->state == READER_BEFORE) {
        if (c != '[')
            return missing(r, c, "a list of records was expected: '[' is missing");
        in->begin++;
        c = input_peek(in);
    }
    if (c == ']')
        return end_of_array(r);
    if (r->state == READER_BEHIND) {
        if (c != ',')
            return missing(r, c, "a comma or ']' is missing behind a record");
        in->begin++;
        c = input_peek(in);
    }
    if (c < 0 || c == INPUT_EOF)
        return missing(r, c, "");
    r->offset = input_at(in);
    r->state = READER_BEHIND;
    return c == '{' && next_quickly(r) ? MIG_OK : next_slowly(r);
}

static int32_t next_line(struct reader *r)
{
    struct input *in = r->in;
    int32_t c = input_peek(in);
    if (c < 0 || c == INPUT_EOF)
        return c < 0 ? c : MIG_END;
    r->offset = input_at(in);
    const char *newline;
    size_t len = 0;
    int too_long = 0;
    for (;;) {
        const char *text = in->data + in->begin;
        size_t held = in->end - in->begin;
        newline = memchr(text + len, '\n', held - len);
        len = newline ? (size_t)(newline - text) : held;
        too_long |= len > r->record_limit;
        if (too_long) {
            in->begin += len;
            len = 0;
        }
        if (newline)
            break;
        int32_t status = input_more(in, most(r));
        if (status < 0)
            return status;
        if (status == MIG_END) {
            r->fault = READER_CUT;
            break;
        }
    }
    if (too_long)
        return give_too_long(r);
    look_at(r, len);
    return give(r, len, in->data + in->begin + len);
}

static int32_t next_object(struct reader *r)
{
    int32_t c = input_peek(r->in);
    if (c < 0)
        return c;
    if (c == INPUT_EOF)
        return MIG_END;
    if (r->state == READER_BEHIND)
        return broken(r, "something follows the end of the record");
    r->offset = input_at(r->in);
    r->state = READER_BEHIND;
    return next_slowly(r);
}

int32_t reader_next(struct reader *r)
{
    r->fault = READER_FINE;
    switch (r->form) {
    case READER_ARRAY:
        return next_element(r);
    case READER_LINES:
        return next_line(r);
    default:
        return next_object(r);
    }
}

uint64_t reader_at(const struct reader *r)
{
    return r->ended ? r->end : input_at(r->in);
}
