/* connections.c - the sessions of a run, counted before they are opened: two of the target by the
 * process that leads (one for users' queries), one of each source that keeps a session; each worker
 * has one of the target and one of each of these sources. Nothing is pooled here: no session is
 * ever given from one part of the run to another. */
#include "connections.h"

#include "call.h"

#define LEADER 2

static int64_t sources_with_session(const struct job *job)
{
    int64_t n = 0;
    for (size_t i = 0; i < job->n_stages; i++) {
        int seen = !call_keeps_session(&job->stages[i]);
        for (size_t k = 0; k < i && !seen; k++)
            seen = job->stages[k].source == job->stages[i].source;
        n += !seen;
    }
    return n;
}

size_t connections_workers(const struct job *job)
{
    int64_t jobs = job->project->jobs, max = job->project->pool_max;
    int64_t sources = sources_with_session(job);
    int64_t room = max ? (max - LEADER - sources) / (1 + sources) : jobs;
    if (room < 0)
        room = 0;
    return (size_t)(room < jobs ? room : jobs);
}

int connections_spare(const struct job *job)
{
    int64_t max = job->project->pool_max, sources = sources_with_session(job);
    int64_t workers = (int64_t)connections_workers(job);
    return !max || LEADER + sources + workers * (1 + sources) < max;
}

void connections_check(const struct job *job, struct faults *faults)
{
    int64_t max = job->project->pool_max;
    int64_t least = LEADER + 1 + sources_with_session(job); /* backups are made by pg_dump */
    if (!max || max >= least)
        return;
    struct error fault = {0};
    error_set(&fault, STATUS_CONFIG,
              "pool_max %lld is too few: a run of this project has up to %lld"
              " database sessions at once",
              (long long)max, (long long)least);
    error_fix(&fault, "allow %lld or more, or leave pool_max away", (long long)least);
    faults_add(faults, &fault);
}
