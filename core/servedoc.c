/* servedoc.c - the state as --serve knows it: asked for when somebody wants it, and then kept for
 * half a second, so that many browsers cost the target what one does. */
#include <jansson.h>
#include <time.h>

#include "serve.h"
#include "statusdoc.h"

#define FRESH_MS 500

int64_t servedoc_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const json_t *servedoc_get(struct serve *s)
{
    int64_t now = servedoc_now_ms();
    if (s->asked_ms && now - s->asked_ms < FRESH_MS)
        return s->doc;
    json_decref(s->doc);
    error_clear(&s->err);
    s->doc = statusdoc_make(&s->x->state, s->x->project, 0, &s->err);
    s->asked_ms = servedoc_now_ms();
    return s->doc;
}
