/* exclude.c - staged rows that an exclusion constraint keeps apart. Unlike a shared key, to meet is
 * not transitive: a record that falls is in nobody's way. So those that meet another are gone
 * through in source order, each held against those that stay, by an index like the constraint's
 * own. */
#include "exclude.h"

#include <stdio.h>

#include "match.h"
#include "reject.h"
#include "sql.h"

struct search {
    struct state *s;
    const struct job_table *t;
    const struct catalog_key *k;
    /* Tables of all rows with their places, of those that meet another, of those that stay. */
    char all[200], meet[200], stay[200];
};

static int places(struct search *x, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "CREATE TABLE %s AS SELECT * FROM ", x->all);
    match_key_rows(x->k, "_mig_id, _mig_record, _mig_key", x->t->will_be, &sql);
    str_printf(&sql, " w; CREATE INDEX ON %s %s; ANALYZE %s", x->all, x->k->like, x->all);
    return pg_exec_str(x->s->pg, &sql, err);
}

static int meeting(struct search *x, int64_t *n, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "CREATE TABLE %s AS SELECT w.*, false AS falls, NULL::text AS winner FROM %s w WHERE"
               " EXISTS (SELECT FROM %s o WHERE o._mig_id <> w._mig_id AND ",
               x->meet, x->all, x->all);
    match_key_equal(x->k, "o", "w", &sql);
    str_add_char(&sql, ')');
    struct pg_result *res = pg_query_str(x->s->pg, &sql, err);
    *n = res ? pg_affected(res) : 0;
    pg_free(res);
    return err->code;
}

/* The server goes through them: a round trip a row would take longer than all the rest. */
static int one_by_one(struct search *x, struct error *err)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql,
               "CREATE TABLE %s (LIKE %s); CREATE INDEX ON %s %s; SET LOCAL enable_seqscan = off;"
               " DO $mig$ DECLARE w record; first text; BEGIN FOR w IN SELECT * FROM %s ORDER BY"
               " _mig_id LOOP SELECT o._mig_key INTO first FROM %s o WHERE ",
               x->stay, x->all, x->stay, x->k->like, x->meet, x->stay);
    match_key_equal(x->k, "o", "w", &sql);
    str_printf(
        &sql,
        " LIMIT 1; IF FOUND THEN UPDATE %s m SET falls = true, winner = first WHERE m._mig_id"
        " = w._mig_id; ELSE INSERT INTO %s SELECT a.* FROM %s a WHERE a._mig_id ="
        " w._mig_id; END IF; END LOOP; END $mig$; SET LOCAL enable_seqscan = on",
        x->meet, x->stay, x->all);
    return pg_exec_str(x->s->pg, &sql, err);
}

static int reject(struct search *x, struct error *err)
{
    struct str sql;
    char reason[300];
    str_init(&sql, 0);
    snprintf(reason, sizeof reason, "an earlier record of this run is in its way (constraint %s)",
             x->k->name);
    reject_head(x->s, x->t, MIG_REJECT, &sql);
    reject_for(&(struct reject_rule){NULL, "duplicate", reason, x->k->n == 1 ? *x->k->columns : 0},
               "w.winner", &sql);
    str_printf(&sql, "FROM %s w", x->meet);
    reject_join(x->s, &sql);
    str_add(&sql, " WHERE w.falls ORDER BY w._mig_record, w._mig_id ON CONFLICT DO NOTHING");
    int code = reject_run(x->s, &sql, err);
    return code ? code : pg_execf(x->s->pg, err, "DROP TABLE %s", x->stay);
}

static int within(struct search *x, struct error *err)
{
    int64_t n = 0;
    int code = places(x, err);
    if (!code)
        code = meeting(x, &n, err);
    if (!code && n)
        code = pg_execf(x->s->pg, err, "CREATE INDEX ON %s (_mig_id); CREATE INDEX ON %s (_mig_id)",
                        x->meet, x->all);
    if (!code && n)
        code = one_by_one(x, err);
    if (!code && n)
        code = reject(x, err);
    return code ? code : pg_execf(x->s->pg, err, "DROP TABLE %s, %s", x->all, x->meet);
}

int exclude_within(struct state *s, const struct job_table *t, struct error *err)
{
    struct search x = {.s = s, .t = t};
    int code = 0;
    snprintf(x.all, sizeof x.all, "%s.apart_%lld", s->q, (long long)s->run);
    snprintf(x.meet, sizeof x.meet, "%s.apart_meet_%lld", s->q, (long long)s->run);
    snprintf(x.stay, sizeof x.stay, "%s.apart_stay_%lld", s->q, (long long)s->run);
    for (size_t k = 0; !code && k < t->t->n_exclusions; k++) {
        x.k = &t->t->exclusions[k];
        code = within(&x, err);
    }
    return code;
}
