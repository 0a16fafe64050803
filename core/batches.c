/* batches.c - how a run is cut into batches, and how far it is. In order: early deletions,
 * children first; the writes, parents first, each table by ranges of the numbers of its staged
 * rows; late deletions, children first. The ranges of a table hold all numbers, so that the
 * counts of its batches add up to those of the table. */
#include "batches.h"

#include <stdio.h>

#include "plural.h"
#include "remove.h"
#include "write.h"

static const char *const kinds[] = {"early", "write", "late"};

/* ---- what it rules out ----------------------------------------------------------------- */

static void refuse(struct faults *faults, const char *what, const char *fix)
{
    struct error err = {0};
    error_set(&err, STATUS_CONFIG, "\"publish\": \"batched\": %s", what);
    error_fix(&err, "%s", fix);
    faults_add(faults, &err);
}

static int refers_to_itself(const struct job_table *t)
{
    for (size_t i = 0; i < t->t->n_references; i++)
        if (t->t->references[i].parent_oid == t->t->oid)
            return 1;
    return 0;
}

static void plan_table(struct job *job, struct job_table *t, struct faults *faults)
{
    char what[400];
    for (size_t i = 0; i < t->n_references; i++) {
        if (!t->references[i].cycle || !t->references[i].key.declared)
            continue;
        snprintf(what, sizeof what, "foreign key %.100s of %.100s.%.100s is part of a cycle",
                 t->references[i].key.name, t->t->schema, t->t->name);
        refuse(faults, what, "publish in one transaction, or migrate the tables in two runs");
    }
    if (t->indexes == INDEXES_REBUILD) {
        snprintf(what, sizeof what,
                 "\"indexes\": \"rebuild\" of %.100s.%.100s needs one transaction", t->t->schema,
                 t->t->name);
        refuse(faults, what, "leave \"indexes\" out: batches keep all indexes and keys");
    }
    if (t->also || t->merge || t->own.theirs || t->own.n) {
        snprintf(what, sizeof what,
                 "\"also_match\", \"merge\" and \"ownership\" of %.100s.%.100s are settled for the"
                 " whole run at once",
                 t->t->schema, t->t->name);
        refuse(faults, what, "publish in one transaction, or leave them out");
    }
    t->indexes = INDEXES_KEEP;
    if (refers_to_itself(t))
        str_printf(&job->notes,
                   "publish: %s refers to itself and is one batch, whatever its number of rows\n",
                   t->t->quoted);
}

void batches_plan(struct job *job, struct faults *faults)
{
    if (job->project->publish != PUBLISH_BATCHED)
        return;
    str_printf(&job->notes,
               "publish: in batches of %lld %s, each a transaction of its own, not all at once: "
               "readers see part of the run until the last batch, and so does who stops it there; "
               "indexes and keys are kept; invariants are looked at in the last batch; what fails "
               "in a later one takes all back\n",
               (long long)job->project->publish_rows,
               plural(job->project->publish_rows, "row", "rows"));
    int hooks = 0;
    for (size_t i = 0; i < job->project->n_hooks; i++)
        hooks |= job->project->hooks[i].before || job->project->hooks[i].after;
    if (hooks)
        refuse(faults, "hooks belong to one publish transaction, of which there is none",
               "leave the hooks out and run their SQL before and after, or publish in one "
               "transaction");
    for (size_t i = 0; i < job->n_stages; i++)
        if (job->stages[i].p->ids == ID_SEQUENCE)
            refuse(faults, "\"ids\": \"sequence\" moves its numbers in one publish transaction",
                   "choose uuid5, keep or natural keys, or publish in one transaction");
    for (size_t i = 0; i < job->n_tables; i++)
        plan_table(job, &job->tables[i], faults);
}

/* ---- cut ------------------------------------------------------------------------------- */

/* Rows of one batch; all that there are where the table must not be cut. */
static int64_t batch_rows(const struct job *job, const struct job_table *t)
{
    return refers_to_itself(t) ? INT64_MAX : job->project->publish_rows;
}

