-- expected.sql - what every row of the target must be, said in plain SQL from the data alone.
--
-- It shares nothing with mighost: no code, no table, no intermediate result. It reads the files of
-- the directory in the environment, MARKETPLACE_DATA, works out the rows of all ten tables by its
-- own rules, compares them with the live ones and prints
--   1. differences: table, key, column, expected, found  (column "*": the whole row)
--   2. how many records must have no row, by entity and reason
--   3. how many references the data has, by column, and how many of them lead somewhere
--   4. how many rows of each table were compared, and how many of them differ
--   5. as its last line: "differences: N"
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
SET LOCAL jit = off;
CREATE SCHEMA marketplace_expected;
CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA marketplace_expected;
SELECT quote_ident(n.nspname) AS pgcrypto_schema
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = 'pgcrypto' \gset
SET LOCAL search_path = marketplace_expected, :pgcrypto_schema, pg_catalog;

---- the data ---------------------------------------------------------------------------------

-- Lines come in as they are: delimiter and quote are bytes that neither file holds. \copy knows no
-- variables, so each type has its line here.
CREATE TEMP TABLE line (number bigserial, type text, content text);
ALTER TABLE line ALTER type SET DEFAULT 'user';
\copy line (content) FROM PROGRAM 'cat "$MARKETPLACE_DATA/user.jsonl"' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')
ALTER TABLE line ALTER type SET DEFAULT 'client';
\copy line (content) FROM PROGRAM 'cat "$MARKETPLACE_DATA/clientprofile.jsonl"' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')
ALTER TABLE line ALTER type SET DEFAULT 'coach';
\copy line (content) FROM PROGRAM 'cat "$MARKETPLACE_DATA/coachprofile.jsonl"' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')
ALTER TABLE line ALTER type SET DEFAULT 'booking';
\copy line (content) FROM PROGRAM 'cat "$MARKETPLACE_DATA/booking.jsonl"' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')
ALTER TABLE line ALTER type SET DEFAULT 'payment';
\copy line (content) FROM PROGRAM 'cat "$MARKETPLACE_DATA/payment.jsonl"' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')
ALTER TABLE line ALTER type SET DEFAULT 'post';
\copy line (content) FROM PROGRAM 'cat "$MARKETPLACE_DATA/communitypost.jsonl"' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')
ALTER TABLE line ALTER type SET DEFAULT 'comment';
\copy line (content) FROM PROGRAM 'cat "$MARKETPLACE_DATA/communitycomment.jsonl"' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')
ALTER TABLE line ALTER type SET DEFAULT 'resource';
\copy line (content) FROM PROGRAM 'cat "$MARKETPLACE_DATA/communityresource.jsonl"' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02')
ALTER TABLE line ALTER type SET DEFAULT 'password';
\copy line (content) FROM PROGRAM 'cat "$MARKETPLACE_DATA/passwords.csv"' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02', ENCODING 'WIN1252', HEADER)
ALTER TABLE line ALTER type SET DEFAULT 'password in base64';
\copy line (content) FROM PROGRAM 'cat "$MARKETPLACE_DATA/passwords_base64.csv"' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02', ENCODING 'WIN1252', HEADER)
-- A program that fails ends \copy without an error, with what it had sent.
SELECT 1 / (count(DISTINCT type) = 10)::int AS all_was_read FROM line \gset

CREATE TEMP TABLE thing AS
SELECT number, type, content::jsonb AS j, content::jsonb ->> '_id' AS uid FROM line WHERE type NOT LIKE 'password%';
CREATE INDEX ON thing (type);
ANALYZE thing;

---- keys and values --------------------------------------------------------------------------

