# random.sh - random migrations, whole: random tables, rows, documents and projects (random.awk), most
# of them killed somewhere and begun again. The ledger closes, no row is touched that the document
# does not name, the same run again writes nothing, and undo gives what was before: by --rollback,
# itself killed most of the time, and by rollback.sql in each way of running psql.
#
# random.sh [COUNT [SEED]]: so many seeds, beginning with this one, else with the time of day; without
# COUNT the same ones each time. A seed that fails is repeated by random.sh 1 SEED. The last of those
# that are always run, 1796036825, has a circle of foreign keys in which a deletion of undo went on by
# ON DELETE CASCADE to a row that undo had still to set back.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/runs.sh"

count=${1-5}
seed=${2-$([ $# -eq 0 ] && echo 1796036821 || date +%s)}
last=$((seed + count - 1))
"$MIGHOST" --list-faults | grep -v '^rollback' >"$TEST_DIR/points" || :
"$MIGHOST" --list-faults | grep '^rollback' >"$TEST_DIR/undo_points" || :

# The next of the seed's own choices, below LIMIT.
choice() # LIMIT
{
    state=$(((state * 1103515245 + 12345) % 2147483648))
    choice=$((state / 65536 % $1))
}

# One command, killed at a random point first, most of the time.
perhaps_killed() # POINTS ARGS...
{
    points=$1
    shift
    choice 4
    if [ "$choice" -gt 0 ] && [ -s "$points" ]; then
        choice "$(wc -l <"$points")"
        point=$(sed -n "$((choice + 1))p" "$points")
        choice 3
        hit=$((choice / 2 + 1))
        # The shell tells of the kill.
        { MIGHOST_FAULT=$point:$hit:kill mig_any now random "$@"; } 2>/dev/null
        [ "$mig_status" -eq 137 ] || return 0
        how="$how, killed at $point:$hit"
    fi
    mig_any now random "$@"
}

# Rows that the run has no business with, with their places and the transactions that wrote them.
kept()
{
    psql_t now -f "$TEST_DIR/random/kept.sql"
}

undone_by_psql()
{
    bundle=$BUNDLE
    pg_copydb now then
    choice 3
    case $choice in
    0) psql_script then -v ON_ERROR_STOP=1 ;;
    1) psql_script then ;;
    *) psql_script then -1 ;;
    esac || fail "seed $seed: rollback.sql failed"
    unchanged then "seed $seed: run and rollback.sql"
    BUNDLE=$bundle
}

undone()
{
    perhaps_killed "$TEST_DIR/undo_points" --rollback
    # The one that was killed had committed: there is no run to roll back any more.
    case $mig_status in 0 | 13) ;; *) fail "seed $seed: the rollback ends with $mig_status" ;; esac
    unchanged now "seed $seed: run and rollback"
}

# The same run again, and its undo. A record that was refused for a key that another one gave away
# in the same run gets it now: then there is something to do.
second_run() # SEED
{
    cp "$TEST_DIR/before.now" "$TEST_DIR/first"
    fingerprint_db now >"$TEST_DIR/before.now"
    versions now >"$TEST_DIR/versions"
    refused=$(psql_t now -c "SELECT count(*) FROM mighost.reject WHERE code = 'collision'")
    mig_any now random --run
    case $mig_status in 0 | 20) ;; *) fail "seed $1: the second run ends with $mig_status" ;; esac
    [ "$refused" -ne 0 ] || {
        unchanged now "seed $1: the second run"
        versions now | diff "$TEST_DIR/versions" - || fail "seed $1: the second run wrote rows again"
        says "0 changed"
    }
    mig 0 now random --rollback
    unchanged now "seed $1: the second run and rollback"
    cp "$TEST_DIR/first" "$TEST_DIR/before.now"
}

migration() # SEED
{
    state=$(($1 * 7919 % 2147483648)) how=
    choice 2
    mkdir -p "$TEST_DIR/random"
    awk -f "$top_srcdir/tests/fixtures/random.awk" -v seed="$1" -v dir="$TEST_DIR/random" </dev/null
    pg_createdb now "$TEST_DIR/random/target.sql"
    fingerprint_db now >"$TEST_DIR/before.now"
    kept >"$TEST_DIR/kept"
    echo "seed $1"
    perhaps_killed "$TEST_DIR/points" --run
    case $mig_status in
    0 | 20) ;;
    5 | 8)
        unchanged now "seed $1: a run that ended with $mig_status"
        echo "  refused, $mig_status$how"
        return
        ;;
    *) fail "seed $1: the run ends with $mig_status" ;;
    esac
    published=$((published + 1))
    ledger now
    kept | diff "$TEST_DIR/kept" - || fail "seed $1: a row is touched that the run does not name"
    undone_by_psql
    second_run "$1"
    undone
    echo "  run and undone$how"
}

published=0
while [ "$seed" -le "$last" ]; do
    migration "$seed"
    psql_t postgres -c "DROP DATABASE \"$(pgtmp_db now)\" WITH (FORCE)"
    seed=$((seed + 1))
done
[ $((published * 2)) -ge "$count" ] || fail "only $published of $count runs published"
echo "$published of $count published and undone"
