/* rollbackinfo.c - writes and reads rollback_info.json. What the undo needs of rows is in the
 * target; here is what finds it. */
#include "rollbackinfo.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* null: its fingerprint was not taken, since the run wrote nothing. */
static json_t *rows_and_digest(const struct pg_result *res, int row, int column)
{
    if (!pg_get(res, row, column))
        return json_null();
    return json_pack("{s:I, s:s}", "rows", (json_int_t)pg_get_int(res, row, column), "digest",
                     pg_get(res, row, column + 1));
}

static json_t *rollback_tables(struct state *s, json_t **backup, struct error *err)
{
    struct pg_result *res =
        pg_begin(s->pg, "READ ONLY", err)
            ? NULL
            : pg_queryf(
                  s->pg, err,
                  "SELECT t.schema_name || '.' || t.table_name, policy, inserted, updated, deleted,"
                  " b.rows, b.sum, a.rows, a.sum, coalesce(r.backup, '') FROM %s.run_table t JOIN"
                  " %s.run r ON r.id = t.run LEFT JOIN %s.fingerprint b ON b.run = t.run AND"
                  " b.phase = 'before' AND b.schema_name = t.schema_name AND b.table_name ="
                  " t.table_name LEFT JOIN %s.fingerprint a ON a.run = t.run AND a.phase = 'after'"
                  " AND a.schema_name = t.schema_name AND a.table_name = t.table_name WHERE t.run ="
                  " %lld ORDER BY t.no",
                  s->q, s->q, s->q, s->q, (long long)s->run);
    json_t *tables = json_array();
    *backup = json_string(res && pg_rows(res) ? pg_get(res, 0, 9) : "");
    for (int i = 0; res && i < pg_rows(res); i++)
        json_array_append_new(tables, json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o}", "table",
                                                pg_get(res, i, 0), "policy", pg_get(res, i, 1),
                                                "inserted", (json_int_t)pg_get_int(res, i, 2),
                                                "updated", (json_int_t)pg_get_int(res, i, 3),
                                                "deleted", (json_int_t)pg_get_int(res, i, 4),
                                                "before", rows_and_digest(res, i, 5), "after",
                                                rows_and_digest(res, i, 7)));
    pg_free(res);
    pg_rollback(s->pg);
    return tables;
}

int rollbackinfo_write(struct outdir *dir, struct state *s, const struct job *job,
                       struct error *err)
{
    struct pg_where where;
    json_t *backup, *tables = rollback_tables(s, &backup, err);
    pg_where(s->pg, &where);
    json_t *root = json_pack("{s:I, s:s, s:s, s:s, s:s, s:b, s:o, s:o}", "run", (json_int_t)s->run,
                             "project", job->project->name, "started", s->started, "database",
                             where.dbname, "state_schema", s->schema, "production",
                             job->project->target.production, "backup", backup, "tables", tables);
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    int code = err->code;
    if (!code)
        code = text ? outdir_put(dir, "rollback_info.json", text, strlen(text), err)
                    : error_set(err, STATUS_BUG, "rollback_info.json cannot be made");
    free(text);
    return code;
}

static int text_of(const json_t *root, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(root, name));
    return text && (size_t)snprintf(out, size, "%s", text) < size && *out;
}

int rollbackinfo_read(const char *path, struct rollbackinfo *out, struct error *err)
{
    json_error_t where;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    out->run = (int64_t)json_integer_value(json_object_get(root, "run"));
    out->production = json_is_true(json_object_get(root, "production"));
    int ok = out->run > 0 && text_of(root, "started", out->started, sizeof out->started) &&
             text_of(root, "project", out->project, sizeof out->project) &&
             text_of(root, "state_schema", out->state_schema, sizeof out->state_schema);
    json_decref(root);
    if (ok)
        return 0;
    error_set(err, STATUS_USAGE, "%s is no rollback_info.json of a bundle", path);
    error_fix(err, "name the file of that name in the run's bundle, or the run's number");
    return STATUS_USAGE;
}

struct project *rollbackinfo_project(const struct rollbackinfo *info,
                                     const struct project_overrides *overrides,
                                     struct faults *faults)
{
    char here[4096], path[sizeof here + sizeof "/project.json"];
    json_t *root = json_pack("{s:s, s:{s:s, s:o*}, s:{}, s:[]}", "name", info->project, "target",
                             "state_schema", info->state_schema, "production",
                             info->production ? json_true() : NULL, "sources", "stages");
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    snprintf(path, sizeof path, "%s/project.json", getcwd(here, sizeof here) ? here : "");
    struct project *p = text ? project_parse(text, strlen(text), path, overrides, faults) : NULL;
    free(text);
    return p;
}
