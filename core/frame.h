/* frame.h - what the screen of a run looks like: its state as lines of text for a terminal of some
 * size. Never wider, never higher; letters and signs say all that colours do. Pure. */
#ifndef MIGHOST_FRAME_H
#define MIGHOST_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "str.h"
#include "waiting.h"

enum frame_state { FRAME_COMING, FRAME_NOW, FRAME_DONE };

struct frame_stage {
    char name[64];
    enum frame_state state;
    uint64_t read, rejected;
    int64_t total; /* records, -1 unknown */
    int exact;     /* the total was counted */
    int64_t parts; /* read, of 1000000 of the source; -1 unknown */
    double rate;   /* records a second, of late; 0 unknown */
    double left;   /* seconds, -1 unknown */
    double seconds;
};

struct frame {
    char title[160];
    double seconds;
    const char *const *steps;
    size_t n_steps, step; /* step: the current one; n_steps: none of them */
    struct frame_stage *stages;
    size_t n_stages;
    uint64_t rejected; /* as counted behind load, where that is known; 0 */
    char cause[320];   /* of the first reject, "" */
    struct waiting wait;
    int worker; /* that waits; 0: the run's own process */
    int color;
};

/* Lines with a line break each, at most `cols` - 1 wide, at most `rows` - 1 of them. */
void frame_render(const struct frame *f, int cols, int rows, struct str *out);
/* What is waited for so long that it is worth a word, else "". Returns `out`. */
const char *frame_wait(const struct frame *f, char out[600]);
/* "1,234,567", "0:42", "2:03:04". Return `out`. */
const char *frame_count(uint64_t n, char out[32]);
const char *frame_time(double seconds, char out[32]);

#endif
