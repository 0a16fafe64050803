-- source.sql - V1 of the training app: schema training, the users of the Apple app and what is theirs.
--
--   psql -d "$V1_DATABASE_URL" -v scale=0.001 -f source.sql
--
-- scale 1 (also when left out) is 500,000 users with 7 million rows of theirs; 0.0004 (200 users) is
-- the least. The same scale gives the same rows, on every server: each comes out of its own number,
-- and target.sql makes V2 out of the same numbers. Who is special, and how, stands in README.md.
\set ON_ERROR_STOP on
\set QUIET on
\if :{?scale} \else \set scale 1 \endif

SELECT :scale < 0.0004 AS too_small \gset
\if :too_small
\warn 'source.sql: scale must be 0.0004 or more'
SELECT 1 / 0 AS scale_is_too_small;
\endif

-- Users 1 to `copied` were there on 28 July, when V2 was filled; the others came later.
SELECT round(500000 * :scale)::int AS users, round(400000 * :scale)::int AS copied \gset

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA training;

-- ---- functions, dropped at the end -----------------------------------------------------------

CREATE FUNCTION training.key(kind text, n bigint, k bigint DEFAULT 0) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT md5(kind || ' ' || n || ' ' || k)::uuid $$;
CREATE FUNCTION training.mail(name text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT name || n || '@mail' || n % 7 || '.example.org' $$;
-- A moment of the so many days behind `begin`.
CREATE FUNCTION training.moment(begin timestamptz, days int, n bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$$ SELECT begin + (n * 7919 % (days * 86400)) * interval '1 second' $$;

-- ---- users -----------------------------------------------------------------------------------

CREATE TABLE training.users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text NOT NULL,
    skill_level int NOT NULL,
    photo text,
    newsletter bool NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
INSERT INTO training.users
SELECT training.key('user', n),
       CASE WHEN n > :copied AND (n - :copied) % 2500 = 1 THEN training.mail('fold', n)
            WHEN n > :copied AND (n - :copied) % 2500 = 2 THEN upper(training.mail('fold', n - 1))
            WHEN n <= :copied AND n % 5000 = 4 THEN training.mail('taken', n)
            WHEN n <= :copied AND n % 25 = 3 THEN training.mail('moved', n)
            WHEN n % 40 = 7 THEN initcap(training.mail('user', n))
            ELSE training.mail('user', n) END,
       'Player ' || n,
       'pbkdf2_sha256$' || md5('password ' || n || CASE WHEN n % 20 = 1 THEN ' changed' ELSE '' END),
       1 + n % 10 + CASE WHEN n <= :copied AND n % 20 < 13 THEN 1 ELSE 0 END,
       CASE WHEN n % 5 <> 0 THEN 'https://img.example.org/v1/' || n END,
       n % 4 = 0,
       CASE WHEN n <= :copied THEN training.moment('2023-01-01', 930, n)
            ELSE training.moment('2025-07-29', 60, n) END,
       CASE WHEN n <= :copied AND n % 20 >= 13 THEN training.moment('2023-01-01', 930, n)
            ELSE training.moment('2025-09-28', 2, n) END
  FROM generate_series(1, :users) AS n;

-- ---- what is theirs --------------------------------------------------------------------------

-- The first two were there on 28 July; of those, every seventeenth has been deleted since.
CREATE TABLE training.completed_sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    finished_at timestamptz NOT NULL,
    session_minutes int NOT NULL,
    score numeric(5, 2),
    session_notes text
);
INSERT INTO training.completed_sessions
SELECT training.key('session', n, k), training.key('user', n),
       CASE WHEN n <= :copied AND k <= 2 THEN training.moment('2025-06-01', 50, n + k)
            ELSE training.moment('2025-08-01', 50, n + k) END,
       10 + (n + k) % 50, (n * 7 + k) % 10000 / 100.0,
       CASE WHEN (n * 3 + k) % 13 = 0 THEN 'edited, user ' || n WHEN n % 3 = 0 THEN 'session ' || k END
  FROM generate_series(1, :users) AS n CROSS JOIN generate_series(1, 5) AS k
 WHERE k <= 1 + n % 5 AND NOT (n <= :copied AND k <= 2 AND (n + k) % 17 = 0);

-- Those of every thirtieth were changed in V2 after the last change here.
CREATE TABLE training.session_preferences (
    user_id uuid PRIMARY KEY,
    duration_minutes int NOT NULL,
    intensity text NOT NULL,
    equipment jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);
INSERT INTO training.session_preferences
SELECT training.key('user', n), 20 + n % 40 + CASE WHEN n % 6 = 1 THEN 5 ELSE 0 END,
       (ARRAY['low', 'medium', 'high'])[1 + n % 3],
       jsonb_build_object('ball', n % 2 = 0, 'cones', n % 9),
       CASE WHEN n % 6 = 1 THEN training.moment('2025-08-01', 10, n)
            ELSE training.moment('2025-05-01', 50, n) END
  FROM generate_series(1, :users) AS n;

-- One each, but for those who deleted it since 28 July.
CREATE TABLE training.drill_groups (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    name text NOT NULL,
    is_liked bool NOT NULL
);
INSERT INTO training.drill_groups
SELECT training.key('group', n), training.key('user', n),
       CASE WHEN n % 9 = 4 THEN 'My drills' ELSE 'Drills of ' || n END, n % 8 = 0
  FROM generate_series(1, :users) AS n
 WHERE NOT (n <= :copied AND n % 31 = 5);

CREATE TABLE training.drill_group_items (
    id uuid PRIMARY KEY,
    drill_group_id uuid NOT NULL,
    drill text NOT NULL,
    position int NOT NULL
);
INSERT INTO training.drill_group_items
SELECT training.key('item', n, k), training.key('group', n),
       (ARRAY['passing', 'dribbling', 'shooting', 'first touch'])[1 + (n + k) % 4], k
  FROM generate_series(1, :users) AS n CROSS JOIN generate_series(1, 3) AS k
 WHERE NOT (n <= :copied AND n % 31 = 5) AND NOT (n <= :copied AND n % 11 = 2 AND k = 3);

-- The second line was written since.
CREATE TABLE training.progress_history (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    progress_day date NOT NULL,
    streak int NOT NULL,
    total_points int NOT NULL
);
INSERT INTO training.progress_history
SELECT training.key('progress', n, k), training.key('user', n),
       (CASE WHEN k = 1 THEN date '2025-07-01' ELSE date '2025-08-10' END) + (n % 20)::int, n % 30 + k,
       n % 1000 * k
  FROM generate_series(1, :users) AS n CROSS JOIN generate_series(1, 2) AS k;

CREATE TABLE training.saved_filters (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    name text NOT NULL,
    filter jsonb NOT NULL
);
INSERT INTO training.saved_filters
SELECT training.key('filter', n), training.key('user', n), 'filter ' || n % 10,
       jsonb_build_object('skill', n % 4, 'since', CASE WHEN n % 10 = 6 THEN 2025 ELSE 2024 END)
  FROM generate_series(1, :users) AS n
 WHERE n % 2 = 0 AND NOT (n <= :copied AND n % 14 = 0);

DROP FUNCTION training.key, training.mail, training.moment;
COMMIT;
ANALYZE;
