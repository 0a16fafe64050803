/* status.c - exit codes and errors. Not for printing: see log.c. */
#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

int error_set(struct error *err, int code, const char *format, ...)
{
    if (!err || err->code)
        return code;
    va_list ap;
    va_start(ap, format);
    vsnprintf(err->what, sizeof err->what, format, ap);
    va_end(ap);
    err->code = code;
    return code;
}

void error_why(struct error *err, const char *format, ...)
{
    if (!err || err->why[0])
        return;
    va_list ap;
    va_start(ap, format);
    vsnprintf(err->why, sizeof err->why, format, ap);
    va_end(ap);
}

void error_fix(struct error *err, const char *format, ...)
{
    if (!err || err->fix[0])
        return;
    va_list ap;
    va_start(ap, format);
    vsnprintf(err->fix, sizeof err->fix, format, ap);
    va_end(ap);
}

void error_clear(struct error *err)
{
    memset(err, 0, sizeof *err);
}

static int same_fault(const struct error *a, const struct error *b)
{
    return a->code == b->code && strcmp(a->what, b->what) == 0 && strcmp(a->fix, b->fix) == 0;
}

void faults_add(struct faults *faults, const struct error *err)
{
    for (size_t i = 0; i < faults->n; i++)
        if (same_fault(&faults->items[i], err))
            return;
    if (faults->n == faults->capacity) {
        faults->capacity = faults->capacity ? faults->capacity * 2 : 8;
        faults->items = arena_heap(faults->items, faults->capacity * sizeof *faults->items);
    }
    faults->items[faults->n++] = *err;
}

void faults_clear(struct faults *faults)
{
    free(faults->items);
    memset(faults, 0, sizeof *faults);
}

int faults_code(const struct faults *faults)
{
    return faults->n ? faults->items[0].code : STATUS_OK;
}

const char *status_text(int code)
{
    switch (code) {
    case STATUS_OK:
        return "done";
    case STATUS_BUG:
        return "internal error";
    case STATUS_USAGE:
        return "wrong usage";
    case STATUS_CONFIG:
        return "configuration error";
    case STATUS_PLUGIN:
        return "plugin or plan refused";
    case STATUS_PREFLIGHT:
        return "not fit to run";
    case STATUS_SOURCE:
        return "source failed";
    case STATUS_REJECTS:
        return "too many rejects";
    case STATUS_INVALID:
        return "validation failed";
    case STATUS_DRIFT:
        return "target changed under the plan";
    case STATUS_BUSY:
        return "another run is active";
    case STATUS_BACKUP:
        return "backup or artefact failed";
    case STATUS_REFUSED:
        return "rollback refused";
    case STATUS_UNKNOWN:
        return "outcome of COMMIT unknown";
    case STATUS_PARTIAL:
        return "published, with rejects";
    case STATUS_TEMPORARY:
        return "temporary failure";
    case STATUS_INTERRUPTED:
    case STATUS_TERMINATED:
        return "stopped";
    default:
        return "unknown";
    }
}
