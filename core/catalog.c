/* catalog.c - reads the target's catalog for the tables that a run writes. Every name is
 * qualified, every expression is printed by the server under a pinned search_path, so that
 * it means the same in our statements. Writes nothing. */
#include "catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "sql.h"

struct reader {
    struct pg *pg;
    struct catalog *out;
    struct error *err;
};

static const char *keep(struct reader *r, const struct pg_result *res, int row, int column)
{
    return arena_strdup(r->out->mem, pg_get(res, row, column));
}

static int flag(const struct pg_result *res, int row, int column)
{
    const char *v = pg_get(res, row, column);
    return v && v[0] == 't';
}

static char letter(const struct pg_result *res, int row, int column)
{
    const char *v = pg_get(res, row, column);
    return v ? v[0] : 0;
}

/* Lists travel from the server as text joined by U+001F, which no name holds (sql_name_ok). */
static const char **split(struct reader *r, const char *text, size_t *n)
{
    size_t count = 1;
    for (const char *p = text; p && *p; p++)
        count += *p == '\x1f';
    const char **out = arena_alloc(r->out->mem, count * sizeof *out);
    *n = 0;
    for (const char *p = text; p;) {
        const char *end = strchr(p, '\x1f');
        size_t len = end ? (size_t)(end - p) : strlen(p);
        out[(*n)++] = arena_strndup(r->out->mem, p, len);
        p = end ? end + 1 : NULL;
    }
    return out;
}

/* Empty items of a list stand for NULL. */
static void nulls(const char **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!list[i][0])
            list[i] = NULL;
}

static int read_columns(struct reader *r, struct catalog_table *t)
{
    struct pg_result *res = pg_queryf(
        r->pg, r->err,
        "WITH RECURSIVE base(attnum, typ, typmod, nn, def, chk) AS ("
        " SELECT attnum, atttypid, atttypmod, attnotnull, pg_get_expr(adbin, adrelid),"
        "  NULL::text COLLATE \"C\" FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid"
        "  AND adnum = attnum"
        "  WHERE attrelid = %u AND attnum > 0 AND NOT attisdropped"
        " UNION ALL SELECT b.attnum, t.typbasetype,"
        "  CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE b.typmod END, b.nn OR t.typnotnull,"
        "  coalesce(b.def, pg_get_expr(t.typdefaultbin, 0)),"
        "  concat_ws(' AND ', nullif(b.chk, ''), (SELECT string_agg('(' || pg_get_expr(conbin, 0) "
        "|| ')',"
        "  ' AND ') FROM pg_constraint WHERE contypid = t.oid AND contype = 'c')) COLLATE \"C\""
        " FROM base b JOIN pg_type t ON t.oid = b.typ WHERE t.typtype = 'd')"
        " SELECT a.attname, a.attnum, b.typ, b.typmod,"
        "  CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END, t.typcategory,"
        "  (SELECT string_agg(enumlabel, E'\\x1f' ORDER BY enumsortorder) FROM pg_enum"
        "    WHERE enumtypid IN (t.oid, CASE WHEN t.typcategory = 'A' THEN t.typelem END)),"
        "  format_type(a.atttypid, a.atttypmod), format_type(b.typ, b.typmod), b.nn,"
        "  nullif(a.attidentity, ''), nullif(a.attgenerated, ''),"
        "  CASE WHEN a.attgenerated = '' THEN b.def END,"
        "  a.attidentity <> '' OR coalesce(b.def LIKE '%%nextval(%%', false), nullif(b.chk, ''),"
        "  CASE WHEN a.attgenerated <> '' THEN b.def END,"
        "  (SELECT format('%%I.%%I', sn.nspname, sc.relname) FROM pg_depend sd JOIN pg_class sc ON"
        "   sc.oid = sd.objid AND sc.relkind = 'S' JOIN pg_namespace sn ON sn.oid ="
        "   sc.relnamespace WHERE sd.classid = 'pg_class'::regclass AND sd.refclassid ="
        "   'pg_class'::regclass AND sd.refobjid = a.attrelid AND sd.refobjsubid = a.attnum AND"
        "   sd.deptype IN ('a', 'i') LIMIT 1)"
        " FROM pg_attribute a JOIN base b USING (attnum) JOIN pg_type t ON t.oid = b.typ"
        " WHERE a.attrelid = %u AND t.typtype <> 'd' ORDER BY a.attnum",
        t->oid, t->oid);
    if (!res)
        return r->err->code;
    t->n_columns = (size_t)pg_rows(res);
    t->columns = arena_alloc(r->out->mem, t->n_columns * sizeof *t->columns);
    for (int i = 0; i < (int)t->n_columns; i++) {
        struct catalog_column *c = &t->columns[i];
        c->name = keep(r, res, i, 0);
        c->attnum = (int)pg_get_int(res, i, 1);
        c->type.oid = (uint32_t)pg_get_int(res, i, 2);
        c->type.typmod = (int32_t)pg_get_int(res, i, 3);
        c->type.element = (uint32_t)pg_get_int(res, i, 4);
        c->type.category = letter(res, i, 5);
        if (pg_get(res, i, 6))
            c->type.labels = split(r, pg_get(res, i, 6), &c->type.n_labels);
        c->declared = keep(r, res, i, 7);
        c->base = keep(r, res, i, 8);
        c->not_null = flag(res, i, 9);
        c->identity = letter(res, i, 10);
        c->generated = letter(res, i, 11);
        c->fallback = keep(r, res, i, 12);
        c->fallback_moves = flag(res, i, 13);
        c->domain_check = keep(r, res, i, 14);
        c->computed = keep(r, res, i, 15);
        c->sequence = keep(r, res, i, 16);
    }
    pg_free(res);
    return 0;
}

