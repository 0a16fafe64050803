/* status.h - exit codes and errors: what is wrong, why it matters, how to fix it, the state.
 * Texts never hold secrets or values of records. Leaf. */
#ifndef MIGHOST_STATUS_H
#define MIGHOST_STATUS_H

#include <stddef.h>

enum status {
    STATUS_OK = 0,
    STATUS_BUG = 1,
    STATUS_USAGE = 2,
    STATUS_CONFIG = 3,
    STATUS_PLUGIN = 4, /* plugin refused, or the plan is wrong */
    STATUS_PREFLIGHT = 5,
    STATUS_SOURCE = 6,
    STATUS_REJECTS = 7,  /* more rejects than allowed; nothing published */
    STATUS_INVALID = 8,  /* validation or verification found faults */
    STATUS_DRIFT = 9,    /* the target changed under the plan */
    STATUS_BUSY = 10,    /* another run is active, or this one was fenced */
    STATUS_BACKUP = 12,  /* backup or another artefact could not be made or is broken */
    STATUS_REFUSED = 13, /* rollback refused */
    STATUS_UNKNOWN = 14, /* outcome of COMMIT unknown */
    STATUS_PARTIAL = 20, /* published, with rejects within the budget */
    STATUS_TEMPORARY = 75,
    STATUS_INTERRUPTED = 130,
    STATUS_TERMINATED = 143
};

struct error {
    int code;        /* enum status; 0 = no error */
    char what[1024]; /* what is wrong */
    char why[512];   /* why it matters; may be empty */
    char fix[1024];  /* how to fix it; may be empty */
};

/* All return `code`, so that they can be returned at once. The first error wins: a set error
 * is not overwritten. */
int error_set(struct error *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void error_why(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_fix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_clear(struct error *err);

/* Several faults reported at once. faults_add copies; the list is owned by the caller. */
struct faults {
    struct error *items;
    size_t n, capacity;
};
/* A fault that is there already, found in another stage, is not added again. */
void faults_add(struct faults *faults, const struct error *err);
void faults_clear(struct faults *faults);
/* The gravest code: the code of the first fault, 0 when there is none. */
int faults_code(const struct faults *faults);

/* "target changed", for the last line and report.json. */
const char *status_text(int code);

#endif
