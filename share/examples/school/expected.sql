-- expected.sql - what every row of the target must be, said in plain SQL from the source alone.
--
-- It shares nothing with mighost: no code, no table, no intermediate result. It copies the source's
-- tables over (the URL is in the environment, V1_DATABASE_URL) and reads reference.json beside it,
-- works out the rows of all tables by its own rules, compares them with the live ones and prints
--   1. differences: table, key, column, expected, found  (column "*": the whole row)
--   2. how many records must have no row, by table and reason
--   3. how many rows of each table were compared, and how many of them differ
--   4. as its last line: "differences: N"
-- Rows are told by the ids of V1 and by codes, as "teacher:17": keys of V2 may be any, as long as all
-- that belongs together is linked. All of it happens in one transaction that is rolled back.
\set ON_ERROR_STOP on
\set QUIET on
\pset format csv
\pset footer off
\if :{?limit} \else \set limit 100 \endif

BEGIN ISOLATION LEVEL REPEATABLE READ;
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
SET LOCAL work_mem = '128MB';
SET LOCAL jit = off;
CREATE SCHEMA school_expected;
SET LOCAL search_path = school_expected, pg_catalog;

---- the source -------------------------------------------------------------------------------

CREATE TEMP TABLE old_school (id int, name text, code text, phone text, email text, address text, curriculum text, grades text, head_name text, head_email text, head_phone text, head_username text, created timestamptz);
CREATE TEMP TABLE old_class (id int, school_id int, name text, level text);
CREATE TEMP TABLE old_teacher (id int, school_id int, manager_id int, full_name text, email text, phone text, username text, address text, created timestamptz);
CREATE TEMP TABLE old_parent (id int, teacher_id int, full_name text, email text, phone text, username text, address text, created timestamptz);
CREATE TEMP TABLE old_student (id int, full_name text, email text, phone text, username text, address text, birthday date, created timestamptz);
CREATE TEMP TABLE teacher_class (teacher_id int, class_id int, subject text);
CREATE TEMP TABLE student_school (student_id int, school_id int, since date);
CREATE TEMP TABLE student_class (student_id int, class_id int);
CREATE TEMP TABLE student_parent (student_id int, parent_id int, relation text);

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
-- A psql that fails ends \copy without an error, with what it had sent.
SELECT 1 / (EXISTS (SELECT FROM student_parent))::int AS all_was_read \gset
\set content `cat "$SCHOOL_REFERENCE"`
CREATE TEMP TABLE reference AS SELECT e.key AS kind, r.value AS j FROM jsonb_each(:'content'::jsonb) AS e, jsonb_array_elements(e.value) AS r;

---- values -----------------------------------------------------------------------------------

-- Blanks between words are one. Words of a name, and where the last name begins.
CREATE FUNCTION words(name text) RETURNS text[] LANGUAGE sql IMMUTABLE AS
$$ SELECT regexp_split_to_array(btrim(regexp_replace(name, '\s+', ' ', 'g')), ' ') $$;
CREATE FUNCTION last_begins(w text[]) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(min(n), cardinality(w))::int FROM unnest(w) WITH ORDINALITY AS x (word, n)
     WHERE n BETWEEN 2 AND cardinality(w) - 1 AND lower(word) IN ('van', 'de', 'von', 'bin')
