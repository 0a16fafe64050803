/*
 * idmap.c - the reporter "idmap": one file a stage that says which key each source key became.
 *
 * Entries are written as they come; nothing is kept. The stages are those of the report.
 */
#include <jansson.h>
#include <stdio.h>

#include "names.h"
#include "out.h"
#include "reporter.h"
#include "view.h"

struct idmap {
    const mig_host_t *host;
    const char *dir;
};

struct sink {
    struct out out;
    int any;
};

static int32_t put_entry(void *ctx, mig_str_t source_key, mig_str_t final_key)
{
    struct sink *s = ctx;
    out_text(&s->out, s->any ? ",\n  " : "\n  ");
    s->any = 1;
    out_json(&s->out, source_key.data ? source_key.data : "", source_key.len);
    out_text(&s->out, ": ");
    out_json(&s->out, final_key.data ? final_key.data : "", final_key.len);
    return s->out.rc;
}

static int32_t put_stage(const struct idmap *m, const mig_report_t *report, const char *stage)
{
    char pattern[512];
    const char *name;
    int n = snprintf(pattern, sizeof pattern, "%s/%s.json", m->dir, stage);
    if (n < 0 || (size_t)n >= sizeof pattern)
        return m->host->fail(m->host, MIG_E_CONFIG, "the name of an id map's file is too long",
                             "shorten \"dir\" in the options of this reporter");
    struct sink s = {.any = 0};
    int32_t rc = names_file(m->host, report, pattern, &name);
    if (rc != MIG_OK)
        return rc;
    out_open(&s.out, m->host, name);
    out_text(&s.out, "{");
    rc = report->idmap(report, stage, &s, put_entry);
    if (rc != MIG_OK)
        return rc;
    out_text(&s.out, s.any ? "\n}\n" : "}\n");
    return out_close(&s.out);
}

static int32_t report(void *self, const mig_report_t *report)
{
    const struct idmap *m = self;
    json_t *root;
    int32_t rc = view_load(m->host, report, &root);
    size_t i;
    json_t *stage;
    json_array_foreach(json_object_get(root, "stages"), i, stage) if (rc == MIG_OK) rc =
        put_stage(m, report, view_text(stage, "name"));
    json_decref(root);
    return rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct idmap *m = host->alloc(host, sizeof *m);
    m->host = host;
    *self = m;
    return names_option(host, "dir", &m->dir);
}

static const mig_option_t OPTIONS[] = {
    {"dir", MIG_OPT_TEXT, 0, "idmap", NULL, "Name of the directory in the bundle."},
    REPORTER_NO_MORE_OPTIONS,
};

REPORTER_UNIT(idmap_unit, "idmap", "Writes source key -> final key, one file a stage.", OPTIONS,
              create, report);
