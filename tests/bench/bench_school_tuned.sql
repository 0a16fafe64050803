-- bench_school_tuned.sql - the people of the example school moved by hand: what somebody who knows
-- both databases would write for speed. Run in the target, whose reference data is there; reads V1 by a
-- psql of its own ($V1_DATABASE_URL). By bench_school.sh.
--
-- All as sets, with parallel workers where the server takes them; helpers are UNLOGGED; keys are MD5,
-- so that no row is looked up for its key; indexes and constraints of the tables of people are dropped
-- before and made again after, in one transaction. What is dirty is known beforehand, and each rule
-- fits this source alone. Nothing is counted, listed, verified, or can be undone.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
SET work_mem = '256MB';
SET maintenance_work_mem = '512MB';
SET jit = off;
SET timezone = 'UTC';
CREATE SCHEMA bench;
SET search_path = bench, v2, pg_catalog;

CREATE UNLOGGED TABLE old_school (id int, name text, code text, phone text, email text, address text, curriculum text, grades text, head_name text, head_email text, head_phone text, head_username text, created timestamptz);
CREATE UNLOGGED TABLE old_class (id int, school_id int, name text, level text);
CREATE UNLOGGED TABLE old_teacher (id int, school_id int, manager_id int, full_name text, email text, phone text, username text, address text, created timestamptz);
CREATE UNLOGGED TABLE old_parent (id int, teacher_id int, full_name text, email text, phone text, username text, address text, created timestamptz);
CREATE UNLOGGED TABLE old_student (id int, full_name text, email text, phone text, username text, address text, birthday date, created timestamptz);
CREATE UNLOGGED TABLE teacher_class (teacher_id int, class_id int, subject text);
CREATE UNLOGGED TABLE student_school (student_id int, school_id int, since date);
CREATE UNLOGGED TABLE student_class (student_id int, class_id int);
CREATE UNLOGGED TABLE student_parent (student_id int, parent_id int, relation text);
\copy old_school FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, name, code, phone, email, address, curriculum, grades, head_name, head_email, head_phone, head_username, created_at FROM v1.\"School\") TO STDOUT"'
\copy old_class FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY v1.\"Class\" (id, school_id, name, level) TO STDOUT"'
\copy old_teacher FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY v1.\"Teacher\" (id, school_id, manager_id, full_name, email, phone, username, address, created_at) TO STDOUT"'
\copy old_parent FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY v1.\"Parent\" (id, teacher_id, full_name, email, phone, username, address, created_at) TO STDOUT"'
\copy old_student FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY v1.\"Student\" (id, full_name, email, phone, username, address, birthday, created_at) TO STDOUT"'
\copy teacher_class FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY v1.\"TeacherClass\" TO STDOUT"'
\copy student_school FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY v1.\"StudentSchool\" TO STDOUT"'
\copy student_class FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY v1.\"StudentClass\" TO STDOUT"'
\copy student_parent FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY v1.\"StudentParent\" TO STDOUT"'
ANALYZE old_school; ANALYZE old_class; ANALYZE old_teacher; ANALYZE old_parent; ANALYZE old_student;
ANALYZE teacher_class; ANALYZE student_school; ANALYZE student_class; ANALYZE student_parent;

---- who is left out ----------------------------------------------------------------------------

CREATE UNLOGGED TABLE bad_school AS SELECT id FROM old_school WHERE btrim(head_name) = '' OR curriculum NOT IN ('national', 'ib');
CREATE UNLOGGED TABLE bad_class AS SELECT id FROM old_class WHERE school_id IN (SELECT id FROM bad_school);
CREATE UNLOGGED TABLE bad_teacher AS SELECT id FROM old_teacher WHERE length(btrim(username)) > 40 OR school_id IN (SELECT id FROM bad_school)
    UNION SELECT teacher_id FROM teacher_class WHERE class_id IN (SELECT id FROM bad_class);
CREATE UNLOGGED TABLE parent_school AS SELECT DISTINCT parent_id, school_id FROM student_parent JOIN student_school USING (student_id);
CREATE UNLOGGED TABLE bad_parent AS SELECT id FROM old_parent WHERE teacher_id IN (SELECT id FROM bad_teacher)
    UNION SELECT parent_id FROM parent_school WHERE school_id IN (SELECT id FROM bad_school);