/* Of an index: its parts, columns, operators and collations, as keep_keys() takes them. */
#define KEY_PARTS                                                                                  \
    " string_agg(pg_get_indexdef(i.indexrelid, k.n::int, true), E'\\x1f' ORDER BY k.n),"           \
    " string_agg(coalesce(a.attname, ''), E'\\x1f' ORDER BY k.n),"                                 \
    " string_agg('OPERATOR(' || quote_ident(ns.nspname) || '.' || o.oprname || ')', E'\\x1f'"      \
    "   ORDER BY k.n),"                                                                            \
    " string_agg(CASE WHEN i.indcollation[k.n - 1] <> 0 THEN quote_ident(cn.nspname) || '.' ||"    \
    "   quote_ident(co.collname) ELSE '' END, E'\\x1f' ORDER BY k.n),"

static struct catalog_key *keep_keys(struct reader *r, const struct pg_result *res, size_t *n)
{
    *n = (size_t)pg_rows(res);
    struct catalog_key *keys = arena_alloc(r->out->mem, *n * sizeof *keys);
    for (int i = 0; i < (int)*n; i++) {
        struct catalog_key *k = &keys[i];
        k->name = keep(r, res, i, 0);
        k->primary = flag(res, i, 1);
        k->immediate = flag(res, i, 2);
        k->simple = flag(res, i, 3);
        k->parts = split(r, pg_get(res, i, 4), &k->n);
        k->columns = split(r, pg_get(res, i, 5), &k->n);
        nulls(k->columns, k->n);
        k->operators = split(r, pg_get(res, i, 6), &k->n);
        k->collations = split(r, pg_get(res, i, 7), &k->n);
        nulls(k->collations, k->n);
        k->predicate = keep(r, res, i, 8);
        k->not_null = flag(res, i, 9);
        k->nulls_equal = flag(res, i, 10);
    }
    return keys;
}

