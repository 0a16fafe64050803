/* side.c - from a word to a connection. What is looked at there is others' affair. */
#include "side.h"

#include <stdio.h>
#include <string.h>

#include "embedded.h"
#include "projecturl.h"
#include "samedb.h"
#include "url.h"

int side_is_word(const char *word)
{
    return !url_has_scheme(word) && !strchr(word, '=');
}

static int of_url(struct session *s, const char *url, struct side *out)
{
    const char *fault = url_database_fault(url);
    if (fault) {
        error_set(&s->err, STATUS_USAGE, "no connection URL of a database: %s", fault);
        error_fix(&s->err,
                  "postgresql://user@host:port/database, or target, rehearsal, source:NAME");
        return STATUS_USAGE;
    }
    snprintf(out->url, sizeof out->url, "%s", url);
    return 0;
}

/* A name of a database of the embedded server that no project has: names hold no '.'. */
static int of_rehearsal(struct session *s, struct side *out)
{
    const struct project *p = s->project;
    if (p->rehearsal.url[0])
        return of_url(s, p->rehearsal.url, out);
    char name[128];
    snprintf(name, sizeof name, "%.50s.rehearsal", p->name);
    return embedded_start(p->work_dir, name, out->url, sizeof out->url, &s->err);
}

static int of_source(struct session *s, const char *name, struct side *out)
{
    const struct project *p = s->project;
    if (session_sources(s))
        return s->err.code;
    for (size_t i = 0; i < p->n_sources; i++) {
        const struct project_source *source = &p->sources[i];
        if ((*name && !str_equal(source->name, name)) || projecturl_missing(p, source))
            continue;
        const char *url = projecturl_get(p, source);
        if (!url_database_fault(url))
            return of_url(s, url, out);
    }
    error_set(&s->err, STATUS_CONFIG, "the project has no source%s%s that is a PostgreSQL database",
              *name ? " " : "", name);
    error_fix(&s->err, "name one that has an option \"url\": source:NAME");
    return STATUS_CONFIG;
}

static int find(struct session *s, const char *word, struct side *out)
{
    if (!side_is_word(word))
        return of_url(s, word, out);
    if (str_equal(word, "target")) {
        int code = s->pg ? 0 : session_target(s);
        snprintf(out->url, sizeof out->url, "%s", s->url);
        return code;
    }
    if (str_equal(word, "rehearsal"))
        return of_rehearsal(s, out);
    if (strncmp(word, "source", 6) == 0 && (!word[6] || word[6] == ':'))
        return of_source(s, word + 6 + (word[6] == ':'), out);
    error_set(&s->err, STATUS_USAGE, "\"%.40s\" is no database that is known here", word);
    error_fix(&s->err, "write target, rehearsal, source, source:NAME, or a connection URL");
    return STATUS_USAGE;
}

int side_open(struct session *s, const char *word, struct side *out)
{
    memset(out, 0, sizeof *out);
    out->name = side_is_word(word) ? word : "the given database";
    int code = find(s, word, out);
    if (code)
        return code;
    out->pg = pg_connect(out->url, out->name, s->project ? &s->project->timeouts : NULL, &s->err);
    if (!out->pg)
        return s->err.code;
    return samedb_identity(out->pg, out->identity, &s->err);
}

static int refuse(struct session *s, const char *what)
{
    error_set(&s->err, STATUS_PREFLIGHT, "the rehearsal database is %s itself", what);
    error_why(&s->err, "what is in a rehearsal database is replaced by a copy of the target");
    error_fix(&s->err,
              "set rehearsal.url, or STAGING_DATABASE_URL, to another database; a physical "
              "copy of a server cannot be told from it");
    return STATUS_PREFLIGHT;
}

/* A source that does not answer is no reason: who reads it will say so. */
static int is_source(struct session *s, const struct project_source *source,
                     const struct side *rehearsal)
{
    char identity[SAMEDB_SIZE] = "";
    struct error ignored = {0};
    const char *url = projecturl_get(s->project, source);
    struct pg *pg = url && !url_database_fault(url)
                        ? pg_connect(url, "source", &s->project->timeouts, &ignored)
                        : NULL;
    if (pg)
        samedb_identity(pg, identity, &ignored);
    pg_close(pg);
    return str_equal(identity, rehearsal->identity);
}

int side_guard(struct session *s, const struct side *target, const struct side *rehearsal)
{
    if (str_equal(target->identity, rehearsal->identity))
        return refuse(s, "the target");
    for (size_t i = 0; i < s->project->n_sources; i++)
        if (is_source(s, &s->project->sources[i], rehearsal))
            return refuse(s,
                          arena_printf(s->project->mem, "source %s", s->project->sources[i].name));
    return 0;
}

void side_clear(struct side *side)
{
    pg_close(side->pg);
    explicit_bzero(side, sizeof *side);
}
