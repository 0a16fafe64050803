/*
 * only.c - reading few rows of a table by their keys.
 *
 * The keys are compared as the column's own type, by its unique index. They may be of an earlier
 * day, when the column had another type: a text that the type would refuse ends the attempt, and
 * all rows are read.
 */
#include "only.h"

#include <stdlib.h>
#include <string.h>

#include "common/say.h"

#define OID_TEXT 25
#define OID_VARCHAR 1043
#define OID_UUID 2950

/* The type of the key when it alone is unique in one table, of the types whose text is known here.
 */
static const char type_sql[] =
    "SELECT a.atttypid FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_attribute a "
    "ON "
    "a.attrelid = c.oid AND a.attnum = x.indkey[0] WHERE c.oid = $1::regclass AND (c.relkind = 'p' "
    "OR c.relkind = 'r' AND NOT c.relhassubclass) AND x.indisunique AND x.indisvalid AND x.indpred "
    "IS NULL AND x.indnkeyatts = 1 AND a.attname = $2 AND a.atttypid IN (20, 21, 23, 25, 1043, "
    "2950) LIMIT 1";

/* 0: not of these types, or not unique. */
static int32_t key_type(struct session *s, const struct relation_places *places,
                        const struct only_wish *wish, unsigned *type)
{
    struct buf table;
    char subject[SESSION_SUBJECT];
    double rows;
    PGresult *r;
    buf_init(&table, RELATION_MAX);
    session_name(subject, wish->entity);
    *type = 0;
    int32_t status = relation_find(s, places, wish->entity, &table, &rows);
    if (status == MIG_OK && buf_add_char(&table, '\0'))
        status = say_fail(s->host, MIG_E_NOMEM, NULL, "no memory for a name");
    const char *params[] = {table.data, wish->key};
    if (status == MIG_OK)
        status = session_query(s, subject, type_sql, 2, params, &r);
    if (status == MIG_OK) {
        *type = PQntuples(r) ? (unsigned)strtoul(PQgetvalue(r, 0, 0), NULL, 10) : 0;
        PQclear(r);
    }
    buf_clear(&table);
    return status;
}

/* As the server writes values of the type. */
static int is_text_of(unsigned type, const mig_str_t *key)
{
    const char *digits = "0123456789";
    size_t most = 9, from = key->len && key->data[0] == '-';
    if (type == OID_TEXT || type == OID_VARCHAR)
        return !memchr(key->data, '\0', key->len);
    if (type == OID_UUID) {
        digits = "0123456789abcdef-";
        most = 36;
        from = 0;
        if (key->len != 36)
            return 0;
    } else if (type == 20) {
        most = 18;
    } else if (type == 21) {
        most = 4;
    }
    for (size_t i = from; i < key->len; i++)
        if (!key->data[i] || !strchr(digits, key->data[i]))
            return 0;
    return key->len > from && key->len - from <= most;
}

static int add_key(struct buf *array, const mig_str_t *key)
{
    int failed = buf_add_char(array, '"');
    for (size_t i = 0; i < key->len && !failed; i++)
        failed = ((key->data[i] == '"' || key->data[i] == '\\') && buf_add_char(array, '\\')) ||
                 buf_add_char(array, key->data[i]);
    return failed || buf_add_char(array, '"');
}

int32_t only_keys(struct session *s, const struct relation_places *places,
                  const struct only_wish *wish, struct buf *array)
{
    unsigned type = 0;
    if (!wish->key || queries_find(&places->queries, wish->entity))
        return MIG_END;
    int32_t status = key_type(s, places, wish, &type);
    if (status != MIG_OK || !type)
        return status == MIG_OK ? MIG_END : status;
    int failed = buf_add_char(array, '{');
    for (uint32_t i = 0; i < wish->n && !failed; i++) {
        if (!is_text_of(type, &wish->keys[i]))
            return MIG_END;
        failed = (i && buf_add_char(array, ',')) || add_key(array, &wish->keys[i]);
    }
    return failed || buf_add(array, "}", 2) ? MIG_END : MIG_OK;
}
