-- expected.sql - what every row of V2 must be behind the run, said in plain SQL from V1 and from V2 as
-- it was before.
--
-- It shares nothing with mighost: no code, no table, no intermediate result. It copies the rows of V1
-- and of V2 before the run over (the URLs are in the environment, V1_DATABASE_URL and
-- BEFORE_DATABASE_URL), works out the rows of all seven tables by its own rules, Android users
-- included, compares them with the live ones and prints
--   1. differences: table, key, expected, found
--   2. who of V1 must not be migrated, by reason; how many of V2 are in neither group
--   3. how many rows of each table were compared, and how many of them differ
--   4. as its last line: "differences: N"
-- All of it happens in one transaction that is rolled back. compare.sh calls it.
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

---- both databases --------------------------------------------------------------------------

CREATE TEMP TABLE v1_users (id uuid, email text, name text, password_hash text, skill_level int, photo text, newsletter bool, created_at timestamptz, updated_at timestamptz);
CREATE TEMP TABLE v1_sessions (id uuid, user_id uuid, finished_at timestamptz, session_minutes int, score numeric(5, 2), session_notes text);
CREATE TEMP TABLE v1_preferences (user_id uuid, duration_minutes int, intensity text, equipment jsonb, updated_at timestamptz);
CREATE TEMP TABLE v1_groups (id uuid, user_id uuid, name text, is_liked bool);
CREATE TEMP TABLE v1_items (id uuid, drill_group_id uuid, drill text, position int);
CREATE TEMP TABLE v1_progress (id uuid, user_id uuid, progress_day date, streak int, total_points int);
CREATE TEMP TABLE v1_filters (id uuid, user_id uuid, name text, filter jsonb);
\copy v1_users FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY training.users (id, email, name, password_hash, skill_level, photo, newsletter, created_at, updated_at) TO STDOUT"'
\copy v1_sessions FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY training.completed_sessions (id, user_id, finished_at, session_minutes, score, session_notes) TO STDOUT"'
\copy v1_preferences FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY training.session_preferences (user_id, duration_minutes, intensity, equipment, updated_at) TO STDOUT"'
\copy v1_groups FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY training.drill_groups (id, user_id, name, is_liked) TO STDOUT"'
\copy v1_items FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY training.drill_group_items (id, drill_group_id, drill, position) TO STDOUT"'
\copy v1_progress FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY training.progress_history (id, user_id, progress_day, streak, total_points) TO STDOUT"'
\copy v1_filters FROM PROGRAM 'psql -X -d "$V1_DATABASE_URL" -c "COPY training.saved_filters (id, user_id, name, filter) TO STDOUT"'

CREATE TEMP TABLE was_users (LIKE training.users);
CREATE TEMP TABLE was_sessions (LIKE training.completed_sessions);
CREATE TEMP TABLE was_preferences (LIKE training.session_preferences);
CREATE TEMP TABLE was_groups (LIKE training.drill_groups);
CREATE TEMP TABLE was_items (LIKE training.drill_group_items);
CREATE TEMP TABLE was_progress (LIKE training.progress_history);
CREATE TEMP TABLE was_filters (LIKE training.saved_filters);
\copy was_users FROM PROGRAM 'psql -X -d "$BEFORE_DATABASE_URL" -c "COPY training.users TO STDOUT"'
\copy was_sessions FROM PROGRAM 'psql -X -d "$BEFORE_DATABASE_URL" -c "COPY training.completed_sessions TO STDOUT"'
\copy was_preferences FROM PROGRAM 'psql -X -d "$BEFORE_DATABASE_URL" -c "COPY training.session_preferences TO STDOUT"'
\copy was_groups FROM PROGRAM 'psql -X -d "$BEFORE_DATABASE_URL" -c "COPY training.drill_groups TO STDOUT"'
\copy was_items FROM PROGRAM 'psql -X -d "$BEFORE_DATABASE_URL" -c "COPY training.drill_group_items TO STDOUT"'
\copy was_progress FROM PROGRAM 'psql -X -d "$BEFORE_DATABASE_URL" -c "COPY training.progress_history TO STDOUT"'
\copy was_filters FROM PROGRAM 'psql -X -d "$BEFORE_DATABASE_URL" -c "COPY training.saved_filters TO STDOUT"'
-- A psql that fails ends \copy without an error, with what it had sent.
SELECT 1 / ((SELECT count(*) FROM v1_filters) > 0 AND (SELECT count(*) FROM was_filters) > 0)::int AS all_was_read \gset
ANALYZE;

