-- target.sql - the new database, as its own application would create it: empty, with every rule
-- that the data must keep. The migration never changes it.
BEGIN;

CREATE SCHEMA lms;

CREATE TABLE lms.users (
    id uuid PRIMARY KEY,
    username text NOT NULL UNIQUE CHECK (username <> ''),
    email varchar(254) NOT NULL CONSTRAINT users_email_form CHECK (email ~ '^[^@\s]+@[^@\s]+$'),
    email_domain text GENERATED ALWAYS AS (split_part(email, '@', 2)) STORED,
    is_active boolean NOT NULL DEFAULT true,
    must_reset_password boolean NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE lms.persons (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL UNIQUE REFERENCES lms.users (id),
    firstname varchar(80) NOT NULL,
    lastname varchar(80) NOT NULL,
    patronymic varchar(80) CHECK (patronymic <> ''),
    display_name text GENERATED ALWAYS AS (lastname || ', ' || firstname) STORED,
    birthdate date,
    pincode char(7),
    gender text CHECK (gender IN ('female', 'male')),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE lms.students (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL UNIQUE REFERENCES lms.users (id),
    student_number varchar(20) NOT NULL UNIQUE,
    gpa numeric(3,2) CONSTRAINT students_gpa_range CHECK (gpa BETWEEN 0 AND 4),
    enrolled_on date,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE lms.staff_members (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL UNIQUE REFERENCES lms.users (id),
    employee_number varchar(20) NOT NULL UNIQUE,
    position jsonb NOT NULL CHECK (position <> '{}'),
    hired_on date,
    is_active boolean NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE lms.organizations (
    id uuid PRIMARY KEY,
    parent_id uuid REFERENCES lms.organizations (id),
    name jsonb NOT NULL CHECK (name <> '{}'),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX organizations_parent ON lms.organizations (parent_id);

CREATE TABLE lms.academic_terms (
    id uuid PRIMARY KEY,
    name jsonb NOT NULL CHECK (name <> '{}'),
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT academic_terms_end_after_start CHECK (ends_on > starts_on)
);

CREATE TABLE lms.courses (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES lms.organizations (id),
    code varchar(40) NOT NULL UNIQUE,
    title jsonb NOT NULL CHECK (title <> '{}'),
    title_en text GENERATED ALWAYS AS (title ->> 'en') STORED,
    credits numeric(4,1) NOT NULL CHECK (credits > 0),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX courses_organization ON lms.courses (organization_id);

CREATE TABLE lms.course_offerings (
    id uuid PRIMARY KEY,
    course_id uuid NOT NULL REFERENCES lms.courses (id),
    term_id uuid NOT NULL REFERENCES lms.academic_terms (id),
    capacity integer NOT NULL CHECK (capacity > 0),
    starts_on date NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX course_offerings_course ON lms.course_offerings (course_id);
CREATE INDEX course_offerings_term ON lms.course_offerings (term_id);

CREATE TABLE lms.course_instructors (
    id uuid PRIMARY KEY,
    offering_id uuid NOT NULL REFERENCES lms.course_offerings (id),
    staff_id uuid NOT NULL REFERENCES lms.staff_members (id),
    role text NOT NULL CHECK (role IN ('lecture', 'seminar', 'laboratory')),
    metadata jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT course_instructors_once UNIQUE (offering_id, staff_id)
);
CREATE INDEX course_instructors_staff ON lms.course_instructors (staff_id);

CREATE TABLE lms.enrollments (
    id uuid PRIMARY KEY,
    offering_id uuid NOT NULL REFERENCES lms.course_offerings (id),
    student_id uuid NOT NULL REFERENCES lms.students (id),
    status text NOT NULL CHECK (status IN ('active', 'completed', 'withdrawn')),
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT enrollments_once UNIQUE (offering_id, student_id)
);
CREATE INDEX enrollments_student ON lms.enrollments (student_id);

CREATE TABLE lms.assessments (
    id uuid PRIMARY KEY,
    offering_id uuid NOT NULL REFERENCES lms.course_offerings (id),
    kind text NOT NULL CHECK (kind IN ('lesson', 'colloquium', 'midterm', 'final')),
    title varchar(120) NOT NULL,
    max_score numeric(5,2) NOT NULL CHECK (max_score > 0),
    held_on date NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX assessments_offering ON lms.assessments (offering_id);

CREATE TABLE lms.grades (
    id uuid PRIMARY KEY,
    enrollment_id uuid NOT NULL REFERENCES lms.enrollments (id),
    assessment_id uuid NOT NULL REFERENCES lms.assessments (id),
    score numeric(5,2) CONSTRAINT grades_score_range CHECK (score BETWEEN 0 AND 100),
    graded_on date NOT NULL,
    comment text,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX grades_enrollment ON lms.grades (enrollment_id);
CREATE INDEX grades_assessment ON lms.grades (assessment_id);

COMMIT;
