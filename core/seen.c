/* seen.c - one look at the whole live table, where most of its rows will be met anyway: a number,
 * and the oldest transaction that the look may have missed. Where the live rows are many more than
 * the staged ones, nothing is kept, and publish looks each matched row up. */
#include "seen.h"

#include <stdio.h>

#define SEEN_SHARE 4 /* live rows for each staged one, at most */

int seen_take(struct state *s, struct job_table *t, struct error *err)
{
    const char *const params[] = {t->staging};
    char sql[200];
    t->seen.xmin[0] = '\0';
    if (t->t->many_files)
        return 0;
    snprintf(
        sql, sizeof sql,
        "SELECT l.reltuples > 0 AND l.reltuples <= %d * s.reltuples FROM pg_class l, pg_class s"
        " WHERE l.oid = %u AND s.oid = to_regclass($1)",
        SEEN_SHARE, t->t->oid);
    struct pg_result *res = pg_query(s->pg, err, sql, 1, params);
    int due = res && pg_rows(res) && pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    if (!due)
        return err->code;
    res = pg_queryf(s->pg, err,
                    "SELECT count(*), pg_snapshot_xmin(pg_current_snapshot())::xid,"
                    " pg_relation_filenode(%u) FROM %s",
                    t->t->oid, t->t->quoted);
    if (!res)
        return err->code;
    t->seen.rows = pg_get_int(res, 0, 0);
    snprintf(t->seen.xmin, sizeof t->seen.xmin, "%s", pg_get(res, 0, 1));
    snprintf(t->seen.file, sizeof t->seen.file, "%s", pg_get(res, 0, 2));
    pg_free(res);
    return 0;
}

int seen_untouched(struct state *s, const struct job_table *t, int *untouched, struct error *err)
{
    *untouched = 0;
    if (!t->seen.xmin[0])
        return 0;
    /* No row is of a transaction that check may not have seen whole, none is missing, and all are
     * where they were (VACUUM FULL moves them). */
    struct pg_result *res = pg_queryf(
        s->pg, err,
        "SELECT count(*) = %lld AND count(*) FILTER (WHERE age(l.xmin) <= age('%s'::xid)) = 0 AND"
        " pg_relation_filenode(%u) = %s FROM %s l",
        (long long)t->seen.rows, t->seen.xmin, t->t->oid, t->seen.file, t->t->quoted);
    if (!res)
        return err->code;
    *untouched = pg_get(res, 0, 0)[0] == 't';
    pg_free(res);
    return 0;
}
