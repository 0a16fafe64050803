/* proposal.c - each server reads its own catalog; the target's server works out the rest from the
 * two documents, by sets. Nothing is written there, and no row is read. */
#include "proposal.h"

/* ---- what there is ---------------------------------------------------------------------- */

/* One object a column: its kind of value, its place in the table's key (the primary one, else a
 * unique one without NULL), the column that it refers to. $1: the schema to leave out. */
static const char catalog_sql[] =
    "WITH tab AS MATERIALIZED (SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN "
    "pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND NOT "
    "c.relispartition AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> "
    "'information_schema' AND n.nspname <> $1 AND has_schema_privilege(n.oid, 'USAGE') AND "
    "has_table_privilege(c.oid, 'SELECT') AND NOT EXISTS (SELECT FROM pg_depend d WHERE "
    "d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')), "
    "key AS MATERIALIZED (SELECT DISTINCT ON (i.indrelid) i.indrelid, i.indkey::int2[] AS parts, "
    "i.indnkeyatts AS wide FROM pg_index i WHERE i.indisunique AND i.indisvalid AND i.indpred IS "
    "NULL AND i.indexprs IS NULL AND i.indnkeyatts = i.indnatts AND NOT EXISTS (SELECT FROM "
    "pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND NOT "
    "a.attnotnull) ORDER BY i.indrelid, i.indisprimary DESC, i.indnatts, i.indexrelid) "
    "SELECT coalesce(json_agg(x), '[]') FROM (SELECT tab.nspname AS sch, tab.relname AS tab, "
    "a.attname AS col, a.attnum AS num, format_type(a.atttypid, a.atttypmod) AS typ, CASE "
    "t.typcategory WHEN 'N' THEN CASE WHEN b.typname IN ('int2', 'int4', 'int8') THEN 'int' ELSE "
    "'number' END WHEN 'S' THEN 'text' WHEN 'E' THEN 'text' WHEN 'D' THEN 'time' WHEN 'B' THEN "
    "'bool' WHEN 'U' THEN CASE WHEN b.typname = 'jsonb' THEN 'json' ELSE b.typname END ELSE "
    "t.typcategory::text || b.typname END AS class, t.typcategory = 'E' AS labels, a.attnotnull "
    "AS must, d.adbin IS NOT NULL OR a.attidentity <> '' AS filled, a.attgenerated <> '' AS "
    "made, a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', "
    "false) AS counts, array_position(key.parts, a.attnum) AS part, key.wide, f.nspname AS psch, "
    "f.relname AS ptab, f.attname AS pcol "
    "FROM tab JOIN pg_attribute a ON a.attrelid = tab.oid AND a.attnum > 0 AND NOT "
    "a.attisdropped JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = CASE WHEN "
    "t.typtype = 'd' THEN t.typbasetype ELSE t.oid END LEFT JOIN pg_attrdef d ON d.adrelid = "
    "tab.oid AND d.adnum = a.attnum LEFT JOIN key ON key.indrelid = tab.oid LEFT JOIN LATERAL "
    "(SELECT p.nspname, p.relname, pa.attname FROM pg_constraint k JOIN tab p ON p.oid = "
    "k.confrelid JOIN pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = k.confkey[1] WHERE "
    "k.contype = 'f' AND k.conrelid = tab.oid AND cardinality(k.conkey) = 1 AND k.conkey[1] = "
    "a.attnum ORDER BY k.conname LIMIT 1) f ON true ORDER BY tab.nspname, tab.relname, a.attnum) "
    "x";

/* ---- what could be what ----------------------------------------------------------------- */

/* $1, $2: source and target. Side by side go the tables, and in them the columns, that are each
 * other's best choice. */
