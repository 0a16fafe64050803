# cli.sh - the command line, the process's surroundings and the output directories: what is wrong
# is refused with its own exit code, before anything is written.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"

shop
shop_db shop
work=$TEST_DIR/work
on="--plugins $PLUGINS --project $SHOP --work-dir $work"

echo "usage"
ends 2
says "no action given" "usage:" "--help"
ends 2 --rnu
says "unknown option --rnu" "did you mean --run?"
ends 2 --dryrun
says "did you mean --dry-run?"
ends 2 -r
says "unknown option -r" "--help"
ends 2 --run=now
says "option --run takes no value"
ends 2 --re
says "option --re may be" "--report" "--restore"
ends 2 --run --dry-run
says "--run" "--dry-run" "one action a call"
ends 2 --verify
says "option --verify needs a value"
ends 2 $on --run --batch-size -5
says "--batch-size" "1 to"
ends 2 $on --run --batch-size 1e9
ends 2 $on --run --only items --only items
says "given twice"
ends 2 $on --run --only ,
ends 2 $on --plan --format yaml
says "text, json or dot"
ends 2 $on --run items
says "neither an option nor a URL"
ends 2 $on --prune soon
says "a number of days"
ends 2 $on --verify one
says "not the number of a run"
ends 2 $on --run --log-level loud
ends 2 $on --run --log-format yaml
says "--log-format takes text or json"
for name in "$(printf 'a\377b')" "$(printf 'a\nb')" ""; do
    ends 2 $on --run --state-schema "$name"
    says "--state-schema"
done
ends 2 $on --run --rollback-file x
says "goes with --rollback"
ends 2 $on --rollback 1 --rollback-file x
ends 0 --help
says "usage: mighost" "--run"
ends 0 --version
says "mighost "

echo "messages as JSON"
for action in --dry-run --preflight "--dry-run --only none"; do
    "$MIGHOST" $on $action --log-format json >"$OUT" 2>"$ERR" </dev/null || :
    jq -es "length > 0 and all(keys == [\"level\", \"message\", \"time\"] and (.message | length > 0)
        and (.time | test(\"^20[0-9T:.-]+Z$\")))" "$ERR" >"$TEST_DIR/lines" || fail "$action: no JSON lines"
done
jq -es 'any(.level == "error") and (last | .message | test("state: nothing was written"))' "$ERR" >"$TEST_DIR/lines" ||
    fail "the error is not whole"

echo "root"
if [ "$(id -u)" -eq 0 ]; then
    ends 0 $on --plan
    says "warning: running as root: plugins have all of its rights"
    ends 0 $on --plan --allow-root
    silent "running as root"
    for name in LD_PRELOAD LD_AUDIT LD_LIBRARY_PATH; do
        (
            eval "$name=:; export $name"
            ends 3 $on --run
            says "running as root with $name set" "unset $name" "state: nothing was written"
            ends 0 $on --plan --allow-root
        )
    done
    LTDL_LIBRARY_PATH=$TEST_DIR ends 0 $on --plan
    runuser=$(command -v runuser || :)
    [ -z "$runuser" ] || ! (cd / && "$runuser" -u postgres -- env LD_LIBRARY_PATH=: "$MIGHOST" --version \
        2>&1) | grep "running as root" || fail "another user is taken for root"
fi

echo "passwords in argv"
for url in postgresql://u:c4nary@h/d postgres://u:c4nary@/d?host=/tmp 'postgresql://h/d?password=c4nary' \
    'host=h password=c4nary' 'host=h password = c4nary'; do
    ends 2 $on --run --target "$url"
    says "a password on the command line" "PGPASSFILE"
    ends 2 $on --run --target="$url"
    ends 2 $on --run --source "$url"
    ends 2 $on --run "$url"
    ends 2 $on --run postgresql://h/a "$url"
    ends 2 --bogus "$url"
    silent c4nary
done
unchanged shop

echo "production"
sed 's/"name": "shop",/&"target": {"production": true},/' "$SHOP/project.json" >"$TEST_DIR/live.json"
prod="--plugins $PLUGINS --project $SHOP/live.json --work-dir $work"
cp "$TEST_DIR/live.json" "$SHOP/live.json"
ends 2 $prod --run
says "marked as production" "--yes"
ends 2 $prod --rollback
ends 2 $prod --restore backup-x
unchanged shop
ends 0 $prod --dry-run
ends 0 $prod --plan
if command -v script >/dev/null 2>&1; then
    tty_run() # ANSWER CODE
    {
        tty_status=0
        echo "$1" | script -qec "$MIGHOST $prod --run" /dev/null >"$OUT" 2>&1 || tty_status=$?
        is "a run that is answered $1 ends" "$tty_status" "$2"
        says "marked as production"
    }
    tty_run no 2
    unchanged shop
    tty_run yes 5 # was not rehearsed, see production.sh
    unchanged shop
fi
ends 5 $prod --run --yes
unchanged shop
ends 0 $prod --run --force
ends 0 $prod --rollback --yes
unchanged shop

echo "surroundings"
run_in() # CODE COMMAND...: a run, and a rollback that must find it
{
    run_status=0 run_expected=$1
    shift
    "$@" >"$OUT" 2>"$ERR" </dev/null || run_status=$?
    is "$* ends" "$run_status" "$run_expected"
    is "the state of the run" "$(psql_t shop -c 'SELECT state FROM mighost.run ORDER BY id DESC
        LIMIT 1')" done
    ends 0 $on --rollback
    unchanged shop
}
closed() # REDIRECTIONS: a run with closed descriptors
{
    sh -c "exec \"\$MIGHOST\" $on --run $1"
}
export MIGHOST
run_in 0 env -i DATABASE_URL="$DATABASE_URL" PATH="$PATH" LANG=C "$MIGHOST" $on --run
run_in 0 env -u HOME -u XDG_STATE_HOME "$MIGHOST" $on --run
run_in 0 sh -c "umask 000; exec \"\$MIGHOST\" $on --run"
run_in 0 sh -c "umask 777; exec \"\$MIGHOST\" $on --run"
for redirections in '<&-' '>&-' '2>&-' '<&- >&- 2>&-' '<&- >&-'; do
    run_in 0 closed "$redirections"
done
run_in 12 closed '>/dev/full'
is "modes that a umask must not widen" "$(find "$work" -type f ! -perm 0600 -o -type d ! -perm 0700)" ""
[ -n "$(find "$work/reports" -name report.json)" ] || fail "no report was written"
# Without HOME and --work-dir, work files have a place of the user's own.
nowhere=$(env -u HOME -u XDG_STATE_HOME "$MIGHOST" --project "$SHOP" --show-config |
    sed -n 's/^work_dir  *\([^ ]*\) .*/\1/p')
case $nowhere in /var/tmp/mighost-$(id -u)/shop-*) ;; *) fail "work_dir without HOME: $nowhere" ;; esac
(cd / && ends 3 --plugins "$PLUGINS" --run)
says "project.json"