---- who is who ------------------------------------------------------------------------------

-- A user of V1 is the one of V2 with the same id, or with the same address in whatever case.
CREATE TEMP TABLE fit AS
SELECT v1.id AS v1_id, was.id AS v2_id, was.id = v1.id AS by_id
  FROM v1_users v1 JOIN was_users was ON was.id = v1.id
 UNION
SELECT v1.id, was.id, was.id = v1.id FROM v1_users v1 JOIN was_users was ON lower(was.email) = lower(v1.email);
CREATE TEMP TABLE refused AS
SELECT v1_id AS id, 'fits two users of V2' AS reason FROM fit GROUP BY v1_id HAVING count(*) > 1;
-- Whoever has its id is that user of V2; among those who only have its address nobody chooses.
INSERT INTO refused
SELECT v1_id, 'the address is that of another user of V1, too'
  FROM (SELECT *, count(*) OVER (PARTITION BY v2_id) AS n FROM fit) f
 WHERE NOT by_id AND n > 1 AND v1_id NOT IN (SELECT id FROM refused);
INSERT INTO refused
SELECT v1_id, 'is an Android user, too' FROM fit JOIN was_users ON id = v2_id
 WHERE created_at >= '2025-09-01' AND v1_id NOT IN (SELECT id FROM refused);
CREATE TEMP TABLE person AS
SELECT v1.id AS v1_id, coalesce(v2_id, v1.id) AS id, v2_id IS NOT NULL AS is_there
  FROM v1_users v1 LEFT JOIN fit ON v1_id = v1.id
 WHERE v1.id NOT IN (SELECT id FROM refused);
ANALYZE person;

---- what must be ----------------------------------------------------------------------------

-- What V2 knew better stays: consent and birthday of the account, a picture where there is one.
CREATE TEMP TABLE must_users AS
SELECT p.id, v1.email, v1.name AS full_name, v1.password_hash, v1.skill_level,
       coalesce(was.avatar_url, v1.photo) AS avatar_url,
       coalesce(was.marketing_opt_in, v1.newsletter) AS marketing_opt_in,
       coalesce(was.language_code, 'en') AS language_code,
       coalesce(was.created_at, v1.created_at) AS created_at, v1.updated_at
  FROM person p JOIN v1_users v1 ON v1.id = p.v1_id LEFT JOIN was_users was ON was.id = p.id
 UNION ALL
SELECT * FROM was_users WHERE id NOT IN (SELECT id FROM person);

-- Sessions done in V2, behind 28 July, are not V1's to take away.
CREATE TEMP TABLE must_sessions AS
SELECT v1.id, p.id AS user_id, finished_at, session_minutes, score, session_notes
  FROM v1_sessions v1 JOIN person p ON p.v1_id = v1.user_id
 UNION ALL
SELECT was.* FROM was_sessions was
 WHERE was.id NOT IN (SELECT v1.id FROM v1_sessions v1 JOIN person p ON p.v1_id = v1.user_id)
   AND NOT (was.user_id IN (SELECT id FROM person) AND was.id NOT IN (SELECT id FROM v1_sessions)
            AND was.finished_at < '2025-07-28');

-- As a whole those of whoever changed them last.
CREATE TEMP TABLE must_preferences AS
SELECT p.id AS user_id, v1.duration_minutes, v1.intensity, v1.equipment, v1.updated_at
  FROM v1_preferences v1 JOIN person p ON p.v1_id = v1.user_id LEFT JOIN was_preferences was ON was.user_id = p.id
 WHERE was.user_id IS NULL OR v1.updated_at > was.updated_at
 UNION ALL
SELECT was.* FROM was_preferences was
 WHERE NOT EXISTS (SELECT FROM v1_preferences v1 JOIN person p ON p.v1_id = v1.user_id
                    WHERE p.id = was.user_id AND v1.updated_at > was.updated_at);

