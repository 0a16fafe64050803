# validators.sh - the SQL of validators-standard on a real server: it finds each bad row and no
# good one. Bounds are tried on, just under and just over; names need their quotes.
. "$top_srcdir/tests/fixtures/pgtmp.sh"

pg_createdb validators
: "${VALIDATORS_SQL:=$top_builddir/tests/plugins/validators_sql}"
checks=$TEST_DIR/checks.sql

# violations RULE: the checks of one rule, "name: count", one a line.
violations()
{
    printf '[%s]' "$1" | "$VALIDATORS_SQL" >"$checks" || { cat "$checks"; exit 1; }
    psql_t validators -f "$checks"
}

failed=0
# expect RULE LINES: what the rule must give.
expect()
{
    got=$(violations "$1")
    [ "$got" = "$2" ] && return
    printf 'rule      %s\nexpected  %s\ngot       %s\n' "$1" "$2" "$got"
    failed=$((failed + 1))
}

# ---- required ----------------------------------------------------------------------------
psql_t validators <<'SQL'
CREATE TABLE req (id int, t text, n int, j jsonb, "Odd ""name'; --" text);
INSERT INTO req VALUES (1, 'x', 1, '{}', 'x'), (2, '', NULL, '""', ''), (3, NULL, 0, NULL, ' ');
SQL
expect '{"rule": "required", "table": "req", "columns": ["t", "n", "j"]}' \
    'req.t required: 2
req.n required: 1
req.j required: 1'
expect '{"rule": "required", "table": "req", "column": "t", "allow_empty": true}' \
    'req.t required: 1'
expect '{"rule": "required", "table": "public.req", "column": "Odd \"name'"'"'; --"}' \
    'public.req.Odd "name'"'"'; -- required: 1'

# ---- range: under, on, over --------------------------------------------------------------
psql_t validators <<'SQL'
CREATE TABLE amount (n numeric, i int, f float8, d date, ts timestamptz);
INSERT INTO amount (n) VALUES (24.99), (25), (25.01), (499.99), (500), (500.01), (NULL);
INSERT INTO amount (i) VALUES (-1), (0), (1);
INSERT INTO amount (f) VALUES (0), (1e-300), ('NaN'), ('Infinity'), (-0.0);
INSERT INTO amount (d) VALUES ('2023-12-31'), ('2024-01-01'), ('2024-01-02');
INSERT INTO amount (ts) VALUES ('2024-01-01T00:00:00Z'), ('2024-01-01T00:00:00.000001Z');
SQL
# range COLUMN BOUNDS LINES
range()
{
    expect '{"rule": "range", "table": "amount", "column": "'"$1"'", '"$2"'}' "$3"
}
range n '"min": 25, "max": 500' \
    'amount.n min: 1
amount.n max: 1'
range n '"min": "25.00", "max": "500.00", "min_exclusive": true, "max_exclusive": true' \
    'amount.n min: 2
amount.n max: 2'
range i '"min": 0' 'amount.i min: 1'
range i '"min": 0, "min_exclusive": true' 'amount.i min: 2'
range i '"max": -1' 'amount.i max: 2'
range f '"min": 0, "min_exclusive": true' 'amount.f min: 3'
range f '"max": 10' 'amount.f max: 2'
range d '"min": "2024-01-01", "max": "2024-01-01"' \
    'amount.d min: 1
amount.d max: 1'
range ts '"max": "2024-01-01T00:00:00Z"' 'amount.ts max: 1'

# ---- email: the table that the transform is held to --------------------------------------
psql_t validators -c 'CREATE TABLE mail (mark text, address text)'
# A tab inside of an address, as COPY wants it; backslashes, too.
sed -e '/^#/d' -e 's/\\/\\\\/g' -e 's/\t/\n/' "$top_srcdir/tests/fixtures/emails.txt" |
    sed -e 'n' -e 's/\t/\\t/g' | paste - - >"$TEST_DIR/emails"
psql_t validators -c 'COPY mail FROM STDIN' <"$TEST_DIR/emails"
bad=$(grep -c '^bad' "$TEST_DIR/emails")
expect '{"rule": "email", "table": "mail", "column": "address"}' "mail.address email: $bad"
# The same condition, to see which rows it is about.
condition=$(sed -n 's/.*WHERE \(.*\)) AS violations;$/\1/p' "$checks")
wrong=$(psql_t validators -c "SELECT * FROM mail WHERE $condition <> (mark = 'bad')")
if [ "$bad" -lt 30 ] || [ -n "$wrong" ]; then
    printf 'email: wrong of %s bad addresses:\n%s\n' "$bad" "$wrong"
    failed=$((failed + 1))
