/* out.h - one file of the bundle, written in pieces of 16 KiB. The first error stays: later calls
 * do nothing and out_close() gives it, so that writers need not look after each call. */
#ifndef MIGHOST_REPORTERS_OUT_H
#define MIGHOST_REPORTERS_OUT_H

#include <mighost/plugin.h>

struct out {
    const mig_host_t *host;
    uint32_t handle;
    int32_t rc;
    size_t len;
    char data[16384];
};

void out_open(struct out *o, const mig_host_t *host, const char *name);
void out_bytes(struct out *o, const char *data, size_t n);
void out_text(struct out *o, const char *text);
/* A line of at most 1 KiB; what is longer is cut. */
void out_format(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A text for a person: control characters become '?', so that no terminal obeys them. Padded
 * with blanks to `width` characters, at the end, or at the front when `width` is negative. */
void out_plain(struct out *o, const char *text, int width);
/* A text as it stands in HTML, between tags and in quoted attributes. */
void out_escaped(struct out *o, const char *text);
/* A JSON string with its quotes; NULL gives null. */
void out_json(struct out *o, const char *text, size_t n);
/* Completes the file. On an error it never appears under its name. */
int32_t out_close(struct out *o);

/* A whole file from one text. */
int32_t out_file(const mig_host_t *host, const char *name, mig_str_t content);
/* A line of text with one of dashes below it, an empty one above. */
void out_heading(struct out *o, const char *text);

#endif