CREATE TEMP TABLE gone_groups AS
SELECT id FROM was_groups WHERE user_id IN (SELECT id FROM person) AND id NOT IN (SELECT id FROM v1_groups);
CREATE TEMP TABLE moved_groups AS
SELECT v1.id, p.id AS user_id, name, is_liked FROM v1_groups v1 JOIN person p ON p.v1_id = v1.user_id;
CREATE TEMP TABLE must_groups AS
SELECT * FROM moved_groups
 UNION ALL
SELECT * FROM was_groups WHERE id NOT IN (SELECT id FROM moved_groups) AND id NOT IN (SELECT id FROM gone_groups);

CREATE TEMP TABLE moved_items AS
SELECT * FROM v1_items WHERE drill_group_id IN (SELECT id FROM moved_groups);
CREATE TEMP TABLE must_items AS
SELECT * FROM moved_items
 UNION ALL
SELECT * FROM was_items
 WHERE id NOT IN (SELECT id FROM moved_items) AND drill_group_id NOT IN (SELECT id FROM gone_groups)
   AND NOT (drill_group_id IN (SELECT id FROM moved_groups) AND id NOT IN (SELECT id FROM v1_items));

CREATE TEMP TABLE must_progress AS
SELECT v1.id, p.id AS user_id, progress_day, streak, total_points
  FROM v1_progress v1 JOIN person p ON p.v1_id = v1.user_id
 UNION ALL
SELECT * FROM was_progress
 WHERE id NOT IN (SELECT v1.id FROM v1_progress v1 JOIN person p ON p.v1_id = v1.user_id);

CREATE TEMP TABLE must_filters AS
SELECT v1.id, p.id AS user_id, name, filter FROM v1_filters v1 JOIN person p ON p.v1_id = v1.user_id
 UNION ALL
SELECT * FROM was_filters
 WHERE id NOT IN (SELECT v1.id FROM v1_filters v1 JOIN person p ON p.v1_id = v1.user_id)
   AND NOT (user_id IN (SELECT id FROM person) AND id NOT IN (SELECT id FROM v1_filters));

---- comparison ------------------------------------------------------------------------------

-- Images, not values: 1.0 is not 1.00.
CREATE TEMP TABLE difference (table_name text, key text, expected text, found text);
CREATE TEMP TABLE compared (table_name text, rows bigint);
CREATE FUNCTION pg_temp.compare(live regclass, must regclass, key text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('INSERT INTO difference SELECT %L, coalesce(m.k, l.k)::text, m.t, l.t FROM (SELECT %I AS k,'
        ' x::text AS t FROM %s x) m FULL JOIN (SELECT %I AS k, x::text AS t FROM %s x) l ON l.k = m.k'
        ' WHERE m.t IS DISTINCT FROM l.t', live, key, must, key, live);
    EXECUTE format('INSERT INTO compared SELECT %L, count(*) FROM %s', live, must);
END $$;
SELECT pg_temp.compare(live, must, key) FROM (VALUES
    ('training.users'::regclass, 'must_users'::regclass, 'id'), ('training.completed_sessions', 'must_sessions', 'id'),
    ('training.session_preferences', 'must_preferences', 'user_id'), ('training.drill_groups', 'must_groups', 'id'),
    ('training.drill_group_items', 'must_items', 'id'), ('training.progress_history', 'must_progress', 'id'),
    ('training.saved_filters', 'must_filters', 'id')) AS pairs (live, must, key) \g /dev/null

SELECT * FROM difference ORDER BY 1, 2 LIMIT :limit;
SELECT reason AS not_migrated, count(*) AS users FROM refused GROUP BY 1
 UNION ALL
SELECT 'in neither group', count(*) FROM was_users
 WHERE created_at < '2025-09-01' AND id NOT IN (SELECT v2_id FROM fit) ORDER BY 1;
SELECT c.table_name, c.rows, count(d.key) AS differences
  FROM compared c LEFT JOIN difference d USING (table_name) GROUP BY 1, 2 ORDER BY 1;
SELECT count(*) AS differences FROM difference \gset
ROLLBACK;
\echo differences: :differences
