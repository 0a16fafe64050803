/*
 * test_reporters.c - the reporters of "reporters-standard" through the ABI: which files they
 * write from a given report, byte for byte where a standard says so.
 */
#include <stdlib.h>

#include "plugintest.h"
#include "unit.h"

/* ---- a bundle in memory, and a report made by hand --------------------------------------- */

struct file {
    char name[64];
    char data[65536];
    size_t len;
    int closed;
};
static struct file files[8];
static size_t n_files;
static size_t room; /* bytes until the bundle's disk is full */
static struct mockhost m;

static int32_t file_open(const mig_host_t *h, const char *name, uint32_t *handle)
{
    (void)h;
    *handle = (uint32_t)n_files++;
    files[*handle].len = 0;
    files[*handle].closed = 0;
    snprintf(files[*handle].name, sizeof files[*handle].name, "%s", name);
    return MIG_OK;
}

static int32_t file_write(const mig_host_t *h, uint32_t handle, const void *data, size_t len)
{
    struct file *f = &files[handle];
    if (f->len + len >= sizeof f->data || f->len + len > room)
        return h->fail(h, MIG_E_IO, "the disk is full", NULL);
    memcpy(f->data + f->len, data, len);
    f->len += len;
    f->data[f->len] = '\0';
    return MIG_OK;
}

static int32_t file_close(const mig_host_t *h, uint32_t handle)
{
    (void)h;
    files[handle].closed = 1;
    return MIG_OK;
}

static const mig_reject_t *rejects;
static size_t n_rejects;
static int32_t give_rejects(const mig_report_t *r, void *ctx,
                            int32_t (*row)(void *ctx, const mig_reject_t *reject))
{
    (void)r;
    int32_t rc = MIG_OK;
    for (size_t i = 0; i < n_rejects && rc == MIG_OK; i++)
        rc = row(ctx, &rejects[i]);
    return rc;
}

static mig_str_t str(const char *text)
{
    return (mig_str_t){text, strlen(text)};
}

static int32_t give_idmap(const mig_report_t *r, const char *stage, void *ctx,
                          int32_t (*row)(void *ctx, mig_str_t source_key, mig_str_t final_key))
{
    (void)r;
    if (strcmp(stage, "authors") != 0)
        return MIG_OK;
    int32_t rc = row(ctx, str("a-1"), str("11111111-1111-5111-8111-111111111111"));
    return rc == MIG_OK ? row(ctx, str("x\"\x1f\xc3\xa9"), str("2")) : rc;
}

static int32_t give_text(const mig_report_t *r, const char *name, mig_str_t *out)
{
    (void)r;
    if (strcmp(name, "verify.sql") == 0)
        return MIG_END;
    *out = str(strcmp(name, "run.log") == 0 ? "[2024-01-01T00:00:00Z] begins\n" : "BEGIN;\n");
    return MIG_OK;
}

static int any_changes;

static int32_t give_changes(const mig_report_t *r, void *ctx,
                            int32_t (*row)(void *ctx, const char *stage, const char *what,
                                           const char *key, const char *final_key))
{
    (void)r;
    int32_t rc = any_changes ? row(ctx, "authors", "vanished", "=1+1", "2") : MIG_OK;
    return rc == MIG_OK && any_changes ? row(ctx, "authors", "written", "a\"7", NULL) : rc;
}

static int32_t give_taken(const mig_report_t *r, void *ctx,
                          int32_t (*row)(void *ctx, const char *stage, const char *key,
                                         const char *table, const char *column, const char *fate,
                                         const char *winner))
{
    (void)r;
    int32_t rc = any_changes ? row(ctx, "a", "7", "b.c", "d", "suffix", "a:=1") : MIG_OK;
    return rc == MIG_OK && any_changes ? row(ctx, "a", "=8", "b.c", "d", "null", NULL) : rc;
}