fi
psql_t validators -c 'TRUNCATE mail; INSERT INTO mail VALUES (NULL, NULL)'
expect '{"rule": "email", "table": "mail", "column": "address"}' 'mail.address email: 0'

# ---- expression, unique ------------------------------------------------------------------
psql_t validators <<'SQL'
CREATE TABLE lesson (a int, b int, c text);
INSERT INTO lesson VALUES (1, 2, 'x'), (2, 2, 'x'), (3, 2, NULL), (1, NULL, NULL), (1, 2, 'y');
SQL
a_first='"rule": "expression", "table": "lesson", "name": "a_first"'
expect "{$a_first, \"sql\": \"a < b -- strictly\"}" 'a_first: 2'
expect "{$a_first, \"sql\": \"a < b;\", \"null\": \"fail\"}" 'a_first: 3'
unique='"rule": "unique", "table": "lesson"'
expect "{$unique, \"column\": \"c\"}" 'lesson.c unique: 1'
expect "{$unique, \"columns\": [\"a\", \"b\"], \"name\": \"pair\"}" 'pair: 1'
expect "{$unique, \"columns\": [\"a\", \"b\", \"c\"], \"name\": \"all\"}" 'all: 0'

# ---- relations ---------------------------------------------------------------------------
psql_t validators <<'SQL'
CREATE SCHEMA s;
CREATE TABLE s.parent (a int, b int, t text);
CREATE TABLE s.child (id int, a int, b int, t uuid);
INSERT INTO s.parent VALUES
    (1, 1, '00000000-0000-0000-0000-000000000001'), (2, NULL, NULL), (3, 3, NULL);
INSERT INTO s.child VALUES
    (1, 1, 1, '00000000-0000-0000-0000-000000000001'),
    (2, 1, 2, '00000000-0000-0000-0000-000000000002'),
    (3, 2, NULL, NULL), (4, 9, 9, NULL), (5, NULL, NULL, NULL);
SQL
child='"table": "s.child", "to": "s.parent"'
expect '{"rule": "orphans", "relations": [
    {'"$child"', "columns": ["a"], "to_columns": ["a"]},
    {'"$child"', "columns": ["a", "b"], "to_columns": ["a", "b"], "key": "id"},
    {'"$child"', "columns": "t", "to_columns": "t", "as_text": true, "name": "as text"}]}' \
    's.child (a) -> s.parent: 1
s.child (a, b) -> s.parent: 2
as text: 1'
expect '{"rule": "exists", "table": "s.parent", "columns": "a", "in": "s.child",
    "in_columns": "a", "name": "used"}' 'used: 1'
expect '{"rule": "exists", "table": "s.child", "columns": "a", "in": "s.parent",
    "in_columns": "a", "name": "null"}' 'null: 2'

# ---- shares, counts and queries ------------------------------------------------------------------
expect '{"rule": "filled", "table": "s.child", "columns": ["id", "a", "b"], "at_least": 60}' \
    's.child.id filled: 0
s.child.a filled: 0
s.child.b filled: 0'
expect '{"rule": "filled", "table": "s.child", "columns": ["a", "b", "t"], "at_least": 60.1}' \
    's.child.a filled: 0
s.child.b filled: 1
s.child.t filled: 1'
psql_t validators -c 'CREATE TABLE s.none (a text)'
expect '{"rule": "filled", "table": "s.none", "column": "a", "at_least": 100}' 's.none.a filled: 0'
expect '{"rule": "counts", "tables": {"s.parent": 3, "s.child": 4, "lesson": {"min": 5, "max": 5},
    "amount": {"min": 100, "at_least": "s.child"}, "mail": {"max": 0, "same_as": "s.parent"}}}' \
    's.parent count exactly 3: 0
s.child count exactly 4: 1
lesson count at least 5: 0
lesson count at most 5: 0
amount count at least 100: 1
amount count at least as many s.child: 0
mail count at most 0: 1
mail count as many s.parent: 1'
expect '{"rule": "sql", "queries": [
    {"name": "pairs", "sql": "SELECT id::text FROM {s.child} c JOIN {s.parent} p USING (a, b); "},
    {"name": "comment", "sql": "WITH x AS (SELECT 1) SELECT * FROM x -- all of it"}]}' \
    'pairs: 1
comment: 1'

[ "$failed" -eq 0 ] || { echo "$failed rules gave something else"; exit 1; }