static const char propose_sql[] =
    "WITH RECURSIVE "
    /* What was read; names without case and signs. */
    "given AS MATERIALIZED (SELECT side, x.*, regexp_replace(lower(x.tab), '[^[:alnum:]]', '', "
    "'g') AS flat, regexp_replace(lower(x.col), '[^[:alnum:]]', '', 'g') AS name, trim(BOTH '_' "
    "FROM regexp_replace(lower(regexp_replace(x.tab, '([[:lower:][:digit:]])([[:upper:]])', "
    "'\\1_\\2', 'g')), '[^a-z0-9]+', '_', 'g')) AS snake FROM (VALUES (1, $1::text::json), (2, "
    "$2::text::json)) v (side, doc) CROSS JOIN json_to_recordset(doc) AS x (sch text, tab text, "
    "col text, num int, typ text, class text, labels bool, must bool, filled bool, made bool, "
    "counts bool, part int, wide int, psch text, ptab text, pcol text)), "
    /* Tables in the singular; columns without their table's name, times without "at" or "date". */
    "folded AS MATERIALIZED (SELECT g.side, sch, tab, col, num, typ, class, labels, must, "
    "filled, made, counts, psch, ptab, pcol, name, snake, one, CASE WHEN guessed THEN 0 ELSE "
    "part END AS part, CASE WHEN bool_or(guessed) OVER (PARTITION BY side, sch, tab) THEN 1 ELSE "
    "wide END AS wide, guessed, CASE WHEN name IN ('id', one || 'id') THEN 'id' WHEN class = "
    "'time' THEN coalesce(nullif(regexp_replace(name, '(at|on|datetime|date|timestamp|time)$', "
    "''), ''), name) ELSE coalesce(nullif(regexp_replace(name, '^' || one, ''), ''), name) END "
    "AS fold FROM (SELECT *, side = 1 AND wide IS NULL AND name = 'id' AS guessed, "
    "regexp_replace(regexp_replace(regexp_replace(flat, 'ies$', 'y'), '([^s])s$', '\\1'), 'e$', "
    "'') AS one FROM given) g), "
    "s AS MATERIALIZED (SELECT * FROM folded WHERE side = 1), "
    "t AS MATERIALIZED (SELECT * FROM folded WHERE side = 2 AND NOT made), "
    "st AS MATERIALIZED (SELECT sch, tab, one, snake, count(*) AS n, max(wide) AS wide FROM s "
    "GROUP BY 1, 2, 3, 4), "
    "tt AS MATERIALIZED (SELECT sch, tab, one, count(*) AS n, max(wide) AS wide FROM t GROUP BY "
    "1, 2, 3), "
    "common AS MATERIALIZED (SELECT s.sch AS ssch, s.tab AS stab, t.sch AS tsch, t.tab AS ttab, "
    "count(DISTINCT s.fold) AS n FROM s JOIN t USING (fold) WHERE fold NOT IN ('id', 'name', "
    "'created', 'updated') GROUP BY 1, 2, 3, 4), "
    /* Which table may be which: by name, by columns in common. */
    "likely AS MATERIALIZED (SELECT st.sch AS ssch, st.tab AS stab, st.snake, tt.sch AS tsch, "
    "tt.tab AS ttab, st.wide AS swide, tt.wide AS twide, st.one = tt.one AS same, CASE WHEN "
    "st.one = tt.one THEN 100 WHEN length(least(st.one, tt.one)) > 3 AND (right(st.one, "
    "length(tt.one)) = tt.one OR right(tt.one, length(st.one)) = st.one) THEN 40 ELSE 0 END + "
    "60.0 * coalesce(c.n, 0) / least(st.n, tt.n) AS points FROM st CROSS JOIN tt LEFT JOIN "
    "common c ON (c.ssch, c.stab, c.tsch, c.ttab) = (st.sch, st.tab, tt.sch, tt.tab) WHERE "
    "st.wide IS NOT NULL AND tt.wide IS NOT NULL AND (st.one = tt.one OR c.n >= 2)), "
    "ranked AS (SELECT l.*, row_number() OVER (PARTITION BY ssch, stab ORDER BY points DESC, "
    "tsch, ttab) AS a, row_number() OVER (PARTITION BY tsch, ttab ORDER BY points DESC, ssch, "
    "stab) AS b FROM likely l WHERE points >= 30), "
    "pair AS MATERIALIZED (SELECT row_number() OVER (ORDER BY tsch, ttab)::int AS no, r.*, "
    "left(coalesce(nullif(snake, ''), 'stage'), 50) || CASE WHEN count(*) OVER (PARTITION BY "
    "left(snake, 50)) > 1 THEN '_' || row_number() OVER (PARTITION BY left(snake, 50) ORDER BY "
    "tsch, ttab) ELSE '' END AS stage FROM ranked r WHERE a = 1 AND b = 1), "
    /* Which column may be which, then the best of each. */
    "fits AS (SELECT p.no, s.col AS scol, s.num AS snum, t.col AS tcol, t.num AS tnum, CASE WHEN "
    "s.name = t.name THEN 6 WHEN s.fold = t.fold THEN 4 ELSE 0 END + CASE WHEN s.class = t.class "
    "OR (s.class, t.class) = ('int', 'number') THEN 2 ELSE 0 END AS points, s.class AS sclass, "
    "s.name AS sname, t.class AS tclass FROM pair p JOIN s ON (s.sch, s.tab) = (p.ssch, p.stab) "
    "JOIN t ON (t.sch, t.tab) = (p.tsch, p.ttab) WHERE (s.fold = t.fold OR (length(least(s.fold, "
    "t.fold)) > 3 AND s.class = t.class AND s.part IS NULL AND t.part IS NULL AND (right(s.fold, "
    "length(t.fold)) = t.fold OR right(t.fold, length(s.fold)) = s.fold OR starts_with(s.fold, "
    "t.fold) OR starts_with(t.fold, s.fold)))) AND (s.class = t.class OR 'text' IN (s.class, "
    "t.class) OR (s.class IN ('int', 'number') AND t.class IN ('int', 'number')) OR t.ptab IS "
    "NOT NULL OR t.part IS NOT NULL)), "
    "best AS MATERIALIZED (SELECT * FROM (SELECT f.*, row_number() OVER (PARTITION BY no, scol "
    "ORDER BY points DESC, tnum) AS a, row_number() OVER (PARTITION BY no, tcol ORDER BY points "
    "DESC, snum) AS b FROM fits f) x WHERE a = 1 AND b = 1), "
    /* How keys are made; a table whose key is a reference belongs to another one. */
    "keyed AS MATERIALIZED (SELECT p.*, sk.col AS scol, sk.class AS sclass, tk.col AS tcol, "
    "tk.class AS tclass, tk.counts, tp.no AS owner, CASE WHEN p.twide > 1 OR tp.no IS NOT NULL "
    "THEN 'natural' WHEN p.swide = 1 AND sk.class = tk.class THEN 'keep' WHEN tk.class = 'uuid' "
    "THEN 'uuid5' WHEN tk.counts THEN 'sequence' WHEN p.swide = 1 AND tk.class = 'text' THEN "
    "'keep' END AS ids FROM pair p LEFT JOIN s sk ON (sk.sch, sk.tab) = (p.ssch, p.stab) AND "
    "sk.part IS NOT NULL AND p.swide = 1 LEFT JOIN t tk ON (tk.sch, tk.tab) = (p.tsch, p.ttab) "
    "AND tk.part IS NOT NULL AND p.twide = 1 LEFT JOIN pair tp ON (tp.tsch, tp.ttab) = (tk.psch, "
    "tk.ptab) AND tp.no <> p.no), "
    "field AS MATERIALIZED (SELECT k.no, t.num, t.col, b.scol, b.sclass, b.tclass, t.typ, "
    "t.labels, t.must AND NOT t.filled AS needed, t.ptab, t.part, pk.stage AS parent, CASE WHEN "
    "k.ids IN ('keep', 'uuid5', 'sequence') AND t.part IS NOT NULL THEN json_build_object('key', "
    "k.stage) WHEN b.scol IS NULL THEN NULL WHEN pk.ids <> 'natural' OR pk.owner IS NOT NULL "
    "THEN json_build_object('key', pk.stage, 'from', b.scol) ELSE to_json(b.scol) END AS value, "
    "b.scol IS NOT NULL AND b.sname <> t.name AND NOT (t.part IS NOT NULL AND t.fold = 'id') AS "
    "renamed FROM keyed k JOIN t ON (t.sch, t.tab) = (k.tsch, k.ttab) LEFT JOIN best b ON b.no = "
    "k.no AND b.tcol = t.col LEFT JOIN keyed pk ON (pk.tsch, pk.ttab, pk.tcol) = (t.psch, "
    "t.ptab, t.pcol)), "
    /* In the order of foreign keys. */
    "edge AS (SELECT DISTINCT k.no, pk.no AS parent FROM keyed k JOIN t ON (t.sch, t.tab) = "
    "(k.tsch, k.ttab) JOIN keyed pk ON (pk.tsch, pk.ttab) = (t.psch, t.ptab) AND pk.no <> k.no), "
    "depth AS (SELECT no, 0 AS d FROM pair UNION SELECT e.no, d + 1 FROM depth JOIN edge e ON "
    "e.parent = depth.no WHERE d < (SELECT count(*) FROM pair) AND d < 50), "
    "home AS (SELECT (SELECT ssch FROM pair GROUP BY ssch ORDER BY count(*) DESC, ssch LIMIT 1) AS "
    "source, (SELECT tsch FROM pair GROUP BY tsch "
    "ORDER BY count(*) DESC, tsch LIMIT 1) AS target), "
    "lack AS (SELECT no, string_agg(col, ', ' ORDER BY num) AS cols FROM field WHERE value IS "
    "NULL AND needed GROUP BY no), "
    /* What a person has to look at. */
    "note AS ( "
    "SELECT no, 1 AS rank, num, format('%s is filled from %s: the names differ', col, scol) AS "
    "what FROM field WHERE value IS NOT NULL AND renamed "
    "UNION ALL SELECT no, 2, num, format('%s is %s and is filled from %s: say how its values are "
    "converted', col, typ, scol) FROM field WHERE value IS NOT NULL AND value::text LIKE '\"%' "
    "AND sclass <> tclass AND (sclass, tclass) <> ('int', 'number') "
    "UNION ALL SELECT no, 3, num, format('%s takes the labels of %s: do the values of %s fit?', "
    "col, typ, scol) FROM field WHERE value IS NOT NULL AND labels AND sclass = 'text' "
    "UNION ALL SELECT no, 4, num, format('%s refers to %s, which no stage fills', col, ptab) "
    "FROM field WHERE value IS NOT NULL AND ptab IS NOT NULL AND parent IS NULL "
    "UNION ALL SELECT k.no, 0, 0, format('%s and %s have different names, but columns in "
    "common', stab, ttab) FROM keyed k WHERE NOT same "
    "UNION ALL SELECT k.no, 5, -1, format('%s is not declared as a key in the source: is it "
    "one?', s.col) FROM keyed k JOIN s ON (s.sch, s.tab) = (k.ssch, k.stab) AND s.guessed "
    "UNION ALL SELECT k.no, 5, 0, CASE ids WHEN 'keep' THEN NULL WHEN 'uuid5' THEN 'new keys are "
    "made (uuid5): the old ones stay in the id map only' WHEN 'sequence' THEN 'new keys are "
    "drawn from the sequence: the old ones stay in the id map only' WHEN 'natural' THEN 'the key "
    "is made of the record''s own fields' END FROM keyed k WHERE ids <> 'keep' "
    "UNION ALL SELECT no, 6, 0, format('disabled: nothing looks like %s, which needs a value', "
    "cols) FROM lack "
    "UNION ALL SELECT no, 6, 1, 'disabled: how its key is made is not clear' FROM keyed WHERE "
    "ids IS NULL "
    "UNION ALL SELECT no, 7, 0, 'nothing looks like ' || string_agg(col, ', ' ORDER BY num) FROM "
    "field WHERE value IS NULL AND NOT needed GROUP BY no "
    "UNION ALL SELECT p.no, 8, 0, 'source columns without a place: ' || string_agg(s.col, ', ' "
    "ORDER BY s.num) FROM keyed p JOIN s ON (s.sch, s.tab) = (p.ssch, p.stab) WHERE NOT EXISTS "
    "(SELECT FROM best b WHERE b.no = p.no AND b.scol = s.col) AND NOT (s.part IS NOT NULL AND "
    "coalesce(p.ids, '') <> 'natural') GROUP BY p.no), "
    "stage AS (SELECT coalesce((SELECT max(d) FROM depth WHERE depth.no = k.no), 0) AS d, k.*, "
    "json_strip_nulls(json_build_object('name', k.stage, 'enabled', CASE WHEN k.ids IS NULL OR "
    "EXISTS (SELECT FROM lack WHERE lack.no = k.no) THEN false END, 'entity', CASE WHEN k.ssch "
    "<> home.source THEN k.ssch || '.' || k.stab WHEN k.stab <> k.stage THEN k.stab END, 'key', "
    "CASE WHEN k.swide > 1 OR k.scol <> 'id' THEN (SELECT CASE WHEN k.swide = 1 THEN "
    "to_json(min(s.col)) ELSE json_agg(s.col ORDER BY s.part) END FROM s WHERE (s.sch, s.tab) = "
    "(k.ssch, k.stab) AND s.part IS NOT NULL) END, 'policy', 'update', 'ids', k.ids, 'secret', "
    "(SELECT json_agg(b.scol ORDER BY b.snum) FROM best b WHERE b.no = k.no AND b.scol ~* "
    "'pass_?w(or)?d|secret|token'), 'pii', (SELECT json_agg(b.scol ORDER BY b.snum) FROM best b "
    "WHERE b.no = k.no AND b.scol ~* 'mail|phone|mobile|birth|address|iban'), 'options', "
    "json_build_object('table', CASE WHEN k.tsch <> home.target THEN k.tsch || '.' || k.ttab "
    "ELSE k.ttab END, 'fields', (SELECT json_object_agg(f.col, f.value ORDER BY f.num) FROM "
    "field f WHERE f.no = k.no AND f.value IS NOT NULL)))) AS doc FROM keyed k CROSS JOIN home) "
    "SELECT json_build_object('source', home.source, 'target', home.target, 'stages', (SELECT "
    "coalesce(json_agg(doc ORDER BY d, stage), '[]') FROM stage), 'review', (SELECT "
    "coalesce(json_agg(line ORDER BY a, b, c, e, line COLLATE \"C\"), '[]') FROM (SELECT 1 AS a, "
    "st.d * 10000 + st.no AS b, n.rank AS c, n.num AS e, format('stage %s: %s', st.stage, "
    "n.what) AS line FROM note n JOIN stage st USING (no) UNION ALL SELECT 2, 0, 0, 0, "
    "format('not proposed: source table %s.%s%s', sch, tab, CASE WHEN wide IS NULL THEN ' (has "
    "no key)' ELSE '' END) FROM st WHERE NOT EXISTS (SELECT FROM pair p WHERE (p.ssch, p.stab) = "
    "(st.sch, st.tab)) UNION ALL SELECT 3, 0, 0, 0, format('not proposed: target table %s.%s%s', "
    "sch, tab, CASE WHEN wide IS NULL THEN ' (has no key)' ELSE '' END) FROM tt WHERE NOT EXISTS "
    "(SELECT FROM pair p WHERE (p.tsch, p.ttab) = (tt.sch, tt.tab)) UNION ALL SELECT 4, 0, 0, 0, "
    "'every stage has policy \"update\": say what becomes of rows that are there') x)) FROM home";

static char *catalog(struct pg *pg, const char *without, struct arena *mem, struct error *err)
{
    char *text = NULL;
    if (pg_begin(pg, "READ ONLY", err))
        return NULL;
    struct pg_result *res = pg_query(pg, err, catalog_sql, 1, &without);
    if (res)
        text = arena_strdup(mem, pg_get(res, 0, 0));
    pg_free(res);
    pg_rollback(pg);
    return text;
}

char *proposal_make(struct pg *source, struct pg *target, const char *without, struct arena *mem,
                    struct error *err)
{
    char *out = NULL;
    const char *from = catalog(source, without, mem, err);
    const char *to = from ? catalog(target, without, mem, err) : NULL;
    if (!to || pg_begin(target, "READ ONLY", err))
        return NULL;
    const char *const params[] = {from, to};
    struct pg_result *res = pg_query(target, err, propose_sql, 2, params);
    if (res)
        out = arena_strdup(mem, pg_get(res, 0, 0));
    pg_free(res);
    pg_rollback(target);
    return out;
}