/* Runs a reporter on a report. */
static int32_t report(const char *unit, const struct mockhost_option *options, const char *json)
{
    mig_report_t r = {.size = sizeof r,
                      .json = str(json),
                      .rejects = give_rejects,
                      .idmap = give_idmap,
                      .text = give_text,
                      .changes = give_changes,
                      .taken = give_taken};
    n_files = 0;
    CU_ASSERT_EQUAL(plugintest_start(&m, "reporters-standard", MIG_REPORTER, unit, options),
                    MIG_OK);
    m.host.file_open = file_open;
    m.host.file_write = file_write;
    m.host.file_close = file_close;
    int32_t rc = ((const mig_reporter_ops_t *)m.unit->ops)->report(m.self, &r);
    CU_ASSERT_EQUAL(rc, m.status);
    plugintest_stop(&m);
    return rc;
}

static const struct file *file(const char *name)
{
    static const struct file none = {.data = "(no such file)"};
    for (size_t i = 0; i < n_files; i++)
        if (strcmp(files[i].name, name) == 0 && files[i].closed)
            return &files[i];
    return &none;
}

static const mig_reject_t plain = {.size = sizeof(mig_reject_t),
                                   .outcome = MIG_REJECT,
                                   .stage = "authors",
                                   .key = "a-7",
                                   .table = "library.authors",
                                   .field = "born",
                                   .code = "bad_date",
                                   .reason = "there is no such day",
                                   .number = 7};

static void use_rejects(const mig_reject_t *list, size_t n)
{
    rejects = list;
    n_rejects = n;
    room = SIZE_MAX;
}

/* ---- errors ------------------------------------------------------------------------------ */

#define CSV_HEADER                                                                                 \
    "\"stage\",\"number\",\"key\",\"table\",\"field\",\"outcome\",\"code\",\"reason\","            \
    "\"first_cause\"\r\n"

static void csv_has_the_header_only_without_rejects(void)
{
    use_rejects(NULL, 0);
    CU_ASSERT_EQUAL(report("errors", NULL, "{}"), MIG_OK);
    CU_ASSERT_STRING_EQUAL(file("errors.csv")->data, CSV_HEADER);
    CU_ASSERT_EQUAL(file("rejects.jsonl")->len, 0);
    CU_ASSERT_TRUE(file("rejects.jsonl")->closed);
}

static void csv_quotes_every_field(void)
{
    mig_reject_t list[] = {plain, plain};
    list[1].outcome = MIG_SKIP;
    list[1].number = 0;
    list[1].table = list[1].field = NULL;
    list[1].key = "say \"hi\", twice";
    list[1].reason = "two\nlines";
    list[1].first_cause = "publishers:p-1 too_long";
    use_rejects(list, 2);
    CU_ASSERT_EQUAL(report("errors", NULL, "{}"), MIG_OK);
    CU_ASSERT_STRING_EQUAL(
        file("errors.csv")->data, CSV_HEADER
        "\"authors\",\"7\",\"a-7\",\"library.authors\",\"born\",\"rejected\",\"bad_date\","
        "\"there is no such day\",\"\"\r\n"
        "\"authors\",\"\",\"say \"\"hi\"\", twice\",\"\",\"\",\"skipped\",\"bad_date\","
        "\"two\nlines\",\"publishers:p-1 too_long\"\r\n");
}

/* The key as it must stand in the file. */
static void check_guard(const char *key, const char *expected)
{
    mig_reject_t one = plain;
    char line[256];
    one.key = key;
    use_rejects(&one, 1);
    CU_ASSERT_EQUAL(report("errors", NULL, "{}"), MIG_OK);
    snprintf(line, sizeof line, "\"authors\",\"7\",%s,\"library.authors\"", expected);
    CU_ASSERT_PTR_NOT_NULL(strstr(file("errors.csv")->data, line));
}

