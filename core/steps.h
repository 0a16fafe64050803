/* steps.h - the steps of a run, one function each; run.c says which follows which. */
#ifndef MIGHOST_STEPS_H
#define MIGHOST_STEPS_H

#include <time.h>

#include "bundle.h"
#include "expect.h"
#include "logins.h"
#include "publish.h"
#include "run.h"
#include "verify.h"

struct run {
    struct session *x;
    const struct run_options *options;
    struct run_verdict *verdict;
    struct state *s;
    struct job *job;
    struct error err;
    struct bundle bundle;
    struct publish_result published;
    struct expect expect;
    struct verify_result verify;
    struct logins_list logins;
    struct report_undo undo;
    int is_published, is_verified;
    char backup[64];
    char partly[200]; /* how far a run in batches came, where it stops between two */
    char *report;     /* owned; report.json, kept in the run row at the end */
    struct report_step steps[REPORT_STEPS];
    size_t n_steps;
    struct timespec begun, step_begun;
};

/* Each returns 0 or a status, with run.err filled. */
double steps_seconds(const struct timespec *t);
void steps_end(struct run *r);
void steps_begin(struct run *r, const char *name);
int steps_stopped(struct run *r);
int steps_open(struct run *r);
int steps_load(struct run *r);
int steps_check(struct run *r);
/* Backup and fingerprint, where anything will be written. */
int steps_secure(struct run *r);
int steps_move(struct run *r, enum run_state to);
int steps_publish(struct run *r);
int steps_go_on(struct run *r); /* publishes the batches that are left */
/* "before": and the before-images of rows that will be written. */
int steps_fingerprint(struct run *r, const struct job *job, const char *phase);
int steps_verify(struct run *r);
void steps_undo(struct run *r);
void steps_moved(struct run *r);

#endif
