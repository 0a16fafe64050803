/* keyorder.c - source keys in ascending order, so that made keys need no search for duplicates.
 * Nothing is taken from what the source says of its keys: the numbers themselves are compared. */
#include "keyorder.h"

#include <stdio.h>
#include <string.h>

#include "sql.h"

#define DIGITS_MOST 18 /* fits an int64, with one to spare for the range's open end */

/* Two spellings of one number would be two keys: only the shortest is taken. */
static int read_number(const char *text, size_t n, int64_t *out)
{
    int64_t value = 0;
    if (!n || n > DIGITS_MOST || (text[0] == '0' && n > 1))
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return 0;
}

void keyorder_key(struct keyorder *o, const char *key, size_t n)
{
    int64_t number;
    if (o->broken)
        return;
    if (read_number(key, n, &number) || (o->any && number <= o->high)) {
        o->broken = 1;
        return;
    }
    if (!o->any)
        o->low = number;
    o->high = number;
    o->any = 1;
}

void keyorder_row(struct keyorder *o, uint32_t record, int is_own)
{
    if (!is_own || o->last == record)
        o->broken = 1;
    o->last = record;
}

void keyorder_sql(const struct keyorder *o, char out[64])
{
    if (o->broken)
        snprintf(out, 64, "NULL");
    else if (!o->any)
        snprintf(out, 64, "'empty'");
    else
        snprintf(out, 64, "'[%lld,%lld]'", (long long)o->low, (long long)o->high);
}

/* Is the key the one that `own key` is said of, made so that other numbers give other keys, and
 * left as it was made? */
static int is_made(const struct job *job, const struct job_table *t, const struct catalog_key *k)
{
    const struct job_stage *st = &job->stages[t->stages[0]];
    return t->n_stages == 1 && k == t->match && !t->also && k->n == 1 && st->p->ids == ID_UUID5 &&
           &job->tables[st->tables[0]] == t;
}

int keyorder_proves(struct state *s, const struct job *job, const struct job_table *t,
                    const struct catalog_key *k, struct error *err)
{
    struct str sql;
    if (!t->n_stages || !is_made(job, t, k))
        return 0;
    str_init(&sql, 0);
    str_printf(&sql,
               "SELECT count(*) FILTER (WHERE keys IS NULL OR lower(keys) < above) FROM (SELECT"
               " keys, max(upper(keys)) OVER (ORDER BY keys ROWS BETWEEN UNBOUNDED PRECEDING AND"
               " 1 PRECEDING) AS above FROM %s.chunk WHERE run = %lld AND stage = ",
               s->q, (long long)s->run);
    sql_literal(&sql, job->stages[t->stages[0]].p->name);
    str_add(&sql, ") c");
    int64_t out_of_order = pg_count(s->pg, &sql, err);
    return err->code ? -err->code : out_of_order == 0;
}
