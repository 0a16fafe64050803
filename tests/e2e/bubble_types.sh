# bubble_types.sh - several types of one application: requests of the next types are under way while
# one is read, never more in all than the option "parallel" says, and each thing arrives once, also
# while answers fail, things are made and vanish, and when a run is broken off between two types.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"
. "$top_srcdir/tests/fixtures/bubble.sh"

pg_createdb app
psql_t app -c 'CREATE SCHEMA t'
for type in ant bee cat dog elk; do
    psql_t app -c "CREATE TABLE t.$type (id text PRIMARY KEY, number int)"
done
FLIGHTS=$TEST_DIR/flights

# types PROJECT OPTIONS
types()
{
    stages=
    for type in ant bee cat dog elk; do
        stages="$stages${stages:+, }{ \"name\": \"$type\", \"key\": \"_id\", \"ids\": \"keep\", \"policy\": \"update\",
            \"options\": { \"table\": \"$type\", \"fields\": { \"id\": \"_id\", \"number\": \"Number\" } } }"
    done
    project "$1" <<JSON
{ "name": "$1", "target": { "url": "\${DATABASE_URL}", "schema": "t" }, "backup": { "scope": "none" }, "retries": 1,
  "sources": { "b": { "use": "bubble", "options": { "url": "\${BUBBLE_URL}", "api_key": "\${BUBBLE_API_KEY}",
    "page_size": 20, "retry_wait": 1, "may_be_unseen": ["Number"], $2 } } },
  "stages": [ $stages ] }
JSON
}

empty_target()
{
    : >"$FLIGHTS"
    psql_t app -c 'TRUNCATE t.ant, t.bee, t.cat, t.dog, t.elk'
}

counts="SELECT (SELECT count(*) FROM t.ant), (SELECT count(*) FROM t.bee), (SELECT count(*) FROM t.cat),
    (SELECT count(*) FROM t.dog), (SELECT count(*) FROM t.elk)"
most() # WHAT: in all, or of types
{
    awk -v what="$1" '{ n = what == "all" ? $1 : NF - 1; if (n > most) most = n } END { print most + 0 }' "$FLIGHTS"
}

serve --things ant=210 --things bee=15 --things cat=130/3 --things dog=1 --things elk=90 \
    --fault slow:0.03 --flights "$FLIGHTS"

echo "several types at once, and no more requests than are allowed"
types four '"parallel": 4'
run 0 app four
rows app "$counts" "210|15|130|1|90"
is "requests at a time" "$(most all)" 4
[ "$(most types)" -ge 2 ] || fail "requests of two types were never under way together"
awk '$1 > NF - 1 && NF > 2 { n++ } END { exit !n }' "$FLIGHTS" || fail "types take turns only"
lists=$(wc -l <"$FLIGHTS")
[ "$lists" -le 45 ] || fail "$lists requests for 24 pages and 5 totals"

echo "one at a time is one at a time"
empty_target
types one '"parallel": 1'
run 0 app one
rows app "$counts" "210|15|130|1|90"
is "requests at a time" "$(most all)" 1

echo "with answers that fail, and a type that the key may not see"
empty_target
control '{"faults": ["errors:20", "rate:40:seconds", "short:10", "cut:5"]}'
run 0 app four
rows app "$counts" "210|15|130|1|90"
[ "$(most all)" -le 4 ] || fail "$(most all) requests at a time"
control '{"faults": ["errors:off", "rate:off", "short:off", "cut:off"]}'
types wrong '"parallel": 4'
sed -i 's/"name": "cat", /&"entity": "camel", /' "$TEST_DIR/wrong/project.json"
nothing 6 app wrong
says 'type "camel"'

echo "things are made in a type and vanish from it while its first pages wait to be used"
empty_target
control '{"faults": ["create-each:3", "delete-each:4"]}'
run 0 app four
control '{"faults": ["create-each:off", "delete-each:off"]}'
# The oldest vanish, so what is missing is what came first.
for type in ant:210 bee:15 cat:130 elk:90; do
    rows app "SELECT count(DISTINCT number) FILTER (WHERE number < ${type#*:}) = ${type#*:} - min(number)
        FROM t.${type%:*}" t
done

echo "broken off between two types and gone on with"
[ -n "$("$MIGHOST" --list-faults)" ] || exit 0
empty_target
(MIGHOST_FAULT=stage.loaded:2:kill mig 137 app four --run) || exit 1
run 0 app four
there=$(python3 -c 'import json, sys, urllib.request as u
types = json.load(u.urlopen(sys.argv[1] + "/control", b"{}"))["types"]
print("|".join(str(types[name]) for name in sorted(types)))' "$BUBBLE_URL")
rows app "$counts" "$there"
