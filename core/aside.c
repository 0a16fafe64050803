/* aside.c - which stages are set aside, and reading them. How records are kept is spool.c's. */
#include "aside.h"

#include <time.h>

#include "beat.h"
#include "call.h"
#include "counted.h"
#include "facts.h"
#include "feed.h"
#include "log.h"
#include "plural.h"
#include "spool.h"

#define LOOK_EVERY 256 /* records between two looks at the clock */

int aside_is_due(const struct job_stage *st)
{
    return job_is_slow(st) && call_can_release(st->source);
}

int aside_waits(const struct job *job, const struct job_stage *st)
{
    int any = 0;
    for (size_t i = 0; i < job->n_stages; i++)
        any |= call_can_release(job->stages[i].source);
    return any && job_is_slow(st);
}

static int keep(struct job_stage *st, struct spool *to, const mig_record_t *record, int32_t got,
                struct error *err)
{
    const struct host *host = st->source->host;
    mig_str_t raw = job_is_secret(st) ? (mig_str_t){NULL, 0} : feed_raw(st);
    return spool_add(to, record, got == MIG_REJECT ? &host->outcome : NULL, raw, err);
}

static int read_all(struct state *s, struct job_stage *st, struct spool *to,
                    const struct load_options *options, struct error *err)
{
    struct host *host = st->source->host;
    mig_record_t record = {.size = sizeof record};
    struct beat beat;
    int code = 0;
    beat_begin(&beat);
    for (uint64_t n = 1; !code; n++) {
        host->in_record = 1;
        int32_t got = feed_next_alone(st, &record);
        if (got == MIG_OK || got == MIG_REJECT)
            code = keep(st, to, &record, got, err);
        else if (got < 0)
            code = host_error(st->source, got, "next", err);
        host_record_done(host);
        host->in_record = 0;
        if (got == MIG_END)
            break;
        if (!code && n % LOOK_EVERY == 0)
            code = beat_tell(&beat, s, err);
        if (!code && n % LOOK_EVERY == 0 && options->progress)
            options->progress(options->ctx, &(struct load_progress){.stage = st->p->name,
                                                                    .read = n,
                                                                    .parts = feed_progress(st)});
    }
    return code;
}

int aside_read(struct state *s, struct job *job, struct job_stage *st,
               const struct load_options *options, struct error *err)
{
    struct host *host = job->host;
    spool_free(st->spool);
    st->spool = NULL;
    int code = feed_snapshot(st, st->snapshot, err);
    struct spool *to = code ? NULL : spool_new(job->project->work_dir, err);
    if (!to)
        return err->code;
    host->stage = st->p->name;
    host->secret = job_is_secret(st);
    code = feed_open(st, "", 0, err);
    if (!code) {
        code = read_all(s, st, to, options, err);
        if (!code)
            code = counted_set_aside(job, st, !pg_takes_all_text(s->pg), err);
        if (!code)
            code = facts_take(job, st, err);
        feed_close(st);
    }
    host->secret = 0;
    if (code) {
        spool_free(to);
        return host_is_cancelled() ? error_set(err, STATUS_INTERRUPTED,
                                               "stopped while reading stage %s", st->p->name)
                                   : code;
    }
    st->spool = to;
    log_write(LOG_INFO, "stage %s: %llu %s read and wait, sealed, to be computed", st->p->name,
              (unsigned long long)spool_records(to),
              plural(spool_records(to), "record is", "records are"));
    return 0;
}

int aside_release(struct job *job, struct error *err)
{
    for (size_t i = 0; i < job->n_stages; i++) {
        struct unit *source = job->stages[i].source;
        int32_t got = call_can_release(source) ? call_release(source) : MIG_OK;
        if (got != MIG_OK)
            return host_error(source, got, "release", err);
    }
    return 0;
}
