-- expected.sql - what every row of the target must be, said in plain SQL from the source alone.
--
-- It shares nothing with mighost: no code, no table, no intermediate result. It copies the source's
-- tables over (the URL is in the environment, V1_DATABASE_URL), works out the rows of all twelve
-- tables by its own rules, compares them with the live ones and prints
--   1. differences: table, key, column, expected, found  (column "*": the whole row)
--   2. how many records must have no row, by table and reason
--   3. how many rows of each table were compared, and how many of them differ
--   4. as its last line: "differences: N"
-- All of it happens in one transaction that is rolled back, so that nothing is left behind.
-- compare.sh calls it; it needs the extension pgcrypto (package postgresql-contrib) for SHA-1.
\set ON_ERROR_STOP on
\set QUIET on
\pset format csv
\pset footer off
\if :{?limit} \else \set limit 100 \endif

BEGIN ISOLATION LEVEL REPEATABLE READ;
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
SET LOCAL datestyle = 'ISO, DMY';
SET LOCAL work_mem = '128MB';
SET LOCAL jit = off;
CREATE SCHEMA lms_expected;
CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA lms_expected;
SELECT quote_ident(n.nspname) AS pgcrypto_schema
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = 'pgcrypto' \gset
SET LOCAL search_path = lms_expected, :pgcrypto_schema, pg_catalog;

---- the source -------------------------------------------------------------------------------

CREATE TEMP TABLE old_users (id int, username text, password text, email text, active int, type_id int, lang_id int, created text);
CREATE TEMP TABLE old_persons (id int, user_id int, firstname text, lastname text, patronymic text, birthdate text, pincode text, gender_id int, created text);
CREATE TEMP TABLE old_students (id int, user_id int, type_id int, payment_type_id int, lang_id int, score text, enter_date text, card_code text, created text);
CREATE TEMP TABLE old_teachers (id int, user_id int, position_id int, active int, in_date text, out_date text, created text);
CREATE TEMP TABLE old_names (id int, az text, ru text, en text);
CREATE TEMP TABLE old_organizations (id int, parent_id int, name_id int, type_id int, created text);
CREATE TEMP TABLE old_terms (id int, name_id int, start_date text, end_date text, created text);
CREATE TEMP TABLE old_subjects (id int, code text, name_id int, organization_id int, credit text);
CREATE TEMP TABLE old_courses (id int, subject_id int, term_id int, group_code text, capacity text, start_date text, created text);
CREATE TEMP TABLE old_course_teachers (id int, course_id int, teacher_id int, lesson_type_id int);
CREATE TEMP TABLE old_course_students (id int, course_id int, student_id int, status_id int, created text);
CREATE TEMP TABLE old_journals (id int, course_id int, type_id int, topic text, max_score text, lesson_date text, created text);
CREATE TEMP TABLE old_grades (id int, course_student_id int, journal_id int, point text, point_date text, note text, created text);

\copy old_users FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, username, password, email, active, type_id, lang_id, creation_date FROM edu.users) TO STDOUT"'
\copy old_persons FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, user_id, firstname, lastname, patronymic, birthdate, pincode, gender_id, creation_date FROM edu.persons) TO STDOUT"'
\copy old_students FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, user_id, type_id, payment_type_id, lang_id, score, enter_date, card_code, creation_date FROM edu.students) TO STDOUT"'
\copy old_teachers FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, user_id, position_dictionary_id, active, in_action_date, out_action_date, creation_date FROM edu.teachers) TO STDOUT"'
\copy old_names FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, name_az, name_ru, name_en FROM edu.dictionaries) TO STDOUT"'
\copy old_organizations FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, parent_id, dictionary_name_id, type_id, creation_date FROM edu.organizations) TO STDOUT"'
\copy old_terms FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, name_dictionary_id, start_date, end_date, creation_date FROM edu.academic_terms) TO STDOUT"'
\copy old_subjects FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, code, name_dictionary_id, organization_id, credit FROM edu.subject_catalog) TO STDOUT"'
\copy old_courses FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, subject_id, term_id, group_code, capacity, start_date, creation_date FROM edu.course) TO STDOUT"'
\copy old_course_teachers FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, course_id, teacher_id, lesson_type_id FROM edu.course_teacher) TO STDOUT"'
\copy old_course_students FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, course_id, student_id, status_id, creation_date FROM edu.course_student) TO STDOUT"'
\copy old_journals FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, course_id, type_id, topic, max_score, lesson_date, creation_date FROM edu.journal) TO STDOUT"'
\copy old_grades FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY (SELECT id, course_student_id, journal_id, point, point_date, note, creation_date FROM edu.journal_details) TO STDOUT"'
-- A psql that fails ends \copy without an error, with what it had sent.
SELECT 1 / (count(*) > 0)::int AS source_was_read FROM old_grades \gset
ANALYZE;

