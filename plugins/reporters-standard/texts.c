/*
 * texts.c - the reporters "json" and "sql": what the host has made already, put into the
 * bundle as it is.
 */
#include "names.h"
#include "out.h"
#include "reporter.h"

static int32_t report_json(void *self, const mig_report_t *report)
{
    const struct reporter *r = self;
    const char *name;
    int32_t rc = names_file(r->host, report, r->file, &name);
    return rc == MIG_OK ? out_file(r->host, name, report->json) : rc;
}

/* A text that this run does not have (an undo of a run that published nothing) is no file. */
static int32_t put_text(const mig_host_t *host, const mig_report_t *report, const char *text,
                        const char *file)
{
    mig_str_t content;
    const char *name;
    int32_t rc = report->text(report, text, &content);
    if (rc == MIG_END)
        return MIG_OK;
    if (rc == MIG_OK)
        rc = names_file(host, report, file, &name);
    return rc == MIG_OK ? out_file(host, name, content) : rc;
}

struct sql {
    const mig_host_t *host;
    const char *rollback, *verify;
};

static int32_t create_sql(const mig_host_t *host, void **self)
{
    struct sql *s = host->alloc(host, sizeof *s);
    s->host = host;
    *self = s;
    int32_t rc = names_option(host, "rollback_file", &s->rollback);
    return rc == MIG_OK ? names_option(host, "verify_file", &s->verify) : rc;
}

static int32_t report_sql(void *self, const mig_report_t *report)
{
    const struct sql *s = self;
    int32_t rc = put_text(s->host, report, "rollback.sql", s->rollback);
    return rc == MIG_OK ? put_text(s->host, report, "verify.sql", s->verify) : rc;
}

static const mig_option_t JSON_OPTIONS[] = {
    {"file", MIG_OPT_TEXT, 0, "report.json", NULL, "Name of the file in the bundle."},
    REPORTER_NO_MORE_OPTIONS,
};
static const mig_option_t SQL_OPTIONS[] = {
    {"rollback_file", MIG_OPT_TEXT, 0, "rollback.sql", NULL,
     "Name of the file that undoes the run with psql."},
    {"verify_file", MIG_OPT_TEXT, 0, "verify.sql", NULL,
     "Name of the file that compares live tables with what was staged."},
    REPORTER_NO_MORE_OPTIONS,
};

REPORTER_UNIT(json_unit, "json", "Writes the report for programs, report.json.", JSON_OPTIONS,
              reporter_create, report_json);
REPORTER_UNIT(sql_unit, "sql", "Writes rollback.sql and verify.sql for psql.", SQL_OPTIONS,
              create_sql, report_sql);