static int read_keys(struct reader *r, struct catalog_table *t)
{
    struct pg_result *res = pg_queryf(
        r->pg, r->err,
        "SELECT c.relname, i.indisprimary, i.indimmediate, i.indexprs IS NULL AND i.indpred IS "
        "NULL," KEY_PARTS
        " pg_get_expr(i.indpred, i.indrelid), bool_and(coalesce(a.attnotnull, false)),"
        " %s"
        " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS k(n)"
        " LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n - 1]"
        "   AND a.attnum > 0"
        " JOIN pg_opclass oc ON oc.oid = i.indclass[k.n - 1]"
        " JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amoplefttype = oc.opcintype"
        "   AND ao.amoprighttype = oc.opcintype AND ao.amopstrategy = 3 AND ao.amoppurpose = 's'"
        " JOIN pg_operator o ON o.oid = ao.amopopr JOIN pg_namespace ns ON ns.oid = o.oprnamespace"
        " LEFT JOIN pg_collation co ON co.oid = i.indcollation[k.n - 1]"
        " LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace"
        " WHERE i.indrelid = %u AND i.indisunique AND i.indisvalid"
        " GROUP BY i.indexrelid, c.relname, i.indisprimary, i.indimmediate, i.indexprs IS NULL,"
        "   i.indpred IS NULL, i.indpred, i.indrelid%s"
        " ORDER BY i.indisprimary DESC, c.relname",
        pg_server_version(r->pg) >= 150000 ? "i.indnullsnotdistinct" : "false", t->oid,
        pg_server_version(r->pg) >= 150000 ? ", i.indnullsnotdistinct" : "");
    if (!res)
        return r->err->code;
    t->keys = keep_keys(r, res, &t->n_keys);
    pg_free(res);
    return 0;
}

static int read_exclusions(struct reader *r, struct catalog_table *t)
{
    struct pg_result *res = pg_queryf(
        r->pg, r->err,
        "SELECT x.conname, false, i.indimmediate, i.indexprs IS NULL AND i.indpred IS "
        "NULL," KEY_PARTS
        " pg_get_expr(i.indpred, i.indrelid), false, false, format('USING %%I (%%s)', m.amname, "
        "string_agg("
        "   format('k%%s %%I.%%I', k.n - 1, os.nspname, oc.opcname), ', ' ORDER BY k.n))"
        " FROM pg_constraint x JOIN pg_index i ON i.indexrelid = x.conindid JOIN pg_class c ON"
        " c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam"
        " CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS k(n)"
        " LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n - 1]"
        "   AND a.attnum > 0"
        " JOIN pg_opclass oc ON oc.oid = i.indclass[k.n - 1]"
        " JOIN pg_namespace os ON os.oid = oc.opcnamespace"
        " JOIN pg_operator o ON o.oid = x.conexclop[k.n]"
        " JOIN pg_namespace ns ON ns.oid = o.oprnamespace"
        " LEFT JOIN pg_collation co ON co.oid = i.indcollation[k.n - 1]"
        " LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace"
        " WHERE x.conrelid = %u AND x.contype = 'x' GROUP BY x.oid, x.conname, i.indimmediate,"
        " i.indexprs IS NULL, i.indpred IS NULL, i.indpred, i.indrelid, m.amname ORDER BY 1",
        t->oid);
    if (!res)
        return r->err->code;
    t->exclusions = keep_keys(r, res, &t->n_exclusions);
    for (size_t i = 0; i < t->n_exclusions; i++)
        t->exclusions[i].like = keep(r, res, (int)i, 11);
    pg_free(res);
    return 0;
}

