-- encode_values.sql - tables and functions of encode.sh.
SET client_min_messages = warning;
ALTER DATABASE :"DBNAME" SET timezone = 'UTC';
ALTER DATABASE :"DBNAME" SET intervalstyle = 'postgres';
ALTER DATABASE :"DBNAME" SET datestyle = 'ISO, YMD';
ALTER DATABASE :"DBNAME" SET bytea_output = 'hex';
SET timezone = 'UTC';

CREATE TYPE mood AS ENUM ('sad', 'ok', 'very_happy', 'Ok', 'ärgerlich');

-- kind: MIG_TEXT 2, MIG_JSON 5. spelling: what PostgreSQL gets instead of the text, where the
-- host takes a form that PostgreSQL does not know (JSON arrays).
CREATE TABLE value (id int GENERATED ALWAYS AS IDENTITY, type text, mark text, kind int DEFAULT 2,
                    text text, spelling text);
CREATE TABLE type (n int GENERATED ALWAYS AS IDENTITY, type text);
CREATE TABLE refused (id int, code text, sqlstate text);
CREATE TABLE outcome (id int, type text, text text, accepted bool, code text, sqlstate text,
                      pg_sqlstate text, fault text);

CREATE FUNCTION digits(n int) RETURNS text LANGUAGE sql VOLATILE AS
    $$ SELECT coalesce(string_agg((floor(random() * 10))::text, ''), '')
       FROM generate_series(1, n) $$;

-- Letters of one to four bytes, quotes, backslashes, braces, blanks.
CREATE FUNCTION letters(n int) RETURNS text LANGUAGE sql VOLATILE AS
    $$ SELECT coalesce(string_agg(substr('abc XYZ0189äß€😀"\''{},:;[]NULL' || chr(9) || chr(10),
        1 + floor(random() * 33)::int, 1), ''), '') FROM generate_series(1, n) $$;

