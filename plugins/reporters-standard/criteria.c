/*
 * criteria.c - the criteria of success, each worked out from the report's own numbers, none
 * taken from its verdict.
 */
#include "criteria.h"

#include <string.h>

#include "view.h"

static enum criteria_answer records_accounted(const json_t *root)
{
    size_t i;
    json_t *stage;
    json_array_foreach(json_object_get(root, "stages"), i, stage)
    {
        struct view_records n = {0};
        view_add_records(stage, &n);
        if (n.read != n.migrated + n.skipped + n.rejected)
            return CRITERIA_NO;
    }
    return CRITERIA_YES;
}

static enum criteria_answer rows_accounted(const json_t *root)
{
    size_t i;
    json_t *stage, *table;
    const char *name;
    if (!view_is_published(root))
        return CRITERIA_OPEN;
    json_array_foreach(json_object_get(root, "stages"), i, stage)
        json_object_foreach(json_object_get(stage, "tables"), name, table)
    {
        struct view_rows n = {0};
        view_add_rows(table, &n);
        if (n.staged != n.inserted + n.updated + n.unchanged + n.left)
            return CRITERIA_NO;
    }
    return CRITERIA_YES;
}

static enum criteria_answer checks_passed(const json_t *root)
{
    size_t i;
    json_t *check;
    enum criteria_answer answer = CRITERIA_OPEN;
    json_array_foreach(json_object_get(root, "checks"), i, check)
    {
        if (strcmp(view_text(check, "status"), "failed") == 0)
            return CRITERIA_NO;
        if (strcmp(view_text(check, "status"), "skipped") != 0)
            answer = CRITERIA_YES;
    }
    return answer;
}

static enum criteria_answer live_equals_staging(const json_t *root)
{
    const json_t *verify = json_object_get(root, "verify");
    if (!view_is_published(root) || !json_is_object(verify))
        return CRITERIA_OPEN;
    return view_count(verify, "differences") == 0 ? CRITERIA_YES : CRITERIA_NO;
}

static enum criteria_answer fault_undone(const json_t *root)
{
    const json_t *undo = json_object_get(root, "undo");
    if (!json_is_object(undo))
        return CRITERIA_OPEN;
    return strcmp(view_text(undo, "status"), "done") == 0 ? CRITERIA_YES : CRITERIA_NO;
}

/* 0: done, all accounted; 20: published, with rejects within the budget. */
static enum criteria_answer verdict_agrees(const json_t *root)
{
    int64_t code = view_count(json_object_get(root, "run"), "exit_code");
    return view_true(root, "success") == (code == 0 || code == 20) ? CRITERIA_YES : CRITERIA_NO;
}

static const struct {
    const char *text;
    enum criteria_answer (*ask)(const json_t *root);
} criteria[] = {
    {"every record read is migrated, skipped or rejected", records_accounted},
    {"every staged row is inserted, updated, unchanged or left out", rows_accounted},
    {"no check failed", checks_passed},
    {"live rows equal staged rows in every field", live_equals_staging},
    {"a run that was found wrong is taken back", fault_undone},
    {"the verdict agrees with the exit code", verdict_agrees},
};

const char *criteria_text(size_t i)
{
    return i < sizeof criteria / sizeof *criteria ? criteria[i].text : NULL;
}

enum criteria_answer criteria_ask(size_t i, const json_t *root)
{
    return criteria[i].ask(root);
}

const char *criteria_word(enum criteria_answer answer)
{
    static const char *const words[] = {"not met", "met", "not evaluated"};
    return words[answer];
}
