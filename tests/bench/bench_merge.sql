-- bench_merge.sql - one users table for bench_merge.sh: the old one (side = source) or the live one
-- (side = target) with `users` users of the source, of whom `copied` were taken over once, and
-- `android` users of the target's own. The same numbers give the same rows.
--
--   user n is the old one's; n <= copied is there; n % 20 < 13 of those were changed since, in
--   their level, settings and date; n % 100 = 11 has another id there, and is found by the address
\set ON_ERROR_STOP on
BEGIN;
SELECT :'side' = 'source' AS is_source \gset
CREATE SCHEMA app;
CREATE FUNCTION pg_temp.key(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT md5(kind || ' ' || n)::uuid $$;
CREATE FUNCTION pg_temp.moment(begin timestamptz, days int, n bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$$ SELECT begin + (n * 7919 % (days * 86400)) * interval '1 second' $$;
SET LOCAL timezone = 'UTC';
CREATE TABLE app.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL,
    first_name text NOT NULL,
    last_name text NOT NULL,
    password_hash text NOT NULL,
    phone text,
    skill_level int NOT NULL,
    avatar_url text,
    marketing_opt_in bool NOT NULL DEFAULT false,
    settings jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    language_code text NOT NULL DEFAULT 'en',
    visits int NOT NULL DEFAULT 0,
    last_seen_at timestamptz
);
INSERT INTO app.users
SELECT pg_temp.key(CASE WHEN n % 100 = 11 AND NOT :'is_source' THEN 'anew' ELSE 'user' END, n),
       'user' || n || '@mail' || n % 7 || '.example.org', 'First' || n % 977, 'Last' || n % 9973,
       'pbkdf2_sha256$' || md5('password ' || n), CASE WHEN n % 3 = 0 THEN '+1 555 ' || n END,
       1 + n % 10 + fresh, 'https://img.example.org/' || n, n % 4 = 0,
       jsonb_build_object('theme', n % 3, 'units', n % 2, 'drills', n % 17 + fresh, 'coach', 'coach ' || n % 41),
       pg_temp.moment('2023-01-01', 930, n),
       CASE fresh WHEN 1 THEN pg_temp.moment('2025-09-28', 2, n) ELSE pg_temp.moment('2025-05-01', 50, n) END,
       'en', n % 50, pg_temp.moment('2025-06-01', 50, n)
  FROM (SELECT n, (:'is_source' AND n <= :copied AND n % 20 < 13)::int AS fresh
          FROM generate_series(1, CASE WHEN :'is_source' THEN :users ELSE :copied END) AS n) AS x;
INSERT INTO app.users
SELECT pg_temp.key('android', n), 'droid' || n || '@mail.example.org', 'First' || n % 977, 'Last' || n % 9973,
       'pbkdf2_sha256$' || md5('android ' || n), NULL, 1 + n % 10, NULL, n % 3 = 0, '{"theme": 1}',
       pg_temp.moment('2025-09-01', 25, n), pg_temp.moment('2025-09-26', 2, n), 'en', n % 50, NULL
  FROM generate_series(1, :android) AS n;
CREATE UNIQUE INDEX users_email ON app.users (lower(email));
CREATE INDEX users_created ON app.users (created_at);
COMMIT;
VACUUM ANALYZE app.users;