echo "output directories"
mkdir "$TEST_DIR/out.d"
ends 0 $on --run --report-dir "$TEST_DIR/out.d/new"
is "the mode of a new report directory" "$(stat -c %a "$TEST_DIR/out.d/new")" 700
ends 0 $on --rollback
runs=$(psql_t shop -c 'SELECT count(*) FROM mighost.run')
ends 3 $on --run --report-dir "$TEST_DIR/out.d/missing/new"
says "$TEST_DIR/out.d/missing/new"
: >"$TEST_DIR/out.d/file"
ends 3 $on --run --report-dir "$TEST_DIR/out.d/file"
says "not a directory"
ln -s "$TEST_DIR/out.d/new" "$TEST_DIR/out.d/link"
ends 3 $on --run --report-dir "$TEST_DIR/out.d/link"
says "symbolic link"
mkdir -m 777 "$TEST_DIR/out.d/open"
chmod 777 "$TEST_DIR/out.d/open"
ends 3 $on --run --report-dir "$TEST_DIR/out.d/open"
says "written by others" "chmod"
mkdir "$TEST_DIR/out.d/locked"
if [ "$(id -u)" -ne 0 ]; then
    chmod 500 "$TEST_DIR/out.d/locked"
    ends 3 $on --run --report-dir "$TEST_DIR/out.d/locked"
    says "not writable"
elif mount -t tmpfs -o ro tmpfs "$TEST_DIR/out.d/locked" 2>/dev/null; then
    at_exit "umount '$TEST_DIR/out.d/locked'"
    chmod 700 "$TEST_DIR/out.d/locked" 2>/dev/null || :
    ends 3 $on --run --report-dir "$TEST_DIR/out.d/locked/new"
    says "ead-only file system"
fi
is "runs that were begun" "$(psql_t shop -c 'SELECT count(*) FROM mighost.run')" "$runs"
unchanged shop

