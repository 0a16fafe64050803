/* endtable.c - the accounts of a run by stage, as its state has them: a table, or where that is too
 * wide two lines a stage. */
#include "endtable.h"

#include <mighost/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

enum { NAME, READ, MIGRATED, SKIPPED, REJECTED, SECONDS, COLUMNS };
static const char *const titles[COLUMNS] = {"stage",   "read",     "migrated",
                                            "skipped", "rejected", "seconds"};

struct cells {
    char text[COLUMNS][64];
};

static struct pg_result *query(struct state *s, struct error *err)
{
    return pg_queryf(
        s->pg, err,
        "SELECT t.name, coalesce(c.read, 0), coalesce(r.skipped, 0), coalesce(r.rejected, 0),"
        " t.seconds FROM %s.run_stage t LEFT JOIN (SELECT stage, sum(read) AS read FROM %s.chunk"
        " WHERE run = %lld GROUP BY 1) c ON c.stage = t.name LEFT JOIN (SELECT stage, count(*)"
        " FILTER (WHERE outcome = %d) AS skipped, count(*) FILTER (WHERE outcome = %d) AS rejected"
        " FROM %s.reject WHERE run = %lld GROUP BY 1) r ON r.stage = t.name WHERE t.run = %lld "
        "ORDER"
        " BY t.no",
        s->q, s->q, (long long)s->run, MIG_SKIP, MIG_REJECT, s->q, (long long)s->run,
        (long long)s->run);
}

static void take(const struct pg_result *res, int row, struct cells *out)
{
    int64_t read = pg_get_int(res, row, 1), skipped = pg_get_int(res, row, 2),
            rejected = pg_get_int(res, row, 3);
    const int64_t counts[] = {read, read - skipped - rejected, skipped, rejected};
    const char *seconds = pg_get(res, row, 4);
    snprintf(out->text[NAME], sizeof out->text[NAME], "%s", pg_get(res, row, 0));
    for (int i = 0; i < 4; i++)
        frame_count((uint64_t)counts[i], out->text[READ + i]);
    snprintf(out->text[SECONDS], sizeof out->text[SECONDS], "%.2f",
             seconds ? strtod(seconds, NULL) : 0.0);
}

static void as_table(const struct cells *rows, int n, const int *widths, struct str *out)
{
    for (int i = 0; i < n; i++) {
        str_printf(out, "%-*s", widths[NAME], rows[i].text[NAME]);
        for (int c = READ; c < COLUMNS; c++)
            str_printf(out, "  %*s", widths[c], rows[i].text[c]);
        str_add_char(out, '\n');
    }
}

static void as_lines(const struct cells *rows, int n, struct str *out)
{
    for (int i = 1; i < n; i++)
        str_printf(out, "%s: %s read in %s s\n  %s migrated, %s skipped, %s rejected\n",
                   rows[i].text[NAME], rows[i].text[READ], rows[i].text[SECONDS],
                   rows[i].text[MIGRATED], rows[i].text[SKIPPED], rows[i].text[REJECTED]);
}

int endtable_make(struct state *s, int columns, struct str *out, struct error *err)
{
    if (pg_begin(s->pg, "READ ONLY", err))
        return err->code;
    struct pg_result *res = query(s, err);
    int n = res ? pg_rows(res) + 1 : 1, widths[COLUMNS] = {0}, sum = 2 * (COLUMNS - 1);
    struct cells *rows = arena_heap(NULL, (size_t)n * sizeof *rows);
    for (int i = 0; i < n; i++) {
        if (i)
            take(res, i - 1, &rows[i]);
        for (int c = 0; c < COLUMNS; c++) {
            if (!i)
                snprintf(rows[i].text[c], sizeof rows[i].text[c], "%s", titles[c]);
            int width = (int)strlen(rows[i].text[c]);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    for (int c = 0; c < COLUMNS; c++)
        sum += widths[c];
    if (n > 1 && sum <= columns)
        as_table(rows, n, widths, out);
    else
        as_lines(rows, n, out);
    free(rows);
    pg_free(res);
    pg_rollback(s->pg);
    return err->code;
}
