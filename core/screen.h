/* screen.h - a block of lines at the bottom of a terminal that is drawn over and over, a few times
 * a second, by a thread of its own: it moves on while a statement runs. Lines of the log appear
 * above it. Uses no more than three sequences: up (CSI n A), clear to the end of the line (CSI K),
 * clear to the end of the screen (CSI J); the cursor is always below the block, in column 1, no
 * mode is changed: whatever ends or stops the program leaves a sane terminal. Leaf. */
#ifndef MIGHOST_SCREEN_H
#define MIGHOST_SCREEN_H

#include "str.h"

/* Draws on stderr, which is a terminal, from now on. `render` gives lines that end with a line
 * break, none wider than cols - 1, fewer than rows; it is called by the thread. 0: it does not go.
 */
int screen_start(void (*render)(struct str *out, int cols, int rows));
/* The block goes; what others print stands where it was. */
void screen_end(void);
int screen_is_on(void);
int screen_columns(void); /* of the terminal behind stderr, 80 where that is not known */

/* Around lines on stderr, from any thread; one at a time. */
void screen_lock(void);
void screen_unlock(void);

/* Around fork() of a process that goes on in this program: no thread is there meanwhile. */
void screen_before_fork(void);
void screen_after_fork(void);
/* In the child: what it prints reaches the parent's screen, above the block. */
void screen_forked(void);

#endif
