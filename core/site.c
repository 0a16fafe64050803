/* site.c - the place in which --self-test plays: a directory of its own with a small
 * project, an embedded server below it, and a look at the live tables by plain SQL. Nothing of the
 * user's projects or databases is read or written. */
#include "site.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle.h"
#include "embedded.h"

/* ---- the site -------------------------------------------------------------------------- */

static const char target_sql[] =
    "CREATE SCHEMA shelf;"
    "CREATE TABLE shelf.author (id uuid PRIMARY KEY, place bigserial, name text NOT NULL,"
    " mail text UNIQUE);"
    "CREATE TABLE shelf.book (id uuid PRIMARY KEY, author_id uuid NOT NULL REFERENCES"
    " shelf.author, heading text NOT NULL, price numeric(10,2) CHECK (price > 0));";

static const char project_text[] =
    "{ \"name\": \"selftest\", \"on_invalid\": \"%s\", \"target\": { \"url\": \"\", \"schema\":"
    " \"shelf\", \"embedded_schema\": \"target.sql\" }, \"sources\": { \"document\": { \"use\":"
    " \"json\", \"options\": { \"file\": \"document.json\" } } }, \"stages\": ["
    " { \"name\": \"authors\", \"policy\": \"update\", \"options\": { \"table\": \"author\","
    " \"fields\": { \"id\": { \"key\": \"authors\" }, \"name\": \"name\", \"mail\": \"mail\" } } },"
    " { \"name\": \"books\", \"policy\": \"update\", \"options\": { \"table\": \"book\","
    " \"fields\": { \"id\": { \"key\": \"books\" }, \"author_id\": { \"key\": \"authors\","
    " \"from\": \"author\" }, \"heading\": \"heading\", \"price\": \"price\" } } } ] }\n";

int site_fail(struct site *site, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (!site->why[0])
        vsnprintf(site->why, sizeof site->why, format, ap);
    va_end(ap);
    return 1;
}

static FILE *create(struct site *site, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", site->dir, name);
    FILE *file = fopen(path, "we");
    if (!file)
        site_fail(site, "%s cannot be written: %m", path);
    return file;
}

static int complete(struct site *site, FILE *file)
{
    int bad = ferror(file);
    return fclose(file) || bad ? site_fail(site, "a file in %s cannot be written: %m", site->dir)
                               : 0;
}

int site_project(struct site *site, const char *on_invalid)
{
    FILE *file = create(site, "project.json");
    if (!file)
        return 1;
    fprintf(file, project_text, on_invalid);
    return complete(site, file);
}

int site_document(struct site *site, int n, int dirt)
{
    FILE *file = create(site, "document.json");
    if (!file)
        return 1;
    fputs("{ \"authors\": [", file);
    for (int i = 1; i <= n; i++) {
        fprintf(file,
                "%s\n{\"id\": \"a%d\", \"mail\": \"a%d@example.org\", \"name\": ", i > 1 ? "," : "",
                i, i);
        fprintf(file, dirt && i == n ? "null}" : "\"Author %d\"}", i);
    }
    fputs("],\n\"books\": [", file);
    for (int i = 1; i <= n; i++)
        for (int k = 1; k <= 2; k++)
            fprintf(file,
                    "%s\n{\"id\": \"b%d-%d\", \"author\": \"%s%d\", \"heading\": \"Book %d of %d\","
                    " \"price\": \"%s%d.50\"}",
                    i + k > 2 ? "," : "", i, k, dirt && i == n - 1 && k == 1 ? "nobody" : "a", i, k,
                    i, dirt && i == n - 1 && k == 2 ? "-" : "", i);
    fputs("] }\n", file);
    return complete(site, file);
}

