-- target.sql - the school's new database, as its own application would create it: empty, with
-- every rule that the data must keep. The migration never changes it.
BEGIN;

CREATE SCHEMA school;

CREATE TYPE school.user_role AS ENUM ('system', 'admin', 'teacher');
CREATE TYPE school.student_status AS ENUM ('active', 'paused', 'left');
CREATE TYPE school.weekday AS ENUM ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun');

CREATE TABLE school.users (
    id uuid PRIMARY KEY,
    email varchar(120) NOT NULL UNIQUE,
    display_name varchar(60) NOT NULL,
    role school.user_role NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE school.students (
    id uuid PRIMARY KEY,
    full_name varchar(60) NOT NULL CHECK (full_name <> ''),
    email varchar(120) NOT NULL UNIQUE,
    email_domain text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED,
    birth_date date NOT NULL CHECK (birth_date >= DATE '1990-01-01'),
    joined_at timestamptz NOT NULL,
    status school.student_status NOT NULL DEFAULT 'active',
    tags text[] NOT NULL DEFAULT '{}',
    contact jsonb,
    guardian_name varchar(60),
    created_by uuid NOT NULL REFERENCES school.users (id),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX students_email_domain ON school.students (email_domain);

CREATE TABLE school.classes (
    id uuid PRIMARY KEY,
    title varchar(80) NOT NULL,
    capacity integer NOT NULL CONSTRAINT classes_capacity_positive CHECK (capacity > 0),
    fee numeric(8,2) NOT NULL DEFAULT 0 CHECK (fee >= 0),
    starts_on date NOT NULL,
    created_by uuid NOT NULL REFERENCES school.users (id),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE school.schedules (
    id uuid PRIMARY KEY,
    class_id uuid NOT NULL REFERENCES school.classes (id) ON DELETE CASCADE,
    weekday school.weekday NOT NULL,
    starts_at time NOT NULL,
    ends_at time NOT NULL,
    room varchar(12),
    CONSTRAINT schedules_end_after_start CHECK (ends_at > starts_at),
    CONSTRAINT schedules_one_lesson_at_a_time UNIQUE (class_id, weekday, starts_at)
);

CREATE TABLE school.enrollments (
    class_id uuid NOT NULL REFERENCES school.classes (id),
    student_id uuid NOT NULL REFERENCES school.students (id),
    seat smallint NOT NULL CHECK (seat > 0),
    enrolled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (class_id, student_id)
);
CREATE INDEX enrollments_student ON school.enrollments (student_id);

CREATE TABLE school.tests (
    id uuid PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    class_id uuid NOT NULL REFERENCES school.classes (id),
    title varchar(80) NOT NULL,
    held_at timestamptz NOT NULL,
    max_points numeric(6,1) NOT NULL CONSTRAINT tests_max_points_positive CHECK (max_points > 0),
    weights jsonb NOT NULL DEFAULT '{}',
    topics text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX tests_class ON school.tests (class_id);

COMMIT;