/* Both directions at once; the caller sorts them by oid. */
static int read_references(struct reader *r, struct catalog_table *t)
{
    struct pg_result *res = pg_queryf(
        r->pg, r->err,
        "SELECT c.conname, c.conrelid, c.confrelid, cn.nspname, cc.relname, pn.nspname, pc.relname,"
        " string_agg(ca.attname, E'\\x1f' ORDER BY k.n),"
        " string_agg(pa.attname, E'\\x1f' ORDER BY k.n),"
        " string_agg('OPERATOR(' || quote_ident(ns.nspname) || '.' || o.oprname || ')', E'\\x1f'"
        "   ORDER BY k.n),"
        " c.condeferrable, c.confmatchtype = 'f', c.confdeltype, c.confupdtype,"
        " bool_and(NOT ca.attnotnull), c.convalidated"
        " FROM pg_constraint c"
        " JOIN pg_class cc ON cc.oid = c.conrelid JOIN pg_namespace cn ON cn.oid = cc.relnamespace"
        " JOIN pg_class pc ON pc.oid = c.confrelid JOIN pg_namespace pn ON pn.oid = pc.relnamespace"
        " CROSS JOIN LATERAL generate_subscripts(c.conkey, 1) AS k(n)"
        " JOIN pg_attribute ca ON ca.attrelid = c.conrelid AND ca.attnum = c.conkey[k.n]"
        " JOIN pg_attribute pa ON pa.attrelid = c.confrelid AND pa.attnum = c.confkey[k.n]"
        " JOIN pg_operator o ON o.oid = c.conpfeqop[k.n]"
        " JOIN pg_namespace ns ON ns.oid = o.oprnamespace"
        " WHERE c.contype = 'f' AND (c.conrelid = %u OR c.confrelid = %u) AND c.conparentid = 0"
        " GROUP BY c.oid, c.conname, c.conrelid, c.confrelid, cn.nspname, cc.relname, pn.nspname,"
        "   pc.relname, c.condeferrable, c.confmatchtype, c.confdeltype, c.confupdtype,"
        "   c.convalidated"
        " ORDER BY cn.nspname, cc.relname, c.conname",
        t->oid, t->oid);
    if (!res)
        return r->err->code;
    int n = pg_rows(res);
    t->references = arena_alloc(r->out->mem, (size_t)n * sizeof *t->references);
    t->incoming = arena_alloc(r->out->mem, (size_t)n * sizeof *t->incoming);
    for (int i = 0; i < n; i++) {
        struct catalog_reference f = {.declared = 1};
        f.name = keep(r, res, i, 0);
        f.child_oid = (uint32_t)pg_get_int(res, i, 1);
        f.parent_oid = (uint32_t)pg_get_int(res, i, 2);
        f.child_schema = keep(r, res, i, 3);
        f.child_table = keep(r, res, i, 4);
        f.parent_schema = keep(r, res, i, 5);
        f.parent_table = keep(r, res, i, 6);
        f.columns = split(r, pg_get(res, i, 7), &f.n);
        f.parent_columns = split(r, pg_get(res, i, 8), &f.n);
        f.operators = split(r, pg_get(res, i, 9), &f.n);
        f.deferrable = flag(res, i, 10);
        f.match_full = flag(res, i, 11);
        f.on_delete = letter(res, i, 12);
        f.on_update = letter(res, i, 13);
        f.nullable = flag(res, i, 14);
        f.validated = flag(res, i, 15);
        if (f.child_oid == t->oid)
            t->references[t->n_references++] = f;
        if (f.parent_oid == t->oid)
            t->incoming[t->n_incoming++] = f;
    }
    pg_free(res);
    return 0;
}

