/* rehearsal_rights.c - the target prints the statements, the copy runs them one by one, owners
 * first: the new owner's own privileges are part of the list. A superuser is not taken over:
 * privileges say nothing of what he may. */
#include "rehearsal_rights.h"

#include <stdio.h>
#include <string.h>

/* Objects of the target's own schemas: how ALTER and GRANT name them, and who owns them. Sequences
 * of a column go with its table. */
#define OBJECTS                                                                                    \
    "WITH member AS MATERIALIZED (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'), "     \
    "space "                                                                                       \
    "AS MATERIALIZED (SELECT n.* FROM pg_namespace n WHERE nspname !~ '^pg_' AND nspname <>"       \
    " 'information_schema' AND NOT EXISTS (SELECT FROM member m WHERE m.classid ="                 \
    " 'pg_namespace'::regclass AND m.objid = n.oid)), object AS MATERIALIZED (SELECT 'SCHEMA' AS"  \
    " alter_as, 'SCHEMA' AS grant_as, quote_ident(nspname) AS name, nspowner AS owner, nspacl AS"  \
    " acl, true AS apart FROM space UNION ALL SELECT 'TABLE', CASE c.relkind WHEN 'S' THEN"        \
    " 'SEQUENCE' ELSE 'TABLE' END, format('%I.%I', s.nspname, c.relname), c.relowner, c.relacl,"   \
    " NOT EXISTS (SELECT FROM pg_depend d WHERE c.relkind = 'S' AND d.classid ="                   \
    " 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')) FROM pg_class c JOIN"  \
    " space s ON s.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND"     \
    " c.relpersistence <> 't' AND NOT EXISTS (SELECT FROM member m WHERE m.classid ="              \
    " 'pg_class'::regclass AND m.objid = c.oid) UNION ALL SELECT 'ROUTINE', 'ROUTINE', format("    \
    "'%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), p.proowner,"   \
    " p.proacl, true FROM pg_proc p JOIN space s ON s.oid = p.pronamespace WHERE NOT EXISTS"       \
    " (SELECT FROM pg_depend m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid AND"      \
    " m.deptype IN ('e', 'i')) UNION ALL SELECT 'TYPE', 'TYPE', format('%I.%I', s.nspname,"        \
    " t.typname), t.typowner, t.typacl, true FROM pg_type t JOIN space s ON s.oid ="               \
    " t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE (t.typtype IN ('e', 'd',"    \
    " 'r') OR (t.typtype = 'c' AND c.relkind = 'c')) AND NOT EXISTS (SELECT FROM member m WHERE"   \
    " m.classid = 'pg_type'::regclass AND m.objid = t.oid)), col AS MATERIALIZED (SELECT format("  \
    "'%I.%I', s.nspname, c.relname) AS name, quote_ident(a.attname) AS part, a.attacl FROM"        \
    " pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN space s ON s.oid = c.relnamespace" \
    " WHERE a.attacl IS NOT NULL AND NOT a.attisdropped) "

/* $1: the copy. Needed to make the state schema there. */
#define DATABASE_RIGHT                                                                             \
    "format('GRANT CREATE ON DATABASE %I TO %I', $1::text, current_user) WHERE "                   \
    "has_database_privilege(current_database(), 'CREATE')"

/* regrole quotes where it must: the text is SQL already. */
static const char rights_sql[] = OBJECTS
    "SELECT sql FROM (SELECT 1 AS step, format('ALTER %s %s OWNER TO %s', alter_as, name,"
    " owner::regrole) AS sql FROM object WHERE apart UNION ALL SELECT 2, format('REVOKE ALL ON %s"
    " %s FROM PUBLIC, %s', grant_as, name, owner::regrole) FROM object WHERE acl IS NOT NULL UNION"
    " ALL SELECT 3, format('GRANT %s ON %s %s TO %s%s', x.privilege_type, o.grant_as, o.name, CASE"
    " x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END, CASE WHEN x.is_grantable "
    "AND"
    " x.grantee <> o.owner THEN ' WITH GRANT OPTION' ELSE '' END) FROM object o CROSS JOIN"
    " aclexplode(o.acl) x UNION ALL SELECT 3, format('GRANT %s (%s) ON %s TO %s', x.privilege_type,"
    " c.part, c.name, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END) FROM"
    " col c CROSS JOIN aclexplode(c.attacl) x UNION ALL SELECT 3, " DATABASE_RIGHT
    ") y ORDER BY step, sql";

