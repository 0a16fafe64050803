/*
 * plansvg.h - the plan as a picture, SVG in a box that scrolls: for report.html and for the host's
 * page, which is why it knows neither. The style sheet around it has the classes graph, edge, head,
 * node, side, off, name and sub, and a colour --tone for each tone.
 */
#ifndef MIGHOST_COMMON_PLANSVG_H
#define MIGHOST_COMMON_PLANSVG_H

#include <stddef.h>

enum { PLANSVG_MOST = 400 }; /* stages; more make no picture */

/* Stages stand in the order in which they run. Texts live until the next call. */
struct plansvg {
    void *ctx;
    size_t n;
    const char *(*name)(void *ctx, size_t i);
    const char *(*need)(void *ctx, size_t i, size_t k); /* its k-th; NULL: no more */
    const char *(*tone)(void *ctx, size_t i);           /* a class: "good", "warn", "still" */
    int (*is_off)(void *ctx, size_t i);                 /* drawn with a broken line */
    void (*said)(void *ctx, size_t i);                  /* writes the second line, escaped */
    void (*markup)(void *ctx, const char *text);        /* as it is */
    void (*text)(void *ctx, const char *text);          /* to be escaped */
};

/* `memory`: plansvg_bytes() of it, for the time of the call. */
void plansvg_draw(const struct plansvg *p, void *memory);
size_t plansvg_bytes(void);
/* How many bytes of a text are `most` characters of it, one less where it is longer. */
size_t plansvg_fits(const char *text, int most);

#endif