static int read_rest(struct reader *r, struct catalog_table *t)
{
    struct pg_result *res =
        pg_queryf(r->pg, r->err,
                  "SELECT n.nspname, s.relname, a.attname, pg_has_role(s.relowner, 'USAGE'),"
                  " has_sequence_privilege(s.oid, 'SELECT') AND has_sequence_privilege(s.oid,"
                  " 'UPDATE'), q.seqincrement < 0 FROM (SELECT objid, refobjsubid FROM pg_depend"
                  " WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass"
                  " AND refobjid = %u AND deptype IN ('a', 'i') UNION SELECT d.refobjid, e.adnum"
                  " FROM pg_attrdef e JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND"
                  " d.objid = e.oid AND d.refclassid = 'pg_class'::regclass WHERE e.adrelid = %u)"
                  " d JOIN pg_sequence q ON q.seqrelid = d.objid JOIN pg_class s ON s.oid = d.objid"
                  " JOIN pg_namespace n ON n.oid = s.relnamespace JOIN pg_attribute a ON a.attrelid"
                  " = %u AND a.attnum = d.refobjsubid ORDER BY 1, 2, 3",
                  t->oid, t->oid, t->oid);
    if (!res)
        return r->err->code;
    t->n_sequences = (size_t)pg_rows(res);
    t->sequences = arena_alloc(r->out->mem, t->n_sequences * sizeof *t->sequences);
    for (int i = 0; i < (int)t->n_sequences; i++)
        t->sequences[i] =
            (struct catalog_sequence){keep(r, res, i, 0), keep(r, res, i, 1), keep(r, res, i, 2),
                                      flag(res, i, 3),    flag(res, i, 4),    flag(res, i, 5)};
    pg_free(res);
    res = pg_queryf(
        r->pg, r->err,
        "SELECT conname, pg_get_expr(conbin, conrelid), CASE WHEN cardinality(conkey) = 1 THEN"
        " (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]) END"
        " FROM pg_constraint WHERE conrelid = %u AND contype = 'c' AND convalidated UNION ALL "
        "SELECT"
        " NULL, '(' || coalesce(string_agg(pg_get_partition_constraintdef(relid), ' OR '), 'false')"
        " || ') IS TRUE', NULL FROM pg_partition_tree(%u) WHERE isleaf AND relid <> %u HAVING"
        " '%c' = 'p' ORDER BY 1",
        t->oid, t->oid, t->oid, t->kind);
    if (!res)
        return r->err->code;
    t->n_checks = (size_t)pg_rows(res);
    t->checks = arena_alloc(r->out->mem, t->n_checks * sizeof *t->checks);
    for (int i = 0; i < (int)t->n_checks; i++)
        t->checks[i] =
            (struct catalog_check){keep(r, res, i, 0), keep(r, res, i, 1), keep(r, res, i, 2)};
    pg_free(res);
    return 0;
}

static int read_table(struct reader *r, struct catalog_table *t)
{
    const char *const params[] = {t->schema, t->name};
    struct pg_result *res = pg_query(
        r->pg, r->err,
        "SELECT c.oid, c.relkind, c.relrowsecurity AND (c.relforcerowsecurity OR NOT"
        "  pg_has_role(c.relowner, 'USAGE')) AND NOT (SELECT rolbypassrls OR rolsuper FROM pg_roles"
        "  WHERE rolname = current_user),"
        " pg_has_role(c.relowner, 'USAGE'), has_table_privilege(c.oid, 'SELECT'),"
        " has_table_privilege(c.oid, 'INSERT'), has_table_privilege(c.oid, 'UPDATE'),"
        " has_table_privilege(c.oid, 'DELETE'), greatest(c.reltuples, 0)::int8,"
        " pg_total_relation_size(c.oid),"
        " EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.is_instead),"
        " (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal"
        "  AND g.tgenabled IN ('O', 'A')),"
        " (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal"
        "  AND g.tgenabled IN ('O', 'A') AND g.tgtype & 3 = 3),"
        " coalesce((SELECT string_agg(g.tgname || CASE WHEN g.tgtype & 2 > 0 THEN ' (before)' ELSE"
        "  ' (after)' END, ', ' ORDER BY g.tgname) FROM pg_trigger g WHERE g.tgrelid = c.oid"
        "  AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')), ''),"
        " c.relkind = 'p' OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid)"
        " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = $1 AND c.relname = $2",
        2, params);
    if (!res)
        return r->err->code;
    if (pg_rows(res)) {
        t->oid = (uint32_t)pg_get_int(res, 0, 0);
        t->kind = letter(res, 0, 1);
        t->row_security = flag(res, 0, 2);
        t->owned = flag(res, 0, 3);
        t->can_select = flag(res, 0, 4);
        t->can_insert = flag(res, 0, 5);
        t->can_update = flag(res, 0, 6);
        t->can_delete = flag(res, 0, 7);
        t->rows = pg_get_int(res, 0, 8);
        t->bytes = pg_get_int(res, 0, 9);
        t->instead_rules = t->kind != 'v' && flag(res, 0, 10);
        t->row_triggers = (int)pg_get_int(res, 0, 11);
        t->before_triggers = (int)pg_get_int(res, 0, 12);
        t->triggers = keep(r, res, 0, 13);
        t->many_files = flag(res, 0, 14);
    }
    pg_free(res);
    if (!t->oid)
        return 0;
    int code = read_columns(r, t);
    if (!code)
        code = read_keys(r, t);
    if (!code)
        code = read_exclusions(r, t);
    if (!code)
        code = read_references(r, t);
    return code ? code : read_rest(r, t);
}