---- keys and values --------------------------------------------------------------------------

-- RFC 9562 section 5.5: the first 16 bytes of SHA-1 over namespace and name, version 5. As text of
-- a query where it is needed by the million, as a function elsewhere.
\set sha1 'substr(digest(uuid_send(namespace) || convert_to(name, ''UTF8''), ''sha1''), 1, 16)'
\set uuid5 'encode(set_byte(set_byte(h, 6, (get_byte(h, 6) & 15) | 80), 8, (get_byte(h, 8) & 63) | 128), ''hex'')::uuid'
CREATE FUNCTION uuid5(namespace uuid, name text) RETURNS uuid LANGUAGE sql STABLE STRICT
    RETURN (SELECT :uuid5 FROM (SELECT :sha1 AS h) AS hash);

-- The namespace of a stage of project "lms", then the key below it.
CREATE TEMP TABLE stage_namespace AS
SELECT stage, uuid5(uuid5('6ba7b811-9dad-11d1-80b4-00c04fd430c8', 'mighost:lms'), stage) AS id
  FROM unnest(ARRAY['users', 'persons', 'students', 'staff', 'organizations', 'terms', 'courses',
                    'offerings', 'instructors', 'enrollments', 'assessments', 'grades']) AS stage;
CREATE FUNCTION key_of(of_stage text, source_key int) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT uuid5(id, source_key::text) FROM pg_temp.stage_namespace WHERE stage = of_stage
$$;

-- The days that the source names, each once: a text without a day in the calendar has NULL.
CREATE TEMP TABLE day AS
SELECT said, CASE WHEN said ~ '^\d\d/\d\d/\d{4}$' AND m BETWEEN 1 AND 12
                   AND d BETWEEN 1 AND extract(day FROM make_date(y, m, 1) + interval '1 month -1 day')
                  THEN make_date(y, m, d) END AS day
  FROM (SELECT said, substr(said, 1, 2)::int AS d, substr(said, 4, 2)::int AS m, substr(said, 7)::int AS y
          FROM (SELECT birthdate AS said FROM old_persons UNION SELECT enter_date FROM old_students
                UNION SELECT in_date FROM old_teachers UNION SELECT point_date FROM old_grades
                UNION SELECT lesson_date FROM old_journals UNION SELECT start_date FROM old_courses
                UNION SELECT start_date FROM old_terms UNION SELECT end_date FROM old_terms) AS texts
         WHERE said <> '') AS parts;
CREATE UNIQUE INDEX day_said ON day (said);
ANALYZE day;
CREATE FUNCTION day_of(text) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT day FROM pg_temp.day WHERE said = $1
$$;

-- The old system's clock is four hours ahead of UTC; datestyle has the day first.
\set instant '(created || ''+04'')::timestamptz'

CREATE TEMP TABLE title AS
SELECT id, jsonb_strip_nulls(jsonb_build_object('az', nullif(az, ''), 'ru', nullif(ru, ''),
                                                'en', nullif(en, ''))) AS title
  FROM old_names;

---- people -----------------------------------------------------------------------------------

-- Of several users with one name, the first one stays.
CREATE TEMP TABLE user_fate AS
SELECT id AS old_id, key_of('users', id) AS id,
       row_number() OVER (PARTITION BY lower(btrim(username)) ORDER BY id) = 1 AS stays
  FROM old_users;
CREATE TEMP TABLE want_users AS
SELECT f.id, lower(btrim(username)) AS username,
       (CASE WHEN email ~ '^[^@\s]+@[^@\s]+\.[^@\s.]+$' THEN email
             ELSE 'user-' || old_id || '@temp.lms.example' END)::varchar AS email,
       CASE WHEN email ~ '^[^@\s]+@[^@\s]+\.[^@\s.]+$' THEN split_part(email, '@', 2)
            ELSE 'temp.lms.example' END AS email_domain,
       active = 1 AS is_active, true AS must_reset_password,
       jsonb_build_object('old_user_id', old_id, 'type_id', type_id, 'lang_id', lang_id) AS metadata,
       :instant AS created_at
  FROM old_users u JOIN user_fate f ON f.old_id = u.id WHERE stays;

