/*
 * counts.c - the sections of summary.txt that are tables of numbers: records by stage, rows by
 * table, each with its sum.
 */
#include <stdio.h>

#include "../common/plural.h"
#include "summary.h"
#include "view.h"

/* Rounded down, so that 100.0 % is said of all only. */
static void rate(char *out, size_t size, int64_t part, int64_t whole)
{
    int permille = whole > 0 ? (int)(part * 1000 / whole) : 0;
    if (whole > 0)
        snprintf(out, size, "%d.%d %%", permille / 10, permille % 10);
    else
        snprintf(out, size, "-");
}

static void records_line(struct out *o, const char *name, const struct view_records *n)
{
    char migrated[32];
    rate(migrated, sizeof migrated, n->migrated, n->read);
    out_plain(o, name, 24);
    out_format(o, "%10lld %10lld %8s %10lld %10lld %10lld", (long long)n->read,
               (long long)n->migrated, migrated, (long long)n->skipped, (long long)n->rejected,
               (long long)(n->read - n->migrated));
}

/* What the source has no longer; and where a stage did not begin at its beginning. */
static void changes_lines(struct out *o, const json_t *stage)
{
    const json_t *records = json_object_get(stage, "records");
    int64_t vanished = view_count(records, "vanished");
    if (*view_text(records, "since")) {
        out_plain(o, view_text(stage, "name"), 24);
        out_text(o, "incremental: records from ");
        out_plain(o, view_text(records, "since"), 0);
        out_text(o, " on\n");
    }
    if (vanished) {
        out_plain(o, view_text(stage, "name"), 24);
        out_format(o, "%lld %s that earlier runs published are no longer in the source\n",
                   (long long)vanished, plural(vanished, "record", "records"));
    }
}

void summary_stages(struct out *o, const json_t *root)
{
    struct view_records all = {0};
    size_t i;
    json_t *stage;
    out_heading(o, "Records by stage");
    out_format(o, "%-24s%10s %10s %8s %10s %10s %10s %10s  %s\n", "stage", "total", "migrated",
               "rate", "skipped", "rejected", "remaining", "seconds", "status");
    json_array_foreach(json_object_get(root, "stages"), i, stage)
    {
        struct view_records own = {0};
        view_add_records(stage, &own);
        view_add_records(stage, &all);
        records_line(o, view_text(stage, "name"), &own);
        out_format(o, " %10.3f  ", view_seconds(stage, "seconds"));
        out_plain(o, view_text(stage, "status"), 0);
        out_text(o, "\n");
    }
    records_line(o, "all", &all);
    out_text(o, "\n");
    json_array_foreach(json_object_get(root, "stages"), i, stage) changes_lines(o, stage);
}

static void rows_line(struct out *o, const char *stage, const char *table,
                      const struct view_rows *n)
{
    out_plain(o, stage, 24);
    out_plain(o, table, 32);
    out_format(o, "%10lld %10lld %10lld %10lld %10lld %10lld\n", (long long)n->staged,
               (long long)n->inserted, (long long)n->updated, (long long)n->unchanged,
               (long long)n->left, (long long)n->deleted);
}

void summary_tables(struct out *o, const json_t *root)
{
    struct view_rows all = {0};
    size_t i;
    json_t *stage, *table;
    const char *name;
    out_heading(o, "Rows by table");
    out_format(o, "%-24s%-32s%10s %10s %10s %10s %10s %10s\n", "stage", "table", "staged",
               "inserted", "updated", "unchanged", "left out", "deleted");
    json_array_foreach(json_object_get(root, "stages"), i, stage)
        json_object_foreach(json_object_get(stage, "tables"), name, table)
    {
        struct view_rows own = {0};
        view_add_rows(table, &own);
        view_add_rows(table, &all);
        rows_line(o, view_text(stage, "name"), name, &own);
    }
    rows_line(o, "all", "", &all);
}