static void csv_disarms_formulas(void)
{
    check_guard("=1+1", "\"'=1+1\"");
    check_guard("+1", "\"'+1\"");
    check_guard("-1", "\"'-1\"");
    check_guard("@SUM(A1)", "\"'@SUM(A1)\"");
    check_guard("\t=1", "\"'\t=1\"");
    check_guard("\r=1", "\"'\r=1\"");
    check_guard("\"=1", "\"'\"\"=1\"");
    check_guard("\n=1", "\"'\n=1\"");
    check_guard("\"\n -1", "\"'\"\"\n -1\"");
    check_guard("a=1", "\"a=1\"");
    check_guard("", "\"\"");
    check_guard("\"", "\"\"\"\"");
}

static void rejects_keep_the_record_byte_for_byte(void)
{
    mig_reject_t list[] = {plain, plain, plain};
    list[0].raw = str("{\n  \"n\": 1.500,\r\n  \"big\": 12345678901234567890123\n}");
    list[1].raw = str("{\"broken\": ");
    list[1].key = NULL;
    use_rejects(list, 3);
    CU_ASSERT_EQUAL(report("errors", NULL, "{}"), MIG_OK);
    const char *text = file("rejects.jsonl")->data;
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"key\": \"a-7\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"key\": null"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(text, ", \"raw\": {   \"n\": 1.500,    \"big\": 12345678901234567890123 }}\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ", \"raw_text\": \"{\\\"broken\\\": \"}\n"));
    size_t lines = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    CU_ASSERT_EQUAL(lines, 3);
}

static void raw_records_can_be_left_out(void)
{
    static const struct mockhost_option options[] = {
        {"raw", "false"}, {"file", "migration_errors.csv"}, {NULL, NULL}};
    use_rejects(&plain, 1);
    CU_ASSERT_EQUAL(report("errors", options, "{}"), MIG_OK);
    CU_ASSERT_EQUAL(n_files, 1);
    CU_ASSERT_TRUE(file("migration_errors.csv")->closed);
}

static void changes_of_the_source_have_a_file(void)
{
    static const struct mockhost_option options[] = {{"changes_file", "moved.csv"}, {NULL, NULL}};
    use_rejects(&plain, 1);
    any_changes = 1;
    CU_ASSERT_EQUAL(report("errors", NULL, "{}"), MIG_OK);
    CU_ASSERT_STRING_EQUAL(file("source_changes.csv")->data,
                           "\"stage\",\"what\",\"key\",\"final_key\"\r\n"
                           "\"authors\",\"vanished\",\"'=1+1\",\"2\"\r\n"
                           "\"authors\",\"written\",\"a\"\"7\",\"\"\r\n");
    CU_ASSERT_EQUAL(report("errors", options, "{}"), MIG_OK);
    CU_ASSERT_TRUE(file("moved.csv")->closed);
    CU_ASSERT_STRING_EQUAL(file("taken.csv")->data,
                           "\"stage\",\"key\",\"table\",\"column\",\"fate\",\"winner\"\r\n"
                           "\"a\",\"7\",\"b.c\",\"d\",\"suffix\",\"a:=1\"\r\n"
                           "\"a\",\"'=8\",\"b.c\",\"d\",\"null\",\"\"\r\n");
    any_changes = 0;
    CU_ASSERT_EQUAL(report("errors", NULL, "{}"), MIG_OK);
    CU_ASSERT_EQUAL(n_files, 2);
}

static void full_disk_leaves_no_file(void)
{
    static mig_reject_t many[400];
    for (size_t i = 0; i < 400; i++)
        many[i] = plain;
    use_rejects(many, 400);
    room = 20000;
    CU_ASSERT_EQUAL(report("errors", NULL, "{}"), MIG_E_IO);
    CU_ASSERT_FALSE(file("errors.csv")->closed);
    room = 10;
    CU_ASSERT_EQUAL(report("json", NULL, "{\"too\": \"long\"}"), MIG_E_IO);
    CU_ASSERT_FALSE(file("report.json")->closed);
}