CREATE TEMP TABLE want_persons AS
SELECT key_of('persons', p.id) AS id, f.id AS user_id, firstname::varchar, lastname::varchar,
       nullif(patronymic, '')::varchar AS patronymic, lastname || ', ' || firstname AS display_name,
       day_of(birthdate) AS birthdate, pincode::char(7),
       CASE gender_id WHEN 1 THEN 'male' WHEN 2 THEN 'female' END AS gender,
       jsonb_strip_nulls(jsonb_build_object('old_person_id', p.id, 'gender_id', gender_id)) AS metadata,
       :instant AS created_at
  FROM old_persons p JOIN user_fate f ON f.old_id = user_id WHERE stays;

CREATE TEMP TABLE student_fate AS
SELECT s.id AS old_id, key_of('students', s.id) AS id, f.id AS user_id, f.stays,
       CASE WHEN s.user_id IS NULL THEN 'has no user' WHEN f.id IS NULL THEN 'user does not exist'
            WHEN NOT f.stays THEN 'user has the name of another' END AS fault
  FROM old_students s LEFT JOIN user_fate f ON f.old_id = s.user_id;
CREATE TEMP TABLE want_students AS
SELECT f.id, f.user_id, ('STU-' || lpad(old_id::text, 6, '0'))::varchar AS student_number,
       round(score::numeric * 4 / 100, 2)::numeric(3, 2) AS gpa, day_of(enter_date) AS enrolled_on,
       jsonb_build_object('old_student_id', old_id, 'type_id', type_id, 'payment_type_id',
                          payment_type_id, 'lang_id', lang_id, 'card_code', card_code) AS metadata,
       :instant AS created_at
  FROM old_students s JOIN student_fate f ON f.old_id = s.id WHERE fault IS NULL;

CREATE TEMP TABLE teacher_fate AS
SELECT t.id AS old_id, key_of('staff', t.id) AS id, f.id AS user_id, f.stays,
       CASE WHEN t.user_id IS NULL THEN 'has no user' WHEN f.id IS NULL THEN 'user does not exist'
            WHEN NOT f.stays THEN 'user has the name of another' END AS fault
  FROM old_teachers t LEFT JOIN user_fate f ON f.old_id = t.user_id;
CREATE TEMP TABLE want_staff_members AS
SELECT f.id, f.user_id, ('EMP-' || lpad(old_id::text, 6, '0'))::varchar AS employee_number,
       title AS position, day_of(in_date) AS hired_on,
       active = 1 AND coalesce(out_date, '') = '' AS is_active,
       jsonb_build_object('old_teacher_id', old_id, 'position_dictionary_id', position_id) AS metadata,
       :instant AS created_at
  FROM old_teachers t JOIN teacher_fate f ON f.old_id = t.id JOIN title n ON n.id = position_id
 WHERE fault IS NULL;

---- organizations, terms, courses ------------------------------------------------------------

CREATE TEMP TABLE want_organizations AS
SELECT key_of('organizations', o.id) AS id, key_of('organizations', parent_id) AS parent_id,
       title AS name, jsonb_build_object('old_organization_id', o.id, 'type_id', type_id) AS metadata,
       :instant AS created_at
  FROM old_organizations o JOIN title n ON n.id = name_id;

CREATE TEMP TABLE want_academic_terms AS
SELECT key_of('terms', t.id) AS id, title AS name, day_of(start_date) AS starts_on,
       day_of(end_date) AS ends_on, jsonb_build_object('old_term_id', t.id) AS metadata,
       :instant AS created_at
  FROM old_terms t JOIN title n ON n.id = name_id;

CREATE TEMP TABLE want_courses AS
SELECT key_of('courses', c.id) AS id, key_of('organizations', organization_id) AS organization_id,
       btrim(code || '-' || group_code)::varchar AS code, title, title ->> 'en' AS title_en,
       credit::numeric(4, 1) AS credits,
       jsonb_build_object('old_course_id', c.id, 'old_subject_id', s.id) AS metadata,
       :instant AS created_at
  FROM old_courses c JOIN old_subjects s ON s.id = subject_id JOIN title n ON n.id = s.name_id;

