/* refindex.c - which references of the job's tables among each other no index serves. An index of
 * another order of columns serves, too; a partial one does not. Rows that the deletion itself has
 * taken away are still met by a scan, so that also a table that is empty by then costs all it held.
 */
#include "refindex.h"

#include <stdio.h>

#define LEAST_BYTES 262144 /* below, a scan costs less than the index */

static const char unserved[] =
    "SELECT format('CREATE INDEX mig_ref_%s ON %I.%I (%s)', c.oid, n.nspname, k.relname,"
    " (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.no) FROM unnest(c.conkey) WITH"
    " ORDINALITY AS u (attnum, no) JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum ="
    " u.attnum)), format('DROP INDEX %I.mig_ref_%s', n.nspname, c.oid) FROM pg_constraint c JOIN"
    " pg_class k ON k.oid = c.conrelid JOIN pg_namespace n ON n.oid = k.relnamespace WHERE"
    " c.contype = 'f' AND c.conparentid = 0 AND k.relkind = 'r' AND c.conrelid = ANY ($1::oid[])"
    " AND c.confrelid = ANY ($2::oid[]) AND pg_relation_size(c.conrelid) >= $3::bigint AND"
    " pg_has_role(k.relowner, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE') AND NOT EXISTS"
    " (SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indisvalid AND i.indpred IS NULL"
    " AND i.indnkeyatts >= cardinality(c.conkey) AND (SELECT array_agg(x ORDER BY x) FROM"
    " unnest((i.indkey::int2[])[0:cardinality(c.conkey) - 1]) AS x) = (SELECT array_agg(x ORDER BY"
    " x) FROM unnest(c.conkey) AS x)) ORDER BY c.oid";

int refindex_statements(struct pg *pg, const struct job *job, struct str *make, struct str *drop,
                        struct error *err)
{
    struct str parents, children;
    char least[24];
    str_init(&parents, 0);
    str_init(&children, 0);
    for (size_t i = 0; i < job->n_tables; i++) {
        const struct job_table *t = &job->tables[i];
        str_printf(&parents, "%s%u", parents.len ? "," : "{", t->t->oid);
        if (t->indexes != INDEXES_KEEP)
            str_printf(&children, "%s%u", children.len ? "," : "{", t->t->oid);
    }
    str_add_char(&parents, '}');
    str_add_char(&children, '}');
    snprintf(least, sizeof least, "%d", LEAST_BYTES);
    const char *const params[] = {children.data, parents.data, least};
    struct pg_result *res = children.len > 1 ? pg_query(pg, err, unserved, 3, params) : NULL;
    for (int i = 0; res && i < pg_rows(res); i++) {
        str_printf(make, "%s;\n", pg_get(res, i, 0));
        str_printf(drop, "%s;\n", pg_get(res, i, 1));
    }
    pg_free(res);
    str_clear(&parents);
    str_clear(&children);
    return err->code;
}