/* ---- texts and id map -------------------------------------------------------------------- */

static void texts_are_copied(void)
{
    static const struct mockhost_option name[] = {{"file", "logs.txt"}, {NULL, NULL}};
    use_rejects(NULL, 0);
    CU_ASSERT_EQUAL(report("json", NULL, "{\"a\": 1.0}\n"), MIG_OK);
    CU_ASSERT_STRING_EQUAL(file("report.json")->data, "{\"a\": 1.0}\n");
    CU_ASSERT_EQUAL(report("log", name, "{}"), MIG_OK);
    CU_ASSERT_STRING_EQUAL(file("logs.txt")->data, "[2024-01-01T00:00:00Z] begins\n");
    CU_ASSERT_EQUAL(report("log", NULL, "{}"), MIG_OK);
    CU_ASSERT_TRUE(file("migration.log")->closed);
    CU_ASSERT_EQUAL(report("sql", NULL, "{}"), MIG_OK);
    CU_ASSERT_STRING_EQUAL(file("rollback.sql")->data, "BEGIN;\n");
    CU_ASSERT_EQUAL(n_files, 1); /* there is no verify.sql in this run */
}

static void idmap_has_one_file_a_stage(void)
{
    use_rejects(NULL, 0);
    CU_ASSERT_EQUAL(
        report("idmap", NULL, "{\"stages\": [{\"name\": \"authors\"}, {\"name\": \"books\"}]}"),
        MIG_OK);
    CU_ASSERT_STRING_EQUAL(file("idmap/authors.json")->data,
                           "{\n  \"a-1\": \"11111111-1111-5111-8111-111111111111\",\n"
                           "  \"x\\\"\\u001f\xc3\xa9\": \"2\"\n}\n");
    CU_ASSERT_STRING_EQUAL(file("idmap/books.json")->data, "{}\n");
    CU_ASSERT_EQUAL(report("idmap", NULL, "{\"stages\": ["), MIG_E_BUG);
}

/* ---- summary ----------------------------------------------------------------------------- */

#define STAGE(name, loaded, fell)                                                                  \
    "{\"name\": \"" name "\", \"status\": \"published\", \"seconds\": 0.25, \"records\": "         \
    "{\"read\": 100000, \"loaded\": " loaded ", \"skipped\": {}, \"rejected\": " fell "}, "        \
    "\"tables\": {\"library." name "\": {\"staged\": " loaded ", \"inserted\": " loaded ", "       \
    "\"updated\": 0, \"unchanged\": 0, \"left\": {}, \"deleted\": 3}}}"

static const char full_report[] =
    "{\"success\": true, \"message\": \"published, \\u001b[31m1 reject\", \"run\": {\"id\": \"17\","
    " \"project\": \"library\", \"status\": \"published\", \"published\": true, \"exit_code\": 20,"
    " \"seconds\": 1.5, \"publish_seconds\": 0.125, \"steps\": [{\"name\": \"load\", \"seconds\":"
    " 0.75}]}, \"stages\": [" STAGE("authors", "99999", "{\"bad_date\": 1}") ", " STAGE(
        "books", "100000",
        "{}") "], \"checks\": [{\"name\": \"orphans\", \"kind\": \"query\", "
              "\"phase\": \"verify\", \"status\": \"passed\", \"violations\": 0}, {\"name\": "
              "\"count\", \"kind\": \"query\", \"status\": \"passed\", "
              "\"violations\": 0, \"expected\": 12, \"found\": 12}], "
              "\"rejects\": [{\"stage\": \"authors\", \"code\": \"bad_date\", "
              "\"count\": 1, \"first_cause\": null}, {\"stage\": \"books\", "
              "\"code\": \"parent_rejected\", \"count\": 2, \"first_cause\": "
              "\"authors:a: 7 bad_date\"}, {\"stage\": \"books\", \"code\": "
              "\"parent_rejected\", \"count\": 3, \"first_cause\": "
              "\"authors:a-8 bad_date\"}], \"repairs\": [{\"stage\": \"books\", "
              "\"field\": \"isbn\", \"rule\": \"cut\", \"count\": 4}], "
              "\"warnings\": [\"disk is nearly full\"], \"verify\": {\"rows\": "
              "199999, \"fields\": 1999990, \"differences\": 0, \"groups\": [{\"stage\": "
              "\"authors\", \"table\": \"library.authors\", \"expected\": 99999, \"found\": 99998, "
              "\"result\": \"failed\"}]}, "
              "\"fingerprint\": {\"before\": \"aa\", \"after\": \"bb\"}}";

