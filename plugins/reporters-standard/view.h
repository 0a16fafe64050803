/* view.h - report.json as the other reporters read it. Members that are missing count as 0 or
 * "", because a run that ended early has less to say. */
#ifndef MIGHOST_REPORTERS_VIEW_H
#define MIGHOST_REPORTERS_VIEW_H

#include <jansson.h>
#include <mighost/plugin.h>

/* The report, owned by the caller; NULL with a status after host->fail(). */
int32_t view_load(const mig_host_t *host, const mig_report_t *report, json_t **root);

const char *view_text(const json_t *object, const char *name);
int64_t view_count(const json_t *object, const char *name);
/* In percent, rounded down, so that 100.0 is said of all only; 0 of nothing. */
double view_share(int64_t part, int64_t whole);
double view_seconds(const json_t *object, const char *name);
int view_true(const json_t *object, const char *name);
int view_is_published(const json_t *root);
int view_has_status(const json_t *root, const char *status);
int view_has_written(const json_t *root); /* published, be it taken back since */

/* Records of a stage, or of several added up. */
struct view_records {
    int64_t read, migrated, skipped, rejected;
};
void view_add_records(const json_t *stage, struct view_records *sum);

/* Rows of a table of a stage, or of several added up. */
struct view_rows {
    int64_t staged, inserted, updated, unchanged, left, deleted;
};
void view_add_rows(const json_t *table, struct view_rows *sum);

#endif
