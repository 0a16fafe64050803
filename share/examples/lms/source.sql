-- source.sql - the legacy database of the example: schema edu, as an old system has it, and its rows.
--
--   psql -d "$V1_DATABASE_URL" -v scale=0.01 -f source.sql
--
-- scale 1 (also when left out) is the size of the university that the example is about; 0.01 to 10
-- and beyond work. The same scale gives the same rows, on every server: all of them come out of
-- their own numbers. There are integer ids, no foreign keys, and texts where a new system would
-- have types. What is dirty, and how to find it by SQL, stands in README.md.
\set ON_ERROR_STOP on
\set QUIET on
\if :{?scale} \else \set scale 1 \endif

SELECT :scale < 0.01 AS too_small \gset
\if :too_small
\warn 'source.sql: scale must be 0.01 or more'
SELECT 1 / 0 AS scale_is_too_small;
\endif

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA edu;

-- ---- how many of each ------------------------------------------------------------------------

-- Those that fall because their user has the name of an earlier one, and those without any user.
SELECT round(6987 * :scale)::int AS users, round(6344 * :scale)::int AS students,
       round(424 * :scale)::int AS teachers, greatest(round(1200 * :scale)::int, 20) AS subjects,
       round(8391 * :scale)::int AS courses, round(500 * :scale)::int AS instructors,
       round(121323 * :scale)::int AS enrolments, round(385 * :scale)::int AS lost_enrolments,
       round(50000 * :scale)::int AS journals, round(3209747 * :scale)::int AS grades,
       greatest(round(3210 * :scale)::int, 1) AS orphans,
       round(400 * :scale)::int AS lost_students, greatest(round(74 * :scale)::int, 2) AS lost_teachers,
       ceil(40 * :scale)::int AS userless_students, ceil(14 * :scale)::int AS userless_teachers,
       ceil(5 * :scale)::int AS lost_journals \gset
SELECT :lost_students - :userless_students AS twin_students,
       :lost_teachers - :userless_teachers AS twin_teachers,
       greatest(round(516 * :scale)::int,
                :lost_students - :userless_students + :lost_teachers - :userless_teachers) AS twins,
       :students - :lost_students AS sound_students,
       :teachers - :lost_teachers AS sound_teachers \gset

-- ---- functions, dropped at the end -----------------------------------------------------------