static int missing_table(struct reader *r, const struct catalog_table *t, struct faults *faults)
{
    struct pg_result *res = pg_queryf(
        r->pg, r->err,
        "SELECT n.nspname || '.' || c.relname, c.relname FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"
        " AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 LIMIT 5000");
    if (!res)
        return r->err->code;
    size_t n = (size_t)pg_rows(res);
    const char **names = arena_alloc(r->out->mem, (n + 1) * sizeof *names);
    for (size_t i = 0; i < n; i++)
        names[i] = keep(r, res, (int)i, 0);
    char full[520];
    snprintf(full, sizeof full, "%s.%s", t->schema, t->name);
    const char *nearest = str_nearest(full, names, n);
    for (size_t i = 0; !nearest && i < n; i++)
        if (str_equal(pg_get(res, (int)i, 1), t->name))
            nearest = names[i];
    struct error err = {0};
    error_set(&err, STATUS_PREFLIGHT, "the target has no table %s.%s", t->schema, t->name);
    error_fix(&err,
              nearest ? "the nearest name there is %s; or apply the target's schema first"
                      : "apply the target's schema first",
              nearest);
    faults_add(faults, &err);
    pg_free(res);
    return 0;
}

/* Everything that the plan, the staging tables and publish rely on. */
static void hash(struct catalog *c)
{
    struct digest *d = digest_new();
    struct str text;
    str_init(&text, 0);
    for (size_t i = 0; i < c->n; i++) {
        const struct catalog_table *t = &c->tables[i];
        str_printf(&text, "T%u %s %c %s %d\n", t->oid, t->quoted, t->kind, t->triggers,
                   t->instead_rules);
        for (size_t j = 0; j < t->n_columns; j++) {
            const struct catalog_column *k = &t->columns[j];
            str_printf(&text, "C%s|%d|%s|%d|%c%c|%s\n", k->name, k->attnum, k->declared,
                       k->not_null, k->identity ? k->identity : '-',
                       k->generated ? k->generated : '-', k->fallback ? k->fallback : "");
        }
        for (size_t j = 0; j < t->n_keys; j++)
            for (size_t k = 0; k < t->keys[j].n; k++)
                str_printf(&text, "K%s|%s|%s\n", t->keys[j].name, t->keys[j].parts[k],
                           t->keys[j].predicate ? t->keys[j].predicate : "");
        for (size_t j = 0; j < t->n_exclusions; j++)
            for (size_t k = 0; k < t->exclusions[j].n; k++)
                str_printf(&text, "E%s|%s|%s|%s\n", t->exclusions[j].name,
                           t->exclusions[j].parts[k], t->exclusions[j].operators[k],
                           t->exclusions[j].predicate ? t->exclusions[j].predicate : "");
        for (size_t j = 0; j < t->n_references; j++)
            str_printf(&text, "R%s|%u|%c%c\n", t->references[j].name, t->references[j].parent_oid,
                       t->references[j].on_delete, t->references[j].on_update);
        for (size_t j = 0; j < t->n_incoming; j++)
            str_printf(&text, "I%s|%u|%c%c\n", t->incoming[j].name, t->incoming[j].child_oid,
                       t->incoming[j].on_delete, t->incoming[j].on_update);
        for (size_t j = 0; j < t->n_checks; j++)
            str_printf(&text, "X%s|%s\n", t->checks[j].name ? t->checks[j].name : "",
                       t->checks[j].sql);
        digest_add(d, text.data, text.len);
        str_reset(&text);
    }
    digest_hex(d, c->hash);
    digest_free(d);
    str_clear(&text);
}

