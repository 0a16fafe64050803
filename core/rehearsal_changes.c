/* rehearsal_changes.c - before-images against live rows, and staged rows that met none. All of it
 * is worked out by the server. */
#include "rehearsal_changes.h"

#include <stdio.h>
#include <string.h>

#include "jsonfile.h"
#include "mask.h"
#include "sql.h"

#define SAMPLES 3
#define VALUE_MAX 60 /* characters of a value */

struct changes {
    struct state *s;
    const struct job *job;
    struct str *json, *text;
    struct error *err;
};

static int is_masked(const struct changes *c, const struct job_table *t)
{
    for (size_t i = 0; i < t->n_stages; i++)
        if (mask_has(c->job->project, c->job->stages[t->stages[i]].p->name))
            return 1;
    return 0;
}

/* By which a before-image finds its row; NULL: the table has no such key, nothing was updated. */
static const struct catalog_key *key_of(const struct job_table *t)
{
    for (size_t i = 0; i < t->t->n_keys; i++)
        if (t->t->keys[i].simple && t->t->keys[i].not_null)
            return &t->t->keys[i];
    return NULL;
}

static void join_rows(const struct job_table *t, const struct catalog_key *key, struct str *sql)
{
    str_printf(sql, " FROM %s b JOIN %s l ON true", t->before, t->t->quoted);
    for (size_t i = 0; i < key->n; i++) {
        str_add(sql, " AND l.");
        sql_ident(sql, key->columns[i]);
        str_add(sql, " = b.");
        sql_ident(sql, key->columns[i]);
    }
    str_add(sql, " WHERE b._mig_op = 'U'");
}

/* Changes by column, images compared: 1.0 is not 1.00. */
static int columns(struct changes *c, const struct job_table *t, const struct catalog_key *key)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT ");
    for (size_t i = 0; i < t->t->n_columns; i++) {
        str_add(&sql, i ? ", count(*) FILTER (WHERE NOT record_image_eq(ROW(b."
                        : "count(*) FILTER (WHERE NOT record_image_eq(ROW(b.");
        sql_ident(&sql, t->t->columns[i].name);
        str_add(&sql, "), ROW(l.");
        sql_ident(&sql, t->t->columns[i].name);
        str_add(&sql, ")))");
    }
    join_rows(t, key, &sql);
    struct pg_result *res = pg_query_str(c->s->pg, &sql, c->err);
    for (size_t i = 0, n = 0; res && i < t->t->n_columns; i++) {
        const char *count = pg_get(res, 0, (int)i);
        if (str_equal(count, "0"))
            continue;
        str_printf(c->text, "%s%s %s", n ? ", " : ": ", t->t->columns[i].name, count);
        str_add(c->json, n++ ? ", " : "");
        jsonfile_quote(c->json, t->t->columns[i].name);
        str_printf(c->json, ": %s", count);
    }
    pg_free(res);
    return res ? 0 : c->err->code;
}

/* A list of rows as JSON; `rows` gives one column x. */
static int sample(struct changes *c, const char *what, const char *rows)
{
    struct pg_result *res = pg_queryf(
        c->s->pg, c->err, "SELECT coalesce(json_agg(x), '[]') FROM (%s LIMIT %d) y", rows, SAMPLES);
    if (res)
        str_printf(c->json, ", \"%s\": %s", what, pg_get(res, 0, 0));
    pg_free(res);
    return res ? 0 : c->err->code;
}

#define VALUES(row)                                                                                \
    "(SELECT json_object_agg(key, left(value, %d)) FROM jsonb_each_text(to_jsonb(" row             \
    ")) WHERE left(key, 5) <> '_mig_')"

static int sample_inserted(struct changes *c, const struct job_table *t)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT " VALUES("s") " AS x FROM (SELECT s._mig_id", VALUE_MAX);
    for (size_t i = 0; i < t->n_columns; i++) {
        str_add(&sql, ", s.");
        sql_ident(&sql, t->columns[i]->name);
    }
    str_printf(
        &sql,
        " FROM %s s WHERE s._mig_state = 0 AND NOT EXISTS (SELECT FROM %s m WHERE m._mig_id ="
        " s._mig_id) ORDER BY s._mig_id LIMIT %d) s",
        t->staging, t->match_table, SAMPLES);
    int code = sample(c, "inserted_rows", sql.data);
    str_clear(&sql);
    return code;
}