static int cut_deletions(struct state *s, const struct job *job, enum batch_kind kind,
                         struct error *err)
{
    int code = 0;
    for (size_t i = job->n_tables; !code && i-- > 0;) {
        const struct job_table *t = &job->tables[i];
        if (t->policy != POLICY_REPLACE)
            continue;
        code = pg_execf(
            s->pg, err,
            "ALTER TABLE %s ADD COLUMN IF NOT EXISTS _mig_batch int; UPDATE %s d SET _mig_batch ="
            " x.no FROM (SELECT ctid AS at, (SELECT coalesce(max(no), 0) FROM %s.batch WHERE run ="
            " %lld) + 1 + (row_number() OVER (ORDER BY _mig_at) - 1) / %lld AS no FROM %s WHERE"
            " _mig_late = %s) x WHERE d.ctid = x.at; INSERT INTO %s.batch (run, no, table_no, kind)"
            " SELECT %lld, _mig_batch, %zu, '%s' FROM %s WHERE _mig_late = %s GROUP BY _mig_batch;"
            " CREATE INDEX IF NOT EXISTS delete_batch_%lld_%zu ON %s (_mig_batch); ANALYZE %s",
            t->delete_table, t->delete_table, s->q, (long long)s->run,
            (long long)batch_rows(job, t), t->delete_table, kind == BATCH_LATE ? "true" : "false",
            s->q, (long long)s->run, t->no, kinds[kind], t->delete_table,
            kind == BATCH_LATE ? "true" : "false", (long long)s->run, t->no, t->delete_table,
            t->delete_table);
    }
    return code;
}

/* Cut by the rows that are to be written; what is refused or the same already comes along. */
static int cut_writes(struct state *s, const struct job *job, const struct job_table *t,
                      struct error *err)
{
    return pg_execf(
        s->pg, err,
        "INSERT INTO %s.batch (run, no, table_no, kind, first_id, last_id) SELECT %lld, (SELECT"
        " coalesce(max(no), 0) FROM %s.batch WHERE run = %lld) + row_number() OVER w, %zu,"
        " 'write', coalesce(lag(last) OVER w + 1, %lld), CASE WHEN lead(last) OVER w IS NULL THEN"
        " %lld ELSE last END FROM (SELECT max(_mig_id) AS last FROM (SELECT _mig_id, (row_number()"
        " OVER (ORDER BY _mig_id) - 1) / %lld AS n FROM %s s WHERE _mig_state = 0 AND NOT EXISTS"
        " (SELECT FROM %s m WHERE m._mig_id = s._mig_id AND m._mig_same)) x GROUP BY n UNION ALL"
        " SELECT %lld WHERE NOT EXISTS (SELECT FROM %s s WHERE _mig_state = 0 AND NOT EXISTS"
        " (SELECT FROM %s m WHERE m._mig_id = s._mig_id AND m._mig_same))) y WINDOW w AS (ORDER BY"
        " last)",
        s->q, (long long)s->run, s->q, (long long)s->run, t->no, (long long)0, (long long)INT64_MAX,
        (long long)batch_rows(job, t), t->staging, t->match_table, (long long)INT64_MAX, t->staging,
        t->match_table);
}

/* The batch that a row is of is asked for by its number; what is done, by the last of these. */
static int prepare_table(struct state *s, const struct job_table *t, struct error *err)
{
    int code =
        pg_execf(s->pg, err, "CREATE INDEX IF NOT EXISTS staging_id_%lld_%zu ON %s (_mig_id)",
                 (long long)s->run, t->no, t->staging);
    if (!code)
        code = pg_execf(
            s->pg, err,
            "DROP VIEW IF EXISTS %s; CREATE VIEW %s AS SELECT * FROM %s WHERE _mig_id <= (SELECT"
            " max(last_id) FROM %s.batch WHERE run = %lld AND table_no = %zu AND kind = 'write' AND"
            " xid IS NOT NULL)",
            t->done, t->done, t->staging, s->q, (long long)s->run, t->no);
    return code ? code : write_before_images(s, t, IMAGES_NONE, err);
}

