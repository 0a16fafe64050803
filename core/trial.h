/* trial.h - runs a part of a test of foreign code in a process of its own, and tells what that code
 * did there: crash, exit, hang, or what it changed, printed and left. For --check-plugin. [main] */
#ifndef MIGHOST_TRIAL_H
#define MIGHOST_TRIAL_H

#include <mighost/plugin.h>

#include <stddef.h>
#include <stdint.h>

#define TRIAL_MAX_FAULTS 16U

struct trial_fault {
    char what[300], fix[200];
};

struct trial { /* outcome */
    struct trial_fault faults[TRIAL_MAX_FAULTS];
    uint32_t n;
    uint64_t calls;   /* that were made */
    int broken;       /* the child did not come to its end */
    int stopped;      /* by a signal to the program: the caller ends, too */
    char remark[300]; /* of trial_remark(), or "" */
};

/* Runs `body` in a child. A call of trial_enter() that is not followed by trial_leave(), another
 * one or trial_alive() within `seconds` is a hang; while other programs keep the child from a
 * processor, the time stands still. Faults of the child, and of its end, are in `out`. -1: there is
 * no memory or process for it; errno. */
int trial_run(void (*body)(void *ctx), void *ctx, unsigned seconds, struct trial *out);

/* Are both the same fault, maybe with other values? */
int trial_same(const char *a, const char *b);

/* In `body`: all texts are static. */

/* A call into the foreign code begins; `with`: what it is given, or "". */
void trial_enter(const char *call, const char *with);
void trial_leave(void);
/* A call that consists of several is not done, but goes on: from any thread. */
void trial_alive(void);
/* Something is wrong; the same fault is kept once, see trial_same(). `format` goes on behind "in
 * CALL() WITH ...". */
void trial_fault(const char *fix, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What the caller may want to know, and is no fault. The first one is kept. */
void trial_remark(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The call that is at work or was the last one: "apply() with an empty text". */
const char *trial_where(void);

/* A copy in memory that can only be read, and ends where no memory is: whoever reads behind a
 * value, or writes to it, crashes, and trial_run() says so. NULL: no memory. Never freed. */
const char *trial_guarded(const char *data, size_t len);

/* What the process has now. */
size_t trial_memory(void); /* bytes that malloc() gave; 0: cannot be told here */
unsigned trial_descriptors(void);
unsigned trial_threads(void);
/* Seconds of a clock that only goes forward. */
double trial_clock(void);
/* Seconds of a processor that the process has used. */
double trial_work(void);

#endif
