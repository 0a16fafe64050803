/* notice.h - what both ways of telling have in common: when to tell, and what. */
#ifndef MIGHOST_NOTIFY_NOTICE_H
#define MIGHOST_NOTIFY_NOTICE_H

#include <mighost/plugin.h>

extern const mig_unit_t webhook_unit, command_unit;

struct notice {
    const mig_host_t *host;
    int trouble_only; /* not of a run that ends with 0 */
    int text_only;    /* {"text": "a sentence"}, as chats take it */
    int stopped;      /* the run was: who is told of that is told all the same */
    int64_t seconds;  /* until the other side is given up */
};

#define NOTICE_OPTIONS                                                                             \
    {"when",   MIG_OPT_TEXT,     0,                                                                \
     "always", "always|trouble", "Of every end, or only of one with another exit code than 0."},   \
        {"form", MIG_OPT_TEXT, 0,                                                                  \
         "full", "full|text",  "The whole summary, or {\"text\": a sentence} as chats take it."},  \
        {"timeout", MIG_OPT_INT, 0, "10", "1..300", "Seconds until the other side is given up."},  \
    {                                                                                              \
        NULL, 0, 0, NULL, NULL, NULL                                                               \
    }

/* The options above. */
int32_t notice_options(const mig_host_t *host, struct notice *n);
/* Somebody wants mighost to stop, since notice_message(). */
int notice_stopped(const struct notice *n);
/* The message to send; MIG_END when there is none to send. */
int32_t notice_message(struct notice *n, const mig_report_t *report, mig_str_t *out);

#endif
