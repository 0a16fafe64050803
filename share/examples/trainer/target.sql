-- target.sql - V2 of the training app, in production: schema training as the new app has it, with the
-- rows that were copied from V1 on 28 July and never since, and the users of the Android app, who
-- came from 1 September on.
--
--   psql -d "$V2_DATABASE_URL" -v scale=0.001 -f target.sql
--
-- The same scale as source.sql; it needs no connection to V1. Who is special stands in README.md.
\set ON_ERROR_STOP on
\set QUIET on
\if :{?scale} \else \set scale 1 \endif

SELECT :scale < 0.0004 AS too_small \gset
\if :too_small
\warn 'target.sql: scale must be 0.0004 or more'
SELECT 1 / 0 AS scale_is_too_small;
\endif

SELECT round(500000 * :scale)::int AS users, round(400000 * :scale)::int AS copied,
       round(200000 * :scale)::int AS android, greatest(round(1000 * :scale)::int, 2) AS gone \gset

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';
CREATE SCHEMA training;

-- ---- tables ----------------------------------------------------------------------------------

CREATE TABLE training.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL,
    full_name text NOT NULL,
    password_hash text NOT NULL,
    skill_level int NOT NULL DEFAULT 1 CHECK (skill_level BETWEEN 1 AND 20),
    avatar_url text,
    marketing_opt_in bool NOT NULL DEFAULT false,
    language_code text NOT NULL DEFAULT 'en',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE training.completed_sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES training.users ON DELETE CASCADE,
    finished_at timestamptz NOT NULL,
    session_minutes int NOT NULL CHECK (session_minutes >= 0),
    score numeric(5, 2),
    session_notes text
);
CREATE TABLE training.session_preferences (
    user_id uuid PRIMARY KEY REFERENCES training.users ON DELETE CASCADE,
    duration_minutes int NOT NULL,
    intensity text NOT NULL CHECK (intensity IN ('low', 'medium', 'high')),
    equipment jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE training.drill_groups (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES training.users ON DELETE CASCADE,
    name text NOT NULL,
    is_liked bool NOT NULL DEFAULT false
);
CREATE TABLE training.drill_group_items (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    drill_group_id uuid NOT NULL REFERENCES training.drill_groups ON DELETE CASCADE,
    drill text NOT NULL,
    position int NOT NULL
);
CREATE TABLE training.progress_history (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES training.users ON DELETE CASCADE,
    progress_day date NOT NULL,
    streak int NOT NULL,
    total_points int NOT NULL
);
CREATE TABLE training.saved_filters (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES training.users ON DELETE CASCADE,
    name text NOT NULL,
    filter jsonb NOT NULL
);

-- ---- functions, dropped at the end -----------------------------------------------------------

CREATE FUNCTION training.key(kind text, n bigint, k bigint DEFAULT 0) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT md5(kind || ' ' || n || ' ' || k)::uuid $$;
CREATE FUNCTION training.mail(name text, n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT name || n || '@mail' || n % 7 || '.example.org' $$;
CREATE FUNCTION training.moment(begin timestamptz, days int, n bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$$ SELECT begin + (n * 7919 % (days * 86400)) * interval '1 second' $$;

-- ---- who is there ----------------------------------------------------------------------------

-- The copy of 28 July: number n of V1. Every hundredth registered anew here in August, under the
-- same address, some in capitals, and another id, and the copy of that one is gone. Behind `users`
-- come those who have left V1 since.
CREATE TEMP TABLE old ON COMMIT DROP AS
SELECT n, n % 100 = 11 AS anew,
       CASE WHEN n % 100 = 11 THEN training.key('anew', n) ELSE training.key('user', n) END AS id
  FROM (SELECT generate_series(1, :copied) UNION ALL
        SELECT generate_series(:users + 1, :users + :gone)) AS x (n);

-- Android users: their own, and those whose address a user of V1 has, in whatever case.
CREATE TEMP TABLE droid ON COMMIT DROP AS
SELECT n, kind, training.key('android ' || kind, n) AS id,
       CASE kind WHEN 'both' THEN upper(training.mail('user', n)) ELSE training.mail(kind, n) END AS email
  FROM (SELECT generate_series(1, :android), 'droid' UNION ALL
        SELECT generate_series(:copied + 10, :users, 50), 'both' UNION ALL
        SELECT generate_series(4, :copied, 5000), 'taken' UNION ALL
        SELECT generate_series(:copied + 1, :users, 2500), 'fold') AS x (n, kind);

INSERT INTO training.users
SELECT id, CASE WHEN n % 200 = 111 THEN upper(training.mail('user', n)) ELSE training.mail('user', n) END, 'Player ' || n, 'pbkdf2_sha256$' || md5('password ' || n), 1 + n % 10,
       CASE WHEN n % 2 <> 0 THEN 'https://img.example.org/v2/' || n END, n % 3 = 0,
       CASE WHEN n % 12 = 0 THEN 'de' ELSE 'en' END,
       CASE WHEN anew THEN training.moment('2025-08-05', 20, n) ELSE training.moment('2023-01-01', 930, n) END,
       CASE WHEN anew THEN training.moment('2025-08-05', 20, n) ELSE training.moment('2023-01-01', 930, n) END
  FROM old;
INSERT INTO training.users
SELECT id, email, 'Droid ' || n, 'pbkdf2_sha256$' || md5('android ' || n), 1 + n % 10,
       CASE WHEN n % 2 = 0 THEN 'https://img.example.org/android/' || n END, n % 3 = 0, 'en',
       training.moment('2025-09-01', 25, n), training.moment('2025-09-26', 2, n)
  FROM droid;

-- ---- what is theirs --------------------------------------------------------------------------

INSERT INTO training.completed_sessions
SELECT training.key('session', n, k), id, training.moment('2025-06-01', 50, n + k),
       10 + (n + k) % 50, (n * 7 + k) % 10000 / 100.0, CASE WHEN n % 3 = 0 THEN 'session ' || k END
  FROM old CROSS JOIN generate_series(1, 2) AS k
 WHERE k <= 1 + n % 5 AND NOT anew;
-- Done here, in August: V1 knows nothing of them.
INSERT INTO training.completed_sessions
SELECT training.key('session of V2', n), id, training.moment('2025-08-26', 3, n), 30, NULL, 'done in V2'
  FROM old WHERE anew;
INSERT INTO training.completed_sessions
SELECT training.key('session of ' || kind, n, k), id, training.moment('2025-09-26', 2, n + k), 15 + (n + k) % 30,
       (n * 3 + k) % 10000 / 100.0, CASE WHEN n % 5 = 0 THEN 'on Android' END
  FROM droid CROSS JOIN generate_series(1, 2) AS k;

INSERT INTO training.session_preferences
SELECT id, 20 + n % 40 + CASE WHEN n % 30 = 5 OR anew THEN 1 ELSE 0 END,
       (ARRAY['low', 'medium', 'high'])[1 + n % 3], jsonb_build_object('ball', n % 2 = 0, 'cones', n % 9),
       CASE WHEN n % 30 = 5 OR anew THEN training.moment('2025-08-26', 3, n)
            ELSE training.moment('2025-05-01', 50, n) END
  FROM old;
INSERT INTO training.session_preferences
SELECT id, 25, 'medium', '{"wall": true}', training.moment('2025-09-26', 2, n) FROM droid;

INSERT INTO training.drill_groups
SELECT training.key('group', n), id, 'Drills of ' || n, n % 8 = 0 FROM old WHERE NOT anew;
INSERT INTO training.drill_groups
SELECT training.key('group of ' || kind, n), id, 'Android drills', false FROM droid;

INSERT INTO training.drill_group_items
SELECT training.key('item', n, k), training.key('group', n),
       (ARRAY['passing', 'dribbling', 'shooting', 'first touch'])[1 + (n + k) % 4], k
  FROM old CROSS JOIN generate_series(1, 3) AS k
 WHERE NOT anew;
INSERT INTO training.drill_group_items
SELECT training.key('item of ' || kind, n, k), training.key('group of ' || kind, n), 'juggling', k
  FROM droid CROSS JOIN generate_series(1, 2) AS k;

INSERT INTO training.progress_history
SELECT training.key('progress', n, 1), id, date '2025-07-01' + (n % 20)::int, n % 30 + 1, n % 1000
  FROM old WHERE NOT anew;
INSERT INTO training.progress_history
SELECT training.key('progress of ' || kind, n), id, date '2025-09-10', 3, n % 500 FROM droid;

INSERT INTO training.saved_filters
SELECT training.key('filter', n), id, 'filter ' || n % 10, jsonb_build_object('skill', n % 4, 'since', 2024)
  FROM old WHERE n % 2 = 0 AND NOT anew;
INSERT INTO training.saved_filters
SELECT training.key('filter of ' || kind, n), id, 'android filter', '{"skill": 9}' FROM droid WHERE n % 2 = 1;

-- ---- keys, when the rows are there -----------------------------------------------------------

CREATE UNIQUE INDEX users_email ON training.users (lower(email));
CREATE UNIQUE INDEX progress_history_day ON training.progress_history (user_id, progress_day);
CREATE INDEX ON training.completed_sessions (user_id);
CREATE INDEX ON training.drill_groups (user_id);
CREATE INDEX ON training.drill_group_items (drill_group_id);
CREATE INDEX ON training.saved_filters (user_id);

DROP FUNCTION training.key, training.mail, training.moment;
COMMIT;
ANALYZE;
