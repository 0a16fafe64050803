-- expected.sql - what every row of the target must be, said in plain SQL from the document alone.
--
-- It shares nothing with mighost: no code, no table, no intermediate result. It reads the
-- document from standard input, works out the rows by its own rules, compares them with the
-- live tables and prints
--   1. every difference: table, key, column, expected, found  (column "*": the whole row)
--   2. every record that must have no row, and why
--   3. as its last line: "differences: N"
-- All of it happens in one transaction that is rolled back, so that nothing is left behind.
-- compare.sh calls it; it needs the extension pgcrypto (package postgresql-contrib) for SHA-1.
\set ON_ERROR_STOP on
\set QUIET on
\pset format csv
\pset footer off
\if :{?limit} \else \set limit 1000 \endif

BEGIN ISOLATION LEVEL REPEATABLE READ;
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA classroom_expected;
CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA classroom_expected;
SELECT quote_ident(n.nspname) AS pgcrypto_schema
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = 'pgcrypto' \gset
SET LOCAL search_path = classroom_expected, :pgcrypto_schema, pg_catalog;

---- the document -----------------------------------------------------------------------------

-- Lines come in as they are: delimiter and quote are bytes that JSON never holds unescaped.
CREATE TEMP TABLE document_line (number bigserial, line text);
\copy document_line (line) FROM pstdin WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')
CREATE TEMP TABLE document AS
SELECT string_agg(coalesce(line, ''), E'\n' ORDER BY number)::json AS body FROM document_line;

---- functions --------------------------------------------------------------------------------

-- RFC 4122 section 4.3: the first 16 bytes of SHA-1 over namespace and name, version 5.
CREATE FUNCTION uuid5(namespace uuid, name text) RETURNS uuid LANGUAGE sql STABLE STRICT AS $$
    SELECT encode(set_byte(set_byte(h, 6, (get_byte(h, 6) & 15) | 80),
                           8, (get_byte(h, 8) & 63) | 128), 'hex')::uuid
      FROM (SELECT substr(digest(uuid_send(namespace) || convert_to(name, 'UTF8'), 'sha1'),
                          1, 16) AS h) AS hash
$$;

-- The namespace of a stage of project "classroom", then the key below it.
CREATE TEMP TABLE stage_namespace AS
SELECT stage, uuid5(uuid5('6ba7b811-9dad-11d1-80b4-00c04fd430c8', 'mighost:classroom'), stage) AS id
  FROM unnest(ARRAY['students', 'classes', 'tests']) AS stage;
CREATE FUNCTION key_of(of_stage text, source_key text) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT uuid5(id, source_key) FROM pg_temp.stage_namespace WHERE stage = of_stage
$$;

-- YYYY-MM-DD or DD/MM/YYYY; NULL for a day that no calendar has.
CREATE FUNCTION day_of(said text) RETURNS date LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    part text[];
BEGIN
    part := regexp_match(said, '^(\d{4})-(\d\d)-(\d\d)$');
    IF part IS NULL THEN
        part := regexp_match(said, '^(\d\d)/(\d\d)/(\d{4})$');
        part := ARRAY[part[3], part[2], part[1]];
    END IF;
    RETURN make_date(part[1]::int, part[2]::int, part[3]::int);
EXCEPTION WHEN datetime_field_overflow THEN
    RETURN NULL;
END
$$;