CREATE UNLOGGED TABLE bad_student AS SELECT student_id AS id FROM student_school WHERE school_id IN (SELECT id FROM bad_school)
    UNION SELECT student_id FROM student_parent WHERE parent_id IN (SELECT id FROM bad_parent) OR parent_id = 90000000
    UNION SELECT student_id FROM student_class WHERE class_id IN (SELECT id FROM bad_class);
ANALYZE bad_school; ANALYZE bad_class; ANALYZE bad_teacher; ANALYZE bad_parent; ANALYZE bad_student; ANALYZE parent_school;

---- values -------------------------------------------------------------------------------------

CREATE FUNCTION phone_of(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '+44' || translate(substring(replace(translate(said, '０１２３４５６７８９', '0123456789'), '+44 (0)', '0044')
                                        FROM '^(?:0044|0)([0-9]{3}[ -]?[0-9]{7})$'), ' -', '') $$;
CREATE FUNCTION key(kind text, id anyelement) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT md5(kind || ':' || id)::uuid $$;

-- Who claims a login, also when left out later; `base` is the name without blanks and title.
CREATE UNLOGGED TABLE claim AS
SELECT stage, kind, type, id, jr, comma, CASE WHEN jr THEN left(base, -5) ELSE base END AS base,
       coalesce(nullif(btrim(username), ''), kind || '-' || id) AS username,
       CASE WHEN btrim(email) ~ '^[A-Za-z0-9+]+@[A-Za-z.]+$' THEN btrim(email) ELSE kind || '-' || id || '@v1.invalid' END AS email,
       phone_of(phone) AS phone, address, born, created, gone
  FROM (SELECT *, base LIKE '%, Jr.' AS jr, base LIKE '%,%' AND base NOT LIKE '%, Jr.' AS comma FROM (
    SELECT 1 AS stage, 'admin' AS kind, 'staff' AS type, id, btrim(regexp_replace(head_name, '\s+', ' ', 'g')) AS base, head_email AS email, head_phone AS phone, head_username AS username,
           NULL::text AS address, NULL::date AS born, created, id IN (SELECT id FROM bad_school) AS gone FROM old_school WHERE btrim(head_name) <> ''
    UNION ALL SELECT 2, 'teacher', 'staff', id, btrim(regexp_replace(full_name, '\s+', ' ', 'g')), email, phone, username, address, NULL, created, id IN (SELECT id FROM bad_teacher)
                FROM old_teacher WHERE coalesce(length(btrim(username)), 0) <= 40
    UNION ALL SELECT 3, 'parent', 'family', id, btrim(regexp_replace(full_name, '\s+', ' ', 'g')), email, phone, username, address, NULL, created, id IN (SELECT id FROM bad_parent)
                FROM old_parent WHERE teacher_id IS NULL
    UNION ALL SELECT 4, 'student', 'learner', id, btrim(regexp_replace(full_name, '\s+', ' ', 'g')), email, phone, username, address, birthday, created, id IN (SELECT id FROM bad_student)
                FROM old_student) AS x) AS y;
ANALYZE claim;

-- Later claims of a value get the least numbers that nobody has.
CREATE UNLOGGED TABLE folded AS SELECT stage, id, lower(normalize(email, NFKC)) AS email, lower(normalize(username, NFKC)) AS username FROM claim;
ANALYZE folded;
CREATE UNLOGGED TABLE mails AS
WITH later AS MATERIALIZED (SELECT stage, id, email AS v, row_number() OVER (PARTITION BY email ORDER BY stage, id) - 1 AS r
       FROM (SELECT *, row_number() OVER (PARTITION BY email ORDER BY stage, id) AS n FROM folded) AS x WHERE email IN (SELECT email FROM folded GROUP BY email HAVING count(*) > 1)),
     used AS (SELECT DISTINCT regexp_replace(email, '\+[0-9]+@', '@') AS v, substring(email FROM '\+([0-9]+)@')::int AS n FROM folded WHERE email ~ '^[^+@]*(\+[0-9]+)*\+[0-9]+@'),
     room AS (SELECT v, max(r) + coalesce(max(u.n), 0) AS n FROM later LEFT JOIN (SELECT v, count(*) AS n FROM used GROUP BY v) AS u USING (v) GROUP BY v),
     free AS (SELECT v, n, row_number() OVER (PARTITION BY v ORDER BY n) AS r FROM (SELECT v, generate_series(1, n) AS n FROM room) AS x WHERE (v, n) NOT IN (SELECT v, n FROM used))
SELECT stage, id, n FROM later JOIN free USING (v, r) WHERE r > 0;
CREATE UNLOGGED TABLE names AS
WITH later AS MATERIALIZED (SELECT stage, id, username AS v, row_number() OVER (PARTITION BY username ORDER BY stage, id) - 1 AS r
       FROM folded WHERE username IN (SELECT username FROM folded GROUP BY username HAVING count(*) > 1)),
     used AS (SELECT regexp_replace(username, '-[0-9]+$', '') AS v, substring(username FROM '-([0-9]+)$')::int AS n FROM folded WHERE username ~ '-[0-9]+$'),
     room AS (SELECT v, max(r) + coalesce(max(u.n), 0) AS n FROM later LEFT JOIN (SELECT v, count(*) AS n FROM used GROUP BY v) AS u USING (v) GROUP BY v),
     free AS (SELECT v, n, row_number() OVER (PARTITION BY v ORDER BY n) AS r FROM (SELECT v, generate_series(1, n) AS n FROM room) AS x WHERE (v, n) NOT IN (SELECT v, n FROM used))
SELECT stage, id, n FROM later JOIN free USING (v, r) WHERE r > 0;
ANALYZE mails; ANALYZE names;
CREATE UNLOGGED TABLE person AS
SELECT c.*, key(c.kind || '-user', c.id) AS "user", kind || ':' || c.id AS legacy,
       CASE WHEN m.n IS NULL THEN email ELSE replace(normalize(email, NFKC), '@', '+' || m.n || '@') END AS mail,
       CASE WHEN u.n IS NULL THEN username ELSE normalize(username, NFKC) || '-' || u.n END AS login,
       CASE WHEN row_number() OVER (PARTITION BY phone ORDER BY c.stage, c.id) = 1 THEN phone END AS own_phone
  FROM claim c LEFT JOIN mails m USING (stage, id) LEFT JOIN names u ON u.stage = c.stage AND u.id = c.id;
DELETE FROM person WHERE gone;
ANALYZE person;

---- the rows -----------------------------------------------------------------------------------

BEGIN;
CREATE TEMP TABLE made AS
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS off, format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(c.oid)) AS back,
       contype = 'f' AS refers, 1 AS place
  FROM pg_constraint c WHERE contype IN ('p', 'u', 'f') AND connamespace = 'v2'::regnamespace AND conrelid::regclass::text = ANY
       ('{"\"User\"","\"UserRole\"","\"Profile\"","\"Address\"","\"School\"","\"SchoolAdmin\"","\"Class\"","\"Teacher\"","\"Parent\"","\"Student\"","\"ClassTeacher\"","\"ParentSchool\"","\"StudentSchool\"","\"StudentParent\"","\"ClassStudent\""}'::text[])