$$;
-- First, middle and last name.
CREATE FUNCTION names(said text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE name text := btrim(regexp_replace(said, '\s+', ' ', 'g')); w text[]; l int; tail text := '';
BEGIN
    IF coalesce(name, '') = '' THEN RETURN ARRAY[NULL, NULL, NULL]; END IF;
    IF name LIKE '%, Jr.' THEN
        name := left(name, -5); tail := ' Jr.';
    ELSIF name LIKE '%,%' THEN
        w := words(split_part(name, ',', 2));
        RETURN ARRAY[w[1], nullif(array_to_string(w[2:], ' '), ''), split_part(name, ',', 1)];
    END IF;
    w := words(name);
    IF cardinality(w) = 1 THEN RETURN ARRAY[w[1], NULL, NULL]; END IF;
    l := last_begins(w);
    RETURN ARRAY[w[1], nullif(array_to_string(w[2:l - 1], ' '), ''), array_to_string(w[l:], ' ') || tail];
END $$;

-- +44 and ten digits, or NULL.
CREATE FUNCTION telephone(said text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT '+44' || substring(replace(translate(said, '０１２３４５６７８９', '0123456789'), '+44 (0)', '0044')
                              FROM '^(?:0044|0)([0-9]{3}[ -]?[0-9]{7})$' ) $$;
CREATE FUNCTION phone_of(said text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT regexp_replace(telephone(said), '[ -]', '', 'g') $$;

-- Street, city, zip, country, rest.
CREATE FUNCTION address_of(said text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE p text[]; j jsonb; n int; rest text; zip text;
BEGIN
    IF coalesce(said, '') = '' THEN RETURN ARRAY[NULL, NULL, NULL, 'GB', NULL]; END IF;
    IF said LIKE '{%' THEN
        j := said::jsonb;
        RETURN ARRAY[coalesce(j ->> 'street', j ->> 'line1'), coalesce(j ->> 'city', j ->> 'town'),
                     coalesce(j ->> 'zip', j ->> 'postcode'), 'GB', 'floor: ' || (j ->> 'floor')];
    END IF;
    p := regexp_split_to_array(said, '\s*[,\n]\s*');
    n := cardinality(p) - (p[cardinality(p)] = 'United Kingdom')::int;
    zip := substring(p[n] FROM 'AB[0-9]+ [0-9]CD');
    RETURN ARRAY[p[1], btrim(replace(p[n], zip, '')), zip, 'GB', nullif(array_to_string(p[2:n - 1], ', '), '')];
END $$;

---- who is fit, and who falls ------------------------------------------------------------------

-- Why a record has no rows; NULL: it has.
CREATE TEMP TABLE school_fate AS
SELECT *, btrim(head_name) <> '' AS fit,
       CASE WHEN btrim(head_name) = '' THEN 'has no head' WHEN curriculum NOT IN ('national', 'ib') THEN 'curriculum is unknown' END AS why
  FROM old_school;
CREATE TEMP TABLE class_fate AS
SELECT c.*, CASE WHEN s.why IS NOT NULL THEN 'school fell' END AS why FROM old_class c JOIN school_fate s ON s.id = c.school_id;
CREATE UNIQUE INDEX ON class_fate (id);
CREATE TEMP TABLE teacher_fate AS
SELECT t.*, coalesce(length(btrim(username)), 0) <= 40 AS fit,
       CASE WHEN length(btrim(username)) > 40 THEN 'user name is too long' WHEN s.why IS NOT NULL THEN 'school fell'
            WHEN EXISTS (SELECT FROM teacher_class x JOIN class_fate c ON c.id = x.class_id WHERE x.teacher_id = t.id AND c.why IS NOT NULL)
            THEN 'class fell' END AS why
  FROM old_teacher t JOIN school_fate s ON s.id = t.school_id;
CREATE UNIQUE INDEX ON teacher_fate (id);
ANALYZE school_fate; ANALYZE class_fate; ANALYZE teacher_fate;
CREATE TEMP TABLE parent_school AS
SELECT DISTINCT p.parent_id, s.school_id FROM student_parent p JOIN student_school s USING (student_id)
 WHERE EXISTS (SELECT FROM old_parent o WHERE o.id = p.parent_id);
ANALYZE parent_school;
CREATE TEMP TABLE parent_fate AS
SELECT p.*, CASE WHEN t.why IS NOT NULL THEN 'is a teacher who fell' WHEN l.fell THEN 'school fell' END AS why
  FROM old_parent p LEFT JOIN teacher_fate t ON t.id = p.teacher_id
  LEFT JOIN (SELECT x.parent_id, bool_or(s.why IS NOT NULL) AS fell FROM parent_school x JOIN school_fate s ON s.id = x.school_id GROUP BY 1) l
    ON l.parent_id = p.id;
CREATE UNIQUE INDEX ON parent_fate (id);
ANALYZE parent_fate;
CREATE TEMP TABLE student_fate AS
SELECT s.*, CASE WHEN a.fell THEN 'school fell' WHEN b.fell THEN 'parent fell or is not there' WHEN c.fell THEN 'class fell' END AS why
  FROM old_student s
  LEFT JOIN (SELECT student_id, bool_or(f.why IS NOT NULL) AS fell FROM student_school x JOIN school_fate f ON f.id = x.school_id GROUP BY 1) a ON a.student_id = s.id
  LEFT JOIN (SELECT student_id, bool_or(f.id IS NULL OR f.why IS NOT NULL) AS fell FROM student_parent x LEFT JOIN parent_fate f ON f.id = x.parent_id GROUP BY 1) b ON b.student_id = s.id
  LEFT JOIN (SELECT student_id, bool_or(f.why IS NOT NULL) AS fell FROM student_class x JOIN class_fate f ON f.id = x.class_id GROUP BY 1) c ON c.student_id = s.id;
CREATE UNIQUE INDEX ON student_fate (id);
ANALYZE student_fate;

---- people -------------------------------------------------------------------------------------

-- Everybody who claims a login, in the order in which values are given away.
CREATE TEMP TABLE person AS
SELECT *, row_number() OVER (ORDER BY stage, id) AS place, kind || ':' || id AS legacy FROM (
    SELECT 1 AS stage, 'admin' AS kind, 'staff' AS type, id, head_name AS name, head_email AS email, head_phone AS phone, head_username AS username,
           NULL::text AS address, NULL::date AS born, created, why FROM school_fate WHERE fit
    UNION ALL SELECT 2, 'teacher', 'staff', id, full_name, email, phone, username, address, NULL, created, why FROM teacher_fate WHERE fit
    UNION ALL SELECT 3, 'parent', 'family', id, full_name, email, phone, username, address, NULL, created, why FROM parent_fate WHERE teacher_id IS NULL
    UNION ALL SELECT 4, 'student', 'learner', id, full_name, email, phone, username, address, birthday, created, why FROM student_fate) AS p;
UPDATE person SET username = coalesce(nullif(btrim(username), ''), kind || '-' || id), phone = phone_of(phone),
       email = CASE WHEN btrim(email) ~ '^[A-Za-z0-9+]+@[A-Za-z.]+$' THEN btrim(email) ELSE kind || '-' || id || '@v1.invalid' END;
CREATE UNIQUE INDEX ON person (place);
ANALYZE person;

-- One value after the other: what is taken gets the least number that makes it nobody's. Who keeps his
-- own is there first. Letters of another case or width are the same.
CREATE FUNCTION folded(v text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(normalize(v, NFKC)) $$;
CREATE TEMP TABLE held (what text, v text, PRIMARY KEY (what, v));
INSERT INTO held SELECT 'email', folded(email) FROM person UNION SELECT 'username', folded(username) FROM person;
CREATE FUNCTION another(rule text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n int := 0; v text; plain text := normalize(value, NFKC);
BEGIN
    LOOP
        n := n + 1;
        v := CASE rule WHEN 'email' THEN replace(plain, '@', '+' || n || '@') ELSE plain || '-' || n END;
        INSERT INTO pg_temp.held VALUES (rule, folded(v)) ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
    END LOOP;
    RETURN v;
END $$;
CREATE TEMP TABLE given (what text, place bigint, v text);
DO $$
DECLARE p record;
BEGIN
    FOR p IN SELECT * FROM (SELECT place, email, row_number() OVER (PARTITION BY folded(email) ORDER BY place) AS n FROM pg_temp.person) x WHERE n > 1 ORDER BY place LOOP
        INSERT INTO pg_temp.given VALUES ('email', p.place, another('email', p.email));
    END LOOP;
    FOR p IN SELECT * FROM (SELECT place, username, row_number() OVER (PARTITION BY folded(username) ORDER BY place) AS n FROM pg_temp.person) x WHERE n > 1 ORDER BY place LOOP
        INSERT INTO pg_temp.given VALUES ('username', p.place, another('username', p.username));
    END LOOP;
END $$;
UPDATE person p SET email = g.v FROM given g WHERE g.place = p.place AND g.what = 'email';
UPDATE person p SET username = g.v FROM given g WHERE g.place = p.place AND g.what = 'username';
UPDATE person p SET phone = NULL FROM (SELECT place, row_number() OVER (PARTITION BY phone ORDER BY place) AS n FROM person WHERE phone IS NOT NULL) x
 WHERE x.place = p.place AND x.n > 1;
DELETE FROM person WHERE why IS NOT NULL;

---- what must be there, and what is --------------------------------------------------------------

-- Both as one document a row: table, key, row.
CREATE TEMP TABLE want (what text, key text, row jsonb);
CREATE TEMP TABLE have (LIKE want);
INSERT INTO want
SELECT 'User', legacy, jsonb_build_object('type', type, 'username', username, 'email', email, 'phone', phone, 'hash', '!', 'reset', true, 'created', created) FROM person
UNION ALL SELECT 'UserRole', legacy || ' ' || kind, '{}' FROM person
UNION ALL SELECT 'UserRole', 'teacher:' || teacher_id || ' parent', '{}' FROM parent_fate WHERE why IS NULL AND teacher_id IS NOT NULL
UNION ALL SELECT 'Profile', legacy, jsonb_build_object('first', n[1], 'middle', n[2], 'last', n[3], 'born', born) FROM (SELECT *, names(name) AS n FROM person) AS p
UNION ALL SELECT 'Address', legacy, jsonb_build_object('street', a[1], 'city', a[2], 'zip', a[3], 'country', a[4], 'rest', a[5]) FROM (SELECT *, address_of(address) AS a FROM person) AS p
UNION ALL SELECT 'School', id::text, jsonb_build_object('code', code, 'name', name, 'phone', phone_of(phone), 'email', email, 'street', a[1], 'city', a[2], 'zip', a[3],
                 'country', a[4], 'rest', a[5], 'curriculum', curriculum, 'grades', grades) FROM (SELECT *, address_of(address) AS a FROM school_fate WHERE why IS NULL) AS s
UNION ALL SELECT 'SchoolAdmin', id || ' admin:' || id, '{}' FROM school_fate WHERE why IS NULL
UNION ALL SELECT 'Class', id::text, jsonb_build_object('school', school_id, 'level', level, 'name', name) FROM class_fate WHERE why IS NULL
UNION ALL SELECT 'Teacher', 'teacher:' || t.id, jsonb_build_object('school', t.school_id, 'manager', 'teacher:' || m.id)
            FROM teacher_fate t LEFT JOIN teacher_fate m ON m.id = t.manager_id AND m.why IS NULL WHERE t.why IS NULL
UNION ALL SELECT 'Parent', coalesce('teacher:' || teacher_id, 'parent:' || id), '{}' FROM parent_fate WHERE why IS NULL
UNION ALL SELECT 'Student', 'student:' || id, '{}' FROM student_fate WHERE why IS NULL
UNION ALL SELECT 'ClassTeacher', class_id || ' teacher:' || teacher_id || ' ' || subject, '{}' FROM teacher_class x JOIN teacher_fate t ON t.id = x.teacher_id WHERE why IS NULL
UNION ALL SELECT 'ParentSchool', coalesce('teacher:' || teacher_id, 'parent:' || id) || ' ' || school_id, '{}' FROM parent_school x JOIN parent_fate p ON p.id = x.parent_id WHERE why IS NULL
UNION ALL SELECT 'StudentSchool', student_id || ' ' || school_id, jsonb_build_object('since', since) FROM student_school x JOIN student_fate s ON s.id = x.student_id WHERE why IS NULL
UNION ALL SELECT 'StudentParent', student_id || ' ' || coalesce('teacher:' || teacher_id, 'parent:' || p.id), jsonb_build_object('relation', relation)
            FROM student_parent x JOIN student_fate s ON s.id = x.student_id JOIN parent_fate p ON p.id = x.parent_id WHERE s.why IS NULL
UNION ALL SELECT 'ClassStudent', class_id || ' ' || student_id, '{}' FROM student_class x JOIN student_fate s ON s.id = x.student_id WHERE why IS NULL
UNION ALL SELECT kind, concat_ws(' ', j ->> 'system', j ->> 'code'), j - 'permissions' FROM reference
UNION ALL SELECT 'role-permissions', (j ->> 'code') || ' ' || p, '{}' FROM reference, jsonb_array_elements_text(j -> 'permissions') AS p WHERE kind = 'roles';

CREATE TEMP VIEW student AS SELECT s.id, split_part(u."legacyId", ':', 2) AS old FROM v2."Student" s JOIN v2."User" u ON u.id = s."userId";
CREATE TEMP VIEW parent AS SELECT p.id, u."legacyId" AS old FROM v2."Parent" p JOIN v2."User" u ON u.id = p."userId";
CREATE TEMP VIEW teacher AS SELECT t.*, u."legacyId" AS old FROM v2."Teacher" t JOIN v2."User" u ON u.id = t."userId";
INSERT INTO have
SELECT 'User', "legacyId", jsonb_build_object('type', t.code, 'username', username, 'email', email, 'phone', phone, 'hash', "passwordHash", 'reset', "mustReset", 'created', "createdAt")
  FROM v2."User" u JOIN v2."UserType" t ON t.id = u."userTypeId"
UNION ALL SELECT 'UserRole', "legacyId" || ' ' || code, '{}' FROM v2."UserRole" x JOIN v2."User" u ON u.id = x."userId" JOIN v2."Role" r ON r.id = x."roleId"
UNION ALL SELECT 'Profile', "legacyId", jsonb_build_object('first', "firstName", 'middle', "middleName", 'last', "lastName", 'born', "birthDate") FROM v2."Profile" p JOIN v2."User" u ON u.id = p."userId"
UNION ALL SELECT 'Address', "legacyId", jsonb_build_object('street', street, 'city', city, 'zip', zip, 'country', country, 'rest', rest) FROM v2."Address" a JOIN v2."User" u ON u.id = a."userId"
UNION ALL SELECT 'School', "legacyId"::text, jsonb_build_object('code', s.code, 'name', name, 'phone', phone, 'email', email, 'street', street, 'city', city, 'zip', zip, 'country', country,
                 'rest', rest, 'curriculum', c.code, 'grades', g.code) FROM v2."School" s JOIN v2."Curriculum" c ON c.id = s."curriculumId" JOIN v2."GradeSystem" g ON g.id = s."gradeSystemId"
UNION ALL SELECT 'SchoolAdmin', s."legacyId" || ' ' || u."legacyId", '{}' FROM v2."SchoolAdmin" x JOIN v2."School" s ON s.id = x."schoolId" JOIN v2."User" u ON u.id = x."userId"
UNION ALL SELECT 'Class', c."legacyId"::text, jsonb_build_object('school', s."legacyId", 'level', l.code, 'name', c.name) FROM v2."Class" c JOIN v2."School" s ON s.id = c."schoolId" JOIN v2."ClassLevel" l ON l.id = c."levelId"
UNION ALL SELECT 'Teacher', t.old, jsonb_build_object('school', s."legacyId", 'manager', m.old) FROM teacher t JOIN v2."School" s ON s.id = t."schoolId" LEFT JOIN teacher m ON m.id = t."managerId"
UNION ALL SELECT 'Parent', old, '{}' FROM parent
UNION ALL SELECT 'Student', 'student:' || old, '{}' FROM student
UNION ALL SELECT 'ClassTeacher', c."legacyId" || ' ' || t.old || ' ' || s.code, '{}' FROM v2."ClassTeacher" x JOIN v2."Class" c ON c.id = x."classId" JOIN teacher t ON t.id = x."teacherId" JOIN v2."Subject" s ON s.id = x."subjectId"
UNION ALL SELECT 'ParentSchool', p.old || ' ' || s."legacyId", '{}' FROM v2."ParentSchool" x JOIN parent p ON p.id = x."parentId" JOIN v2."School" s ON s.id = x."schoolId"
UNION ALL SELECT 'StudentSchool', t.old || ' ' || s."legacyId", jsonb_build_object('since', since) FROM v2."StudentSchool" x JOIN student t ON t.id = x."studentId" JOIN v2."School" s ON s.id = x."schoolId"
UNION ALL SELECT 'StudentParent', t.old || ' ' || p.old, jsonb_build_object('relation', relation) FROM v2."StudentParent" x JOIN student t ON t.id = x."studentId" JOIN parent p ON p.id = x."parentId"
UNION ALL SELECT 'ClassStudent', c."legacyId" || ' ' || t.old, '{}' FROM v2."ClassStudent" x JOIN student t ON t.id = x."studentId" JOIN v2."Class" c ON c.id = x."classId"
UNION ALL SELECT 'user-types', code, jsonb_build_object('code', code, 'title', title) FROM v2."UserType"
UNION ALL SELECT 'permission-modules', code, jsonb_build_object('code', code, 'title', title) FROM v2."PermissionModule"
UNION ALL SELECT 'permissions', p.code, jsonb_build_object('code', p.code, 'title', p.title, 'module', m.code) FROM v2."Permission" p JOIN v2."PermissionModule" m ON m.id = p."moduleId"
UNION ALL SELECT 'roles', r.code, jsonb_build_object('code', r.code, 'title', r.title, 'type', t.code) FROM v2."Role" r JOIN v2."UserType" t ON t.id = r."userTypeId"
UNION ALL SELECT 'role-permissions', r.code || ' ' || p.code, '{}' FROM v2."RolePermission" x JOIN v2."Role" r ON r.id = x."roleId" JOIN v2."Permission" p ON p.id = x."permissionId"
UNION ALL SELECT 'grade-systems', code, jsonb_build_object('code', code, 'title', title) FROM v2."GradeSystem"
UNION ALL SELECT 'grade-levels', s.code || ' ' || l.code, jsonb_build_object('code', l.code, 'system', s.code, 'place', place) FROM v2."GradeLevel" l JOIN v2."GradeSystem" s ON s.id = l."systemId"
UNION ALL SELECT 'curriculums', code, jsonb_build_object('code', code, 'title', title) FROM v2."Curriculum"
UNION ALL SELECT 'class-levels', code, jsonb_build_object('code', code, 'title', title, 'place', place) FROM v2."ClassLevel"
UNION ALL SELECT 'subject-categories', code, jsonb_build_object('code', code, 'title', title) FROM v2."SubjectCategory"
UNION ALL SELECT 'subjects', s.code, jsonb_build_object('code', s.code, 'title', s.title, 'category', c.code) FROM v2."Subject" s JOIN v2."SubjectCategory" c ON c.id = s."categoryId";
ANALYZE want; ANALYZE have;
CREATE TEMP TABLE compared AS
SELECT what, key, w.row AS want, h.row AS have, w.row IS DISTINCT FROM h.row AS differs FROM want w FULL JOIN have h USING (what, key);

\echo '# differences: table, key, column, expected, found'
SELECT what, key, coalesce(e.key_, '*') AS "column", CASE WHEN e.key_ IS NULL THEN want::text ELSE want ->> e.key_ END AS expected,
       CASE WHEN e.key_ IS NULL THEN have::text ELSE have ->> e.key_ END AS found
  FROM compared c LEFT JOIN LATERAL (SELECT k AS key_ FROM jsonb_object_keys(c.want) AS k WHERE c.have IS NOT NULL AND c.want -> k IS DISTINCT FROM c.have -> k) AS e ON true
 WHERE differs ORDER BY 1, 2, 3 LIMIT :limit;
\echo '# records without rows: table, reason, number'
SELECT * FROM (SELECT 'School', why, count(*) FROM school_fate WHERE why IS NOT NULL GROUP BY why
    UNION ALL SELECT 'Class', why, count(*) FROM class_fate WHERE why IS NOT NULL GROUP BY why
    UNION ALL SELECT 'Teacher', why, count(*) FROM teacher_fate WHERE why IS NOT NULL GROUP BY why
    UNION ALL SELECT 'Parent', why, count(*) FROM parent_fate WHERE why IS NOT NULL GROUP BY why
    UNION ALL SELECT 'Student', why, count(*) FROM student_fate WHERE why IS NOT NULL GROUP BY why) AS x (of, why, n) ORDER BY 1, 2;
\echo '# tables: rows that must be there, rows that differ'
SELECT what, count(want), count(*) FILTER (WHERE differs) FROM compared GROUP BY what ORDER BY 1;
\pset tuples_only on
\pset format unaligned
SELECT 'differences: ' || count(*) FROM compared WHERE differs;
ROLLBACK;