static int read_tables(struct reader *r, const char *const (*names)[2], size_t n,
                       struct faults *faults)
{
    struct catalog *out = r->out;
    for (size_t i = 0; i < n; i++) {
        struct catalog_table *t = &out->tables[out->n];
        struct str quoted;
        str_init(&quoted, 0);
        sql_table(&quoted, names[i][0], names[i][1]);
        t->schema = arena_strdup(out->mem, names[i][0]);
        t->name = arena_strdup(out->mem, names[i][1]);
        t->quoted = arena_strdup(out->mem, quoted.data);
        str_clear(&quoted);
        if (read_table(r, t))
            return r->err->code;
        if (t->oid)
            out->n++;
        else if (missing_table(r, t, faults))
            return r->err->code;
        else
            memset(t, 0, sizeof *t);
    }
    return 0;
}

/* The queries join in the order in which they are written: to have the server look for a better
 * one takes it ten times as long as to run them. */
int catalog_read(struct pg *pg, const char *const (*names)[2], size_t n, struct catalog *out,
                 struct faults *faults, struct error *err)
{
    struct reader r = {pg, out, err};
    memset(out, 0, sizeof *out);
    out->mem = arena_new();
    out->tables = arena_alloc(out->mem, (n + 1) * sizeof *out->tables);
    int code = pg_exec(pg, err, "SET LOCAL join_collapse_limit = 1");
    if (!code)
        code = read_tables(&r, names, n, faults);
    if (!code)
        code = pg_exec(pg, err, "SET LOCAL join_collapse_limit TO DEFAULT");
    hash(out);
    return code;
}

void catalog_clear(struct catalog *c)
{
    arena_free(c->mem);
    memset(c, 0, sizeof *c);
}

const struct catalog_table *catalog_find(const struct catalog *c, const char *schema,
                                         const char *table)
{
    for (size_t i = 0; i < c->n; i++)
        if (str_equal(c->tables[i].schema, schema) && str_equal(c->tables[i].name, table))
            return &c->tables[i];
    return NULL;
}

const struct catalog_column *catalog_column(const struct catalog_table *t, const char *name)
{
    for (size_t i = 0; i < t->n_columns; i++)
        if (str_equal(t->columns[i].name, name))
            return &t->columns[i];
    return NULL;
}

/* 1 when the columns differ, with what is said of the first. */
static int column_difference(const struct catalog_table *then, const struct catalog_table *now,
                             char *out, size_t size)
{
    for (size_t i = 0; i < then->n_columns; i++) {
        const struct catalog_column *c = &then->columns[i];
        const struct catalog_column *k = catalog_column(now, c->name);
        if (k && k->attnum == c->attnum && str_equal(k->declared, c->declared))
            continue;
        snprintf(out, size, "column %s of %s.%s is %s", c->name, then->schema, then->name,
                 k ? "another" : "gone");
        return 1;
    }
    for (size_t i = 0; i < now->n_columns; i++)
        if (!catalog_column(then, now->columns[i].name)) {
            snprintf(out, size, "column %s of %s.%s is new", now->columns[i].name, then->schema,
                     then->name);
            return 1;
        }
    return 0;
}

void catalog_difference(const struct catalog *then, const struct catalog *now, char *out,
                        size_t size)
{
    snprintf(out, size, "a constraint, trigger, rule or default is another");
    for (size_t i = 0; i < then->n; i++) {
        const struct catalog_table *t = &then->tables[i];
        const struct catalog_table *other = catalog_find(now, t->schema, t->name);
        if (!other || other->oid != t->oid) {
            snprintf(out, size, "table %s.%s is %s", t->schema, t->name,
                     other ? "another" : "gone");
            return;
        }
        if (column_difference(t, other, out, size))
            return;
    }
}