int batches_cut(struct state *s, struct job *job, struct error *err)
{
    int code = state_begin(s, err);
    if (!code)
        code = pg_execf(s->pg, err,
                        "DELETE FROM %s.batch WHERE run = %lld; UPDATE %s.run_table SET (inserted,"
                        " updated, unchanged, deleted, skipped, rejected, staged, was_empty) ="
                        " (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) WHERE run = %lld",
                        s->q, (long long)s->run, s->q, (long long)s->run);
    if (!code)
        code = remove_prepare(s, job, err);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = prepare_table(s, &job->tables[i], err);
    if (!code)
        code = cut_deletions(s, job, BATCH_EARLY, err);
    for (size_t i = 0; !code && i < job->n_tables; i++)
        code = cut_writes(s, job, &job->tables[i], err);
    if (!code)
        code = cut_deletions(s, job, BATCH_LATE, err);
    if (!code)
        return state_commit(s, err);
    pg_rollback(s->pg);
    return code;
}

/* ---- how far it is --------------------------------------------------------------------- */

int batches_next(struct state *s, const struct job *job, struct batch *out, struct error *err)
{
    *out = (struct batch){0};
    if (pg_begin(s->pg, "READ ONLY", err))
        return err->code;
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT b.no, b.table_no, b.kind, b.first_id, b.last_id, (SELECT count(*) FROM %s.batch"
        " WHERE run = b.run), NOT EXISTS (SELECT FROM %s.batch a WHERE a.run = b.run AND"
        " a.table_no = b.table_no AND a.kind = b.kind AND a.no < b.no) FROM %s.batch b WHERE b.run"
        " = %lld AND b.xid IS NULL ORDER BY b.no LIMIT 1",
        s->q, s->q, s->q, (long long)s->run);
    for (int i = 0; res && i < pg_rows(res); i++) {
        out->no = pg_get_int(res, i, 0);
        out->table = (size_t)pg_get_int(res, i, 1) - 1;
        while (!str_equal(kinds[out->kind], pg_get(res, i, 2)))
            out->kind++;
        out->first_id = pg_get_int(res, i, 3);
        out->last_id = pg_get_int(res, i, 4);
        out->n = pg_get_int(res, i, 5);
        out->first = pg_get(res, i, 6)[0] == 't';
    }
    pg_free(res);
    pg_rollback(s->pg);
    if (!err->code && out->no && out->table >= job->n_tables)
        error_set(err, STATUS_BUG, "batch %lld is of no table of the plan", (long long)out->no);
    return err->code;
}

int batches_same_plan(struct state *s, const struct job *job, struct error *err)
{
    if (pg_begin(s->pg, "READ ONLY", err))
        return err->code;
    struct pg_result *res = pg_queryf(
        s->pg, err, "SELECT plan_hash = '%s' AND catalog_hash = '%s' FROM %s.run WHERE id = %lld",
        job->hash, job->catalog.hash, s->q, (long long)s->run);
    int same = res && pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    pg_rollback(s->pg);
    if (err->code || same)
        return err->code;
    error_set(err, STATUS_DRIFT,
              "the plan or the target's tables changed since the first batches of run %lld",
              (long long)s->run);
    error_fix(err,
              "set back what was changed and repeat the same command, or take the batches back"
              " with --rollback %lld",
              (long long)s->run);
    return STATUS_DRIFT;
}

void batches_tell(struct state *s, char *out, size_t size)
{
    struct error err = {0};
    struct pg_result *res =
        pg_begin(s->pg, "READ ONLY", &err)
            ? NULL
            : pg_queryf(s->pg, &err, "SELECT count(xid), count(*) FROM %s.batch WHERE run = %lld",
                        s->q, (long long)s->run);
    if (res)
        snprintf(out, size,
                 "batches 1 to %s of %s are published, nothing of the rest: repeat the same command"
                 ", or --rollback %lld",
                 pg_get(res, 0, 0), pg_get(res, 0, 1), (long long)s->run);
    else
        snprintf(out, size,
                 "some batches are published, see --status: repeat the same command, or --rollback"
                 " %lld",
                 (long long)s->run);
    pg_free(res);
    pg_rollback(s->pg);
}