/* Each column that changed, with its value before and after. */
static int sample_updated(struct changes *c, const struct job_table *t,
                          const struct catalog_key *key)
{
    struct str sql;
    str_init(&sql, 0);
    str_add(&sql, "SELECT json_build_object('key', json_build_array(");
    for (size_t i = 0; i < key->n; i++) {
        str_add(&sql, i ? ", b." : "b.");
        sql_ident(&sql, key->columns[i]);
    }
    str_printf(&sql,
               "), 'columns', (SELECT json_object_agg(o.key, json_build_array(left(o.value, %d),"
               " left(n.value, %d))) FROM jsonb_each_text(to_jsonb(b)) o JOIN jsonb_each_text("
               "to_jsonb(l)) n USING (key) WHERE o.value IS DISTINCT FROM n.value)) AS x",
               VALUE_MAX, VALUE_MAX);
    join_rows(t, key, &sql);
    int code = sample(c, "updated_rows", sql.data);
    str_clear(&sql);
    return code;
}

static int sample_deleted(struct changes *c, const struct job_table *t)
{
    struct str sql;
    str_init(&sql, 0);
    str_printf(&sql, "SELECT " VALUES("b") " AS x FROM %s b WHERE b._mig_op = 'D'", VALUE_MAX,
               t->before);
    int code = sample(c, "deleted_rows", sql.data);
    str_clear(&sql);
    return code;
}

static int table(struct changes *c, const struct job_table *t, const struct pg_result *res)
{
    const struct catalog_key *key = key_of(t);
    int masked = is_masked(c, t), code = 0;
    str_printf(c->text, "  %s.%s: %s inserted, %s updated, %s deleted", t->t->schema, t->t->name,
               pg_get(res, 0, 0), pg_get(res, 0, 1), pg_get(res, 0, 2));
    str_add(c->json, "{\"table\": ");
    char name[540];
    snprintf(name, sizeof name, "%s.%s", t->t->schema, t->t->name);
    jsonfile_quote(c->json, name);
    str_printf(c->json, ", \"inserted\": %s, \"updated\": %s, \"deleted\": %s, \"columns\": {",
               pg_get(res, 0, 0), pg_get(res, 0, 1), pg_get(res, 0, 2));
    if (key && pg_get_int(res, 0, 1))
        code = columns(c, t, key);
    str_printf(c->json, "}, \"masked\": %s", masked ? "true" : "false");
    if (!code && !masked)
        code = sample_inserted(c, t);
    if (!code && !masked && key)
        code = sample_updated(c, t, key);
    if (!code && !masked && pg_get_int(res, 0, 2))
        code = sample_deleted(c, t);
    str_add_char(c->json, '}');
    str_add_char(c->text, '\n');
    return code;
}

int rehearsal_changes(struct state *s, const struct job *job, struct str *json, struct str *text,
                      struct error *err)
{
    struct changes c = {s, job, json, text, err};
    int code = 0;
    str_add_char(json, '[');
    for (size_t i = 0; !code && i < job->n_tables; i++) {
        struct pg_result *res = pg_queryf(
            s->pg, err,
            "SELECT coalesce(inserted, 0), coalesce(updated, 0), coalesce(deleted, 0),"
            " to_regclass('%s') IS NOT NULL FROM %s.run_table WHERE run = %lld AND no = %zu",
            job->tables[i].before, s->q, (long long)s->run, job->tables[i].no);
        if (!res)
            return err->code;
        str_add(json, i ? ",\n  " : "\n  ");
        code = pg_rows(res) ? table(&c, &job->tables[i], res) : 0;
        pg_free(res);
    }
    str_add(json, "]");
    return code;
}
