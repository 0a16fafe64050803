-- source.sql - V1 of the example: schema v1, in which teachers, parents and students each have a
-- table that they log in by, and its rows.
--
--   psql -d "$V1_DATABASE_URL" -v scale=0.01 -f source.sql
--
-- scale 1 (also when left out) is 1,000,000 people; 0.001 is the least. The same scale gives the same
-- rows on every server: all of them come out of their own numbers. There are no foreign keys and no
-- unique indexes but the ids. What is dirty, and how to find it by SQL, stands in README.md.
\set ON_ERROR_STOP on
\set QUIET on
\if :{?scale} \else \set scale 1 \endif

SELECT :scale < 0.001 AS too_small \gset
\if :too_small
\warn 'source.sql: scale must be 0.001 or more'
SELECT 1 / 0 AS scale_is_too_small;
\endif

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
SET LOCAL jit = off;
CREATE SCHEMA v1;

SELECT round(1000 * :scale + 30)::int AS schools, round(40000 * :scale)::int AS teachers,
       round(359000 * :scale)::int AS parents, round(600000 * :scale)::int AS students \gset
SELECT :schools * 20 AS classes \gset

-- ---- functions, dropped at the end -----------------------------------------------------------

-- A number of 0 to n - 1 out of i, the same everywhere and always; `salt` makes them differ.
CREATE FUNCTION v1.pick(i bigint, n bigint, salt bigint) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT (((i * 2654435761 + salt * 40503) % 4294967296 / 16) % n)::int $$;

