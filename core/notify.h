/* notify.h - tells the project's `notify` units how a run ended. */
#ifndef MIGHOST_NOTIFY_H
#define MIGHOST_NOTIFY_H

#include "job.h"
#include "report.h"

struct notify_end {
    const char *action; /* "run", "dry-run", "redrive", "publish" */
    int64_t run;        /* 0: none was begun */
    int exit_code;
    double seconds;
    const char *message; /* the verdict */
    const char *bundle;  /* its directory, or "" */
    const struct report_totals *totals;
};

/* Calls each unit with the summary. What fails is told and changes nothing. */
void notify_send(const struct job *job, const struct notify_end *end);

#endif