-- ISO 8601 with a zone, or a number: milliseconds since 1970. NULL when there is no such time.
CREATE FUNCTION time_of(said json) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    iso constant text := '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$';
BEGIN
    IF json_typeof(said) = 'number' THEN
        RETURN timestamptz 'epoch' + (said #>> '{}')::numeric * interval '1 millisecond';
    ELSIF (said #>> '{}') ~ iso THEN
        RETURN (said #>> '{}')::timestamptz;
    END IF;
    RETURN NULL;
EXCEPTION WHEN datetime_field_overflow THEN
    RETURN NULL;
END
$$;

CREATE FUNCTION texts_of(list json) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN json_typeof(list) = 'array'
                THEN ARRAY(SELECT e FROM json_array_elements_text(list) WITH ORDINALITY AS x (e, n)
                            ORDER BY n)
                ELSE '{}' END
$$;

---- students ---------------------------------------------------------------------------------

CREATE TEMP TABLE student AS
SELECT number, r ->> 'id' AS key, key_of('students', r ->> 'id') AS id,
       regexp_replace(btrim(concat(r ->> 'firstName', ' ', r ->> 'lastName')), '\s+', ' ', 'g')
           AS full_name,
       lower(btrim(r ->> 'email')) AS email,
       day_of(r ->> 'birthDate') AS birth_date,
       time_of(r -> 'joinedAt') AS joined_at,
       -- a student without a status gets the table's default
       CASE WHEN r -> 'status' IS NULL THEN 'active' WHEN r ->> 'status' = 'A' THEN 'active'
            WHEN r ->> 'status' = 'P' THEN 'paused' WHEN r ->> 'status' = 'L' THEN 'left'
       END AS status,
       texts_of(r -> 'tags') AS tags,
       nullif((r -> 'contact')::jsonb, 'null') AS contact,
       r #>> '{contact,guardian,name}' AS guardian_name,
       NULL::text AS fault
  FROM document, json_array_elements(body -> 'students') WITH ORDINALITY AS x (r, number);

ANALYZE student;
UPDATE student SET fault = CASE
    WHEN email !~ '^[^@\s]+@[^@\s]+\.[^@\s.]+$' THEN 'e-mail address is not one'
    WHEN birth_date IS NULL THEN 'birth date does not exist'
    WHEN birth_date < DATE '1990-01-01' THEN 'birth date is before 1990'
    WHEN joined_at IS NULL THEN 'time of joining does not exist'
    WHEN length(full_name) > 60 THEN 'name is longer than 60 characters'
    WHEN status IS NULL THEN 'status is none of A, P, L'
END;
-- Of several sound records with one id, then with one e-mail address, the first one stays.
UPDATE student s SET fault = 'id is taken by an earlier record'
  FROM (SELECT key, min(number) AS first FROM student WHERE fault IS NULL GROUP BY key) AS f
 WHERE s.fault IS NULL AND f.key = s.key AND s.number > f.first;
UPDATE student s SET fault = 'e-mail address is taken by an earlier record'
  FROM (SELECT email, min(number) AS first FROM student WHERE fault IS NULL GROUP BY email) AS f
 WHERE s.fault IS NULL AND f.email = s.email AND s.number > f.first;

---- classes and their lessons ----------------------------------------------------------------

CREATE TEMP TABLE class AS
SELECT number, r ->> 'id' AS key, key_of('classes', r ->> 'id') AS id, r ->> 'name' AS title,
       (r ->> 'capacity')::int AS capacity, (r ->> 'fee')::numeric AS fee,
       day_of(r ->> 'startDate') AS starts_on, r -> 'schedule' AS schedule,
       r -> 'studentIds' AS students, NULL::text AS fault
  FROM document, json_array_elements(body -> 'classes') WITH ORDINALITY AS x (r, number);

CREATE TEMP TABLE lesson AS
SELECT c.number AS class_number, c.id AS class_id, w.label AS weekday,
       key_of('classes', concat_ws(chr(31), c.key, w.label, l ->> 'start')) AS id,
       (l ->> 'start')::time AS starts_at, (l ->> 'end')::time AS ends_at, l ->> 'room' AS room
  FROM class c CROSS JOIN json_array_elements(c.schedule) AS l
  LEFT JOIN (VALUES ('mon', 'monday'), ('tue', 'tuesday'), ('wed', 'wednesday'),
                    ('thu', 'thursday'), ('fri', 'friday'), ('sat', 'saturday'),
                    ('sun', 'sunday')) AS w (label, name)
         ON lower(l ->> 'day') IN (w.label, w.name);

ANALYZE class, lesson;
UPDATE class c SET fault = CASE
    WHEN capacity <= 0 THEN 'capacity is not positive'
    WHEN fee <> round(fee, 2) THEN 'fee has more than two decimals'
    WHEN fee < 0 THEN 'fee is negative'
    WHEN starts_on IS NULL THEN 'first day does not exist'
    WHEN length(title) > 80 THEN 'title is longer than 80 characters'
END;
-- A class and its lessons are one record: one bad lesson keeps all of it out.
UPDATE class c SET fault = l.fault
  FROM (SELECT class_number, min(CASE WHEN weekday IS NULL THEN 'lesson on an unknown day'
                                      WHEN ends_at <= starts_at THEN 'lesson ends before it starts'
                                 END) AS fault
          FROM lesson GROUP BY class_number) AS l
 WHERE c.fault IS NULL AND l.class_number = c.number;

---- enrollments ------------------------------------------------------------------------------

-- A student who is listed twice in a class has the first of the two seats.
CREATE TEMP TABLE seat AS
SELECT class_number, class_id, student_key, student_id,
       row_number() OVER (PARTITION BY class_number ORDER BY first) AS seat
  FROM (SELECT c.number AS class_number, c.id AS class_id, k AS student_key,
               key_of('students', k) AS student_id, min(n) AS first
          FROM class c CROSS JOIN json_array_elements_text(c.students) WITH ORDINALITY AS x (k, n)
         GROUP BY c.number, c.id, k) AS listed;

ANALYZE seat;
-- A class list is one record too: it is published whole or not at all.
CREATE TEMP TABLE roster AS
SELECT c.number, c.key, c.fault AS class_fault,
       min(s.student_key) FILTER (WHERE known.key IS NULL) AS unknown_student,
       min(s.student_key) FILTER (WHERE known.key IS NOT NULL AND good.key IS NULL) AS lost_student
  FROM class c LEFT JOIN seat s ON s.class_number = c.number
  LEFT JOIN (SELECT DISTINCT key FROM student) AS known ON known.key = s.student_key
  LEFT JOIN student good ON good.key = s.student_key AND good.fault IS NULL
 GROUP BY c.number, c.key, c.fault;

---- tests ------------------------------------------------------------------------------------

CREATE TEMP TABLE test AS
SELECT number, r ->> 'id' AS key, key_of('tests', r ->> 'id') AS id, r ->> 'classId' AS class_key,
       key_of('classes', r ->> 'classId') AS class_id, r ->> 'title' AS title,
       time_of(r -> 'date') AS held_at, (r ->> 'maxPoints')::numeric AS max_points,
       coalesce(nullif((r -> 'weights')::jsonb, 'null'), '{}') AS weights,
       texts_of(r -> 'topics') AS topics, NULL::text AS fault, NULL::text AS lost_class
  FROM document, json_array_elements(body -> 'tests') WITH ORDINALITY AS x (r, number);

ANALYZE test;
UPDATE test SET fault = CASE
    WHEN held_at IS NULL THEN 'time does not exist'
    WHEN max_points <= 0 THEN 'points are not positive'
    WHEN max_points <> round(max_points, 1) THEN 'points have more than one decimal'
    WHEN length(title) > 80 THEN 'title is longer than 80 characters'
END;
UPDATE test t SET fault = 'class does not exist'
 WHERE fault IS NULL AND NOT EXISTS (SELECT FROM class c WHERE c.key = t.class_key);
UPDATE test t SET lost_class = c.key
  FROM class c WHERE t.fault IS NULL AND c.key = t.class_key AND c.fault IS NOT NULL;

---- what must be there -----------------------------------------------------------------------

CREATE TEMP TABLE want_users AS
SELECT '00000000-0000-4000-8000-000000000001'::uuid AS id,
       'system@school.example'::varchar(120) AS email, 'System'::varchar(60) AS display_name,
       'system'::school.user_role AS role;
CREATE TEMP TABLE want_students AS
SELECT id, full_name::varchar, email::varchar, split_part(email, '@', 2) AS email_domain,
       birth_date, joined_at, status::school.student_status, tags, contact,
       guardian_name::varchar, '00000000-0000-4000-8000-000000000001'::uuid AS created_by
  FROM student WHERE fault IS NULL;
CREATE TEMP TABLE want_classes AS
SELECT id, title::varchar, capacity, fee::numeric(8, 2), starts_on,
       '00000000-0000-4000-8000-000000000001'::uuid AS created_by
  FROM class WHERE fault IS NULL;
CREATE TEMP TABLE want_schedules AS
SELECT l.id, class_id, weekday::school.weekday, starts_at, ends_at, room::varchar
  FROM lesson l JOIN class c ON c.number = l.class_number WHERE c.fault IS NULL;
CREATE TEMP TABLE want_enrollments AS
SELECT class_id, student_id, seat::smallint
  FROM seat JOIN roster r ON r.number = class_number
 WHERE r.class_fault IS NULL AND unknown_student IS NULL AND lost_student IS NULL;
CREATE TEMP TABLE want_tests AS
SELECT id, class_id, title::varchar, held_at, max_points::numeric(6, 1), weights, topics
  FROM test WHERE fault IS NULL AND lost_class IS NULL;

---- the comparison ---------------------------------------------------------------------------

ANALYZE want_students, want_classes, want_schedules, want_enrollments, want_tests;

CREATE TEMP TABLE difference ("table" text, key text, "column" text, expected text, found text);

-- Compares the columns of want_<name> with school.<name>, row by row under the given key. A
-- row that nobody expects is a difference where `strict`.
CREATE FUNCTION compare(name text, key text[], strict boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    want constant text := format('pg_temp.want_%s', name);
    columns text := (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
                       FROM pg_attribute WHERE attrelid = want::regclass AND attnum > 0);
    keys text := (SELECT string_agg(format('w.%1$I = l.%1$I', k), ' AND ') FROM unnest(key) AS k);
    want_key text := (SELECT string_agg(format('w.%I', k), ', ') FROM unnest(key) AS k);
    live_key text := (SELECT string_agg(format('l.%I', k), ', ') FROM unnest(key) AS k);
BEGIN
    EXECUTE format($sql$
        WITH w AS MATERIALIZED (SELECT %1$s FROM %2$s),
             l AS MATERIALIZED (SELECT %1$s FROM school.%3$I),
             differs AS (
                SELECT concat_ws(' ', %4$s) AS want_key, concat_ws(' ', %5$s) AS live_key,
                       w, l, w.%6$I IS NULL AS extra, l.%6$I IS NULL AS missing
                  FROM w FULL JOIN l ON %7$s WHERE w IS DISTINCT FROM l)
        INSERT INTO pg_temp.difference
        SELECT %8$L, want_key, '*', 'a row', 'none' FROM differs WHERE missing
        UNION ALL
        SELECT %8$L, live_key, '*', 'none', 'a row' FROM differs WHERE extra AND %9$L
        UNION ALL
        SELECT %8$L, want_key, a.key, a.value #>> '{}', b.value #>> '{}'
          FROM differs, jsonb_each(to_jsonb(w)) AS a
          JOIN LATERAL jsonb_each(to_jsonb(l)) AS b USING (key)
         WHERE NOT missing AND NOT extra AND a.value IS DISTINCT FROM b.value
        $sql$, columns, want, name, want_key, live_key, key[1], keys, 'school.' || name, strict);
END
$$;

DO $$
BEGIN
    PERFORM compare('users', '{id}', false);
    PERFORM compare('students', '{id}');
    PERFORM compare('classes', '{id}');
    PERFORM compare('schedules', '{id}');
    PERFORM compare('enrollments', '{class_id,student_id}');
    PERFORM compare('tests', '{id}');
END
$$;

\echo '# differences'
SELECT * FROM difference ORDER BY 1, 2, 3 LIMIT :limit;

\echo '# records that must have no row'
SELECT * FROM (
    SELECT 'students' AS stage, number, key, 'rejected' AS outcome, fault AS reason,
           NULL AS first_cause
      FROM student WHERE fault IS NOT NULL
    UNION ALL
    SELECT 'classes', number, key, 'rejected', fault, NULL FROM class WHERE fault IS NOT NULL
    UNION ALL
    SELECT 'enrollments', number, key, 'rejected', 'student does not exist', unknown_student
      FROM roster WHERE unknown_student IS NOT NULL AND class_fault IS NULL
    UNION ALL
    SELECT 'enrollments', r.number, r.key, 'skipped', 'class was rejected', 'classes:' || r.key
      FROM roster r WHERE class_fault IS NOT NULL
    UNION ALL
    SELECT 'enrollments', number, key, 'skipped', 'student was rejected',
           'students:' || lost_student
      FROM roster
     WHERE class_fault IS NULL AND unknown_student IS NULL AND lost_student IS NOT NULL
    UNION ALL
    SELECT 'tests', number, key, 'rejected', fault, NULL FROM test WHERE fault IS NOT NULL
    UNION ALL
    SELECT 'tests', number, key, 'skipped', 'class was rejected', 'classes:' || lost_class
      FROM test WHERE lost_class IS NOT NULL
) AS missing ORDER BY 1, 2 LIMIT :limit;

\pset format unaligned
\pset tuples_only on
SELECT 'differences: ' || count(*) FROM difference;
ROLLBACK;