CREATE FUNCTION make_values() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM setseed(0.4711);
    -- Numbers of all sizes: the same texts for every numeric type.
    CREATE TEMP TABLE number AS SELECT
        (ARRAY['', '', '-', '+', ' '])[1 + floor(random() * 5)::int] ||
        CASE i % 7
        WHEN 0 THEN digits(1 + (i / 7) % 19)
        WHEN 1 THEN digits(1 + i % 12) || '.' || digits(1 + i % 9)
        WHEN 2 THEN '0.' || repeat('0', i % 17) || digits(1 + i % 8)
        WHEN 3 THEN digits(1 + i % 5) || repeat('0', i % 31)
        WHEN 4 THEN digits(1) || '.' || digits(i % 18) || 'e' || (i % 90 - 45)
        WHEN 5 THEN digits(1 + i % 300) || '.' || digits(i % 250)
        ELSE '.' || digits(1 + i % 20) || 'E+' || i % 40
        END AS text FROM generate_series(1, 700) AS i;
    INSERT INTO value (type, mark, text) SELECT t, '?', text FROM number,
        unnest(ARRAY['int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric(10,2)',
                     'numeric(38,10)', 'numeric(3,0)', 'bool', 'date', 'interval']) AS t;
    INSERT INTO value (type, mark, text) SELECT 'numeric', '+', text FROM number;
    INSERT INTO value (type, mark, text) SELECT 'jsonb', '+', text FROM number
        WHERE text ~ '^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$';
    -- What older servers do not know.
    DELETE FROM value WHERE current_setting('server_version_num')::int < 150000
        AND type IN ('numeric(5,-3)', 'numeric(3,6)');
    DELETE FROM value WHERE current_setting('server_version_num')::int < 140000
        AND type LIKE 'numeric%' AND text ~* 'inf';
    IF current_setting('server_version_num')::int >= 150000 THEN
        INSERT INTO value (type, mark, text) SELECT t, '?', text FROM number,
            unnest(ARRAY['numeric(5,-3)', 'numeric(3,6)', 'numeric(2,-40)']) AS t;
    END IF;
    -- Integers around every power of two; floats of every bit pattern.
    INSERT INTO value (type, mark, text) SELECT t, '?', (s * (2::numeric ^ p + d))::numeric(30,0)
        FROM unnest(ARRAY['int2', 'int4', 'int8', 'oid', 'numeric', 'float4', 'float8']) AS t,
        generate_series(0, 66) AS p, unnest(ARRAY[-1, 1]) AS s, generate_series(-2, 2) AS d;
    INSERT INTO value (type, mark, text) SELECT t, '?', text FROM unnest(ARRAY['float4', 'float8'])
        AS t, LATERAL (SELECT digits(1) || '.' || digits(1 + i % 20) || 'e' ||
                           floor(random() * 660 - 345) AS text
                       FROM generate_series(1, 500) AS i) AS x;
    INSERT INTO value (type, mark, text) SELECT 'float8', '+',
        ((random() - 0.5) * 10::float8 ^ (floor(random() * 40) - 20))::text
        FROM generate_series(1, 500);
    INSERT INTO value (type, mark, text) SELECT 'float4', '+',
        ((random() - 0.5) * 10::float8 ^ (floor(random() * 40) - 20))::float4::text
        FROM generate_series(1, 500);
    -- Dates and times, as PostgreSQL writes them, over the whole range.
    INSERT INTO value (type, mark, text) SELECT t, '+', (date '2000-01-01' + d)::text
        FROM unnest(ARRAY['date', 'timestamp', 'timestamptz', 'timestamp(0)']) AS t,
        LATERAL (SELECT -2451545 + floor(random() * (106751983 + 2451545))::int AS d
                 FROM generate_series(1, 400)) AS x;
    INSERT INTO value (type, mark, text) SELECT 'date', '+',
        (date '2000-01-01' - 2451545 + floor(random() * 2147483494)::int)::text
        FROM generate_series(1, 400);
    INSERT INTO value (type, mark, text) SELECT 'date', '?', y || '-' || m || '-' || d ||
        CASE WHEN random() < 0.3 THEN ' BC' ELSE '' END
        FROM unnest(ARRAY['0000', '0001', '0004', '0100', '0400', '1600', '1900', '2000', '2023',
                          '2024', '2100', '10000', '99999', '00012', '123', '4713', '4714',
                          '4715', '294276', '294277', '5874897', '5874898', '9999999'])
        AS y, unnest(ARRAY['00', '01', '02', '11', '12', '13', '1']) AS m,
        unnest(ARRAY['00', '01', '23', '24', '28', '29', '30', '31', '32', '1']) AS d;
    INSERT INTO value (type, mark, text) SELECT t, CASE WHEN t LIKE '%(%' THEN '?' ELSE '+' END,
        CASE WHEN random() < 0.5 THEN v ELSE replace(v, ' ', 'T') END
        FROM unnest(ARRAY['timestamp', 'timestamptz', 'timestamp(3)', 'timestamptz(0)']) AS t,
        LATERAL (SELECT (timestamp '2000-01-01' + make_interval(secs => (random() - 0.3) * 1e11)
                        )::text AS v FROM generate_series(1, 300)) AS x;
    INSERT INTO value (type, mark, text) SELECT t, CASE t WHEN 'timestamptz' THEN '+' ELSE '?' END,
        v || z FROM unnest(ARRAY['timestamptz', 'timestamp']) AS t, unnest(ARRAY[
            '2024-02-29T12:34:56.789', '0001-01-01 00:00:00', '1969-12-31 23:59:59.999999',
            '294276-12-31 08:00:00', '2024-01-01 24:00:00', '4714-11-25 00:00']) AS v,
        unnest(ARRAY['', 'Z', 'z', ' Z', '+00', '-00', '+02', '-02', ' +02', '+0230', '-0530',
                     '+05:45', '-15:59', '+15:59:59', '+00:19:32', 'UTC', ' UTC', ' utc']) AS z;
    INSERT INTO value (type, mark, text) SELECT t, '?', v || z || b
        FROM unnest(ARRAY['timestamptz', 'timestamp']) AS t, unnest(ARRAY[
            '4713-01-01 00:00:00', '4714-11-24 00:00:00', '4714-11-23 23:59:59.999999',
            '4714-11-23 12:00:00', '294277-01-01 00:00:00', '294276-12-31 23:59:59.999999',
            '0001-12-31 00:00:00', '294277-01-01 09:00:00', '294277-01-02 00:00:00']) AS v,
        unnest(ARRAY['', 'Z', '+02', '-02', '+15:59', '-15:59', '+16', '-99', '+2', '+02:60',
                     '+123', ' Europe/Berlin', ' Mars/Base', 'CET', ' +02:00 x']) AS z,
        unnest(ARRAY['', ' BC', ' bc', 'BC', ' AD', ' BC BC']) AS b;
    INSERT INTO value (type, mark, text) SELECT t, '+',
        (time '00:00' + make_interval(secs => random() * 86400))::text || z
        FROM unnest(ARRAY['time', 'timetz']) AS t, generate_series(1, 200),
        unnest(ARRAY['', '+00', 'Z']) AS z;
    INSERT INTO value (type, mark, text) SELECT t, '?', h || ':' || m || s || z
        FROM unnest(ARRAY['time', 'timetz', 'time(2)']) AS t,
        unnest(ARRAY['00', '12', '23', '24', '25', '7']) AS h,
        unnest(ARRAY['00', '59', '60', '5']) AS m,
        unnest(ARRAY['', ':00', ':59', ':60', ':59.9', ':59.123456', ':59.1200000', ':59.1234567',
                     ':00.', ':1', ':00,5', ':00.000000000', ':00.0000000000']) AS s,
        unnest(ARRAY['', '+03', ' -08:30', 'Z']) AS z;
    -- Intervals, in both forms as PostgreSQL writes them.
    FOR style IN 1..2 LOOP
        PERFORM set_config('intervalstyle',
                           (ARRAY['postgres', 'iso_8601'])[style], true);
        INSERT INTO value (type, mark, text) SELECT t,
            CASE t WHEN 'interval' THEN '+' ELSE '?' END, make_interval(
                CASE WHEN i & 1 = 0 THEN floor(random() * 400 - 200)::int ELSE 0 END,
                CASE WHEN i & 2 = 0 THEN floor(random() * 40 - 20)::int ELSE 0 END, 0,
                CASE WHEN i & 4 = 0 THEN floor(random() * 10000 - 5000)::int ELSE 0 END,
                CASE WHEN i & 8 = 0 THEN floor(random() * 500 - 250)::int ELSE 0 END,
                CASE WHEN i & 16 = 0 THEN floor(random() * 50 - 25)::int ELSE 0 END,
                CASE WHEN i & 32 = 0 THEN random() * 60 - 30 ELSE 0 END)::text
            FROM generate_series(1, 256) AS i, unnest(ARRAY['interval', 'interval(3)',
                'interval year', 'interval year to month', 'interval day to hour',
                'interval day to minute', 'interval hour to second', 'interval minute',
                'interval minute to second', 'interval day to second(2)', 'interval day']) AS t;
    END LOOP;
    PERFORM set_config('intervalstyle', 'postgres', true);
    INSERT INTO value (type, mark, text) SELECT t, '?', s || n || u || v
        FROM unnest(ARRAY['interval', 'interval hour to minute', 'interval minute to second']) AS t,
        unnest(ARRAY['', '-', '+']) AS s,
        unnest(ARRAY['0', '1', '2.5', '0.5', '400', '999999999', '1000000000']) AS n,
        unnest(ARRAY['', ' day', ' days', 'd', ' DAY', ' week', ' mons', ' years', ' hours', ' min',
                     ' secs', ' sec', ':30', ':30:15', ':30:15.25', ' fortnight', ' decades'])
        AS u, unnest(ARRAY['', ' 1 sec', ' -1 mon', ' -00:00:01.5', ' 2 days', ' ago', ' 1',
                           '  4:5:6', ' 10:20']) AS v;
    INSERT INTO value (type, mark, text) SELECT 'interval', '?', 'P' || d || h
        FROM unnest(ARRAY['', '1Y', '2M', '1W', '3D', '1Y2M', '2M1Y', '-1Y+2M', '1Y2M3D', '1.5D',
                          '1', 'Y', '1Y1Y', '1H', '1W3D', '99999999999Y', '999999999Y']) AS d,
        unnest(ARRAY['', 'T', 'T1H', 'T2M', 'T3S', 'T-3.25S', 'T0.000001S', 'T.5S', 'T5.S', 'T1H2M',
                     'T1S2H', 'T-0.5S', 'T1D', 'T1HT2M', 'T999999999H']) AS h;
    -- Text, uuid, bytea, json, arrays.
    INSERT INTO value (type, mark, text) SELECT t,
        CASE t WHEN 'text' THEN '+' WHEN 'varchar' THEN '+' ELSE '?' END, letters(i % 25)
        FROM unnest(ARRAY['text', 'varchar', 'varchar(10)', 'char(10)', 'name', 'bytea', 'bool',
                          'uuid', 'json', 'jsonb', 'text[]', 'mood', 'int4', 'date']) AS t,
        generate_series(1, 200) AS i;
    INSERT INTO value (type, mark, text) SELECT t, '?', repeat(c, n) || repeat(' ', s)
        FROM unnest(ARRAY['varchar(10)', 'char(10)', 'name', 'text']) AS t,
        unnest(ARRAY['x', 'ä', '€', '😀']) AS c,
        unnest(ARRAY[0, 1, 9, 10, 11, 16, 32, 63, 64]) AS n,
        unnest(ARRAY[0, 1, 5]) AS s;
    INSERT INTO value (type, mark, text) SELECT 'uuid', '+',
        CASE i % 4 WHEN 0 THEN u WHEN 1 THEN upper(u) WHEN 2 THEN replace(u, '-', '')
        ELSE '{' || u || '}' END
        FROM (SELECT i, gen_random_uuid()::text AS u FROM generate_series(1, 200) AS i) AS x;
    INSERT INTO value (type, mark, text) SELECT 'uuid', '?', overlay(u placing c from p)
        FROM (SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' AS u) AS x,
        unnest(ARRAY['', '-', 'g', ' ', '{', 'aa', 'é', '--']) AS c, generate_series(1, 37) AS p;
    INSERT INTO value (type, mark, text) SELECT 'uuid', '?', overlay(u placing '-' from p for 0)
        FROM unnest(ARRAY['a0eebc999c0b4ef8bb6d6bb9bd380a11',
                          'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']) AS u,
        generate_series(1, 37) AS p;
    INSERT INTO value (type, mark, text) SELECT 'bytea', '+', decode(md5(i::text), 'hex')::text
        FROM generate_series(1, 50) AS i;
    PERFORM set_config('bytea_output', 'escape', true);
    INSERT INTO value (type, mark, text) SELECT 'bytea', '+', sha256(i::text::bytea)::text
        FROM generate_series(1, 100) AS i;
    PERFORM set_config('bytea_output', 'hex', true);
    INSERT INTO value (type, mark, text) SELECT t, '+', json_build_object(letters(i % 9),
        letters(i), 'a', ARRAY[random(), i], 'o', json_build_object('x', null, 'y', i % 2 = 0),
        letters(3), '[]'::json)::text FROM unnest(ARRAY['json', 'jsonb', 'text']) AS t,
        generate_series(1, 150) AS i;
    INSERT INTO value (type, mark, text) SELECT 'text[]', '+',
        (SELECT array_agg(CASE WHEN random() < 0.1 THEN NULL ELSE letters(k + i % 7) END)::text
         FROM generate_series(1, 1 + i % 9) AS k) FROM generate_series(1, 200) AS i;
    INSERT INTO value (type, mark, kind, text, spelling) SELECT 'text[]', '+', 5,
        array_to_json(a)::text, a::text FROM (
            SELECT (SELECT array_agg(CASE WHEN random() < 0.1 THEN NULL ELSE letters(k + i % 7) END)
                    FROM generate_series(1, 1 + i % 9) AS k) AS a
            FROM generate_series(1, 200) AS i) AS x;
    INSERT INTO value (type, mark, text) SELECT 'int4[]', '+', ARRAY[[i, NULL], [-i, 7]]::text
        FROM generate_series(1, 20) AS i;
    INSERT INTO value (type, mark, text) SELECT 'numeric(10,2)[]', '+', ARRAY[i, i / 4.0]::numeric(
        10, 2)[]::text FROM generate_series(1, 20) AS i;
    INSERT INTO value (type, mark, text) SELECT 'timestamptz[]', '+',
        ARRAY[timestamptz '2000-01-01' + i * interval '1 day 3 hours', NULL]::text
        FROM generate_series(1, 20) AS i;
    INSERT INTO value (type, mark, text) SELECT 'jsonb[]', '+', ARRAY[jsonb_build_object(
        letters(3), letters(5)), to_jsonb(i)]::text FROM generate_series(1, 50) AS i;
    -- Documents just inside and far outside of the depth that the encoder takes.
    INSERT INTO value (type, mark, text) SELECT t, CASE WHEN n <= 1000 THEN '+' ELSE '-' END,
        repeat('[', n) || repeat(']', n) FROM unnest(ARRAY['json', 'jsonb']) AS t,
        unnest(ARRAY[1, 6, 100, 999, 1000, 1001, 100000]) AS n;
    INSERT INTO value (type, mark, text) VALUES
        ('numeric(10,2)', '+', '1.25' || repeat('0', 16000)),
        ('numeric(10,2)', '-', '1.25' || repeat('0', 20000));
    INSERT INTO value (type, mark, text) SELECT 'numeric', m,
        repeat('9', a) || '.' || repeat('9', b)
        FROM (VALUES ('+', 131072, 0), ('-', 131073, 0), ('+', 1, 16383), ('-', 1, 16384),
                     ('+', 131072, 16383)) AS x (m, a, b);
END $$;

CREATE FUNCTION make_tables() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t record;
BEGIN
    INSERT INTO type (type) SELECT DISTINCT type FROM value ORDER BY type;
    FOR t IN SELECT * FROM type LOOP
        EXECUTE format('CREATE TABLE got_%s (id int, v %s)', t.n, t.type);
        EXECUTE format('CREATE TABLE want_%s (id int, v %s)', t.n, t.type);
    END LOOP;
END $$;

CREATE VIEW column_type AS
    SELECT t.n, y.oid, a.atttypmod AS typmod,
           CASE y.typcategory WHEN 'A' THEN y.typelem ELSE 0 END AS element,
           y.typcategory AS category, (SELECT string_agg(enumlabel, ' ' ORDER BY enumsortorder)
               FROM pg_enum WHERE enumtypid IN (y.oid, y.typelem)) AS labels
    FROM type t JOIN pg_attribute a ON a.attrelid = ('got_' || t.n)::regclass AND a.attname = 'v'
    JOIN pg_type y ON y.oid = a.atttypid;

-- An INSERT and no cast: a cast to varchar(n) or numeric(p,s) cuts where an assignment does not.
CREATE FUNCTION read_text(n int, id int, value text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO want_%s VALUES (%s, %L)', n, id, value);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

CREATE FUNCTION compare() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM type LOOP
        EXECUTE format($q$
            INSERT INTO outcome (id, type, text, code, sqlstate, pg_sqlstate)
            SELECT id, type, left(text, 60), r.code, r.sqlstate,
                   read_text(%s, id, coalesce(spelling, text))
            FROM value LEFT JOIN refused r USING (id) WHERE type = %L $q$, t.n, t.type);
        EXECUTE format($q$
            UPDATE outcome o SET accepted = x.accepted, fault = CASE
                WHEN NOT x.accepted AND o.code IS NULL THEN 'lost'
                WHEN x.accepted AND o.pg_sqlstate IS NOT NULL THEN 'PostgreSQL refuses'
                WHEN x.accepted AND NOT x.same THEN 'other value'
                WHEN x.accepted AND x.mark = '-' THEN 'must be refused'
                WHEN NOT x.accepted AND x.mark = '+' THEN 'must be accepted' END
            FROM (SELECT v.id, v.mark, g.id IS NOT NULL AS accepted,
                         record_image_eq(ROW(g.v), ROW(w.v)) AS same
                  FROM value v LEFT JOIN got_%1$s g USING (id) LEFT JOIN want_%1$s w USING (id)
                  WHERE v.type = %2$L) AS x WHERE x.id = o.id $q$, t.n, t.type);
    END LOOP;
END $$;
