# run_shapes.sh - tables that make it hard: triggers, rules, row-level security, computed and
# numbered columns, odd names, types of every kind, partitions, no key at all.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

pg_createdb shop

# simple NAME POLICY TABLE FIELD...: one stage that copies fields, keys kept
simple()
{
    simple_name=$1
    simple_policy=$2
    simple_table=$3
    shift 3
    {
        printf '{ "name": "%s", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
            "backup": { "scope": "none" }, "max_delete": "100%%", "stages": [ { "name": "rows",
            "policy": "%s", "ids": "keep", "options": { "table": "%s", "fields": {' \
            "$simple_name" "$simple_policy" "$simple_table"
        simple_comma=
        for field; do
            printf '%s "%s": "%s"' "$simple_comma" "$field" "$field"
            simple_comma=,
        done
        printf ' } } } ] }'
    } | project "$simple_name"
}

# ---- triggers ----------------------------------------------------------------------------

echo "triggers"
psql_t shop <<'SQL'
CREATE TABLE doc (id int PRIMARY KEY, title text, words int, updated_at timestamptz DEFAULT '2020-01-01 00:00Z');
CREATE TABLE doc_audit (n serial, id int, what text);
INSERT INTO doc VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.updated_at := clock_timestamp();
    RETURN NEW; END$$;
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.title := upper(NEW.title);
    RETURN NEW; END$$;
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN CASE WHEN NEW.id % 2 = 0
    THEN NULL ELSE NEW END; END$$;
CREATE FUNCTION keep_row() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.words > 90 THEN
    RAISE EXCEPTION 'too many words'; END IF; RETURN NULL; END$$;
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO doc_audit (id, what)
    VALUES (coalesce(NEW.id, OLD.id), TG_OP); RETURN NULL; END$$;
SQL
data docs <<'JSON'
{ "rows": [ { "id": 1, "title": "one", "words": 1 }, { "id": 2, "title": "changed", "words": 2 },
            { "id": 4, "title": "new", "words": 4 }, { "id": 5, "title": "new", "words": 5 } ] }
JSON
simple docs replace doc id title words

for when in "INSERT" "UPDATE" "DELETE"; do
    echo "a trigger that swallows at $when"
    function=swallow
    [ "$when" != DELETE ] || function=keep_row
    psql_t shop -c "CREATE TRIGGER t BEFORE $when ON doc FOR EACH ROW EXECUTE FUNCTION $function()"
    nothing 8 shop docs
    grep -Eq 'rows? (was|were) written' "$ERR" || fail "it is not told"
    says "t (before)"
    psql_t shop -c "DROP TRIGGER t ON doc"
done

echo "a trigger that refuses"
psql_t shop -c "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON doc DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse()"
data docs <<'JSON'
{ "rows": [ { "id": 99, "title": "x", "words": 99 } ] }
JSON
nothing 8 shop docs
psql_t shop -c "DROP TRIGGER t ON doc"
data docs <<'JSON'
{ "rows": [ { "id": 1, "title": "one", "words": 1 }, { "id": 2, "title": "changed", "words": 2 },
            { "id": 4, "title": "new", "words": 4 }, { "id": 5, "title": "new", "words": 5 } ] }
JSON

echo "triggers that rewrite"
psql_t shop -c "CREATE TRIGGER stamp BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION stamp();
    CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION shout();
    ALTER TABLE doc ENABLE ALWAYS TRIGGER shout"
psql_t shop -c "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'doc'::regclass ORDER BY 1" \
    >"$TEST_DIR/triggers"
run 0 shop docs
rows shop "SELECT id, title, words, updated_at > now() - interval '1 hour' FROM doc ORDER BY 1" "1|one|1|f
2|CHANGED|2|t
4|NEW|4|f
5|NEW|5|f"
reported "doc has triggers that will fire: shout (before), stamp (before)"
# The trigger at undo would falsify what comes back; updated_at, which no stage writes, returns.
undo_proof shop docs
psql_t shop_rollback -c "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'doc'::regclass ORDER BY 1" |
    diff "$TEST_DIR/triggers" - || fail "triggers are not as before"
psql_t shop -c "DROP TRIGGER stamp ON doc; DROP TRIGGER shout ON doc"

echo "a trigger that writes elsewhere"
psql_t shop -c "DELETE FROM doc; INSERT INTO doc VALUES (1, 'one', 1), (2, 'two', 2), (3, 'three', 3);
    CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON doc FOR EACH ROW EXECUTE FUNCTION audit()"
run 0 shop docs
rows shop "SELECT id, what FROM doc_audit ORDER BY 1" "2|UPDATE
3|DELETE
4|INSERT
5|INSERT"
reported "audit (after)"
# What the trigger wrote is not the run's to take back, and undo adds nothing to it.
fingerprint_db shop | grep doc_audit >"$TEST_DIR/audit"
mig 0 shop docs --rollback
rows shop "SELECT id, title FROM doc ORDER BY 1" "1|one
2|two
3|three"
fingerprint_db shop | grep doc_audit | diff "$TEST_DIR/audit" - || fail "undo fired the trigger"
psql_t shop -c "DROP TRIGGER audit ON doc"

# ---- rules, views, foreign tables --------------------------------------------------------

echo "rules and what is no table"
psql_t shop <<'SQL'
CREATE TABLE ruled (id int PRIMARY KEY, title text);
CREATE RULE nothing AS ON INSERT TO ruled WHERE NEW.id > 1 DO INSTEAD NOTHING;
CREATE TABLE also (id int PRIMARY KEY, title text);
CREATE TABLE also_log (id int, title text);
CREATE RULE log AS ON INSERT TO also DO ALSO INSERT INTO also_log VALUES (NEW.id, NEW.title);
CREATE VIEW doc_view AS SELECT id, title FROM doc;
CREATE FUNCTION instead() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO doc (id, title)
    VALUES (NEW.id, NEW.title); RETURN NEW; END$$;
CREATE VIEW doc_gate AS SELECT id, upper(title) AS title FROM doc;
CREATE TRIGGER instead INSTEAD OF INSERT ON doc_gate FOR EACH ROW EXECUTE FUNCTION instead();
CREATE MATERIALIZED VIEW doc_copy AS SELECT id, title FROM doc;
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE doc_file (id int, title text) SERVER files OPTIONS (filename '/dev/null');
SQL
data odd <<'JSON'
{ "rows": [ { "id": 1, "title": "a" }, { "id": 2, "title": "b" } ] }
JSON
simple odd insert ruled id title
nothing 5 shop odd
says "DO INSTEAD"
for table in doc_view:view doc_gate:view "doc_copy:materialized view" "doc_file:foreign table"; do
    simple odd insert "${table%:*}" id title
    nothing 5 shop odd
    says "public.${table%:*} is a ${table#*:}, not an ordinary or partitioned table"
done
simple odd insert also id title
run 0 shop odd
rows shop "SELECT * FROM also ORDER BY 1" "1|a
2|b"

# ---- row-level security ------------------------------------------------------------------

echo "row-level security"
psql_t shop <<'SQL'
CREATE TABLE secret (id int PRIMARY KEY, title text, owner text DEFAULT 'x');
INSERT INTO secret VALUES (1, 'mine', 'clerk'), (2, 'hidden', 'boss');
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secret USING (owner = current_user);
DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mig_clerk') THEN
    CREATE ROLE mig_clerk LOGIN; END IF; END$$;
GRANT ALL ON ALL TABLES IN SCHEMA public TO mig_clerk;
SQL
psql_t shop -c "GRANT CREATE ON DATABASE \"$(pgtmp_db shop)\" TO mig_clerk;
    CREATE SCHEMA clerk AUTHORIZATION mig_clerk"
data secret <<'JSON'
{ "rows": [ { "id": 2, "title": "overwritten" }, { "id": 3, "title": "new" } ] }
JSON
simple secret update secret id title
MIG_ROLE=mig_clerk
nothing 5 shop secret --state-schema clerk
says "row-level security"
unset MIG_ROLE
run 0 shop secret # the superuser sees all rows
rows shop "SELECT id, title FROM secret ORDER BY 1" "1|mine
2|overwritten
3|new"
undo_proof shop secret

# ---- computed and numbered columns -------------------------------------------------------

echo "generated columns"
psql_t shop -c "CREATE TABLE gen (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED UNIQUE);
    INSERT INTO gen VALUES (1, 1), (2, 2)"
data gen <<'JSON'
{ "rows": [ { "id": 2, "a": 20, "b": 1 }, { "id": 3, "a": 1 }, { "id": 4, "a": 7 }, { "id": 5, "a": 7 } ] }
JSON
simple gen update gen id a b
nothing 5 shop gen
says "column b of public.gen is generated"
simple gen update gen id a
run 20 shop gen # 3 and 5 collide by what the server computes
rows shop "SELECT * FROM gen ORDER BY 1" "1|1|2
2|20|40
4|7|14"
undo_proof shop gen
again 20 shop gen

for kind in "serial" "int GENERATED BY DEFAULT AS IDENTITY" "int GENERATED ALWAYS AS IDENTITY" \
    "bigint GENERATED ALWAYS AS IDENTITY (START 5 INCREMENT 5)"; do
    echo "numbered: $kind"
    psql_t shop -c "SET client_min_messages = warning; DROP TABLE IF EXISTS num;
        CREATE TABLE num (id $kind PRIMARY KEY, name text UNIQUE NOT NULL);
        INSERT INTO num (name) VALUES ('live 1'), ('live 2')"
    # Given numbers: kept, and the application's next one is free.
    data num <<'JSON'
{ "rows": [ { "id": 100, "name": "given" }, { "id": 7, "name": "given, too" }, { "id": 1, "name": "first" } ] }
JSON
    simple num update num id name
    run 0 shop num
    rows shop "SELECT id, name FROM num WHERE name LIKE 'given%' ORDER BY 1" "7|given, too
100|given"
    undo_proof shop num
    rows shop_rollback "INSERT INTO num (name) VALUES ('app') RETURNING id IN (3, 15)" t
    rows shop "INSERT INTO num (name) VALUES ('app') RETURNING id IN (101, 105)" t
    again 0 shop num
    # Absent ones: numbered, also where others are given that the sequence would come to.
    psql_t shop -c "TRUNCATE num RESTART IDENTITY; INSERT INTO num (name) VALUES ('live 1'), ('live 2')"
    data num <<'JSON'
{ "rows": [ { "name": "a", "n": 1 }, { "name": "b", "n": 2 }, { "id": 4, "name": "four", "n": 3 }, { "name": "c",
    "n": 4 } ] }
JSON
    simple num insert num id name
    sed -i 's/"ids": "keep"/"ids": "keep", "key": "n"/' "$TEST_DIR/num/project.json"
    run 0 shop num
    rows shop "SELECT count(*), count(DISTINCT id), bool_or(name = 'four' AND id = 4) FROM num" "6|6|t"
    undo_proof shop num
    psql_t shop -c "INSERT INTO num (name) SELECT 'app ' || i FROM generate_series(1, 5) i"
    # Not mapped at all: found by the name.
    psql_t shop -c "TRUNCATE num RESTART IDENTITY; INSERT INTO num (name) VALUES ('live 1'), ('live 2')"
    simple num update num name
    sed -i 's/"ids": "keep"/"ids": "keep", "key": "n"/' "$TEST_DIR/num/project.json"
    run 0 shop num
    rows shop "SELECT count(*), count(DISTINCT id) FROM num" "6|6"
    undo_proof shop num
    again 0 shop num
done

echo "a sequence that is behind the rows of its table"
psql_t shop -c "CREATE TABLE behind (id serial PRIMARY KEY, code text NOT NULL UNIQUE);
    INSERT INTO behind VALUES (1, 'a')"
data behind <<'JSON'
{ "rows": [ { "id": "b", "code": "b" } ] }
JSON
project behind <<'JSON'
{ "name": "behind", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } }, "backup": { "scope":
  "none" }, "stages": [ { "name": "rows", "policy": "update", "tables": { "behind": { "match": "code" } },
  "options": { "table": "behind", "fields": { "code": "code" } } } ] }
JSON
mig 9 shop behind --run
says "a sequence that fills a column of it gives numbers that its rows have"
rows shop "SELECT * FROM behind" "1|a"

echo "a sequence that is left alone"
psql_t shop -c "CREATE TABLE calm (id serial PRIMARY KEY, name text)"
data calm <<'JSON'
{ "rows": [ { "id": 10, "name": "x" } ] }
JSON
simple calm insert calm id name
sed -i 's/"stages"/"sequences": "leave", "stages"/' "$TEST_DIR/calm/project.json"
run 0 shop calm
rows shop "SELECT last_value, is_called FROM calm_id_seq" "1|f"
undo_proof shop calm

# ---- names -------------------------------------------------------------------------------

echo "names"
psql_t shop <<'SQL'
CREATE SCHEMA "Größe ""x"".y";
CREATE TABLE "Größe ""x"".y"."select" ("ID" int PRIMARY KEY, "user" text, "a""b" text, "CamelCase" text,
    "naïve 漢字" text, "with space" text, "per%cent" text, "back\slash" text, "quo'te" text, "$dollar" text,
    "{brace}" text, "x.y" text,
    CONSTRAINT "odd ""con"" %s 'x'" CHECK ("a""b" <> 'bad'), CONSTRAINT "uni'que %d" UNIQUE ("CamelCase"));
CREATE TABLE "Größe ""x"".y"."Ta""ble %s '漢'" ("I D" int PRIMARY KEY, "Ref" int,
    CONSTRAINT "F""K %n" FOREIGN KEY ("Ref") REFERENCES "Größe ""x"".y"."select");
CREATE SEQUENCE "Größe ""x"".y"."Se'q""%s" OWNED BY "Größe ""x"".y"."Ta""ble %s '漢'"."I D";
ALTER TABLE "Größe ""x"".y"."Ta""ble %s '漢'" ALTER "I D" SET DEFAULT nextval('"Größe ""x"".y"."Se''q""%s"');
CREATE FUNCTION "Größe ""x"".y"."Fun %s"() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;
CREATE TRIGGER "Tri'g ""%s" BEFORE INSERT OR UPDATE ON "Größe ""x"".y"."select" FOR EACH ROW
    EXECUTE FUNCTION "Größe ""x"".y"."Fun %s"();
INSERT INTO "Größe ""x"".y"."select" VALUES (1, 'live', 'ok', 'A'), (2, 'live', 'ok', 'B'), (9, 'goes', NULL, NULL);
INSERT INTO "Größe ""x"".y"."Ta""ble %s '漢'" VALUES (1, 1), (9, 9);
SQL
project names <<'JSON'
{ "name": "names", "target": { "schema": "Größe \"x\".y" }, "max_delete": "100%",
  "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "stages": [
    { "name": "a", "policy": "replace", "ids": "keep", "options": { "table": "select", "fields": { "ID": "id",
      "user": { "value": "u" }, "a\"b": "quoted", "CamelCase": "camel", "naïve 漢字": "naïve",
      "with space": "with space",
      "per%cent": { "value": "%s%n" }, "back\\slash": { "value": "\\" }, "quo'te": { "value": "'" },
      "$dollar": { "value": "$1" }, "{brace}": { "value": "{x}" }, "x.y": { "value": "dot" } } } },
    { "name": "b", "policy": "replace", "ids": "keep", "options": { "table": "Ta\"ble %s '漢'", "fields": {
      "I D": "id", "Ref": "ref" } } } ],
  "validators": [ { "name": "v", "use": "rules", "options": { "rules": [
    { "rule": "required", "table": "select", "column": "a\"b", "severity": "warning" },
    { "rule": "unique", "table": "Ta\"ble %s '漢'", "column": "I D" } ] } } ] }
JSON
data names <<'JSON'
{ "a": [ { "id": 1, "quoted": "ok", "camel": "A", "naïve": "ï", "with space": " " }, { "id": 2, "quoted": "bad",
    "camel": "C" },
         { "id": 3, "quoted": "new", "camel": "A" }, { "id": 4, "quoted": "'; DROP TABLE doc; --", "camel": "\"" } ],
  "b": [ { "id": 1, "ref": 4 }, { "id": 2, "ref": 3 }, { "id": 50, "ref": null } ] }
JSON
run 20 shop names
rows shop "SELECT * FROM \"Größe \"\"x\"\".y\".\"select\" ORDER BY 1" \
    "1|u|ok|A|ï| |%s%n|\\|'|\$1|{x}|dot
2|live|ok|B||||||||
4|u|'; DROP TABLE doc; --|\"|||%s%n|\\|'|\$1|{x}|dot"
rows shop "SELECT * FROM \"Größe \"\"x\"\".y\".\"Ta\"\"ble %s '漢'\" ORDER BY 1" "1|4
50|"
undo_proof shop names
again 20 shop names

echo "a name of 63 bytes, and one that the server would cut"
long=$(printf 'é%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31)a
psql_t shop -c "CREATE TABLE \"$long\" (id int PRIMARY KEY, \"$long\" text)"
printf '{ "rows": [ { "id": 1, "%s": "long" } ] }' "$long" | data long
simple long update "${long}b" id "$long"
nothing 5 shop long
says "has a longer name than PostgreSQL keeps"
simple long update "$long" id "${long}b"
nothing 5 shop long
says "has no column"
simple long update "$long" id "$long"
run 0 shop long
rows shop "SELECT * FROM \"$long\"" "1|long"
undo_proof shop long
psql_t shop -c "DROP TABLE \"$long\""

echo "names of the state schema"
psql_t shop -c "CREATE TABLE named (id int PRIMARY KEY, title text); INSERT INTO named VALUES (1, 'live')"
data named <<'JSON'
{ "rows": [ { "id": 1, "title": "changed" }, { "id": 2, "title": "new" } ] }
JSON
simple named update named id title
odd="Stäte ' \"x\"; y"
fingerprint_db shop >"$TEST_DIR/start"
mig 0 shop named --run --state-schema "$odd"
number=$(sed -n 's/^run \([0-9]*\): .*/\1/p' "$OUT")
published=$BUNDLE
mig 0 shop named --verify "$number" --state-schema "$odd"
mig 0 shop named --report "$number" --state-schema "$odd"
mig 0 shop named --status --state-schema "$odd"
mig 0 shop named --run --state-schema "$odd"
says "0 changed"
mig 0 shop named --rollback --state-schema "$odd"
BUNDLE=$published
psql_script shop -v ON_ERROR_STOP=1 || fail "rollback.sql fails"
rows shop "SELECT * FROM named" "1|live"
mig 0 shop named --run --state-schema "$odd"
mig 0 shop named --rollback --state-schema "$odd"
psql_t shop -c 'SET client_min_messages = warning; DROP SCHEMA "Stäte '"'"' ""x""; y" CASCADE; DROP TABLE named'

echo "names that psql would run"
psql_t shop <<'SQL'
CREATE TABLE "line
\! touch owned
break" (id int PRIMARY KEY, title text);
CREATE TABLE odd_column (id int PRIMARY KEY, "line
\! touch owned" text);
CREATE TABLE "\! touch owned" (id int PRIMARY KEY, "\echo x" text);
SQL
simple named update 'line\n\\! touch owned\nbreak' id title
nothing 5 shop named
says "control characters"
simple named update odd_column id 'line\n\\! touch owned'
nothing 5 shop named
says "control characters"
psql_t shop <<'SQL'
DROP TABLE odd_column, "line
\! touch owned
break";
SQL
data named <<'JSON'
{ "rows": [ { "id": 1, "\\echo x": "\n\\! touch owned\n\\." } ] }
JSON
simple named update '\\! touch owned' id '\\echo x'
run 0 shop named
undo_proof shop named
[ ! -e owned ] || fail "psql ran what a name says"

# ---- types -------------------------------------------------------------------------------

echo "types"
psql_t shop <<'SQL'
CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100) CHECK (VALUE <> 13);
CREATE DOMAIN code AS varchar(5) NOT NULL CHECK (VALUE ~ '^[A-Z]+$');
CREATE DOMAIN codes AS code;
CREATE TYPE mood AS ENUM ('sad', 'so so', 'HAPPY');
CREATE TYPE pair AS (a int, b text);
CREATE TABLE typed (id int PRIMARY KEY, p percent, c codes DEFAULT 'AB', m mood, ms mood[], ns int[], ts text[],
    ds date[],
    j json, b jsonb, n numeric(6,2), nn numeric, f float8, r real, ch char(4), v varchar(3), t timestamptz,
    ts0 timestamp(0), d date, ti time, iv interval, u uuid, by bytea, bo bool, ip inet, ra int4range, pr pair,
    x xml, bi bit(3));
INSERT INTO typed (id, n, ch, j) VALUES (1, 1.1, 'ab', '{"a":1}'), (2, 1.10, 'ab  ', '{"a": 1}');
SQL
data typed <<'JSON'
{ "rows": [
  { "id": 1, "n": 1.1, "ch": "ab", "j": { "a": 1 } },
  { "id": 3, "p": 100, "c": "ABCDE", "m": "so so", "ms": ["sad", "HAPPY"], "ns": [1, null, 3], "ts": ["a,b",
    "\"q\"", null, ""],
    "ds": ["2024-02-29"], "j": { "b": [1, 2.50, { "c": null }] }, "b": { "z": 1, "a": "\u00e4" }, "n": -1234.56,
    "nn": 123456789012345678901234567890.123456789, "f": 0.1, "r": 1.5, "ch": "x", "v": "äöü",
    "t": "2024-03-31T02:30:00+02:00",
    "ts0": "2024-01-01T00:00:00", "d": "2024-12-31", "ti": "23:59:59.999", "iv": "1 day 02:03:04",
    "u": "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "by": "\\x00ff", "bo": true, "ip": "192.168.0.1/24", "ra": "[1,5)",
    "pr": "(1,x)", "x": "<a/>", "bi": "101" },
  { "id": 4, "p": 101 }, { "id": 5, "p": 13 }, { "id": 6, "c": "abc" }, { "id": 7, "c": "ABCDEF" }, { "id": 8,
    "c": null },
  { "id": 9, "m": "happy" }, { "id": 10, "ns": [1, "x"] }, { "id": 11, "n": 1.234 }, { "id": 12, "n": 12345.0 },
  { "id": 13, "ch": "abcde" }, { "id": 14, "v": "abcd" }, { "id": 15, "d": "2023-02-29" }, { "id": 16, "u": "x" },
  { "id": 17, "b": "not json" }, { "id": 18, "ra": "[5,1)" }, { "id": 19, "pr": "(1" }, { "id": 20, "x": "<a>" },
  { "id": 21, "bi": "1010" }, { "id": 22, "bo": "perhaps" }, { "id": 23, "ip": "300.0.0.1" } ] }
JSON
simple typed update typed id p c m ms ns ts ds j b n nn f r ch v t ts0 d ti iv u by bo ip ra pr x bi
run 20 shop typed
rows shop "SET timezone = 'UTC'; SELECT * FROM typed ORDER BY 1" '1||AB||||||{ "a": 1 }||1.10||||ab  ||||||||||||||
2||AB||||||{"a": 1}||1.10||||ab  ||||||||||||||
3|100|ABCDE|so so|{sad,HAPPY}|{1,NULL,3}|{"a,b","\"q\"",NULL,""}|{2024-02-29}|'\
'{ "b": [1, 2.50, { "c": null }] }|{"a": "ä", "z": 1}|-1234.56|123456789012345678901234567890.123456789|0.1|'\
'1.5|x   |äöü|2024-03-31 00:30:00+00|2024-01-01 00:00:00|2024-12-31|23:59:59.999|1 day 02:03:04|'\
'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|\x00ff|t|192.168.0.1/24|[1,5)|(1,x)|<a/>|101'
rows shop "SELECT string_agg(concat_ws(' ', key, field, code), ', ' ORDER BY number) FROM mighost.reject
    WHERE run = (SELECT max(id) FROM mighost.run)" "4 p domain, 5 p domain, 6 c domain, 7 c too_long, \
8 c required, 9 m bad_label, 10 ns bad_number, 11 n precision, 12 n out_of_range, 13 ch too_long, \
14 v too_long, 15 d bad_date, 16 u bad_uuid, 17 b bad_json, 18 ra refused_value, 19 pr refused_value, \
20 x refused_value, 21 bi refused_value, 22 bo bad_boolean, 23 ip refused_value"
undo_proof shop typed
again 20 shop typed

echo "a default that the column has by its domain"
psql_t shop <<'SQL'
CREATE DOMAIN known AS text DEFAULT 'nobody';
CREATE DOMAIN known_well AS known NOT NULL;
CREATE TABLE people (id int PRIMARY KEY, who known, by known_well, boss known DEFAULT 'me', place known_well);
SQL
data people <<'JSON'
{ "rows": [ { "id": 1, "who": "x", "by": "y", "boss": "z" }, { "id": 2 }, { "id": 3, "who": null, "boss": null } ] }
JSON
simple people update people id who by boss
run 0 shop people
rows shop "SELECT * FROM people ORDER BY id" "1|x|y|z|nobody
2|nobody|nobody|me|nobody
3||nobody||nobody"
undo_proof shop people
again 0 shop people

# ---- partitions and children -------------------------------------------------------------

echo "partitions"
psql_t shop <<'SQL'
CREATE TABLE visit (day date NOT NULL, id int NOT NULL, who text, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
INSERT INTO visit SELECT '2024-01-01'::date + i % 60, i, 'live' FROM generate_series(0, 59) i;
SQL
printf '{ "rows": [ %s ] }' "$(psql_t shop -c "SELECT json_build_object('k', id, 'id', id, 'day', day, 'who',
    CASE WHEN id % 7 = 0 THEN 'changed' ELSE who END) FROM visit WHERE id % 5 > 0 UNION ALL
    SELECT json_build_object('k', 100 + i, 'id', 100 + i, 'day', '2024-01-30'::date + i, 'who', 'new')
    FROM generate_series(0, 3) i" | paste -s -d ,)" | data visits
simple visits replace visit day id who
sed -i 's/"ids": "keep"/"ids": "keep", "key": "k"/' "$TEST_DIR/visits/project.json"
run 0 shop visits
rows shop "SELECT tableoid::regclass, who, count(*), min(id), max(id) FROM visit GROUP BY 1, 2 ORDER BY 1, 2" \
    "visit_1|changed|4|7|28
visit_1|live|20|1|29
visit_1|new|2|100|101
visit_2|changed|3|42|56
visit_2|live|21|31|59
visit_2|new|2|102|103"
undo_proof shop visits
again 0 shop visits

echo "a row that moves to another partition, and one that none takes"
psql_t shop -c "CREATE TABLE moved (id int NOT NULL, place text NOT NULL, what text) PARTITION BY LIST (place);
    CREATE TABLE moved_a PARTITION OF moved FOR VALUES IN ('a'); CREATE TABLE moved_b PARTITION OF moved
    FOR VALUES IN ('b'); CREATE UNIQUE INDEX ON moved (place, id);
    INSERT INTO moved VALUES (1, 'a', 'x'), (2, 'b', 'y')"
data moved <<'JSON'
{ "rows": [ { "id": 1, "place": "a", "what": "z" }, { "id": 3, "place": "c", "what": "nowhere" } ] }
JSON
simple moved update moved id place what
run 20 shop moved
rows shop "SELECT tableoid::regclass, * FROM moved ORDER BY id" "moved_a|1|a|z
moved_b|2|b|y"
undo_proof shop moved

# ---- keys that are looked at late ----------------------------------------------------------

echo "deferrable keys find live rows as others do"
for late in 'DEFERRABLE' 'DEFERRABLE INITIALLY DEFERRED'; do
    psql_t shop -c "DROP TABLE IF EXISTS late; CREATE TABLE late (id int, part text, what text, PRIMARY KEY (id, part)
        $late); INSERT INTO late VALUES (1, 'a', 'live'), (1, 'b', 'live'), (2, 'a', 'live'), (3, 'a', 'gone')"
    data late <<'JSON'
{ "rows": [ { "id": 1, "part": "a", "what": "live" }, { "id": 1, "part": "b", "what": "changed" },
    { "id": 2, "part": "b", "what": "new" }, { "id": 2, "part": "a", "what": "changed" } ] }
JSON
    simple late replace late id part what
    sed -i 's/"ids": "keep"/"key": ["id", "part"]/' "$TEST_DIR/late/project.json"
    run 0 shop late
    rows shop "SELECT * FROM late ORDER BY id, part" "1|a|live
1|b|changed
2|a|changed
2|b|new"
    undo_proof shop late
    again 0 shop late
done

# ---- no key ------------------------------------------------------------------------------

echo "tables without a key"
psql_t shop -c "CREATE TABLE bare (a int, b text)"
data bare <<'JSON'
{ "rows": [ { "a": 1, "b": "x" }, { "a": 1, "b": "x" }, { "a": null, "b": null }, { "a": 2 } ] }
JSON
for policy in update skip replace reject; do
    simple bare $policy bare a b
    sed -i 's/"ids": "keep"/"ids": "keep", "key": "a"/' "$TEST_DIR/bare/project.json"
    nothing 5 shop bare
    says "no unique key"
done
simple bare insert bare a b
sed -i 's/"ids": "keep"/"key": "a"/' "$TEST_DIR/bare/project.json"
run 20 shop bare # without a source key a record cannot be told apart
rows shop "SELECT * FROM bare ORDER BY 1, 2" "1|x
1|x
2|"
undo_proof shop bare
# Now there are rows before: the run's cannot be told from them by any key.
run 20 shop bare
rows shop "SELECT count(*) FROM bare" 6
mig 13 shop bare --rollback
rows shop "SELECT count(*) FROM bare" 6

# ---- two stages, one table ---------------------------------------------------------------

echo "two stages write one table"
psql_t shop -c "CREATE TABLE person (id uuid PRIMARY KEY, name text NOT NULL, phone text DEFAULT 'none', kind text);
    INSERT INTO person VALUES ('00000000-0000-4000-8000-000000000001', 'goes', 'p', 'k')"
data both <<'JSON'
{ "clients": [ { "id": 1, "name": "c1", "phone": "1" }, { "id": 2, "name": "c2", "phone": "2" } ],
  "coaches": [ { "id": 1, "name": "k1" }, { "id": 2, "name": null } ] }
JSON
both() # SETTINGS of the second stage
{
    project both <<JSON
{ "name": "both", "sources": { "d": { "use": "json", "options": { "file": "data.json" } } },
  "max_delete": "100%", "backup": { "scope": "none" }, "stages": [
    { "name": "clients", "policy": "replace", "options": { "table": "person", "fields": {
        "id": { "key": "clients" }, "name": "name", "phone": "phone", "kind": { "value": "client" } } } },
    { "name": "coaches", "policy": "replace", $1 "options": { "table": "person", "fields": {
        "id": { "key": "coaches" }, "name": "name", "kind": { "value": "coach" } } } } ] }
JSON
}
both ""
nothing 4 shop both
says "nothing says which goes first"
both '"needs": ["after:stage:clients"],'
run 20 shop both
rows shop "SELECT name, phone, kind FROM person ORDER BY 1" "c1|1|client
c2|2|client
k1|none|coach"
undo_proof shop both
again 20 shop both
psql_t shop -c "UPDATE person SET phone = 'kept' WHERE name = 'k1'"
run 20 shop both
rows shop "SELECT phone FROM person WHERE name = 'k1'" kept
echo "ok"