/* The server's user must be able to pass through the directory, hence its mode. */
int site_make(struct site *site)
{
    const char *tmp = getenv("TMPDIR");
    int n = snprintf(site->dir, sizeof site->dir, "%s/mighost-selftest-XXXXXX",
                     tmp && tmp[0] == '/' ? tmp : "/tmp");
    if ((size_t)n >= sizeof site->dir - 64 || !mkdtemp(site->dir)) {
        site->dir[0] = '\0';
        return site_fail(site, "no directory can be made in %s: %m", tmp ? tmp : "/tmp");
    }
    FILE *file = chmod(site->dir, 0711) ? NULL : create(site, "target.sql");
    if (!file)
        return site_fail(site, "%s cannot be prepared: %m", site->dir);
    fputs(target_sql, file);
    return complete(site, file);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

int site_remove(struct site *site)
{
    struct error err = {0};
    if (!site->dir[0])
        return 0;
    if (embedded_stop(site->dir, &err))
        return site_fail(site, "%s", err.what);
    return nftw(site->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS)
               ? site_fail(site, "%s stays: %m", site->dir)
               : 0;
}

/* ---- sessions -------------------------------------------------------------------------- */

int site_failed(struct site *site, const struct session *x, int code)
{
    const struct error *err = x->faults.n ? &x->faults.items[0] : &x->err;
    return site_fail(site, "%s (exit %d)%s%s", err->what, code, err->fix[0] ? "; " : "", err->fix);
}

int site_open(struct site *site, struct site_session *s)
{
    memset(s, 0, sizeof *s);
    snprintf(s->backups, sizeof s->backups, "%s/backups", site->dir);
    snprintf(s->reports, sizeof s->reports, "%s/reports", site->dir);
    s->options = *site->given;
    s->options.project_path = site->dir;
    s->options.overrides = (struct project_overrides){
        .work_dir = site->dir, .backup_dir = s->backups, .report_dir = s->reports};
    session_init(&s->x, &s->options);
    int code = session_project(&s->x);
    if (!code)
        code = session_units(&s->x);
    if (!code)
        code = bundle_check(s->x.project, &s->x.err);
    if (!code)
        code = session_ready(&s->x);
    return code ? site_failed(site, &s->x, code) : 0;
}

void site_close(struct site_session *s)
{
    session_clear(&s->x);
}

int site_look(struct site *site, struct pg *pg, struct site_rows *out)
{
    static const char sql[] =
        "SELECT md5(concat_ws('|', (SELECT string_agg(a::text, ',' ORDER BY id) FROM shelf.author"
        " a), (SELECT string_agg(b::text, ',' ORDER BY id) FROM shelf.book b), (SELECT last_value"
        " || is_called::text FROM shelf.author_place_seq))), md5(concat_ws('|', (SELECT"
        " string_agg(a.ctid::text || a.xmin, ',' ORDER BY id) FROM shelf.author a), (SELECT"
        " string_agg(b.ctid::text || b.xmin, ',' ORDER BY id) FROM shelf.book b))), (SELECT"
        " count(*) FROM shelf.author), (SELECT count(*) FROM shelf.book)";
    struct error err = {0};
    struct pg_result *res = pg_query(pg, &err, sql, 0, NULL);
    if (!res)
        return site_fail(site, "%s", err.what);
    snprintf(out->content, sizeof out->content, "%s", pg_get(res, 0, 0));
    snprintf(out->versions, sizeof out->versions, "%s", pg_get(res, 0, 1));
    out->authors = pg_get_int(res, 0, 2);
    out->books = pg_get_int(res, 0, 3);
    pg_free(res);
    return 0;
}

int site_play(struct site *site, int dry_run, int expected, struct site_played *out)
{
    struct run_options options = {.dry_run = dry_run};
    struct site_session s;
    int bad = site_open(site, &s) || site_look(site, s.x.pg, &out->before);
    if (!bad) {
        out->code = run_execute(&s.x, &options, &out->verdict);
        bad = site_look(site, s.x.pg, &out->after);
    }
    if (!bad && out->code != expected)
        bad = site_fail(site, "the run ended with %d, not %d: %s", out->code, expected,
                        out->verdict.text);
    site_close(&s);
    return bad;
}

int site_counted(struct site *site, const struct site_rows *rows, int64_t authors, int64_t books)
{
    if (rows->authors == authors && rows->books == books)
        return 0;
    return site_fail(site, "%lld authors and %lld books are there, not %lld and %lld",
                     (long long)rows->authors, (long long)rows->books, (long long)authors,
                     (long long)books);
}

int site_untouched(struct site *site, const struct site_rows *before, const struct site_rows *after)
{
    if (strcmp(before->content, after->content) != 0)
        return site_fail(site, "the live tables were changed");
    return strcmp(before->versions, after->versions) ? site_fail(site, "rows were written again")
                                                     : 0;
}
