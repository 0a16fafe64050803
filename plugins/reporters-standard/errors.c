/*
 * errors.c - the reporter "errors": every rejected or skipped record as a line of errors.csv for
 * people, and of rejects.jsonl, with the record as it was read, for programs; and, where there are
 * any, the keys of records that changed or vanished in the source, as source_changes.csv, and those
 * of records that could not have a value because another has it, as taken.csv.
 *
 * The CSV follows RFC 4180, with all fields quoted. A field that a spreadsheet would take for a
 * formula gets an apostrophe in front (OWASP, CWE-1236). Values of records stand in
 * rejects.jsonl only.
 */
#include <jansson.h>
#include <string.h>

#include "names.h"
#include "out.h"
#include "reporter.h"

struct errors {
    const mig_host_t *host;
    const char *file, *raw_file, *changes_file, *taken_file;
    int raw;
};

struct sinks {
    struct out csv, raw;
    int has_raw;
};

/* ---- CSV ------------------------------------------------------------------------------ */

/* What stands in front of a formula without hiding it: programs that split lines or take quotes
 * off by their own rules would see the formula first. */
static int is_formula(const char *text)
{
    text += strspn(text, "\"'\n ");
    return *text != '\0' && strchr("=+-@\t\r", *text) != NULL;
}

static void csv_field(struct out *o, const char *text, char end)
{
    out_bytes(o, "\"", 1);
    if (text && is_formula(text))
        out_bytes(o, "'", 1);
    for (const char *p = text ? text : ""; *p; p++)
        out_bytes(o, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    out_text(o, end == ',' ? "\"," : "\"\r\n");
}

static void csv_number(struct out *o, uint64_t number)
{
    if (number == 0)
        out_text(o, "\"\",");
    else
        out_format(o, "\"%llu\",", (unsigned long long)number);
}

static const char *outcome(const mig_reject_t *reject)
{
    return reject->outcome == MIG_SKIP ? "skipped" : "rejected";
}

static void csv_row(struct out *o, const mig_reject_t *reject)
{
    csv_field(o, reject->stage, ',');
    csv_number(o, reject->number);
    csv_field(o, reject->key, ',');
    csv_field(o, reject->table, ',');
    csv_field(o, reject->field, ',');
    csv_field(o, outcome(reject), ',');
    csv_field(o, reject->code, ',');
    csv_field(o, reject->reason, ',');
    csv_field(o, reject->first_cause, '\n');
}

/* ---- JSON lines ----------------------------------------------------------------------- */

/* The record goes in byte for byte, so that numbers stay as the source wrote them; only line
 * breaks, which valid JSON has between values alone, become blanks: one record, one line. */
static void raw_record(struct out *o, mig_str_t raw)
{
    size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL; /* any length */
    json_t *parsed = json_loadb(raw.data, raw.len, flags, NULL);
    if (!parsed) {
        out_text(o, ", \"raw_text\": ");
        out_json(o, raw.data, raw.len);
        return;
    }
    json_decref(parsed);
    out_text(o, ", \"raw\": ");
    for (size_t i = 0; i < raw.len; i++)
        out_bytes(o, raw.data[i] == '\n' || raw.data[i] == '\r' ? " " : raw.data + i, 1);
}

static void member(struct out *o, const char *name, const char *text)
{
    out_format(o, ", \"%s\": ", name);
    out_json(o, text, text ? strlen(text) : 0);
}

static void raw_row(struct out *o, const mig_reject_t *reject)
{
    out_text(o, "{\"stage\": ");
    out_json(o, reject->stage, reject->stage ? strlen(reject->stage) : 0);
    out_format(o, ", \"number\": %llu", (unsigned long long)reject->number);
    member(o, "key", reject->key);
    member(o, "table", reject->table);
    member(o, "field", reject->field);
    member(o, "outcome", outcome(reject));
    member(o, "code", reject->code);
    member(o, "reason", reject->reason);
    member(o, "first_cause", reject->first_cause);
    if (reject->raw.len > 0)
        raw_record(o, reject->raw);
    out_text(o, "}\n");
}

/* ---- the unit ------------------------------------------------------------------------- */

static int32_t put_reject(void *ctx, const mig_reject_t *reject)
{
    struct sinks *s = ctx;
    csv_row(&s->csv, reject);
    if (s->has_raw)
        raw_row(&s->raw, reject);
    return s->csv.rc != MIG_OK || !s->has_raw ? s->csv.rc : s->raw.rc;
}

struct changes {
    const struct errors *unit;
    const char *name;
    struct out csv;
    int any;
};

static int32_t put_change(void *ctx, const char *stage, const char *what, const char *key,
                          const char *final_key)
{
    struct changes *c = ctx;
    if (!c->any) {
        out_open(&c->csv, c->unit->host, c->name);
        out_text(&c->csv, "\"stage\",\"what\",\"key\",\"final_key\"\r\n");
    }
    c->any = 1;
    csv_field(&c->csv, stage, ',');
    csv_field(&c->csv, what, ',');
    csv_field(&c->csv, key, ',');
    csv_field(&c->csv, final_key, '\n');
    return c->csv.rc;
}

static int32_t report_changes(const struct errors *e, const mig_report_t *report)
{
    struct changes c = {.unit = e};
    int32_t rc = names_file(e->host, report, e->changes_file, &c.name);
    if (rc == MIG_OK && MIG_HAS(report, changes))
        rc = report->changes(report, &c, put_change);
    return rc == MIG_OK && c.any ? out_close(&c.csv) : rc;
}

static int32_t put_taken(void *ctx, const char *stage, const char *key, const char *table,
                         const char *column, const char *fate, const char *winner)
{
    struct changes *c = ctx;
    if (!c->any) {
        out_open(&c->csv, c->unit->host, c->name);
        out_text(&c->csv, "\"stage\",\"key\",\"table\",\"column\",\"fate\",\"winner\"\r\n");
    }
    c->any = 1;
    csv_field(&c->csv, stage, ',');
    csv_field(&c->csv, key, ',');
    csv_field(&c->csv, table, ',');
    csv_field(&c->csv, column, ',');
    csv_field(&c->csv, fate, ',');
    csv_field(&c->csv, winner, '\n');
    return c->csv.rc;
}

static int32_t report_taken(const struct errors *e, const mig_report_t *report)
{
    struct changes c = {.unit = e};
    int32_t rc = names_file(e->host, report, e->taken_file, &c.name);
    if (rc == MIG_OK && MIG_HAS(report, taken))
        rc = report->taken(report, &c, put_taken);
    return rc == MIG_OK && c.any ? out_close(&c.csv) : rc;
}

static int32_t report(void *self, const mig_report_t *report)
{
    const struct errors *e = self;
    struct sinks s = {.has_raw = e->raw};
    const char *file, *raw_file;
    int32_t rc = names_file(e->host, report, e->file, &file);
    if (rc == MIG_OK)
        rc = names_file(e->host, report, e->raw_file, &raw_file);
    if (rc != MIG_OK)
        return rc;
    out_open(&s.csv, e->host, file);
    if (s.has_raw)
        out_open(&s.raw, e->host, raw_file);
    out_text(&s.csv, "\"stage\",\"number\",\"key\",\"table\",\"field\",\"outcome\",\"code\","
                     "\"reason\",\"first_cause\"\r\n");
    rc = report->rejects(report, &s, put_reject);
    if (rc != MIG_OK)
        return rc;
    rc = out_close(&s.csv);
    if (rc == MIG_OK && s.has_raw)
        rc = out_close(&s.raw);
    rc = rc == MIG_OK ? report_changes(e, report) : rc;
    return rc == MIG_OK ? report_taken(e, report) : rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct errors *e = host->alloc(host, sizeof *e);
    mig_value_t raw;
    e->host = host;
    *self = e;
    int32_t rc = host->option(host, "raw", &raw);
    e->raw = rc == MIG_OK && raw.len == 4;
    if (rc == MIG_OK)
        rc = names_option(host, "file", &e->file);
    if (rc == MIG_OK)
        rc = names_option(host, "raw_file", &e->raw_file);
    if (rc == MIG_OK)
        rc = names_option(host, "changes_file", &e->changes_file);
    return rc == MIG_OK ? names_option(host, "taken_file", &e->taken_file) : rc;
}

static const mig_option_t OPTIONS[] = {
    {"file", MIG_OPT_TEXT, 0, "errors.csv", NULL, "Name of the CSV file in the bundle."},
    {"raw", MIG_OPT_BOOL, 0, "true", NULL,
     "Also writes each record as it was read; it holds personal data."},
    {"raw_file", MIG_OPT_TEXT, 0, "rejects.jsonl", NULL, "Name of that file in the bundle."},
    {"changes_file", MIG_OPT_TEXT, 0, "source_changes.csv", NULL,
     "Name of the file with keys of records that changed or vanished in the source."},
    {"taken_file", MIG_OPT_TEXT, 0, "taken.csv", NULL,
     "Name of the file with keys of records that could not have a value because another has it."},
    REPORTER_NO_MORE_OPTIONS,
};

REPORTER_UNIT(errors_unit, "errors",
              "Writes rejected and skipped records, errors.csv and rejects.jsonl.", OPTIONS, create,
              report);
