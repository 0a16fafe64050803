-- embedded.sql - V1 where V1_DATABASE_URL names none: source.sql, small enough for a first look.
\set scale 0.01
\ir source.sql