-- RFC 9562 section 5.5: the first 16 bytes of SHA-1 over namespace and name, version 5.
CREATE FUNCTION uuid5(namespace uuid, name text) RETURNS uuid LANGUAGE sql STABLE STRICT AS $$
    SELECT encode(set_byte(set_byte(h, 6, (get_byte(h, 6) & 15) | 80),
                           8, (get_byte(h, 8) & 63) | 128), 'hex')::uuid
      FROM (SELECT substr(digest(uuid_send(namespace) || convert_to(name, 'UTF8'), 'sha1'),
                          1, 16) AS h) AS hash
$$;

-- The namespace of a stage of project "marketplace", then the key below it.
CREATE TEMP TABLE stage_namespace AS
SELECT stage, uuid5(uuid5('6ba7b811-9dad-11d1-80b4-00c04fd430c8', 'mighost:marketplace'), stage) AS id
  FROM unnest(ARRAY['users', 'clients', 'coaches', 'bookings', 'payments', 'posts', 'comments',
                    'resources']) AS stage;
CREATE FUNCTION key_of(of_stage text, uid text) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT uuid5(id, uid) FROM pg_temp.stage_namespace WHERE stage = of_stage
$$;

CREATE FUNCTION texts(list jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY(SELECT t FROM jsonb_array_elements_text(coalesce(list, '[]')) WITH ORDINALITY AS e (t, n)
                  ORDER BY n)
$$;

CREATE FUNCTION web(address text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN address LIKE '//%' THEN 'https:' || address
                WHEN address ~ '^https?://' THEN address END
$$;

-- The field was a text before it was an object. NULL: neither.
CREATE FUNCTION quiz_of(said jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE jsonb_typeof(said) WHEN 'string' THEN (said #>> '{}')::jsonb ELSE coalesce(said, '{}') END;
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END
$$;

CREATE FUNCTION word(said text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT btrim(lower(said), E' \n\t')
$$;

\set times '(j ->> ''Created Date'')::timestamptz AS created_at, (j ->> ''Modified Date'')::timestamptz AS updated_at'

---- people -----------------------------------------------------------------------------------

-- Of several fit users with one address, the first one stays.
CREATE TEMP TABLE user_fate AS
SELECT *, CASE WHEN fault IS NULL AND row_number() OVER (PARTITION BY fault, email ORDER BY number) > 1
               THEN 'has the address of another' ELSE fault END AS why
  FROM (SELECT *, CASE WHEN email IS NULL THEN 'has no address'
                       WHEN email !~ '^[a-z0-9.]+@([a-z0-9]+\.)+[a-z]+$' THEN 'address is none'
                       WHEN role NOT IN ('client', 'coach', 'admin') THEN 'role is unknown' END AS fault
          FROM (SELECT number, uid, j, key_of('users', uid) AS id, word(j ->> 'Role') AS role,
                       lower(btrim(j #>> '{authentication,email,email}')) AS email
                  FROM thing WHERE type = 'user') AS said) AS judged;
CREATE TEMP TABLE stays_user AS SELECT uid, id FROM user_fate WHERE why IS NULL;
CREATE UNIQUE INDEX ON stays_user (uid);
CREATE TEMP TABLE want_users AS
SELECT f.id, f.uid AS bubble_id, email,
       coalesce((j #>> '{authentication,email,email_confirmed}')::boolean, false) AS email_verified,
       btrim(j ->> 'First Name') AS first_name, btrim(j ->> 'Last Name') AS last_name, role,
       j ->> 'Phone' AS phone, j ->> 'Time Zone' AS time_zone, web(j ->> 'Profile Picture') AS avatar_url,
       j #>> '{Address,address}' AS home_address, (j #>> '{Address,lat}')::numeric AS home_lat,
       (j #>> '{Address,lng}')::numeric AS home_lng,
       coalesce((j ->> 'Newsletter')::boolean, false) AS newsletter, r.id AS referred_by,
       j ->> 'Stripe Customer ' AS stripe_customer, :times
  FROM user_fate f LEFT JOIN stays_user r ON r.uid = j ->> 'Referred By' WHERE why IS NULL;

-- A line of the older login server: user;password. The first fit one of a user stays. What cannot
-- be decoded is no password: its user has to set a new one.
CREATE TEMP TABLE password_fate AS
SELECT *, CASE WHEN fault IS NULL AND row_number() OVER (PARTITION BY fault, id ORDER BY number) > 1
               THEN 'user has a line already' ELSE fault END AS why
  FROM (SELECT l.*, u.id, CASE WHEN fields <> 2 THEN 'line has another number of fields'
                               WHEN octet_length(typed) > 72 THEN 'password is over 72 bytes'
                               WHEN u.id IS NULL THEN 'user is not there' END AS fault
          FROM (SELECT number, uid, fields, CASE WHEN type = 'password' THEN said
                       WHEN said ~ '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}(==|[A-Za-z0-9+/]=))?$'
                       THEN convert_from(decode(said, 'base64'), 'UTF8') END AS typed
                  FROM (SELECT number, type, split_part(content, ';', 1) AS uid, split_part(content, ';', 2) AS said,
                               cardinality(string_to_array(content, ';')) AS fields
                          FROM line WHERE type LIKE 'password%') AS line) AS l
          LEFT JOIN stays_user u ON u.uid = l.uid) AS judged;

-- bcrypt's salt is not to be foretold: any hash that opens by the old password is as expected. What
-- was one stays. crypt() knows the algorithm by its older name alone.
CREATE FUNCTION opens(typed text, hash text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT hash LIKE '$2b$%' AND crypt(typed, '$2a$' || substr(hash, 5)) = '$2a$' || substr(hash, 5)
$$;
CREATE TEMP TABLE want_credentials AS
SELECT id AS user_id, CASE WHEN typed LIKE '$2b$%' THEN typed WHEN opens(typed, password_hash) THEN password_hash
                           WHEN typed IS NOT NULL THEN 'a hash of the old password' END AS password_hash,
       typed IS NULL AS must_reset
  FROM password_fate LEFT JOIN marketplace.credentials ON user_id = id WHERE why IS NULL;

CREATE TEMP TABLE client_fate AS
SELECT number, t.uid, j, key_of('clients', t.uid) AS id, u.id AS user_id, quiz_of(j -> 'Quiz Answers') AS quiz,
       CASE WHEN quiz_of(j -> 'Quiz Answers') IS NULL THEN 'quiz is broken'
            WHEN u.id IS NULL THEN 'user is not there' END AS why
  FROM thing t LEFT JOIN stays_user u ON u.uid = j ->> 'User' WHERE type = 'client';
CREATE TEMP TABLE want_client_profiles AS
SELECT id, uid AS bubble_id, user_id, quiz, texts(j -> 'Goals') AS goals,
       texts(j -> 'Preferred Languages') AS languages, (j #>> '{Budget,0}')::numeric AS budget_min,
       (j #>> '{Budget,1}')::numeric AS budget_max, coalesce((j ->> 'Onboarded?')::boolean, false) AS onboarded,
       :times
  FROM client_fate WHERE why IS NULL;

CREATE TEMP TABLE coach_fate AS
SELECT *, CASE WHEN rate IS NULL THEN 'rate is no number' WHEN NOT rate BETWEEN 25 AND 500 THEN 'rate is out of range'
               WHEN user_id IS NULL THEN 'user is not there' END AS why
  FROM (SELECT number, t.uid, j, key_of('coaches', t.uid) AS id, u.id AS user_id,
               CASE WHEN j ->> 'Hourly Rate' ~ '^\d+(\.\d+)?$' THEN (j ->> 'Hourly Rate')::numeric END AS rate
          FROM thing t LEFT JOIN stays_user u ON u.uid = j ->> 'User' WHERE type = 'coach') AS said;
CREATE TEMP TABLE want_coach_profiles AS
SELECT id, uid AS bubble_id, user_id, j ->> 'Headline' AS headline, j ->> 'Bio' AS bio,
       texts(j -> 'Expertise') AS expertise, texts(j -> 'Languages') AS languages,
       texts(j -> 'Countries') AS countries, rate AS hourly_rate, (j ->> 'Years of Exp.')::smallint AS years_experience,
       coalesce((j ->> 'Verified?')::boolean, false) AS is_certified, web(j ->> 'Intro Video') AS video_url,
       j #>> '{Location,address}' AS office_address, (j #>> '{Location,lat}')::numeric AS office_lat,
       (j #>> '{Location,lng}')::numeric AS office_lng, :times
  FROM coach_fate WHERE why IS NULL;

---- bookings and payments --------------------------------------------------------------------

CREATE TEMP TABLE booking_fate AS
SELECT *, CASE WHEN status IS NULL THEN 'status is unknown' WHEN minutes <= 0 THEN 'duration is not positive'
               WHEN client_id IS NULL THEN 'client is not there' WHEN coach_id IS NULL THEN 'coach is not there'
          END AS why
  FROM (SELECT t.number, t.uid, t.j, key_of('bookings', t.uid) AS id, c.id AS client_id, k.id AS coach_id,
               (t.j ->> 'Duration (min)')::integer AS minutes,
               CASE word(t.j ->> 'Status') WHEN 'pending' THEN 'pending' WHEN 'confirmed' THEN 'confirmed'
                    WHEN 'completed' THEN 'completed' WHEN 'cancelled' THEN 'cancelled'
                    WHEN 'canceled' THEN 'cancelled' END AS status
          FROM thing t LEFT JOIN client_fate c ON c.uid = t.j ->> 'Client' AND c.why IS NULL
          LEFT JOIN coach_fate k ON k.uid = t.j ->> 'Coach' AND k.why IS NULL WHERE type = 'booking') AS said;
CREATE TEMP TABLE payment_fate AS
SELECT t.number, t.uid, t.j, key_of('payments', t.uid) AS id, b.id AS booking_id, (t.j ->> 'Amount')::numeric AS amount,
       CASE WHEN (t.j ->> 'Amount')::numeric <= 0 THEN 'amount is not positive'
            WHEN b.id IS NULL THEN 'booking is not there' END AS why
  FROM thing t LEFT JOIN booking_fate b ON b.uid = t.j ->> 'Booking' AND b.why IS NULL WHERE type = 'payment';
CREATE TEMP TABLE want_bookings AS
SELECT f.id, f.uid AS bubble_id, f.client_id, f.coach_id, (f.j ->> 'Starts At')::timestamptz AS starts_at,
       f.minutes AS duration_minutes, f.status, (f.j ->> 'Price')::numeric AS agreed_price, f.j ->> 'Notes' AS remarks,
       r.id AS rescheduled_from, p.id AS payment_id, (f.j ->> 'Created Date')::timestamptz AS created_at,
       (f.j ->> 'Modified Date')::timestamptz AS updated_at
  FROM booking_fate f LEFT JOIN booking_fate r ON r.uid = f.j ->> 'Rescheduled From' AND r.why IS NULL
  LEFT JOIN payment_fate p ON p.uid = f.j ->> 'Payment' AND p.why IS NULL WHERE f.why IS NULL;
CREATE TEMP TABLE want_payments AS
SELECT f.id, f.uid AS bubble_id, booking_id, u.id AS payer_id, amount AS amount_paid,
       upper(j ->> 'Currency') AS currency, word(j ->> 'Status') AS status, (j ->> 'Paid At')::timestamptz AS paid_at,
       j ->> 'Stripe ID' AS stripe_payment, :times
  FROM payment_fate f LEFT JOIN stays_user u ON u.uid = j ->> 'Payer' WHERE why IS NULL;

---- community --------------------------------------------------------------------------------

CREATE TEMP TABLE post_fate AS
SELECT number, uid, j, key_of('posts', uid) AS id, CASE WHEN j ->> 'Body' IS NULL THEN 'has no text' END AS why
  FROM thing WHERE type = 'post';
CREATE TEMP TABLE comment_fate AS
SELECT t.number, t.uid, t.j, key_of('comments', t.uid) AS id, p.id AS post_id,
       CASE WHEN p.id IS NULL THEN 'post is not there' END AS why
  FROM thing t LEFT JOIN post_fate p ON p.uid = t.j ->> 'Post' AND p.why IS NULL WHERE type = 'comment';
CREATE TEMP TABLE want_posts AS
SELECT f.id, f.uid AS bubble_id, u.id AS written_by, f.j ->> 'Title' AS title, f.j ->> 'Body' AS body_text,
       f.j ->> 'Category' AS topic, texts(f.j -> 'Tags') AS tags, web(f.j ->> 'Image') AS image_url,
       c.id AS pinned_comment_id, (f.j ->> 'Created Date')::timestamptz AS created_at,
       (f.j ->> 'Modified Date')::timestamptz AS updated_at
  FROM post_fate f LEFT JOIN stays_user u ON u.uid = f.j ->> 'Author'
  LEFT JOIN comment_fate c ON c.uid = f.j ->> 'Pinned Comment' AND c.why IS NULL WHERE f.why IS NULL;
CREATE TEMP TABLE want_comments AS
SELECT f.id, f.uid AS bubble_id, f.post_id, u.id AS written_by, r.id AS reply_to, f.j ->> 'Text' AS body_text,
       (f.j ->> 'Created Date')::timestamptz AS created_at, (f.j ->> 'Modified Date')::timestamptz AS updated_at
  FROM comment_fate f LEFT JOIN stays_user u ON u.uid = f.j ->> 'Author'
  LEFT JOIN comment_fate r ON r.uid = f.j ->> 'Parent' AND r.why IS NULL WHERE f.why IS NULL;
CREATE TEMP TABLE want_post_likes AS
SELECT f.id AS post_id, l.place AS like_number, u.id AS user_id
  FROM post_fate f, jsonb_array_elements_text(coalesce(j -> 'Likes', '[]')) WITH ORDINALITY AS l (uid, place)
  LEFT JOIN stays_user u ON u.uid = l.uid WHERE why IS NULL;
CREATE TEMP TABLE resource_fate AS
SELECT number, uid, j, key_of('resources', uid) AS id,
       CASE WHEN web(j ->> 'Link') IS NULL THEN 'link is no web address' END AS why FROM thing WHERE type = 'resource';
CREATE TEMP TABLE want_resources AS
SELECT f.id, f.uid AS bubble_id, u.id AS uploaded_by, j ->> 'Title' AS title, word(j ->> 'Kind') AS kind,
       web(j ->> 'Link') AS link_url, coalesce((j ->> 'Downloads')::integer, 0) AS downloads, :times
  FROM resource_fate f LEFT JOIN stays_user u ON u.uid = j ->> 'Uploaded By' WHERE why IS NULL;

---- comparison -------------------------------------------------------------------------------

CREATE TEMP TABLE difference ("table" text, key text, "column" text, expected text, found text);
CREATE TEMP TABLE compared ("table" text, rows bigint, differ bigint);

-- As JSON a number is the same with more zeros behind its point, and a column that one of the two
-- lacks is a difference.
CREATE FUNCTION compare(name text, key text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($sql$
        WITH w AS (SELECT concat_ws(':', %2$s) AS key, to_jsonb(t) AS w FROM pg_temp.%1$I t),
             l AS (SELECT concat_ws(':', %2$s) AS key, to_jsonb(t) AS l FROM marketplace.%3$I t),
             both_of AS (SELECT * FROM w FULL JOIN l USING (key) WHERE w IS DISTINCT FROM l)
        INSERT INTO pg_temp.difference
        SELECT %3$L, key, '*', 'a row', 'none' FROM both_of WHERE l IS NULL
        UNION ALL
        SELECT %3$L, key, '*', 'none', 'a row' FROM both_of WHERE w IS NULL
        UNION ALL
        SELECT %3$L, both_of.key, c, w ->> c, l ->> c
          FROM both_of, jsonb_object_keys(w || l) AS c
         WHERE w IS NOT NULL AND l IS NOT NULL AND w -> c IS DISTINCT FROM l -> c
        $sql$, 'want_' || name, key, name);
    EXECUTE format('INSERT INTO pg_temp.compared SELECT %L, count(*), (SELECT count(DISTINCT key)'
                   ' FROM pg_temp.difference WHERE "table" = %1$L) FROM pg_temp.%I', name, 'want_' || name);
END
$$;

SELECT compare(name, CASE name WHEN 'credentials' THEN 'user_id' WHEN 'post_likes' THEN 'post_id, like_number' ELSE 'id' END)
  FROM unnest(ARRAY['users', 'credentials', 'client_profiles', 'coach_profiles', 'bookings', 'payments', 'posts',
                    'post_likes', 'comments', 'resources']) AS name \g /dev/null

\echo '# differences'
SELECT * FROM difference ORDER BY 1, 2, 3 LIMIT :limit;

\echo '# records that must have no row'
SELECT entity, why, count(*) AS records
  FROM (SELECT 'users' AS entity, why FROM user_fate UNION ALL SELECT 'credentials', why FROM password_fate
        UNION ALL SELECT 'clients', why FROM client_fate UNION ALL SELECT 'coaches', why FROM coach_fate
        UNION ALL SELECT 'bookings', why FROM booking_fate UNION ALL SELECT 'payments', why FROM payment_fate
        UNION ALL SELECT 'posts', why FROM post_fate UNION ALL SELECT 'comments', why FROM comment_fate
        UNION ALL SELECT 'resources', why FROM resource_fate) AS fate
 WHERE why IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2;

\echo '# references of rows that are there'
SELECT "column", count(*) AS said, count(id) AS resolved, round(100.0 * count(id) / count(*), 1) AS percent
  FROM (SELECT 'users.referred_by' AS "column", j ->> 'Referred By' AS uid, referred_by AS id
          FROM want_users w JOIN user_fate f USING (id)
        UNION ALL SELECT 'bookings.rescheduled_from', j ->> 'Rescheduled From', rescheduled_from
          FROM want_bookings w JOIN booking_fate f USING (id)
        UNION ALL SELECT 'bookings.payment_id', j ->> 'Payment', payment_id
          FROM want_bookings w JOIN booking_fate f USING (id)
        UNION ALL SELECT 'payments.payer_id', j ->> 'Payer', payer_id
          FROM want_payments w JOIN payment_fate f USING (id)
        UNION ALL SELECT 'posts.written_by', j ->> 'Author', written_by FROM want_posts w JOIN post_fate f USING (id)
        UNION ALL SELECT 'posts.pinned_comment_id', j ->> 'Pinned Comment', pinned_comment_id
          FROM want_posts w JOIN post_fate f USING (id)
        UNION ALL SELECT 'post_likes.user_id', '', user_id FROM want_post_likes
        UNION ALL SELECT 'comments.written_by', j ->> 'Author', written_by
          FROM want_comments w JOIN comment_fate f USING (id)
        UNION ALL SELECT 'comments.reply_to', j ->> 'Parent', reply_to
          FROM want_comments w JOIN comment_fate f USING (id)
        UNION ALL SELECT 'resources.uploaded_by', j ->> 'Uploaded By', uploaded_by
          FROM want_resources w JOIN resource_fate f USING (id)) AS reference
 WHERE uid IS NOT NULL GROUP BY 1 ORDER BY 1;

\echo '# rows'
SELECT * FROM compared;

\pset format unaligned
\pset tuples_only on
SELECT 'differences: ' || count(*) FROM difference;
ROLLBACK;