echo "links and earlier bundles"
mkdir "$TEST_DIR/trap"
next=$(($(psql_t shop -c 'SELECT max(id) FROM mighost.run') + 1))
ln -s "$TEST_DIR/trap" "$TEST_DIR/out.d/new/run-$next"
ends 12 $on --run --report-dir "$TEST_DIR/out.d/new"
says "$TEST_DIR/out.d/new/run-$next" "link"
is "files behind the link" "$(ls "$TEST_DIR/trap")" ""
unchanged shop
rm "$TEST_DIR/out.d/new/run-$next"
ends 0 $on --run --report-dir "$TEST_DIR/out.d/new"
ends 0 $on --rollback
pg_createdb again "$SHOP/items.sql"
first=$(ls -d "$TEST_DIR"/out.d/new/run-* | head -n 1)
before=$(cd "$TEST_DIR/out.d/new" && find . -type f -exec sha256sum {} + | sort)
for n in 1 2; do
    DATABASE_URL=$(pg_url again) ends 0 $on --run --report-dir "$TEST_DIR/out.d/new"
done
is "files of earlier bundles" "$(cd "$TEST_DIR/out.d/new" && echo "$before" | sed 's/^[0-9a-f]*  //' |
    xargs sha256sum | sort)" "$before"

echo "rows that are there already are told, whether the server knows how many or not"
pg_createdb counted "$SHOP/items.sql"
(
    DATABASE_URL=$(pg_url counted)
    ends 0 $on --preflight
    says "public.items holds 2 rows already"
    psql_t counted -c "ANALYZE items"
    ends 0 $on --preflight
    says "public.items holds about 2 rows already"
)

echo "names that would steer a terminal"
escape=$(printf '\033[2J')
ends 3 --plugins "$PLUGINS" --project "$SHOP/no$escape" --plan
says 'no\x1b[2J'
silent "$escape"
psql_t counted -c "CREATE TABLE \"odd$escape\" (id int)"
(
    DATABASE_URL=$(pg_url counted)
    ends 0 $on --analyze
    says 'odd\x1b[2J'
    silent "$escape"
) || exit 1
# The one-character form of the same, as UTF-8 has it, which terminals obey, too; a byte that is no text;
# and DEL. What is JSON stays JSON.
escape=$(printf '\302\2332J') stray=$(printf '\233') delete=$(printf '\177')
ends 3 --plugins "$PLUGINS" --project "$SHOP/no$escape$stray$delete" --plan
says 'no\u009b2J\x9b\u007f'
LC_ALL=C silent "$stray" "$delete"
"$MIGHOST" --plugins "$PLUGINS" --project "$SHOP/no$escape$delete" --log-format json --plan >"$OUT" 2>"$ERR" || :
silent "$escape"
head -n 1 "$ERR" | LC_ALL=C grep -q '\\u009b2J\\u007f' || fail "$(head -n 1 "$ERR")"
psql_t counted -c "CREATE TABLE \"odder$escape$delete\" (id int)"
(
    DATABASE_URL=$(pg_url counted)
    ends 0 $on --analyze
    says 'odder\u009b2J\u007f'
    LC_ALL=C silent "$stray" "$delete"
    ends 0 $on --analyze --json
    LC_ALL=C silent "$stray" "$delete"
    json "$OUT" "j::text LIKE '%odder' || chr(155) || '2J' || chr(127) || '%'"
) || exit 1

echo "a full disk behind publish"
mkdir "$TEST_DIR/full"
full_disk() # NAME COMMAND...: the run is published, and the report can be had again
{
    shift_name=$1 full_status=0
    shift
    "$@" >"$OUT" 2>"$ERR" </dev/null || full_status=$?
    is "a run on a full disk ($shift_name) ends" "$full_status" 12
    well_said 12
    says "the run is published" "--report"
    run=$(sed -n 's/^run \([0-9]*\): .*/\1/p' "$OUT")
    is "half files" "$(find "$TEST_DIR/full" -name '.*.tmp')" ""
    ends 0 $on --report "$run" --json
    is "the report's own verdict" "$(grep -c '"exit_code": 12' "$OUT")" 1
    is "rows" "$(psql_t shop -c 'SELECT count(*) FROM items')" 3
    ends 0 $on --rollback "$run"
    unchanged shop
}
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=8k,mode=700 tmpfs "$TEST_DIR/full" 2>/dev/null; then
    at_exit "umount '$TEST_DIR/full'"
    full_disk tmpfs "$MIGHOST" $on --run --report-dir "$TEST_DIR/full/r"
    echo "no room for the backup: said before anything is loaded"
    for action in --preflight --run; do
        ends 12 $on $action --backup-dir "$TEST_DIR/full/b"
        says "/full/b has 0 MB free, the tables to be backed up take 1 MB" "--backup-dir"
        silent "load" "run "
    done
    unchanged shop
fi
sed 's/"name": "shop",/&"backup": {"scope": "none"},/' "$SHOP/project.json" >"$SHOP/bare.json"
full_disk ulimit sh -c "ulimit -f 4; exec \"\$MIGHOST\" --plugins \"\$PLUGINS\" --work-dir $work \
    --project $SHOP/bare.json --run --report-dir $TEST_DIR/full/l"
echo "done"
