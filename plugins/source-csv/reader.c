/*
 * reader.c - from a window of text to one record after the other.
 *
 * A record stays where it is in the window; one that is over the limit is dropped while its end
 * is looked for, so that memory does not depend on it.
 */
#include "reader.h"

#include <inttypes.h>

#include "common/say.h"

static int32_t never_closed(const struct reader *r)
{
    return say_fail(r->text->in->host, MIG_E_SOURCE,
                    "the file is cut, or a quote is missing or in excess: export it again",
                    "file \"%s\", line %" PRIu64 ": a quote that opens here is never closed",
                    r->text->in->path, r->line + r->scan.quote_in);
}

static void drop(struct reader *r)
{
    r->too_long = 1;
    r->text->begin += r->scan.at;
    scan_drop(&r->scan);
}

/* A record that has not ended may have one byte of a line end behind it. */
static int is_over(const struct reader *r, enum scan_result result)
{
    return result == SCAN_ENDED ? r->scan.len > r->record_limit : r->scan.at > r->record_limit + 1;
}

/* Looks for the record's end, reading on where it must. */
static int32_t find_end(struct reader *r)
{
    struct decode *text = r->text;
    int32_t status = MIG_OK;
    for (;;) {
        const char *from = text->data ? text->data + text->begin : "";
        enum scan_result result =
            scan_feed(&r->scan, from, text->end - text->begin, status == MIG_END);
        if (result == SCAN_NOMEM)
            return say_fail(text->in->host, MIG_E_NOMEM, NULL, "no memory for a record");
        if (result == SCAN_OPEN)
            return never_closed(r);
        if (result == SCAN_NONE)
            return MIG_END;
        if (r->too_long || is_over(r, result))
            drop(r);
        if (result == SCAN_ENDED)
            return MIG_OK;
        status = decode_more(text);
        if (status < 0)
            return status;
    }
}

static int is_blank(const struct reader *r)
{
    const struct scan *s = &r->scan;
    return r->columns != 1 && !r->too_long && !s->len;
}

int32_t reader_next(struct reader *r)
{
    struct scan *s = &r->scan;
    do {
        r->line = r->next_line;
        r->too_long = 0;
        scan_begin(s, r->columns ? r->columns : SCAN_FIELDS);
        int32_t status = find_end(r);
        if (status != MIG_OK)
            return status;
        r->record = r->too_long ? "" : r->text->data + r->text->begin;
        r->len = r->too_long ? 0 : s->len;
        r->text->begin += s->at;
        r->next_line = r->line + s->lines;
    } while (is_blank(r));
    r->number += r->columns > 0;
    return MIG_OK;
}
