/*
 * out.c - buffered writing through the host's file services, which alone decide where a file is,
 * with what mode, and when it gets its name.
 */
#include "out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/jsontext.h"

/* A text of a report is never near this; more is a fault of its maker. */
#define MAX_JSON_STRING (64U << 20)

void out_open(struct out *o, const mig_host_t *host, const char *name)
{
    o->host = host;
    o->len = 0;
    o->rc = host->file_open(host, name, &o->handle);
}

static void flush(struct out *o)
{
    if (o->rc == MIG_OK && o->len > 0)
        o->rc = o->host->file_write(o->host, o->handle, o->data, o->len);
    o->len = 0;
}

void out_bytes(struct out *o, const char *data, size_t n)
{
    if (o->rc != MIG_OK || n == 0)
        return;
    if (n > sizeof o->data - o->len)
        flush(o);
    if (n > sizeof o->data) {
        if (o->rc == MIG_OK)
            o->rc = o->host->file_write(o->host, o->handle, data, n);
        return;
    }
    memcpy(o->data + o->len, data, n);
    o->len += n;
}

void out_text(struct out *o, const char *text)
{
    out_bytes(o, text, strlen(text));
}

void out_format(struct out *o, const char *format, ...)
{
    char line[1024];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    if (n > 0)
        out_bytes(o, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

/* Bytes 80 to BF go on with a character of UTF-8; C2 80 to C2 9F are control characters. */
static int is_control(const char *p)
{
    unsigned char c = (unsigned char)p[0];
    return c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)p[1] < 0xa0);
}

static int characters(const char *text)
{
    int n = 0;
    for (const char *p = text; *p; p++)
        n += ((unsigned char)*p & 0xc0) != 0x80;
    return n;
}

static void blanks(struct out *o, int n)
{
    for (; n > 0; n--)
        out_bytes(o, " ", 1);
}

void out_plain(struct out *o, const char *text, int width)
{
    blanks(o, -width - characters(text));
    for (const char *p = text; *p; p++) {
        if (!is_control(p)) {
            out_bytes(o, p, 1);
            continue;
        }
        out_bytes(o, "?", 1);
        p += (unsigned char)*p == 0xc2 && p[1] != '\0';
    }
    blanks(o, width - characters(text));
}

static const char *entity(char c)
{
    return c == '&'   ? "&amp;"
           : c == '<' ? "&lt;"
           : c == '>' ? "&gt;"
           : c == '"' ? "&quot;"
                      : "&#39;";
}

void out_escaped(struct out *o, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (strchr("&<>\"'", *p)) {
            out_text(o, entity(*p));
        } else if (is_control(p) && *p != '\n' && *p != '\t') {
            out_text(o, "\xef\xbf\xbd"); /* HTML has no way to write them */
            p += (unsigned char)*p == 0xc2 && p[1] != '\0';
        } else {
            out_bytes(o, p, 1);
        }
    }
}

void out_json(struct out *o, const char *text, size_t n)
{
    struct buf quoted;
    if (!text) {
        out_text(o, "null");
        return;
    }
    buf_init(&quoted, MAX_JSON_STRING);
    if (jsontext_quote(&quoted, text, n) == 0)
        out_bytes(o, quoted.data, quoted.len);
    else if (o->rc == MIG_OK)
        o->rc = o->host->fail(o->host, MIG_E_NOMEM, "a text of the report is too long to write",
                              "leave this reporter out");
    buf_clear(&quoted);
}

int32_t out_close(struct out *o)
{
    flush(o);
    return o->rc == MIG_OK ? o->host->file_close(o->host, o->handle) : o->rc;
}

int32_t out_file(const mig_host_t *host, const char *name, mig_str_t content)
{
    struct out o;
    out_open(&o, host, name);
    out_bytes(&o, content.data, content.len);
    return out_close(&o);
}

void out_heading(struct out *o, const char *text)
{
    out_format(o, "\n%s\n", text);
    for (size_t i = 0; text[i] != '\0'; i++)
        out_text(o, "-");
    out_text(o, "\n");
}