UNION ALL SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid), false, 2
  FROM pg_index i JOIN pg_class c ON c.oid = indrelid WHERE c.relnamespace = 'v2'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid);
SELECT off FROM made ORDER BY refers DESC, place \gexec

INSERT INTO "User" SELECT "user", legacy, t.id, login, mail, own_phone, '!', true, p.created FROM person p JOIN "UserType" t ON t.code = p.type;
INSERT INTO "UserRole" SELECT "user", r.id FROM person p JOIN "Role" r ON r.code = p.kind
    UNION ALL SELECT key('teacher-user', teacher_id), r.id FROM old_parent p, "Role" r WHERE r.code = 'parent' AND teacher_id IS NOT NULL AND p.id NOT IN (SELECT id FROM bad_parent);
INSERT INTO "Profile"
SELECT "user", CASE WHEN comma THEN split_part(name, ' ', 1) ELSE nullif(split_part(base, ' ', 1), '') END,
       CASE WHEN comma THEN substring(name FROM ' (.*)$')
            ELSE nullif(btrim(substr(base, length(split_part(base, ' ', 1)) + 1, length(base) - length(split_part(base, ' ', 1)) - length(last))), '') END,
       CASE WHEN comma THEN split_part(base, ',', 1) WHEN jr THEN last || ' Jr.' ELSE last END, born
  FROM (SELECT *, CASE WHEN comma THEN btrim(split_part(base, ',', 2)) END AS name,
               coalesce(substring(base FROM '(?i) ((?:van|de|von|bin) .*)$'), substring(base FROM ' ([^ ]+)$')) AS last FROM person) AS p;