/* A line of the file whose words are these, blanks between them not counted. */
static int has_line(const char *text, const char *words)
{
    char seen[1024];
    while (*text) {
        size_t n = 0;
        for (; *text && *text != '\n'; text++)
            if (n < sizeof seen - 1 && (*text != ' ' || (n > 0 && seen[n - 1] != ' ')))
                seen[n++] = *text;
        seen[n] = '\0';
        if (strncmp(seen, words, strlen(words)) == 0)
            return 1;
        text += *text == '\n';
    }
    return 0;
}

static void summary_has_the_reports_numbers(void)
{
    use_rejects(NULL, 0);
    CU_ASSERT_EQUAL(report("summary", NULL, full_report), MIG_OK);
    const char *text = file("summary.txt")->data;
    CU_ASSERT_TRUE(has_line(text, "Project library"));
    CU_ASSERT_TRUE(has_line(text, "authors 100000 99999 99.9 % 0 1 1 0.250 published"));
    CU_ASSERT_TRUE(has_line(text, "books 100000 100000 100.0 % 0 0 0 0.250 published"));
    CU_ASSERT_TRUE(has_line(text, "all 200000 199999 99.9 % 0 1 1"));
    CU_ASSERT_TRUE(has_line(text, "authors library.authors 99999 99999 0 0 0 3"));
    CU_ASSERT_TRUE(has_line(text, "all 199999 199999 0 0 0 6"));
    CU_ASSERT_TRUE(has_line(text, "orphans verify query 0 0 passed"));
    CU_ASSERT_TRUE(has_line(text, "count query 12 12 passed"));
    CU_ASSERT_TRUE(has_line(text, "books isbn cut 4"));
    CU_ASSERT_TRUE(has_line(text, "Warnings (1)"));
    CU_ASSERT_TRUE(has_line(text, "- disk is nearly full"));
    CU_ASSERT_TRUE(has_line(text, "199999 rows, 1999990 fields compared, 0 differences"));
    CU_ASSERT_TRUE(has_line(text, "authors library.authors 99999 99998 failed"));
    CU_ASSERT_TRUE(has_line(text, "load 0.750 s"));
    CU_ASSERT_TRUE(has_line(text, "Final status: SUCCESS, exit code 20: published"));
}

static void summary_groups_by_first_cause(void)
{
    use_rejects(NULL, 0);
    CU_ASSERT_EQUAL(report("summary", NULL, full_report), MIG_OK);
    CU_ASSERT_TRUE(has_line(file("summary.txt")->data, "authors: bad_date 1 with it: books 5"));
}

static void summary_passes_no_terminal_codes(void)
{
    use_rejects(NULL, 0);
    CU_ASSERT_EQUAL(report("summary", NULL, full_report), MIG_OK);
    CU_ASSERT_PTR_NULL(strchr(file("summary.txt")->data, '\x1b'));
    CU_ASSERT_PTR_NOT_NULL(strstr(file("summary.txt")->data, "published, ?[31m1 reject"));
}

