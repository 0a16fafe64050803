/* tls.c - servers that a run takes on trust stand in its report. What is asked of a connection is
 * pg_connect.c's, and of sources that are no PostgreSQL their plugin's. */
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg.h"

static void note(struct job *job, const char *who, const char *weak)
{
    if (*weak)
        str_printf(&job->notes,
                   "%s: which server it is was not proven (sslmode=%s, --allow-insecure-tls)\n",
                   who, weak);
}

void tls_target(struct job *job, const char *url)
{
    char weak[PG_TLS_SIZE];
    struct error none = {0};
    if (!pg_check_tls(url, "target", weak, &none))
        note(job, "target", weak);
}

/* An URL that does not parse is told by the unit that is to read from it. */
static void check_source(struct job *job, const char *name, const char *url, struct faults *faults)
{
    char weak[PG_TLS_SIZE], who[160];
    struct error err = {0};
    snprintf(who, sizeof who, "source %.128s", name);
    pg_check_tls(url, who, weak, &err);
    if (err.code && *weak)
        faults_add(faults, &err);
    else if (!err.code)
        note(job, who, weak);
}

void tls_sources(struct job *job, struct faults *faults)
{
    for (size_t i = 0; i < job->project->n_sources; i++) {
        char *url = job->sources[i] ? options_database_url(&job->sources[i]->options) : NULL;
        if (!url)
            continue;
        check_source(job, job->project->sources[i].name, url, faults);
        explicit_bzero(url, strlen(url));
        free(url);
    }
}