/* Who owns something, was granted something, is named by a policy, or is this role; then who is
 * member of whom among them. */
static const char roles_sql[] = OBJECTS
    ", named AS MATERIALIZED (SELECT r.* FROM pg_roles r WHERE r.rolname !~ '^pg_' AND r.oid IN"
    " (SELECT owner FROM object UNION SELECT x.grantee FROM object o, aclexplode(o.acl) x UNION"
    " SELECT x.grantee FROM col c, aclexplode(c.attacl) x UNION SELECT unnest(polroles) FROM"
    " pg_policy UNION SELECT oid FROM pg_roles WHERE rolname = current_user))"
    " SELECT rolname, format('CREATE ROLE %I NOLOGIN%s%s', rolname, CASE WHEN rolbypassrls THEN"
    " ' BYPASSRLS' ELSE '' END, CASE WHEN rolinherit THEN '' ELSE ' NOINHERIT' END) FROM named"
    " UNION ALL SELECT NULL, format('GRANT %I TO %I', g.rolname, n.rolname) FROM pg_auth_members m"
    " JOIN named g ON g.oid = m.roleid JOIN named n ON n.oid = m.member ORDER BY 1 NULLS LAST";

static int run_each(struct pg *to, const struct pg_result *list, int column,
                    struct rehearsal_rights *out, struct error *err)
{
    for (int i = 0; i < pg_rows(list); i++) {
        struct error own = {0};
        if (!pg_exec(to, &own, pg_get(list, i, column))) {
            out->given++;
            continue;
        }
        if (pg_lost(to)) {
            *err = own;
            return err->code;
        }
        if (!out->refused++)
            snprintf(out->first, sizeof out->first, "%.200s: %.90s", pg_get(list, i, column),
                     own.what);
    }
    return 0;
}

/* One that is there already keeps what it is. */
int rehearsal_rights_roles(struct pg *from, struct pg *to, struct error *err)
{
    struct rehearsal_rights ignored = {0};
    struct pg_result *list = pg_query(from, err, roles_sql, 0, NULL);
    int code = list ? run_each(to, list, 1, &ignored, err) : err->code;
    pg_free(list);
    return code;
}

/* The run may be made as the target's role where that is no superuser, another than ours, and needs
 * no quotes in a URL's settings. */
static int find_role(struct pg *from, struct pg *to, struct rehearsal_rights *out,
                     struct error *err)
{
    struct pg_result *theirs =
        pg_query(from, err,
                 "SELECT rolname FROM pg_roles WHERE rolname = current_user AND NOT rolsuper"
                 " AND rolname ~ '^[A-Za-z0-9_.@-]+$'",
                 0, NULL);
    const char *role = theirs && pg_rows(theirs) ? pg_get(theirs, 0, 0) : NULL;
    struct pg_result *ours =
        role ? pg_query(to, err,
                        "SELECT 1 FROM pg_roles WHERE rolname = $1 AND rolname <> current_user AND"
                        " pg_has_role(rolname, 'MEMBER')",
                        1, &role)
             : NULL;
    if (ours && pg_rows(ours))
        snprintf(out->role, sizeof out->role, "%s", role);
    pg_free(ours);
    pg_free(theirs);
    return err->code;
}

static int give(struct pg *from, struct pg *to, const char *sql, struct rehearsal_rights *out,
                struct error *err)
{
    struct pg_where where;
    memset(out, 0, sizeof *out);
    pg_where(to, &where);
    const char *const params[] = {where.dbname};
    struct pg_result *list = pg_query(from, err, sql, 1, params);
    int code = list ? run_each(to, list, 0, out, err) : err->code;
    pg_free(list);
    return code ? code : find_role(from, to, out, err);
}

int rehearsal_rights_copy(struct pg *from, struct pg *to, struct rehearsal_rights *out,
                          struct error *err)
{
    return give(from, to, rights_sql, out, err);
}

int rehearsal_rights_database(struct pg *from, struct pg *to, struct rehearsal_rights *out,
                              struct error *err)
{
    return give(from, to, "SELECT " DATABASE_RIGHT, out, err);
}