-- A number of 0 to n - 1 out of i, the same everywhere and always; `salt` makes them differ.
CREATE FUNCTION edu.pick(i bigint, n bigint, salt bigint) RETURNS int LANGUAGE sql IMMUTABLE AS
$$ SELECT (((i * 2654435761 + salt * 40503) % 4294967296 / 16) % n)::int $$;
-- A day as the old system writes it.
CREATE FUNCTION edu.slashed(day date) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT to_char(day, 'DD/MM/YYYY') $$;
CREATE FUNCTION edu.stamp(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT to_char(timestamp '2019-09-01 08:00:00' + (i * 7919 % 150000000) * interval '1 second',
                  'DD/MM/YYYY HH24:MI:SS') $$;

-- ---- people ----------------------------------------------------------------------------------

CREATE TABLE edu.users (
    id int PRIMARY KEY, username text, password text, email text, active smallint, type_id int,
    lang_id int, creation_date text);

-- User 100 + n. Twins, evenly spread, have the name of a user shortly before them: every third in
-- capitals, every third with a blank behind.
CREATE TEMP TABLE user_number ON COMMIT DROP AS
SELECT n, n * :twins::bigint / :users <> (n - 1) * :twins::bigint / :users AS twin,
       n * :twins::bigint / :users AS twin_number
  FROM generate_series(1, :users) AS n;
-- The how-manieth twin, or the how-manieth of the others, has which user.
CREATE TEMP TABLE user_of ON COMMIT DROP AS
SELECT twin, row_number() OVER (PARTITION BY twin ORDER BY n) AS k, 100 + n AS user_id
  FROM user_number;

INSERT INTO edu.users
SELECT 100 + n,
       CASE WHEN NOT twin THEN 'u' || lpad(n::text, 6, '0')
            WHEN twin_number % 3 = 0 THEN 'U' || lpad((n - 1 - twin_number % 7)::text, 6, '0')
            WHEN twin_number % 3 = 1 THEN 'u' || lpad((n - 1 - twin_number % 7)::text, 6, '0')
            ELSE 'u' || lpad((n - 1 - twin_number % 7)::text, 6, '0') || ' ' END,
       CASE WHEN n % 61 <> 7 THEN encode(convert_to('old-' || md5('p' || n), 'UTF8'), 'base64')
            WHEN n / 61 % 3 = 0 THEN 'old-' || md5('p' || n)
            WHEN n / 61 % 3 = 1 THEN rtrim(encode(convert_to('pw' || n || 'x', 'UTF8'), 'base64'), '=') || '*'
            ELSE encode('\xff00fe'::bytea, 'base64') END,
       CASE WHEN n % 40 <> 9 THEN 'user' || n || '@mail' || n % 5 || '.example.org'
            WHEN n / 40 % 4 = 0 THEN 'user' || n || '.example.org'
            WHEN n / 40 % 4 = 1 THEN ''
            WHEN n / 40 % 4 = 2 THEN NULL
            ELSE 'user ' || n || '@example.org' END,
       (edu.pick(n, 20, 1) > 0)::int, 1 + edu.pick(n, 4, 2), 1 + edu.pick(n, 3, 3),
       edu.stamp(n)
  FROM user_number;

CREATE TABLE edu.persons (
    id int PRIMARY KEY, user_id int, firstname text, lastname text, patronymic text,
    birthdate text, pincode text, gender_id int, creation_date text);
INSERT INTO edu.persons
SELECT 20000 + n, 100 + n,
       (ARRAY['Aygün', 'Bəhruz', 'Cəmilə', 'Daria', 'Elçin', 'Farid', 'Günay', 'Hana', 'İlqar', 'Jana'])
           [1 + edu.pick(n, 10, 4)],
       (ARRAY['Abbasov', 'Bağırova', 'Çingizli', 'Dadaş', 'Əliyev', 'O''Neill', 'Quliyeva', 'Rüstəm'])
           [1 + edu.pick(n, 8, 5)] || '-' || n,
       CASE WHEN n % 10 = 4 THEN '' ELSE (ARRAY['Kamil', 'Lalə', 'Murad', 'Nigar'])[1 + edu.pick(n, 4, 6)] END,
       CASE WHEN n % 50 = 11 THEN '31/02/' || 1980 + n % 25 WHEN n % 50 = 12 THEN ''
            ELSE edu.slashed(date '1955-01-01' + edu.pick(n, 18000, 7)) END,
       upper(substr(md5('pin' || n), 1, 7)),
       CASE WHEN n % 60 = 13 THEN 9 WHEN n % 60 = 14 THEN NULL ELSE 1 + edu.pick(n, 2, 8) END,
       edu.stamp(n)
  FROM generate_series(1, :users) AS n;

CREATE TABLE edu.students (
    id int PRIMARY KEY, user_id int, type_id int, payment_type_id int, lang_id int, score text,
    enter_date text, card_code text, creation_date text);

-- Student 30000 + g; in the order k the sound ones come first, then those of twins, then those
-- without a user: every second has none, the others one that is not there.
CREATE TEMP TABLE student_of ON COMMIT DROP AS
SELECT student.k, 30000 + g AS student_id,
       coalesce(u.user_id, CASE WHEN student.k % 2 = 0 THEN 90000000 + g END) AS user_id
  FROM (SELECT g, 1 + g * 1000003::bigint % :students AS k
          FROM generate_series(0, :students - 1) AS g) AS student
  LEFT JOIN user_of u
         ON u.twin = (student.k > :sound_students)
        AND u.k = CASE WHEN student.k <= :sound_students THEN student.k
                       WHEN student.k <= :sound_students + :twin_students
                       THEN student.k - :sound_students END;
INSERT INTO edu.students
SELECT student_id, user_id, 1 + edu.pick(k, 3, 9), 1 + edu.pick(k, 2, 10), 1 + edu.pick(k, 3, 11),
       CASE WHEN k % 25 = 3 THEN NULL WHEN k % 25 = 4 THEN '100' WHEN k % 25 = 5 THEN '0'
            ELSE trim_scale(edu.pick(k, 10001, 12)::numeric / 100)::text END,
       CASE WHEN k % 45 = 8 THEN '31/02/2021' ELSE edu.slashed(date '2016-09-01' + edu.pick(k, 2500, 13)) END,
       'C' || k, edu.stamp(k + 7)
  FROM student_of;

CREATE TABLE edu.teachers (
    id int PRIMARY KEY, user_id int, position_dictionary_id int, active smallint,
    in_action_date text, out_action_date text, creation_date text);
CREATE TEMP TABLE teacher_of ON COMMIT DROP AS
SELECT teacher.k, 5000 + g AS teacher_id,
       coalesce(u.user_id, CASE WHEN teacher.k % 2 = 0 THEN 91000000 + g END) AS user_id
  FROM (SELECT g, 1 + g * 1000003::bigint % :teachers AS k
          FROM generate_series(0, :teachers - 1) AS g) AS teacher
  LEFT JOIN user_of u
         ON u.twin = (teacher.k > :sound_teachers)
        AND u.k = CASE WHEN teacher.k <= :sound_teachers THEN teacher.k + :sound_students
                       WHEN teacher.k <= :sound_teachers + :twin_teachers
                       THEN teacher.k - :sound_teachers + :twin_students END;
INSERT INTO edu.teachers
SELECT teacher_id, user_id, 101 + edu.pick(k, 12, 14), (k % 8 <> 2)::int,
       CASE WHEN k % 30 = 9 THEN '31/02/2010' ELSE edu.slashed(date '1995-09-01' + edu.pick(k, 9000, 15)) END,
       CASE WHEN k % 9 = 3 THEN edu.slashed(date '2022-01-01' + edu.pick(k, 900, 16))
            WHEN k % 9 = 4 THEN '' END,
       edu.stamp(k + 11)
  FROM teacher_of;

-- ---- organizations, terms, courses -----------------------------------------------------------

-- Names in three languages: 1 to 60 organizations, 101 to 112 positions, 201 to 220 terms, 1001 on
-- subjects. Every ninth lacks Russian, every eleventh has an empty English name.
CREATE TABLE edu.dictionaries (id int PRIMARY KEY, name_az text, name_ru text, name_en text);
INSERT INTO edu.dictionaries
SELECT id, az || ' ' || id, CASE WHEN id % 9 <> 5 THEN ru || ' ' || id END,
       CASE WHEN id % 11 = 6 THEN '' ELSE en || ' ' || id END
  FROM (SELECT id, 'Kafedra', 'Кафедра', 'Department' FROM generate_series(1, 60) AS id
        UNION ALL
        SELECT id, 'Vəzifə', 'Должность', 'Position' FROM generate_series(101, 112) AS id
        UNION ALL
        SELECT id, 'Semestr', 'Семестр', 'Term' FROM generate_series(201, 220) AS id
        UNION ALL
        SELECT 1000 + n, 'Fənn', 'Предмет', 'Subject' FROM generate_series(1, :subjects) AS n
       ) AS names (id, az, ru, en);

-- The one table that calls the column dictionary_name_id; elsewhere it is name_dictionary_id.
CREATE TABLE edu.organizations (
    id int PRIMARY KEY, parent_id int, dictionary_name_id int, type_id int, creation_date text);
INSERT INTO edu.organizations
SELECT 300 + n, CASE WHEN n > 4 THEN 300 + 1 + n % 4 END, n, 1 + n % 3, edu.stamp(n * 1001)
  FROM generate_series(1, 60) AS n;

CREATE TABLE edu.academic_terms (
    id int PRIMARY KEY, name_dictionary_id int, start_date text, end_date text, creation_date text);
INSERT INTO edu.academic_terms
SELECT 40 + n, 200 + n, edu.slashed((date '2015-02-01' + n * interval '6 months')::date),
       edu.slashed((date '2015-07-15' + n * interval '6 months')::date), edu.stamp(n * 777)
  FROM generate_series(1, 20) AS n;

CREATE TABLE edu.subject_catalog (
    id int PRIMARY KEY, code text, name_dictionary_id int, organization_id int, credit text);
INSERT INTO edu.subject_catalog
SELECT 7000 + n, ' SUB-' || lpad(n::text, 5, '0'), 1000 + n, 301 + edu.pick(n, 60, 17),
       (3 + n % 5) || CASE WHEN n % 2 = 0 THEN '.5' ELSE '' END
  FROM generate_series(1, :subjects) AS n;

-- One row is a course and its one offering.
CREATE TABLE edu.course (
    id int PRIMARY KEY, subject_id int, term_id int, group_code text, capacity text,
    start_date text, creation_date text);
INSERT INTO edu.course
SELECT 10000 + n, 7001 + n % :subjects, 41 + edu.pick(n, 20, 18), 'G' || n,
       (12 + edu.pick(n, 60, 19))::text, edu.slashed(date '2015-09-01' + edu.pick(n, 3500, 20)),
       edu.stamp(n * 13)
  FROM generate_series(0, :courses - 1) AS n;

-- Every seventh is one of the teachers who fall.
CREATE TABLE edu.course_teacher (
    id int PRIMARY KEY, course_id int, teacher_id int, lesson_type_id int);
INSERT INTO edu.course_teacher
SELECT 600 + i, 10000 + (i - 1) * (:courses / :instructors), teacher_id, 1 + i % 3
  FROM generate_series(1, :instructors) AS i
  JOIN teacher_of ON k = CASE WHEN i % 7 = 3 THEN :sound_teachers + 1 + i % :lost_teachers
                              ELSE 1 + i % :sound_teachers END;

-- ---- enrolments, journals, grades ------------------------------------------------------------

-- The last ones in the order k are of students who fall.
CREATE TABLE edu.course_student (
    id int PRIMARY KEY, course_id int, student_id int, status_id int, creation_date text);
INSERT INTO edu.course_student
SELECT 1000000 + g, 10000 + (s * 13 + turn) % :courses, student_id, 1 + edu.pick(g, 3, 21),
       edu.stamp(g)
  FROM (SELECT g, CASE WHEN k < :enrolments - :lost_enrolments THEN k % :sound_students
                       ELSE :sound_students
                            + (k - :enrolments + :lost_enrolments) % :lost_students END AS s,
               CASE WHEN k < :enrolments - :lost_enrolments THEN k / :sound_students
                    ELSE (k - :enrolments + :lost_enrolments) / :lost_students END AS turn
          FROM (SELECT g, g * 1000003::bigint % :enrolments AS k
                  FROM generate_series(0, :enrolments - 1) AS g) AS numbered) AS seat
  JOIN student_of ON student_of.k = s + 1;

-- Course n has the journals n, n + courses, n + 2 * courses, ...; the last few have no course.
CREATE TABLE edu.journal (
    id int PRIMARY KEY, course_id int, type_id int, topic text, max_score text, lesson_date text,
    creation_date text);
INSERT INTO edu.journal
SELECT 2000000 + n,
       CASE WHEN n < :journals - :lost_journals THEN 10000 + n % :courses ELSE 99000000 + n END,
       1 + edu.pick(n, 4, 22), 'Topic ' || n,
       (ARRAY['10', '50', '62.5', '100'])[1 + edu.pick(n, 4, 23)],
       edu.slashed(date '2015-09-01' + edu.pick(n, 3500, 24)), edu.stamp(n)
  FROM generate_series(0, :journals - 1) AS n;

-- Evenly spread: orphans, whose enrolment is not there; days that no calendar has; scores that are
-- none. Elsewhere the journal is one of the enrolment's course.
CREATE TABLE edu.journal_details (
    id int, course_student_id int, journal_id int, point text, point_date text, note text,
    point_type_id smallint, status smallint, creation_date text);
INSERT INTO edu.journal_details
SELECT g,
       CASE WHEN orphan THEN 70000000 + g ELSE e END,
       2000000 + course + CASE WHEN orphan THEN 0 ELSE
           :courses::bigint * (g % (1 + (:journals - 1 - course) / :courses)) END,
       CASE WHEN g % 30011 = 19 AND NOT orphan THEN 'q/b' WHEN g % 23 = 5 THEN NULL WHEN g % 23 = 6 THEN '100'
            ELSE (h % 10000 / 100) || CASE h % 4 WHEN 0 THEN '' WHEN 1 THEN '.5' ELSE '.25' END END,
       CASE WHEN g % 20011 = 17 AND NOT orphan THEN '31/02/2024'
            ELSE to_char(date '2019-09-01' + (h / 64 % 2000)::int, 'DD/MM/YYYY') END,
       CASE WHEN g % 3 = 0 THEN NULL WHEN g % 3 = 1 THEN 'note ' || h % 1000 ELSE '' END,
       (1 + g % 4)::smallint, (g % 2)::smallint,
       to_char(timestamp '2019-09-01 08:00'
               + (h / 64 % 2000 * 86400 + g % 36000) * interval '1 second', 'DD/MM/YYYY HH24:MI:SS')
  FROM (SELECT g, g * :orphans::bigint / :grades <> (g - 1) * :orphans::bigint / :grades AS orphan,
               1000000 + (g * 1000003::bigint % :enrolments)::int AS e,
               g * 2654435761 % 4294967296 / 16 AS h
          FROM generate_series(1, :grades) AS g) AS grade
  JOIN (SELECT id, course_id - 10000 AS course FROM edu.course_student) AS of_course ON id = e
 ORDER BY g; -- as they were entered
ALTER TABLE edu.journal_details ADD PRIMARY KEY (id);

DROP FUNCTION edu.pick, edu.slashed, edu.stamp;
COMMIT;
ANALYZE edu.users, edu.persons, edu.students, edu.teachers, edu.dictionaries, edu.organizations,
        edu.academic_terms, edu.subject_catalog, edu.course, edu.course_teacher,
        edu.course_student, edu.journal, edu.journal_details;