-- Names in every form that a school's office writes: nobody, one word, two, many, particles, a comma,
-- another script, blanks. Every 97th person has the name of the one before.
CREATE FUNCTION v1.full_name(i bigint, salt bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN i % 101 = 0 THEN NULL WHEN i % 103 = 0 THEN '  ' WHEN i % 53 = 0 THEN given
            WHEN i % 11 = 0 THEN family || ', ' || given || ' ' || middle
            WHEN i % 13 = 0 THEN given || '  ' || middle || ' ' || family
            WHEN i % 17 = 0 THEN given || ' ' || (ARRAY['van der', 'de la', 'Von', 'bin'])[v1.pick(i, 4, 9) + 1] || ' ' || family
            WHEN i % 19 = 0 THEN ' ' || given || ' ' || middle || ' ' || given || ' ' || family || ' '
            WHEN i % 23 = 0 THEN 'Анна Ивановна Петрова'
            WHEN i % 29 = 0 THEN '李小明'
            WHEN i % 31 = 0 THEN given || ' ' || family || ', Jr.'
            ELSE given || ' ' || family END
  FROM (SELECT (ARRAY['Ada', 'Ben', 'Cleo', 'Dan', 'Eva', 'Finn', 'Gul', 'Hugo'])[v1.pick(n, 8, salt) + 1] AS given,
               (ARRAY['Maria', 'Lee', 'Sam'])[v1.pick(n, 3, salt + 1) + 1] AS middle,
               (ARRAY['Stone', 'Rivers', 'Field', 'Marsh', 'Wood', 'Hill'])[v1.pick(n, 6, salt + 2) + 1] || n % 1000 AS family
          FROM (SELECT CASE WHEN i % 97 = 0 THEN i - 1 ELSE i END AS n) AS who) AS words
$$;

-- Telephones as they are typed: local, with the country, wide digits, an extension, none, a word.
CREATE FUNCTION v1.phone(i bigint, area text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN i % 37 = 0 THEN 'ask the office' WHEN i % 41 = 0 THEN '' WHEN i % 43 = 0 THEN NULL
            WHEN i % 47 = 0 THEN '0' || area || n || ' ext. 4'
            WHEN i % 7 = 0 THEN '+44 (0)' || area || ' ' || n
            WHEN i % 5 = 0 THEN '0044' || area || '-' || n
            WHEN i % 59 = 0 THEN translate('0' || area || n, '0123456789', '０１２３４５６７８９')
            ELSE '0' || area || ' ' || n END
  FROM (SELECT lpad((CASE WHEN i % 8 = 0 THEN i - 1 ELSE i END)::text, 7, '0') AS n) AS number
$$;

-- Addresses: a text of three to five parts, an object, an object in other words, none.
CREATE FUNCTION v1.address(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN i % 9 = 0 THEN NULL WHEN i % 61 = 0 THEN ''
            WHEN i % 6 = 0 THEN jsonb_build_object('street', i % 90 || ' High St', 'city', town, 'zip', zip, 'country', 'uk')::text
            WHEN i % 10 = 0 THEN jsonb_build_object('line1', 'Flat ' || i % 50, 'town', town, 'postcode', zip, 'floor', i % 4)::text
            WHEN i % 4 = 0 THEN i % 90 || ' Mill Ln, Flat ' || i % 7 || ', ' || town || ' ' || zip || ', United Kingdom'
            WHEN i % 5 = 0 THEN i % 90 || E' Mill Ln\n' || town || ' ' || zip
            ELSE i % 90 || ' Mill Ln, ' || zip || ' ' || town END
  FROM (SELECT (ARRAY['Ely', 'York', 'Bath'])[v1.pick(i, 3, 77) + 1] AS town,
               'AB' || i % 90 || ' ' || i % 9 || 'CD' AS zip) AS words
$$;

CREATE FUNCTION v1.moment(i bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$$ SELECT timestamptz '2019-09-01 08:00:00+00' + (i * 7919 % 150000000) * interval '1 second' $$;

-- ---- schools ---------------------------------------------------------------------------------

-- Every 40th, the 5th first, has no head; the 9th a curriculum that nobody knows.
CREATE TABLE v1."School" (id int PRIMARY KEY, name text, code text, phone text, email text, address text,
    curriculum text, grades text, head_name text, head_email text, head_phone text, head_username text,
    head_password text, created_at timestamptz);
INSERT INTO v1."School"
SELECT i, 'School ' || i, 'SCH-' || i, v1.phone(i, '201'), 'office' || i || '@school.example.org', v1.address(i),
       CASE WHEN i % 500 = 9 THEN 'unknown' WHEN i % 3 = 0 THEN 'ib' ELSE 'national' END,
       CASE WHEN i % 2 = 0 THEN 'letters' ELSE 'points' END,
       CASE WHEN i % 40 = 5 THEN ' ' ELSE coalesce(nullif(btrim(v1.full_name(i, 1)), ''), 'Head ' || i) END,
       CASE WHEN i % 4 = 0 THEN NULL ELSE 'head' || i || '@school.example.org' END, v1.phone(i + 500000, '202'),
       'head' || i, 'pw-head-' || md5('h' || i), v1.moment(i)
  FROM generate_series(1, :schools) AS i;

CREATE TABLE v1."Class" (id int PRIMARY KEY, school_id int, name text, level text);
INSERT INTO v1."Class"
SELECT i, (i - 1) / 20 + 1, 'Class ' || i, (ARRAY['primary', 'middle', 'upper'])[i % 3 + 1]
  FROM generate_series(1, :classes) AS i;

-- ---- teachers --------------------------------------------------------------------------------

-- Every 50th has the mail of an earlier one in capitals, every 51st his user name; every 70th has the
-- very address, with +1, that a suffix would give; every 401st a user name longer than the target takes;
-- some managers are such.
CREATE TABLE v1."Teacher" (id int PRIMARY KEY, school_id int, manager_id int, full_name text, email text,
    phone text, username text, password text, address text, created_at timestamptz);
INSERT INTO v1."Teacher"
SELECT i, (i - 1) % :schools + 1, CASE WHEN i % 10 <> 1 THEN greatest(i / 10 * 10 + 1, 1) END, v1.full_name(i, 11),
       CASE WHEN i % 83 = 0 THEN NULL WHEN i % 89 = 0 THEN 'none' WHEN i % 50 = 0 THEN 'T' || i - 7 || '@Mail.example.org'
            WHEN i % 70 = 69 THEN 't' || i - 26 || '+1@mail.example.org' ELSE 't' || i || '@mail.example.org' END,
       v1.phone(i, '203'),
       CASE WHEN i % 79 = 0 THEN NULL WHEN i % 401 = 1 THEN repeat('long', 10) || i WHEN i % 51 = 0 THEN 'TEACHER' || i - 5
            ELSE 'teacher' || i END,
       'pw-teacher-' || md5('t' || i), v1.address(i + 3), v1.moment(i)
  FROM generate_series(1, :teachers) AS i;
CREATE TABLE v1."TeacherClass" (teacher_id int, class_id int, subject text);
INSERT INTO v1."TeacherClass"
SELECT i, ((i - 1) % :schools) * 20 + 1 + v1.pick(i, 10, 21) + k * 10,
       (ARRAY['math', 'physics', 'english', 'french'])[v1.pick(i, 4, 22 + k) + 1]
  FROM generate_series(1, :teachers) AS i, generate_series(0, 1) AS k WHERE i % 12 > 0;

-- ---- parents ---------------------------------------------------------------------------------

-- Every 60th is a teacher, and the office knows it; every 61st is one who has the same mail, and
-- nobody knows it; every 62nd has the mail of another parent, every 64th his user name in wide letters;
-- some are nobody's parents.
CREATE TABLE v1."Parent" (id int PRIMARY KEY, teacher_id int, full_name text, email text, phone text,
    username text, password text, address text, created_at timestamptz);
INSERT INTO v1."Parent"
SELECT i, CASE WHEN i % 60 = 0 THEN i / 60 + 1 END, v1.full_name(i, 31),
       CASE WHEN i % 60 = 0 THEN 't' || i / 60 + 1 || '@mail.example.org'
            WHEN i % 61 = 0 THEN 'T' || i / 61 + 2 || '@mail.example.org '
            WHEN i % 62 = 0 THEN 'P' || i - 3 || '@mail.example.org' WHEN i % 9 = 0 THEN NULL
            ELSE 'p' || i || '@mail.example.org' END,
       v1.phone(i, '204'), CASE WHEN i % 64 = 0 THEN 'ｐarent' || i - 1 WHEN i % 5 = 0 THEN NULL ELSE 'parent' || i END, 'pw-parent-' || md5('p' || i),
       v1.address(i + 4), v1.moment(i)
  FROM generate_series(1, :parents) AS i;

-- ---- students --------------------------------------------------------------------------------

-- Few have mail or telephone; many share that of the first parent. Every 97th has name and birthday of
-- the one before. Every 25th goes to two schools; every 30th has no parent, and every 2000th, the 777th first, one that is not there.
CREATE TABLE v1."Student" (id int PRIMARY KEY, full_name text, email text, phone text, username text,
    password text, address text, birthday date, created_at timestamptz);
INSERT INTO v1."Student"
SELECT i, v1.full_name(i, 41), CASE WHEN i % 6 = 0 THEN 's' || i || '@mail.example.org' WHEN i % 45 = 1 THEN 's' || i + 5 || '@MAIL.example.org' END,
       CASE WHEN i % 3 = 0 THEN v1.phone((i * 59 / 100) % greatest(:parents, 1) + 1, '204') END,
       CASE WHEN i % 14 = 0 THEN 'student' || i - 1 WHEN i % 7 > 0 THEN 'student' || i END, 'pw-student-' || md5('s' || i),
       v1.address(i + 5), date '2008-01-01' + v1.pick(CASE WHEN i % 97 = 0 THEN i - 1 ELSE i END, 3000, 44), v1.moment(i)
  FROM generate_series(1, :students) AS i;
CREATE TABLE v1."StudentSchool" (student_id int, school_id int, since date);
INSERT INTO v1."StudentSchool"
SELECT i, (i - 1 + k) % :schools + 1, date '2020-09-01' + v1.pick(i, 900, 51)
  FROM generate_series(1, :students) AS i, generate_series(0, 1) AS k WHERE k = 0 OR i % 25 = 0;
CREATE TABLE v1."StudentClass" (student_id int, class_id int);
INSERT INTO v1."StudentClass"
SELECT i, ((i - 1) % :schools) * 20 + 1 + v1.pick(i, 20, 52) FROM generate_series(1, :students) AS i WHERE i % 18 > 0;
CREATE TABLE v1."StudentParent" (student_id int, parent_id int, relation text);
INSERT INTO v1."StudentParent"
SELECT i, CASE WHEN i % 2000 = 777 THEN 90000000 ELSE (i * 59 / 100 + k * 7) % :parents + 1 END,
       (ARRAY['mother', 'father'])[k + 1]
  FROM generate_series(1, :students) AS i, generate_series(0, 1) AS k
 WHERE i % 30 > 0 AND (k = 0 OR (i % 3 = 0 AND i % 2000 <> 777));
CREATE INDEX ON v1."TeacherClass" (teacher_id);
CREATE INDEX ON v1."StudentSchool" (student_id);
CREATE INDEX ON v1."StudentClass" (student_id);
CREATE INDEX ON v1."StudentParent" (student_id);
CREATE INDEX ON v1."StudentParent" (parent_id);

DROP FUNCTION v1.full_name, v1.phone, v1.address, v1.moment, v1.pick;
COMMIT;
ANALYZE;
