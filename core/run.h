/* run.h - one run from plan to report: which step follows which, what ends it, and what state it
 * leaves. The steps themselves are in load, check, backup, publish, verify, bundle. */
#ifndef MIGHOST_RUN_H
#define MIGHOST_RUN_H

#include "report.h"
#include "session.h"

struct run_options {
    int dry_run;
    int takeover;
    int hold;             /* stop after check */
    int yes;              /* confirmed: deletions beyond max_delete */
    int limited;          /* --only or the like: replace deletes nothing */
    int full;             /* incremental stages read everything */
    int64_t redrive;      /* --redrive RUN: only what this run rejected */
    int64_t publish;      /* --publish RUN: go on with this held run */
    int json;             /* the report on stdout */
    int64_t rehearsal;    /* compared with this one before publish; 0: with none */
    const char *analysis; /* JSON: what both sides are made of; NULL: not known */
    const char *gate; /* JSON: what let a run on production pass; "" or NULL: nothing was asked */
};

struct run_verdict {
    int64_t run;
    struct report_totals totals;
    char bundle[4096];
    char text[512];   /* the last line */
    char cause[1024]; /* what failed; "" */
};

/* The session has units and target. Returns the exit code. */
int run_execute(struct session *session, const struct run_options *options,
                struct run_verdict *verdict);

#endif
