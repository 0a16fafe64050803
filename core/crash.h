/* crash.h - what is said when a plugin ends the process, by a fault such as SIGSEGV or by exit(),
 * or hangs so that it has to be ended. Nothing is undone here: the server rolls back what is open,
 * and the run row says the rest. */
#ifndef MIGHOST_CRASH_H
#define MIGHOST_CRASH_H

#include <time.h>

struct crash_unit {
    const char *name;  /* "transform:email" */
    const char *where; /* "stage users" */
    const char *path;  /* of the plugin */
    const char *sha256;
};

/* A call into a plugin. What it points to lives at least as long as the call. */
struct crash_call {
    const struct crash_unit *unit; /* NULL: none, the host itself is at work */
    const char *call;              /* "apply" */
    const char *stage;             /* that a source is asked for; NULL: `where` says it, or none */
};

/* Once, in main. */
void crash_init(void);
/* Enters a call and gives the one around it, which crash_leave() takes back. */
struct crash_call crash_enter(struct crash_call call);
void crash_leave(struct crash_call outer);
/* A call that has not come back after so many seconds ends the program with STATUS_TEMPORARY; 0: it
 * may take as long as it likes. Seen once a second. */
void crash_limit(int seconds);
/* What one who looks has seen; zeroed before the first look. */
struct crash_look {
    unsigned moves; /* of the call */
    struct timespec since;
};
/* The first thread's call, if it is at work since the look before, from any other thread; and for
 * how long it has been seen so. 0: none is. To be asked a few times a second. */
int crash_same_call(struct crash_look *look, struct crash_call *out, double *seconds);
/* Ends the program as crash_limit() says: the call is another thread's. */
__attribute__((noreturn)) void crash_hangs(struct crash_call call);
/* Where a crash is written down, as "SHA-256 CALL": both are copied. `dir` is made if need be. */
void crash_keep(const char *dir, const char *path);
/* What the message says of the live tables; static text. */
void crash_state(const char *text);

#endif
