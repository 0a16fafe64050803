-- Tables for test_source_postgres.c.
CREATE TABLE kinds (
    id int PRIMARY KEY, n numeric, f float8, b bool, t text, j jsonb, c char(4), bin bytea,
    at timestamptz, d date, l interval, a int[], v bigint
);
INSERT INTO kinds VALUES
    (2, 0.10, 'NaN', false, E'tab\t, line\n, back\\slash \\N', '"scalar"', 'ab', '\x00ff',
     '2024-06-01 12:00:00+02', '2024-02-29', '1 day 02:00', '{1,NULL}', 9223372036854775807),
    (1, 12345678901234567890.1230, 1e20, true, '', '{"k": [1.50]}', 'abcd', '', '1999-12-31 23:59:59.5+00',
     '0044-03-15 BC', '-1 mon', '{}', -1),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 'NaN', '-Infinity', true, U&'\00e9 \+01F600', '[]', '', '\x5c', 'infinity', 'infinity', '0', '{2}', 0);

CREATE TABLE "a.b" (id int);
INSERT INTO "a.b" VALUES (7);
CREATE SCHEMA other;
CREATE TABLE other."Größe ""x""" ("Schlüssel" int PRIMARY KEY, "sel""ect" text);
INSERT INTO other."Größe ""x""" VALUES (2, 'b'), (1, 'a');
CREATE SCHEMA a;
CREATE TABLE a.c (id int);
INSERT INTO a.c VALUES (8);
CREATE VIEW kinds_view AS SELECT id, t FROM kinds WHERE id < 3;
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (10) TO (20);
INSERT INTO parts VALUES (15), (5);
CREATE TABLE none (id int);
CREATE SCHEMA bare;

CREATE TABLE large AS SELECT i AS id, repeat('x', 100) AS t FROM generate_series(1, 200000) i;
ANALYZE large;

CREATE ROLE reader LOGIN;
GRANT SELECT ON kinds TO reader;
CREATE TABLE hidden (id int, tenant text);
INSERT INTO hidden VALUES (1, 'mine'), (2, 'theirs');
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON hidden USING (tenant = 'mine');
GRANT SELECT ON hidden TO reader;
CREATE VIEW hidden_view WITH (security_barrier) AS SELECT id FROM hidden;
CREATE ROLE guarded LOGIN PASSWORD 'right';
CREATE FUNCTION bump() RETURNS int LANGUAGE sql VOLATILE AS
    'INSERT INTO public.none VALUES (1) RETURNING id';
CREATE TABLE ranged (k text PRIMARY KEY, maybe int UNIQUE, pad text);
INSERT INTO ranged SELECT CASE i % 3 WHEN 0 THEN '''' WHEN 1 THEN E'\\,-' ELSE '' END || i, i, repeat('x', 200)
    FROM generate_series(1, 5500) i;
CREATE VIEW ranged_view AS SELECT * FROM ranged;
