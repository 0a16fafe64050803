/* rematch.c - live rows that others changed since check, under publish's lock. An application that
 * never rests changes some in each moment: to check all anew for these few would find others. What
 * check decides of one row from its live row alone is decided again here, by check's own
 * statements over views of these rows. What could refuse a record, and what is not there any more,
 * is left to check. */
#include "rematch.h"

#include <stdio.h>

#include "absent.h"
#include "log.h"
#include "match.h"
#include "merge.h"
#include "owner.h"
#include "rewrite.h"
#include "sql.h"

static int unsettled(const struct job_table *t, const char *what, struct error *err)
{
    error_set(err, STATUS_DRIFT, "%s.%s: %s since check", t->t->schema, t->t->name, what);
    error_fix(err, "run again when fewer writers are active");
    return STATUS_DRIFT;
}

static void name_part(const struct state *s, const struct job_table *t, const char *kind,
                      char out[JOB_NAME_SIZE])
{
    char raw[64];
    struct str name;
    str_init(&name, 0);
    snprintf(raw, sizeof raw, "again_%s_%lld_%zu", kind, (long long)s->run, t->no);
    sql_table(&name, s->schema, raw);
    snprintf(out, JOB_NAME_SIZE, "%s", name.data);
    str_clear(&name);
}

/* The rows, as a table of their ids; `part` is the job's table over them. */
static int make_part(struct state *s, const struct job_table *t, struct job_table *part,
                     char ids[JOB_NAME_SIZE], int64_t *n, struct error *err)
{
    *part = *t;
    name_part(s, t, "ids", ids);
    name_part(s, t, "staging", part->staging);
    name_part(s, t, "match", part->match_table);
    /* By the key that the staged row has by now, which was its live row's. */
    part->also = NULL;
    part->has_rest = 0;
    struct pg_result *res =
        pg_queryf(s->pg, err,
                  "CREATE TABLE %s AS SELECT m._mig_id FROM %s m LEFT JOIN %s l ON %s = m._mig_at"
                  " WHERE l.xmin IS NULL OR l.xmin <> m._mig_xmin",
                  ids, t->match_table, t->t->quoted, match_at(t));
    if (!res)
        return err->code;
    *n = pg_affected(res);
    pg_free(res);
    return pg_execf(s->pg, err,
                    "CREATE VIEW %s AS SELECT * FROM %s WHERE _mig_id IN (SELECT _mig_id FROM %s);"
                    " CREATE VIEW %s AS SELECT * FROM %s WHERE _mig_id IN (SELECT _mig_id FROM %s)",
                    part->staging, t->staging, ids, part->match_table, t->match_table, ids);
}

static int count(struct state *s, struct str *sql, int64_t *n, struct error *err)
{
    *n = pg_count(s->pg, sql, err);
    return err->code;
}

/* A row that was made again has another key of its own; what refers to it has the one before. */
static int same_keys(struct state *s, const struct job_table *part, struct error *err)
{
    struct str sql;
    int64_t n;
    if (!rewrite_adopts(part))
        return 0;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT count(*) FROM %s m JOIN %s s USING (_mig_id) JOIN %s l ON %s = m._mig_at"
               " WHERE s._mig_state = 0 AND NOT (",
               part->match_table, part->staging, part->t->quoted, match_at(part));
    match_condition(&part->t->keys[0], "s", "l", &sql);
    str_add_char(&sql, ')');
    int code = count(s, &sql, &n, err);
    return code || !n ? code : unsettled(part, "matched rows were made again", err);
}

static int not_theirs(struct state *s, const struct job *job, const struct job_table *part,
                      struct error *err)
{
    struct str sql;
    int64_t n;
    if (!owner_is_judged(part))
        return 0;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT count(*) FROM %s m JOIN %s s USING (_mig_id) WHERE s._mig_state = 0 AND"
               " m._mig_at IN (SELECT o.at FROM ",
               part->match_table, part->staging);
    owner_theirs(s, job, part, &sql);
    str_add(&sql, " o)");
    int code = count(s, &sql, &n, err);
    return code || !n ? code : unsettled(part, "matched rows became the target's own", err);
}

/* Each accepted row has its live row still, and the target's own is none of them. */
static int look(struct state *s, const struct job *job, const struct job_table *part,
                struct error *err)
{
    struct str sql;
    int64_t gone;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT count(*) FROM %s s WHERE s._mig_state = 0 AND NOT EXISTS (SELECT FROM %s m"
               " WHERE m._mig_id = s._mig_id)",
               part->staging, part->match_table);
    int code = count(s, &sql, &gone, err);
    if (!code && gone)
        code = unsettled(part, "matched rows were deleted, or got another key", err);
    if (!code)
        code = same_keys(s, part, err);
    return code ? code : not_theirs(s, job, part, err);
}

static int settle(struct state *s, const struct job *job, struct job_table *part, struct error *err)
{
    int changed = 0;
    int code = merge_undo(s, part, err);
    if (!code)
        code = match_refill(s, part, err);
    if (!code)
        code = look(s, job, part, err);
    if (!code)
        code = absent_resolve(s, part, &changed, err);
    if (!code)
        code = merge_again(s, part, &changed, err);
    return code || !changed ? code : match_same(s, part, err);
}

int rematch_rows(struct state *s, const struct job *job, struct job_table *t, struct error *err)
{
    struct job_table part;
    char ids[JOB_NAME_SIZE];
    int64_t n = 0;
    if (t->has_delta || !t->match || !match_overwrites(t) || !merge_can_again(t))
        return STATUS_DRIFT;
    error_clear(err);
    int code = make_part(s, t, &part, ids, &n, err);
    if (!code && n)
        code = settle(s, job, &part, err);
    if (!code)
        code = pg_execf(s->pg, err, "DROP VIEW %s, %s; DROP TABLE %s", part.staging,
                        part.match_table, ids);
    if (!code && t->has_rest)
        code = match_same(s, t, err);
    t->seen.xmin[0] = '\0';
    if (code || !n)
        return code;
    log_write(LOG_INFO, "%s.%s: %lld rows that others changed since check, matched anew",
              t->t->schema, t->t->name, (long long)n);
    return state_event(s, err, "%lld rows of %s.%s, changed since check, matched anew",
                       (long long)n, t->t->schema, t->t->name);
}
