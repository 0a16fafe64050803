# screen.sh - a run on a terminal: one screen that is drawn in place, fits its terminal whatever its
# size, says how far the run is and what it waits for, and leaves the accounts. Elsewhere plain lines.
# What is seen is made out of the bytes by tests/fixtures/terminal.py.
. "$top_srcdir/tests/fixtures/small.sh"
command -v python3 >/dev/null || pgtmp_skip "no python3"
[ -n "$("$MIGHOST" --list-faults)" ] || pgtmp_skip "needs --enable-fault-injection"

small_project
small_target screen
frames=$here/frames
esc=$(printf '\033')

# Each chunk takes its time, so that there is something to see.
on_terminal() # STATUS COLSxROWS [AT:ACTION]... -- ARGS...
{
    due=$1 size=$2
    shift 2
    actions=
    while [ "$1" != -- ]; do
        actions="$actions $1"
        shift
    done
    shift
    status=0
    # shellcheck disable=SC2086
    TERM=${term-xterm} MIGHOST_FAULT=${fault-chunk.read:*:sleep=120} \
        python3 "$top_srcdir/tests/fixtures/terminal.py" "$size" "$frames" $actions -- \
        "$MIGHOST" --plugins "$PLUGINS" --project "$project" --work-dir "$here/work" "$@" \
        2>"$here/out" || status=$?
    sed -n '/^=* at the end$/,$p' "$frames" >"$here/last"
    [ "$status" -eq "$due" ] || { cat "$here/last"; fail "on $size: ends with $status, not $due"; }
}

shows() # FILE PATTERN
{
    grep -q -- "$2" "$1" || { cat "$1"; fail "$1 does not show \"$2\""; }
}

never() # FILE PATTERN
{
    ! grep -q -- "$2" "$1" || { cat "$1"; fail "$1 shows \"$2\""; }
}

echo "--- 80 columns: all that counts, in place"
on_terminal 20 80x24 -- --dry-run
shows "$frames" '^\[x\] plan  \[>\] load  \[ \] check  \[ \] report$'
shows "$frames" '^  stage  *read  *of  *done  *rate/s  *left  *rejected$'
shows "$frames" '^> students  *[0-9]* *~[0-9]*  *[0-9]* %'
shows "$frames" '^rejected so far [0-9]*, first: [a-z]*: [a-z_]* in [a-z_]*$'
shows "$here/last" '^stage  *read  *migrated  *skipped  *rejected  *seconds$'
never "$here/last" '^\[x\] plan'
shows "$here/last" '^run [0-9]*: dry run done'
tables=$(grep -c '^students  ' "$here/last")
[ "$tables" -eq 1 ] || fail "the accounts stand there $tables times"
rejected=$(run_sql "SELECT count(*) FROM mighost.reject WHERE stage = 'students' AND outcome = 4
    AND run = (SELECT max(id) FROM mighost.run)")
shows "$here/last" "^students  .* $rejected  *[0-9.]*$"

echo "--- 40 columns, made lower, stopped and gone on with: never folded, nothing of the shell's lost"
on_terminal 20 40x12 0.6:40x7 1.1:stop 2.2:70x20 -- --dry-run
shows "$frames" '^\[ \] report$'
shows "$here/last" '^the shell says this$'
shows "$here/last" '^students: [0-9]* read in \|^stage  *read'

echo "--- 200 columns; a lock is named; a warning stands above"
small_project -e 's/"lock": 1/"lock": 9/'
psql_t screen -c "BEGIN; LOCK TABLE school.students IN ROW EXCLUSIVE MODE; SELECT pg_sleep(300)" \
    >/dev/null 2>&1 &
: >"$frames"
(
    until grep -q '^waits 0:0[0-9] for a lock: LOCK TABLE "\?school"\?\."\?students' "$frames"; do
        kill -0 $$ 2>/dev/null || exit
        sleep 0.1
    done
    psql_t screen -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE
        '%pg_sleep(300)%' AND pid <> pg_backend_pid()"
) &
watcher=$!
at_exit "kill $watcher 2>/dev/null"
fault='' on_terminal 20 200x24 -- --run
wait "$watcher" || fail "the wait for a lock is not shown"
never "$here/last" '^waits'

echo "--- plain lines: no terminal that can draw, --quiet, --json"
term=dumb fault='' on_terminal 20 80x24 -- --dry-run
never "$frames" '^\[x\]'
shows "$here/last" '\] stage  *read'
fault='' on_terminal 20 80x24 -- --dry-run --json
never "$frames" '^\[x\]'
fault='' on_terminal 20 80x24 -- --dry-run --quiet --allow-root
never "$frames" '^\[\|^stage'
mh_ends 20 --dry-run
says_not "$esc"
says "] students "

echo "--- no colours where they are not wanted; signs say the same"
NO_COLOR=1 python3 -c '
import os, pty, sys
out = open(sys.argv[1], "wb")
def read(fd):
    data = os.read(fd, 65536)
    out.write(data)
    return data
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[2:], read)))' "$here/raw" \
    env TERM=xterm MIGHOST_FAULT='chunk.read:*:sleep=120' \
    "$MIGHOST" --plugins "$PLUGINS" --project "$project" --work-dir "$here/work" --dry-run \
    >/dev/null || [ $? -eq 20 ] || fail "NO_COLOR: the run ends otherwise"
shows "$here/raw" "$esc\[J"
never "$here/raw" "$esc\[[0-9]*m"

echo "--- the log's disk is full: the run goes on, the bundle has all of it"
status=0
"$MIGHOST" --plugins "$PLUGINS" --project "$project" --work-dir "$here/work" --dry-run \
    >"$here/out" 2>/dev/full || status=$?
[ "$status" -eq 20 ] || fail "with a full log disk the run ends with $status"
says "dry run done"
bundle=$(sed -n 's/.*; report: //p' "$here/out")
grep -q '\] check$' "$bundle/run.log" || fail "run.log lacks what stderr could not take"

echo "--- a reader of the log that sleeps: the run goes on, and what is missing is told"
mkfifo "$here/pipe"
exec 8<>"$here/pipe"
dd if=/dev/zero of="$here/pipe" bs=4096 count=1024 oflag=nonblock 2>/dev/null && fail "the pipe takes all"
status=0
timeout 120 "$MIGHOST" --plugins "$PLUGINS" --project "$project" --work-dir "$here/work" --dry-run \
    >"$here/out" 2>"$here/pipe" 8>&- || status=$?
[ "$status" -eq 20 ] || fail "with a log that nobody reads the run ends with $status"
bundle=$(sed -n 's/.*; report: //p' "$here/out")
grep -q '\] check$' "$bundle/run.log" || fail "run.log lacks what the pipe could not take"
# Awake again in the midst of the load.
runs=$(ls "$here/work/reports" | wc -l)
(
    until [ "$(ls "$here/work/reports" | wc -l)" -gt "$runs" ]; do sleep 0.05; done
    new=$(ls -t "$here/work/reports" | head -n 1)
    until grep -q '\] load$' "$here/work/reports/$new/run.log"; do sleep 0.05; done
    exec cat <&8 >"$here/read"
) &
reader=$!
at_exit "kill $reader 2>/dev/null"
MIGHOST_FAULT=chunk.read:*:sleep=120 timeout 120 "$MIGHOST" --plugins "$PLUGINS" --project "$project" \
    --work-dir "$here/work" --dry-run >"$here/out" 2>"$here/pipe" 8>&- || :
tries=0
until grep -aq ' warning: [0-9]* lines are missing here: stderr did not take them$' "$here/read"; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || fail "who reads again is not told what is missing"
    sleep 0.1
done
