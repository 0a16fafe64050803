-- target.sql - the new database, as its own application would create it: empty, with every rule
-- that the data must keep. The migration never changes it.
BEGIN;

CREATE SCHEMA marketplace;

CREATE TABLE marketplace.users (
    id uuid PRIMARY KEY,
    bubble_id text NOT NULL UNIQUE,
    email varchar(254) NOT NULL UNIQUE CHECK (email = lower(email)),
    email_verified boolean NOT NULL DEFAULT false,
    first_name text,
    last_name text,
    role text NOT NULL CHECK (role IN ('client', 'coach', 'admin')),
    phone text,
    time_zone text,
    avatar_url text CHECK (avatar_url ~ '^https?://'),
    home_address text,
    home_lat numeric(9,6) CHECK (home_lat BETWEEN -90 AND 90),
    home_lng numeric(9,6) CHECK (home_lng BETWEEN -180 AND 180),
    newsletter boolean NOT NULL DEFAULT false,
    referred_by uuid REFERENCES marketplace.users (id),
    stripe_customer text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((home_lat IS NULL) = (home_lng IS NULL))
);
CREATE INDEX users_referred_by ON marketplace.users (referred_by);

-- How somebody logs in: by a bcrypt hash, or not before a reset.
CREATE TABLE marketplace.credentials (
    user_id uuid PRIMARY KEY REFERENCES marketplace.users (id),
    password_hash text CHECK (password_hash ~ '^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$'),
    must_reset boolean NOT NULL,
    CHECK (must_reset OR password_hash IS NOT NULL)
);

CREATE VIEW marketplace.accounts_to_reset AS
SELECT u.id, u.email FROM marketplace.users u LEFT JOIN marketplace.credentials c ON c.user_id = u.id
 WHERE coalesce(c.must_reset, true);

CREATE TABLE marketplace.client_profiles (
    id uuid PRIMARY KEY,
    bubble_id text NOT NULL UNIQUE,
    user_id uuid NOT NULL UNIQUE REFERENCES marketplace.users (id),
    quiz jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(quiz) = 'object'),
    goals text[] NOT NULL DEFAULT '{}',
    languages text[] NOT NULL DEFAULT '{}',
    budget_min numeric(8,2),
    budget_max numeric(8,2),
    onboarded boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (budget_min <= budget_max)
);

CREATE TABLE marketplace.coach_profiles (
    id uuid PRIMARY KEY,
    bubble_id text NOT NULL UNIQUE,
    user_id uuid NOT NULL UNIQUE REFERENCES marketplace.users (id),
    headline text NOT NULL,
    bio text,
    expertise text[] NOT NULL DEFAULT '{}',
    languages text[] NOT NULL DEFAULT '{}',
    countries text[] NOT NULL DEFAULT '{}',
    hourly_rate numeric(6,2) NOT NULL
        CONSTRAINT coach_profiles_rate CHECK (hourly_rate BETWEEN 25 AND 500),
    years_experience smallint CHECK (years_experience >= 0),
    is_certified boolean NOT NULL DEFAULT false,
    video_url text CHECK (video_url ~ '^https?://'),
    office_address text,
    office_lat numeric(9,6) CHECK (office_lat BETWEEN -90 AND 90),
    office_lng numeric(9,6) CHECK (office_lng BETWEEN -180 AND 180),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((office_lat IS NULL) = (office_lng IS NULL))
);
CREATE INDEX coach_profiles_expertise ON marketplace.coach_profiles USING gin (expertise);

CREATE TABLE marketplace.bookings (
    id uuid PRIMARY KEY,
    bubble_id text NOT NULL UNIQUE,
    client_id uuid NOT NULL REFERENCES marketplace.client_profiles (id),
    coach_id uuid NOT NULL REFERENCES marketplace.coach_profiles (id),
    starts_at timestamptz NOT NULL,
    duration_minutes integer NOT NULL CONSTRAINT bookings_duration CHECK (duration_minutes > 0),
    status text NOT NULL CHECK (status IN ('pending', 'confirmed', 'completed', 'cancelled')),
    agreed_price numeric(8,2) NOT NULL CHECK (agreed_price >= 0),
    remarks text,
    rescheduled_from uuid REFERENCES marketplace.bookings (id),
    payment_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX bookings_client ON marketplace.bookings (client_id);
CREATE INDEX bookings_coach ON marketplace.bookings (coach_id, starts_at);
CREATE INDEX bookings_rescheduled ON marketplace.bookings (rescheduled_from);
CREATE INDEX bookings_payment_id ON marketplace.bookings (payment_id);

CREATE TABLE marketplace.payments (
    id uuid PRIMARY KEY,
    bubble_id text NOT NULL UNIQUE,
    booking_id uuid NOT NULL REFERENCES marketplace.bookings (id),
    payer_id uuid REFERENCES marketplace.users (id),
    amount_paid numeric(8,2) NOT NULL CONSTRAINT payments_amount CHECK (amount_paid > 0),
    currency char(3) NOT NULL CHECK (currency IN ('EUR', 'USD')),
    status text NOT NULL CHECK (status IN ('succeeded', 'refunded', 'failed')),
    paid_at timestamptz,
    stripe_payment text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX payments_booking ON marketplace.payments (booking_id);
-- Each refers to the other: neither can be there first.
ALTER TABLE marketplace.bookings
    ADD CONSTRAINT bookings_payment FOREIGN KEY (payment_id) REFERENCES marketplace.payments (id);

CREATE TABLE marketplace.posts (
    id uuid PRIMARY KEY,
    bubble_id text NOT NULL UNIQUE,
    written_by uuid REFERENCES marketplace.users (id),
    title text NOT NULL,
    body_text text NOT NULL CHECK (body_text <> ''),
    topic text,
    tags text[] NOT NULL DEFAULT '{}',
    image_url text CHECK (image_url ~ '^https?://'),
    pinned_comment_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE marketplace.comments (
    id uuid PRIMARY KEY,
    bubble_id text NOT NULL UNIQUE,
    post_id uuid NOT NULL REFERENCES marketplace.posts (id),
    written_by uuid REFERENCES marketplace.users (id),
    reply_to uuid REFERENCES marketplace.comments (id),
    body_text text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX comments_post ON marketplace.comments (post_id);
CREATE INDEX comments_reply_to ON marketplace.comments (reply_to);
ALTER TABLE marketplace.posts
    ADD CONSTRAINT posts_pinned FOREIGN KEY (pinned_comment_id) REFERENCES marketplace.comments (id);

-- A like of an account that is gone still counts.
CREATE TABLE marketplace.post_likes (
    post_id uuid NOT NULL REFERENCES marketplace.posts (id),
    like_number integer NOT NULL CHECK (like_number > 0),
    user_id uuid REFERENCES marketplace.users (id),
    PRIMARY KEY (post_id, like_number),
    UNIQUE (post_id, user_id)
);

CREATE TABLE marketplace.resources (
    id uuid PRIMARY KEY,
    bubble_id text NOT NULL UNIQUE,
    uploaded_by uuid REFERENCES marketplace.users (id),
    title text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('article', 'pdf', 'video')),
    link_url text NOT NULL CHECK (link_url ~ '^https?://'),
    downloads integer NOT NULL DEFAULT 0 CHECK (downloads >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

COMMIT;
