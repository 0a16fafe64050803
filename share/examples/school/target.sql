-- target.sql - V2: one "User" for everybody who logs in, with roles and a profile; what a user is to
-- a school has tables of its own.
CREATE SCHEMA v2;

-- ---- reference data, set up by the first stages ----------------------------------------------

CREATE TABLE v2."UserType" (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, title text NOT NULL);
CREATE TABLE v2."Role" (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, title text NOT NULL,
    "userTypeId" uuid NOT NULL REFERENCES v2."UserType");
CREATE TABLE v2."PermissionModule" (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, title text NOT NULL);
CREATE TABLE v2."Permission" (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, title text NOT NULL,
    "moduleId" uuid NOT NULL REFERENCES v2."PermissionModule");
CREATE TABLE v2."RolePermission" ("roleId" uuid NOT NULL REFERENCES v2."Role",
    "permissionId" uuid NOT NULL REFERENCES v2."Permission", PRIMARY KEY ("roleId", "permissionId"));
CREATE TABLE v2."GradeSystem" (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, title text NOT NULL);
CREATE TABLE v2."GradeLevel" (id uuid PRIMARY KEY, "systemId" uuid NOT NULL REFERENCES v2."GradeSystem",
    code text NOT NULL, "place" int NOT NULL, UNIQUE ("systemId", code));
CREATE TABLE v2."Curriculum" (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, title text NOT NULL);
CREATE TABLE v2."ClassLevel" (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, title text NOT NULL,
    "place" int NOT NULL);
CREATE TABLE v2."SubjectCategory" (id uuid PRIMARY KEY, code text NOT NULL UNIQUE, title text NOT NULL);
CREATE TABLE v2."Subject" (id uuid PRIMARY KEY, "categoryId" uuid NOT NULL REFERENCES v2."SubjectCategory",
    code text NOT NULL UNIQUE, title text NOT NULL);

-- ---- people ----------------------------------------------------------------------------------

CREATE TABLE v2."User" (
    id uuid PRIMARY KEY, "legacyId" text NOT NULL UNIQUE, -- "teacher:17"
    "userTypeId" uuid NOT NULL REFERENCES v2."UserType", "username" varchar(40) NOT NULL,
    "email" varchar(120) NOT NULL, "phone" text UNIQUE CHECK ("phone" ~ '^\+[1-9][0-9]{7,14}$'),
    "passwordHash" text NOT NULL, "mustReset" boolean NOT NULL, "createdAt" timestamptz NOT NULL);
CREATE UNIQUE INDEX "User_username" ON v2."User" (lower("username"));
CREATE UNIQUE INDEX "User_email" ON v2."User" (lower("email"));
CREATE TABLE v2."UserRole" ("userId" uuid NOT NULL REFERENCES v2."User", "roleId" uuid NOT NULL
    REFERENCES v2."Role", PRIMARY KEY ("userId", "roleId"));
CREATE TABLE v2."Profile" ("userId" uuid PRIMARY KEY REFERENCES v2."User", "firstName" text,
    "middleName" text, "lastName" text, "birthDate" date);
CREATE TABLE v2."Address" ("userId" uuid PRIMARY KEY REFERENCES v2."User", "street" text, "city" text,
    "zip" text, "country" text NOT NULL, "rest" text);

-- ---- schools ---------------------------------------------------------------------------------

CREATE TABLE v2."School" (id uuid PRIMARY KEY, "legacyId" int NOT NULL UNIQUE, code text NOT NULL UNIQUE,
    name text NOT NULL, "phone" text, "email" text, "street" text, "city" text, "zip" text,
    "country" text NOT NULL, "rest" text, "curriculumId" uuid NOT NULL REFERENCES v2."Curriculum",
    "gradeSystemId" uuid NOT NULL REFERENCES v2."GradeSystem");
CREATE TABLE v2."SchoolAdmin" ("schoolId" uuid NOT NULL REFERENCES v2."School", "userId" uuid NOT NULL
    REFERENCES v2."User", PRIMARY KEY ("schoolId", "userId"));
CREATE TABLE v2."Class" (id uuid PRIMARY KEY, "legacyId" int NOT NULL UNIQUE,
    "schoolId" uuid NOT NULL REFERENCES v2."School", "levelId" uuid NOT NULL REFERENCES v2."ClassLevel",
    name text NOT NULL);
CREATE TABLE v2."Teacher" (id uuid PRIMARY KEY, "userId" uuid NOT NULL UNIQUE REFERENCES v2."User",
    "schoolId" uuid NOT NULL REFERENCES v2."School", "managerId" uuid REFERENCES v2."Teacher");
CREATE TABLE v2."Parent" (id uuid PRIMARY KEY, "userId" uuid NOT NULL UNIQUE REFERENCES v2."User");
CREATE TABLE v2."Student" (id uuid PRIMARY KEY, "userId" uuid NOT NULL UNIQUE REFERENCES v2."User");
CREATE TABLE v2."ClassTeacher" ("classId" uuid NOT NULL REFERENCES v2."Class", "teacherId" uuid NOT NULL
    REFERENCES v2."Teacher", "subjectId" uuid NOT NULL REFERENCES v2."Subject",
    PRIMARY KEY ("classId", "teacherId", "subjectId"));
CREATE TABLE v2."ParentSchool" ("parentId" uuid NOT NULL REFERENCES v2."Parent", "schoolId" uuid NOT NULL
    REFERENCES v2."School", PRIMARY KEY ("parentId", "schoolId"));
CREATE TABLE v2."StudentSchool" ("studentId" uuid NOT NULL REFERENCES v2."Student", "schoolId" uuid NOT NULL
    REFERENCES v2."School", "since" date, PRIMARY KEY ("studentId", "schoolId"));
CREATE TABLE v2."StudentParent" ("studentId" uuid NOT NULL REFERENCES v2."Student", "parentId" uuid NOT NULL
    REFERENCES v2."Parent", "relation" text, PRIMARY KEY ("studentId", "parentId"));
CREATE TABLE v2."ClassStudent" ("classId" uuid NOT NULL REFERENCES v2."Class", "studentId" uuid NOT NULL
    REFERENCES v2."Student", PRIMARY KEY ("classId", "studentId"));
