-- Made in the private PostgreSQL; another target has to have it.
CREATE TABLE item (id integer PRIMARY KEY, name text NOT NULL);