/* The full report with one text in it replaced, all over. */
static char *changed(const char *from, const char *to)
{
    char *out = malloc(2 * sizeof full_report), *w = out;
    for (const char *p = full_report; *p;) {
        int hit = *from && strncmp(p, from, strlen(from)) == 0;
        size_t n = hit ? strlen(to) : 1;
        memcpy(w, hit ? to : p, n);
        w += n;
        p += hit ? strlen(from) : 1;
    }
    *w = '\0';
    return out;
}

static void check_criterion(const char *from, const char *to, const char *line)
{
    char *json = changed(from, to);
    use_rejects(NULL, 0);
    CU_ASSERT_EQUAL(report("summary", NULL, json), MIG_OK);
    if (!has_line(file("summary.txt")->data, line))
        CU_FAIL(line);
    free(json);
}

static void criteria_are_worked_out(void)
{
    check_criterion("", "", "every record read is migrated, skipped or rejected met");
    check_criterion("\"bad_date\": 1}", "\"bad_date\": 2}",
                    "every record read is migrated, skipped or rejected not met");
    check_criterion("", "", "every staged row is inserted, updated, unchanged or left out met");
    check_criterion("\"inserted\": 99999", "\"inserted\": 99998",
                    "every staged row is inserted, updated, unchanged or left out not met");
    check_criterion("", "", "no check failed met");
    check_criterion("\"status\": \"passed\"", "\"status\": \"failed\"", "no check failed not met");
    check_criterion("\"status\": \"passed\"", "\"status\": \"skipped\"",
                    "no check failed not evaluated");
    check_criterion("", "", "live rows equal staged rows in every field met");
    check_criterion("\"differences\": 0", "\"differences\": 1",
                    "live rows equal staged rows in every field not met");
    check_criterion("\"published\": true", "\"published\": false",
                    "live rows equal staged rows in every field not evaluated");
    check_criterion("", "", "the verdict agrees with the exit code met");
    check_criterion("\"exit_code\": 20", "\"exit_code\": 8",
                    "the verdict agrees with the exit code not met");
}

/* A run that ended before it had anything to count. */
static void summary_of_an_early_end(void)
{
    use_rejects(NULL, 0);
    CU_ASSERT_EQUAL(report("summary", NULL,
                           "{\"success\": false, \"message\": \"no server\", \"run\": "
                           "{\"exit_code\": 75}, \"verify\": null, \"failure\": {\"what\": "
                           "\"no server\", \"fix\": \"start it\"}}"),
                    MIG_OK);
    CU_ASSERT_TRUE(
        has_line(file("summary.txt")->data, "Final status: FAILURE, exit code 75: no server"));
    CU_ASSERT_TRUE(has_line(file("summary.txt")->data, "not done: nothing was published"));
    CU_ASSERT_TRUE(has_line(file("summary.txt")->data, "Fix start it"));
    CU_ASSERT_EQUAL(report("summary", NULL, "[]"), MIG_E_BUG);
}

static const struct unit_case cases[] = {
    {"csv_has_the_header_only_without_rejects", csv_has_the_header_only_without_rejects},
    {"csv_quotes_every_field", csv_quotes_every_field},
    {"csv_disarms_formulas", csv_disarms_formulas},
    {"rejects_keep_the_record_byte_for_byte", rejects_keep_the_record_byte_for_byte},
    {"raw_records_can_be_left_out", raw_records_can_be_left_out},
    {"full_disk_leaves_no_file", full_disk_leaves_no_file},
    {"texts_are_copied", texts_are_copied},
    {"changes_of_the_source_have_a_file", changes_of_the_source_have_a_file},
    {"idmap_has_one_file_a_stage", idmap_has_one_file_a_stage},
    {"summary_has_the_reports_numbers", summary_has_the_reports_numbers},
    {"summary_groups_by_first_cause", summary_groups_by_first_cause},
    {"summary_passes_no_terminal_codes", summary_passes_no_terminal_codes},
    {"criteria_are_worked_out", criteria_are_worked_out},
    {"summary_of_an_early_end", summary_of_an_early_end},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("reporters", cases, argc, argv);
}
