/* mockhost.h - a host that only keeps what a unit says. Terms of plugin.h. */
#ifndef MIGHOST_MOCKHOST_H
#define MIGHOST_MOCKHOST_H

#include <mighost/plugin.h>

/* Log lines and rejects that are kept, the last ones: number i stands at i % MOCKHOST_KEPT. */
#define MOCKHOST_KEPT 64U

struct mockhost_option { /* arrays end with a NULL name */
    const char *name, *value;
};

struct mockhost_text {
    int32_t level;     /* of a log line */
    const char *field; /* of a reject; NULL: none */
    const char *code;  /* of a reject */
    const char *text;
};

struct mockhost {
    mig_host_t host; /* handed to the plugin */
    const mig_unit_t *unit;
    void *self;
    const struct mockhost_option *options; /* borrowed */

    mig_place_t place; /* what host->place() answers */
    char repair[64];   /* the last rule that was counted, "" */
    int cancelled;     /* what host->cancelled() answers */
    int32_t status;    /* of the first fail(); 0: none */
    const char *text;  /* of the first fail(), "" */
    const char *fix;
    struct mockhost_text logs[MOCKHOST_KEPT], rejects[MOCKHOST_KEPT];
    size_t n_logs, n_rejects, n_skips, n_failed; /* n_failed: calls of fail() */
    void *memory;                                /* chain of what host->alloc() gave */
    void *lasting;                               /* the same, from before mockhost_lasts() */
};

/* For an instance of the unit, which the caller makes, and destroys before mockhost_clear().
 * Options as texts; defaults come from the unit's own table. */
void mockhost_init(struct mockhost *m, const mig_unit_t *unit,
                   const struct mockhost_option *options);
/* What alloc() gave so far, in create() or describe(), lives until mockhost_clear(). */
void mockhost_lasts(struct mockhost *m);
/* Behind destroy(): as mockhost_forget(), and frees that. */
void mockhost_clear(struct mockhost *m);
/* Forgets what was said, and frees what alloc() gave. */
void mockhost_forget(struct mockhost *m);
/* Is the text in a log line of that level? */
int mockhost_logged(const struct mockhost *m, int32_t level, const char *text);

#endif
