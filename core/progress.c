/* progress.c - what a person sees while a run works. The rate is that of the stage so far; the
 * time left is told only when the source knows how far it is. */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"
#include "log.h"

#define PLAIN_INTERVAL 30 /* seconds between lines of a stage where nobody looks */

static int live, silent;
static char stage[128];
static struct timespec begun;
static time_t told;

void progress_init(enum progress_mode mode)
{
    const char *term = getenv("TERM");
    silent = mode == PROGRESS_NONE;
    live = mode == PROGRESS_AUTO && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

void progress_end(void)
{
    log_redraw(NULL);
}

void progress_step(const char *name)
{
    progress_end();
    if (!silent)
        log_write(LOG_INFO, "%s", name);
}

static double elapsed(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begun.tv_sec) + (double)(now.tv_nsec - begun.tv_nsec) / 1e9;
}

static void remaining(char *out, size_t size, int64_t parts, double seconds)
{
    if (parts <= 10000 || seconds < 1) {
        snprintf(out, size, "time left unknown");
        return;
    }
    double left = seconds * (1000000.0 - (double)parts) / (double)parts;
    snprintf(out, size, "%.0f %%, %.0f s left", (double)parts / 10000.0, left);
}

void progress_load(void *ctx, const struct load_progress *p)
{
    (void)ctx;
    if (silent)
        return;
    if (strcmp(stage, p->stage) != 0) {
        progress_end();
        snprintf(stage, sizeof stage, "%s", p->stage);
        clock_gettime(CLOCK_MONOTONIC, &begun);
        told = begun.tv_sec;
    }
    char left[64];
    double seconds = elapsed();
    remaining(left, sizeof left, p->parts, seconds);
    double rate = seconds > 0.001 ? (double)p->read / seconds : 0;
    if (live) {
        char line[256];
        snprintf(line, sizeof line, "  %s: %llu records, %llu rejected, %.0f/s, %s", p->stage,
                 (unsigned long long)p->read, (unsigned long long)p->rejected, rate, left);
        log_redraw(line);
        return;
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec - told < fault_number("MIGHOST_LOG_EVERY", PLAIN_INTERVAL))
        return;
    told = now.tv_sec;
    log_write(LOG_INFO, "%s: %llu records, %llu rejected, %.0f/s, %s", p->stage,
              (unsigned long long)p->read, (unsigned long long)p->rejected, rate, left);
}