CREATE UNLOGGED TABLE place AS
SELECT key, address, CASE WHEN address LIKE '{%' THEN address::jsonb END AS j, CASE WHEN address NOT LIKE '{%' AND address <> '' THEN regexp_split_to_array(address, '\s*[,\n]\s*') END AS p
  FROM (SELECT "user" AS key, address FROM person UNION ALL SELECT key('school', id), address FROM old_school WHERE id NOT IN (SELECT id FROM bad_school)) AS x;
CREATE UNLOGGED TABLE parted AS
SELECT key, CASE WHEN j IS NULL THEN p[1] ELSE coalesce(j ->> 'street', j ->> 'line1') END AS street,
       CASE WHEN j IS NULL THEN btrim(replace(p[n], zip, '')) ELSE coalesce(j ->> 'city', j ->> 'town') END AS city,
       CASE WHEN j IS NULL THEN zip ELSE coalesce(j ->> 'zip', j ->> 'postcode') END AS zip,
       CASE WHEN j IS NULL THEN nullif(array_to_string(p[2:n - 1], ', '), '') ELSE 'floor: ' || (j ->> 'floor') END AS rest
  FROM (SELECT *, substring(p[n] FROM 'AB[0-9]+ [0-9]CD') AS zip FROM (SELECT *, cardinality(p) - (p[cardinality(p)] = 'United Kingdom')::int AS n FROM place) AS x) AS y;
ANALYZE parted;
INSERT INTO "Address" SELECT key, street, city, zip, 'GB', rest FROM parted WHERE key IN (SELECT "user" FROM person);
INSERT INTO "School" SELECT key('school', s.id), s.id, s.code, s.name, phone_of(phone), email, street, city, zip, 'GB', rest, c.id, g.id
  FROM old_school s JOIN parted p ON p.key = key('school', s.id) JOIN "Curriculum" c ON c.code = curriculum JOIN "GradeSystem" g ON g.code = grades;
INSERT INTO "SchoolAdmin" SELECT key('school', id), "user" FROM person WHERE kind = 'admin';
INSERT INTO "Class" SELECT key('class', c.id), c.id, key('school', school_id), l.id, name FROM old_class c JOIN "ClassLevel" l ON l.code = level WHERE c.id NOT IN (SELECT id FROM bad_class);
INSERT INTO "Teacher" SELECT key('teacher', t.id), key('teacher-user', t.id), key('school', school_id), key('teacher', m.id)
  FROM old_teacher t LEFT JOIN (SELECT id FROM old_teacher WHERE id NOT IN (SELECT id FROM bad_teacher)) AS m ON m.id = manager_id WHERE t.id NOT IN (SELECT id FROM bad_teacher);
INSERT INTO "Parent" SELECT key('parent', id), CASE WHEN teacher_id IS NULL THEN key('parent-user', id) ELSE key('teacher-user', teacher_id) END
  FROM old_parent WHERE id NOT IN (SELECT id FROM bad_parent);
INSERT INTO "Student" SELECT key('student', id), key('student-user', id) FROM old_student WHERE id NOT IN (SELECT id FROM bad_student);
INSERT INTO "ClassTeacher" SELECT key('class', class_id), key('teacher', teacher_id), s.id FROM teacher_class JOIN "Subject" s ON s.code = subject WHERE teacher_id NOT IN (SELECT id FROM bad_teacher);
INSERT INTO "ParentSchool" SELECT key('parent', parent_id), key('school', school_id) FROM parent_school WHERE parent_id <> 90000000 AND parent_id NOT IN (SELECT id FROM bad_parent);
INSERT INTO "StudentSchool" SELECT key('student', student_id), key('school', school_id), since FROM student_school WHERE student_id NOT IN (SELECT id FROM bad_student);
INSERT INTO "StudentParent" SELECT key('student', student_id), key('parent', parent_id), relation FROM student_parent WHERE student_id NOT IN (SELECT id FROM bad_student);
INSERT INTO "ClassStudent" SELECT key('class', class_id), key('student', student_id) FROM student_class WHERE student_id NOT IN (SELECT id FROM bad_student);
SELECT back FROM made ORDER BY refers, place \gexec
COMMIT;
DROP SCHEMA bench CASCADE;