CREATE TEMP TABLE offering AS
SELECT id AS old_id, key_of('offerings', id) AS id FROM old_courses;
CREATE TEMP TABLE want_course_offerings AS
SELECT o.id, key_of('courses', old_id) AS course_id, key_of('terms', term_id) AS term_id,
       capacity::int, day_of(start_date) AS starts_on,
       jsonb_build_object('old_course_id', old_id) AS metadata, :instant AS created_at
  FROM old_courses c JOIN offering o ON o.old_id = c.id;

CREATE TEMP TABLE want_course_instructors AS
SELECT key_of('instructors', i.id) AS id, o.id AS offering_id, t.id AS staff_id,
       (ARRAY['lecture', 'seminar', 'laboratory'])[lesson_type_id] AS role,
       jsonb_build_object('old_course_teacher_id', i.id) AS metadata
  FROM old_course_teachers i JOIN offering o ON o.old_id = course_id
  JOIN teacher_fate t ON t.old_id = teacher_id WHERE t.fault IS NULL;

---- enrolments, assessments, grades ----------------------------------------------------------

CREATE TEMP TABLE enrollment AS
SELECT e.id AS old_id, key_of('enrollments', e.id) AS id, o.id AS offering_id,
       s.id AS student_id, s.fault IS NULL AS stays
  FROM old_course_students e JOIN offering o ON o.old_id = course_id
  JOIN student_fate s ON s.old_id = student_id;
CREATE TEMP TABLE want_enrollments AS
SELECT n.id, offering_id, n.student_id,
       (ARRAY['active', 'completed', 'withdrawn'])[status_id] AS status,
       jsonb_build_object('old_course_student_id', old_id) AS metadata, :instant AS created_at
  FROM old_course_students e JOIN enrollment n ON n.old_id = e.id WHERE stays;

CREATE TEMP TABLE assessment AS
SELECT j.id AS old_id, key_of('assessments', j.id) AS id, o.id AS offering_id
  FROM old_journals j LEFT JOIN offering o ON o.old_id = course_id;
CREATE TEMP TABLE want_assessments AS
SELECT a.id, offering_id, (ARRAY['lesson', 'colloquium', 'midterm', 'final'])[type_id] AS kind,
       topic::varchar AS title, max_score::numeric(5, 2), day_of(lesson_date) AS held_on,
       jsonb_build_object('old_journal_id', old_id) AS metadata, :instant AS created_at
  FROM old_journals j JOIN assessment a ON a.old_id = j.id WHERE offering_id IS NOT NULL;
ANALYZE enrollment, assessment;

-- What is wrong with the record itself comes before what it refers to.
CREATE TEMP TABLE grade AS
SELECT g.*, e.id AS enrollment_id, a.id AS assessment_id, day,
       CASE WHEN day IS NULL THEN 'day does not exist'
            WHEN point !~ '^\d+(\.\d+)?$' THEN 'score is no number'
            WHEN e.id IS NULL THEN 'enrolment does not exist'
            WHEN NOT e.stays THEN 'enrolment was left out'
            WHEN a.offering_id IS NULL THEN 'assessment was left out' END AS fault
  FROM old_grades g LEFT JOIN enrollment e ON e.old_id = course_student_id
  LEFT JOIN assessment a ON a.old_id = journal_id LEFT JOIN day ON said = point_date;
CREATE TEMP TABLE want_grades AS
SELECT :uuid5 AS id, enrollment_id, assessment_id, point::numeric(5, 2) AS score, day AS graded_on,
       nullif(note, '') AS comment, jsonb_build_object('old_grade_id', old_id) AS metadata,
       :instant AS created_at
  FROM (SELECT g.*, g.id AS old_id, :sha1 AS h
          FROM (SELECT grade.*, grade.id::text AS name, n.id AS namespace
                  FROM grade CROSS JOIN stage_namespace n
                 WHERE fault IS NULL AND stage = 'grades') AS g OFFSET 0) AS hashed;

---- the comparison ---------------------------------------------------------------------------

ANALYZE want_users, want_persons, want_students, want_enrollments, want_assessments, want_grades;

CREATE TEMP TABLE difference ("table" text, key text, "column" text, expected text, found text);
CREATE TEMP TABLE compared ("table" text, expected bigint, different bigint);

