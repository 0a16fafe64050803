# bench_passwords.sh - bcrypt inside a run against N crypt_r() loops, for N = 1 and 2, in turn.
# usage: bench_passwords.sh [--cost 12] [--users 60] [--rounds 3] [--threads "1 2"] [--proof N]
#
# Three ratios, of the run to N loops at once: by the clock (hashes a second of the load, which needs a
# quiet machine; goal 0.97), by processor time (hashes a processor second of the whole mighost, with reading,
# sending, check, publish and verify, which other work disturbs less), and the seconds of the whole command
# to those that the loops need for all users (goal 1.05, at --users 6471 --proof 100 --threads 2 --rounds 1:
# a quarter of an hour). --proof: so many old passwords are tried behind the run, which is in those seconds.
PGTMP_REAL=1
. "$top_srcdir/tests/fixtures/pgtmp.sh"

cost=12 users=60 rounds=3 threads="1 2" proof=null
while [ $# -gt 1 ]; do
    case $1 in
    --cost) cost=$2 ;;
    --users) users=$2 ;;
    --rounds) rounds=$2 ;;
    --threads) threads=$2 ;;
    --proof) proof=$2 ;;
    *) exit 2 ;;
    esac
    shift 2
done

pg_createdb old
psql_t old -c "CREATE TABLE users AS SELECT n AS id, 'password of user ' || n AS pass FROM generate_series(1, $users) n"
mkdir "$TEST_DIR/p"
cat >"$TEST_DIR/p/project.json" <<JSON
{ "name": "p", "target": { "url": "\${DATABASE_URL}" }, "threads": \${THREADS}, "backup": { "scope": "none" },
  "sources": { "d": { "use": "postgres", "options": { "url": "$(pg_url old)" } } },
  "stages": [ { "name": "users", "ids": "keep", "login_proof": $proof, "options": { "table": "public.users",
    "fields": { "id": "id", "hash": ["pass",
    { "use": "password.bcrypt", "secret": "0123456789-of-the-bench", "cost": $cost }] } } } ] }
JSON
cp "$TEST_DIR/p/project.json" "$TEST_DIR/p/template"

loop() # N -> wall rate of N loops at once, processor rate of one
{
    for k in $(seq "$1"); do
        "$top_builddir/tests/bench/bench_bcrypt" "$cost" 4 >"$TEST_DIR/loop.$k" &
    done
    wait
    for k in $(seq "$1"); do cat "$TEST_DIR/loop.$k"; done |
        awk '{ wall += $1 / $2; cpu += $1 / $3 } END { print wall, cpu / NR }'
}

migrate() # THREADS -> wall and processor rate of a run, seconds of the whole command
{
    psql_t postgres -c 'DROP DATABASE IF EXISTS new' >/dev/null 2>&1
    psql_t postgres -c 'CREATE DATABASE new' >/dev/null
    psql_t new -c 'CREATE TABLE users (id int PRIMARY KEY, hash text NOT NULL)' >/dev/null
    sed "s/\${THREADS}/$1/" "$TEST_DIR/p/template" >"$TEST_DIR/p/project.json"
    begun=$(date +%s.%N)
    (
        DATABASE_URL=$(pg_url new) "$MIGHOST" --plugins "$PLUGINS" --project "$TEST_DIR/p" --run \
            --work-dir "$TEST_DIR/w" --report-dir "$TEST_DIR/r" >"$TEST_DIR/out" 2>"$TEST_DIR/err" || exit 1
        times >"$TEST_DIR/times"
    ) || { cat "$TEST_DIR/err"; exit 1; }
    ended=$(date +%s.%N)
    cpu=$(tail -n 1 "$TEST_DIR/times" | sed 's/[ms]/ /g' | awk '{ print $1 * 60 + $2 + $3 * 60 + $4 }')
    rate=$(sed -n 's/.* values computed by .*, \([0-9.]*\).s$/\1/p' "$TEST_DIR/err")
    awk -v r="$rate" -v n="$users" -v c="$cpu" -v s="$begun" -v e="$ended" 'BEGIN { print r, n / c, e - s }'
}

echo "cost $cost, $users users; rates in hashes a second, of the clock and of a processor"
for round in $(seq "$rounds"); do
    for n in $threads; do
        floor=$(loop "$n")
        got=$(migrate "$n")
        after=$(loop "$n")
        echo "$n $floor $got $after" | awk -v users="$users" '{ wall = ($2 + $7) / 2; cpu = ($3 + $8) / 2
            printf "N %d: loops %.2f/s, run %.2f/s = %.3f; processor %.2f, %.2f = %.3f; whole %.1f s of %.1f = %.3f\n",
                $1, wall, $4, $4 / wall, cpu, $5, $5 / cpu, $6, users / wall, $6 * wall / users }'
    done
done