-- Compares the columns of want_<name> with lms.<name>, row by row.
CREATE FUNCTION compare(name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    want constant text := format('pg_temp.want_%s', name);
    columns text[] := ARRAY(SELECT attname::text FROM pg_attribute
                             WHERE attrelid = want::regclass AND attnum > 0 ORDER BY attnum);
    all_of_w text := (SELECT string_agg(format('w.%I', c), ', ') FROM unnest(columns) AS c);
    all_of_l text := (SELECT string_agg(format('l.%I', c), ', ') FROM unnest(columns) AS c);
    missing text := (SELECT string_agg(a.attname, ', ') FROM pg_attribute a
                      WHERE attrelid = ('lms.' || name)::regclass AND attnum > 0
                        AND NOT attisdropped AND attname <> ALL (columns));
    n bigint;
BEGIN
    IF missing IS NOT NULL THEN
        RAISE 'nothing says what lms.% must hold in %', name, missing;
    END IF;
    EXECUTE format($sql$
        WITH differs AS (
                SELECT coalesce(w.id, l.id) AS key, w.id IS NULL AS extra, l.id IS NULL AS missing,
                       CASE WHEN w.id IS NOT NULL THEN to_jsonb(w) END AS w,
                       CASE WHEN l.id IS NOT NULL THEN to_jsonb(l) END AS l
                  FROM %1$s AS w FULL JOIN lms.%2$I AS l ON l.id = w.id
                 WHERE (%3$s) IS DISTINCT FROM (%4$s))
        INSERT INTO pg_temp.difference
        SELECT %5$L, key::text, '*', 'a row', 'none' FROM differs WHERE missing
        UNION ALL
        SELECT %5$L, key::text, '*', 'none', 'a row' FROM differs WHERE extra
        UNION ALL
        SELECT %5$L, differs.key::text, a.key, a.value #>> '{}', b.value #>> '{}'
          FROM differs, jsonb_each(w) AS a JOIN LATERAL jsonb_each(l) AS b USING (key)
         WHERE NOT missing AND NOT extra AND a.value IS DISTINCT FROM b.value
        $sql$, want, name, all_of_w, all_of_l, 'lms.' || name);
    EXECUTE format('SELECT count(*) FROM %s', want) INTO n;
    INSERT INTO pg_temp.compared
    SELECT 'lms.' || name, n, count(DISTINCT key) FROM pg_temp.difference d
     WHERE d."table" = 'lms.' || name;
END
$$;

SELECT compare(name) FROM unnest(ARRAY['users', 'persons', 'students', 'staff_members',
    'organizations', 'academic_terms', 'courses', 'course_offerings', 'course_instructors',
    'enrollments', 'assessments', 'grades']) AS name \g /dev/null

\echo '# differences'
SELECT * FROM difference ORDER BY 1, 2, 3 LIMIT :limit;

\echo '# records that must have no row'
SELECT * FROM (
    SELECT 'users' AS stage, 'has the name of another' AS reason, count(*) AS records
      FROM user_fate WHERE NOT stays
    UNION ALL
    SELECT 'persons', 'user has the name of another', count(*)
      FROM old_persons JOIN user_fate f ON f.old_id = user_id WHERE NOT stays
    UNION ALL
    SELECT 'students', fault, count(*) FROM student_fate WHERE fault IS NOT NULL GROUP BY fault
    UNION ALL
    SELECT 'staff', fault, count(*) FROM teacher_fate WHERE fault IS NOT NULL GROUP BY fault
    UNION ALL
    SELECT 'instructors', 'teacher was left out', count(*)
      FROM old_course_teachers JOIN teacher_fate t ON t.old_id = teacher_id WHERE fault IS NOT NULL
    UNION ALL
    SELECT 'enrollments', 'student was left out', count(*) FROM enrollment WHERE NOT stays
    UNION ALL
    SELECT 'assessments', 'course does not exist', count(*) FROM assessment WHERE offering_id IS NULL
    UNION ALL
    SELECT 'grades', fault, count(*) FROM grade WHERE fault IS NOT NULL GROUP BY fault
) AS missing ORDER BY 1, 2;

\echo '# rows'
SELECT * FROM compared;

\pset format unaligned
\pset tuples_only on
SELECT 'differences: ' || count(*) FROM difference;
ROLLBACK;
