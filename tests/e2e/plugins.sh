# plugins.sh - plugins that are missing, faulty or break their contract in a run: each is named, with
# the call in which it went wrong, and the live tables stay as they were. What the loader says of
# every single bad file is tests/abi/zoo.sh's.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"

shop
shop_db shop
psql_t shop -c 'CREATE TABLE extra (id int PRIMARY KEY, name text)'
mark shop
base="--work-dir $TEST_DIR/work"
rogue=$TEST_DIR/rogue
mkdir "$rogue"
compile() # OUTPUT FLAGS...
{
    compile_to=$1
    shift
    ${CC:-cc} -std=gnu11 -w -O0 -fPIC -shared -fvisibility=hidden "$@" -I"$top_srcdir/include" \
        "$top_srcdir/tests/fixtures/rogue.c" -o "$compile_to" || fail "rogue.c does not compile"
}
# The plugin of all these tests is one that was built for good: against the header of 1.0.
mkdir -p "$TEST_DIR/v1.0"
cp -R "$top_srcdir/tests/abi/v1.0" "$TEST_DIR/v1.0/mighost"
compile "$rogue/rogue.so" -I"$TEST_DIR/v1.0"
both="--plugins $PLUGINS --plugins $rogue $base"

# A project in which one unit of each kind is the rogue's; the options of one of them are given.
project() # KIND [CALL DEED]
{
    for kind in source transform migrator validator reporter; do
        eval "$kind="
    done
    eval "$1='\"at\": \"${2-}\", \"do\": \"${3-}\"'"
    cat >"$SHOP/rogue.json" <<JSON
{ "name": "rogue", "retries": 0, "backup": { "scope": "none" },
  "sources": { "r": { "use": "rogue", "options": { $source } } },
  "stages": [
    { "name": "first", "entity": "items", "policy": "update", "ids": "keep",
      "migrator": "rogue", "options": { $migrator } },
    { "name": "second", "entity": "items", "policy": "update", "ids": "keep",
      "options": { "table": "public.extra", "fields": { "id": "id",
      "name": ["name", { "use": "rogue" ${transform:+, $transform} }] } } } ],
  "validators": [ { "name": "v", "use": "rogue", "options": { $validator } } ],
  "reporters": [ { "name": "summary" }, { "name": "json" }, { "name": "r", "use": "rogue",
    "options": { $reporter } } ] }
JSON
}

does_options=
does() # CODE KIND CALL DEED TEXT...: the rogue unit goes wrong in a run; nothing is published
{
    does_code=$1 does_kind=$2 does_call=$3 does_deed=$4
    shift 4
    project "$does_kind" "$does_call" "$does_deed"
    ends "$does_code" $both --project "$SHOP/rogue.json" --run $does_options
    says "$does_kind:rogue" "$@"
    unchanged shop
}

echo "directories and files"
plan() # CODE TEXT...: a plan with the plugins of these directories
{
    plan_code=$1
    shift
    ends "$plan_code" $plugins $base --project "$SHOP" --plan
    says "$@"
}
copy() # A directory with copies of the plugins of this build
{
    rm -rf "$TEST_DIR/copy"
    mkdir "$TEST_DIR/copy"
    cp "$PLUGINS"/*.so "$TEST_DIR/copy"
    plugins="--plugins $TEST_DIR/copy"
}
plugins="--plugins $TEST_DIR/none"
plan 4 "$TEST_DIR/none"
mkdir "$TEST_DIR/empty"
plugins="--plugins $TEST_DIR/empty"
plan 4 "no plugins" "$TEST_DIR/empty"
copy
plan 0 items
chmod 777 "$TEST_DIR/copy"
plan 4 "$TEST_DIR/copy" "0777" "chmod"
copy
chmod 666 "$TEST_DIR/copy/source-json.so"
plan 4 "source-json.so" "0666"
copy
if [ "$(id -u)" -eq 0 ]; then
    chown nobody "$TEST_DIR/copy/source-json.so"
    plan 4 "source-json.so" "owner"
fi
copy
echo "no ELF" >"$TEST_DIR/copy/source-json.so"
plan 4 "source-json.so" "not an ELF"
copy
head -c 2000 "$PLUGINS/source-json.so" >"$TEST_DIR/copy/source-json.so"
plan 4 "source-json.so"
copy
echo 'int x;' | ${CC:-cc} -shared -fPIC -o "$TEST_DIR/copy/source-json.so" -x c -
plan 4 "source-json.so" "mighost_plugin"
copy
for age in major_new minor_new; do
    ${CC:-cc} -std=gnu11 -w -fPIC -shared -I"$top_srcdir/include" \
        "$top_srcdir/tests/abi/zoo/$age.c" -o "$TEST_DIR/copy/source-json.so"
    plan 4 "source-json.so" "ABI"
done
echo 'extern int nowhere_to_be_found(void); int f(void) { return nowhere_to_be_found(); }' |
    ${CC:-cc} -shared -fPIC -o "$TEST_DIR/copy/source-json.so" -x c -
plan 4 "source-json.so" "nowhere_to_be_found"
copy
cp "$TEST_DIR/copy/source-json.so" "$TEST_DIR/copy/source-jsonx.so"
sed 's/"use": "json"/"use": "jsonx"/' "$SHOP/project.json" >"$SHOP/two.json"
ends 4 $plugins $base --project "$SHOP/two.json" --plan
rm "$TEST_DIR/copy/source-jsonx.so"
ends 0 $plugins --lock-plugins
plan 0 items
ends 0 $plugins --require-lock $base --project "$SHOP" --plan
printf '\0' | dd of="$TEST_DIR/copy/source-json.so" bs=1 seek=4000 conv=notrunc 2>/dev/null
cmp -s "$PLUGINS/source-json.so" "$TEST_DIR/copy/source-json.so" &&
    printf '\1' | dd of="$TEST_DIR/copy/source-json.so" bs=1 seek=4000 conv=notrunc 2>/dev/null
plan 4 "source-json.so" "plugins.lock"
copy
ends 4 $plugins --require-lock $base --project "$SHOP" --plan
says "plugins.lock"

echo "needs"
needs() # CODE STAGES TEXT...
{
    needs_code=$1
    echo "{ \"name\": \"shop\", \"sources\": { \"old\": { \"use\": \"json\", \"options\":
        { \"file\": \"data.json\" } } }, \"stages\": [ $2 ] }" >"$SHOP/needs.json"
    shift 2
    ends "$needs_code" --plugins "$PLUGINS" $base --project "$SHOP/needs.json" --plan
    says "$@"
}
stage() # NAME TABLE NEEDS
{
    echo "{ \"name\": \"$1\", \"needs\": [$3], \"options\": { \"table\": \"$2\", \"fields\":
        { \"id\": \"id\" } } }"
}
needs 4 "$(stage a ta '"bb"'), $(stage b tb '')" 'stage:a needs stage:bb' 'did you mean stage:b?'
needs 4 "$(stage a ta '"transform:nope"')" 'transform:nope' 'stage:a'
needs 4 "$(stage a ta '"b"'), $(stage b tb '"c"'), $(stage c tc '"a"')" "stage:a -> stage:b -> stage:c -> stage:a"
needs 4 "$(stage a items ''), $(stage b public.items '')" "stages a and b both write" \
    '"needs": ["after:stage:a"]'
needs 4 "$(stage a ta '"b"'), $(stage b tb '"a"'), $(stage c tc '"nope"')" "stage:a -> stage:b -> stage:a" 'stage:nope'

echo "a sound rogue"
project source
ends 0 $both --project "$SHOP/rogue.json" --run --json
json "$OUT" "(j -> 'success')::bool AND j #>> '{summary,read}' = '4'"
ends 0 $both --project "$SHOP/rogue.json" --rollback
unchanged shop

echo "errors, outcomes and values that are none"
for call in "source ping" "source identity" "source open" "source next" "transform apply" \
    "migrator record" "validator check"; do
    does 1 ${call% *} ${call#* } outcome "${call#* }() answered 77" "mistake in the plugin $rogue"
    does 1 ${call% *} ${call#* } negative "${call#* }() answered -99"
    does 1 ${call% *} ${call#* } silent "${call#* }() returned -3 and did not say why" "$rogue"
    does 75 ${call% *} ${call#* } temporary "the line is busy" "call again"
done
does 1 migrator describe outcome "describe() answered 77"
does 1 transform create outcome "create() answered 77"
does 75 source create temporary "the line is busy"
does 1 source next null "next() gave a value of no known kind, or without data"
does 1 source next kind "next() gave a value"
does 1 source next count "next() gave another number of values"
does 1 source next none "next() gave another number of values"
does 1 source identity null "identity() gave a text without data"
does 1 transform apply null "apply() gave a value"
does 1 transform apply kind "apply() gave a value"
does 1 migrator record null "emits a value"
does 1 migrator record kind "emits a value"
does 1 migrator record table "did not declare"
does 1 validator check null "check() gave one without"
does 1 validator check kind "check() gave one without"
does 1 validator check endless "never says that it is at its end"

echo "checks that would write"
psql_t shop -c 'CREATE SEQUENCE tickets'
mark shop
for deed in write sneak escape; do
    project validator check "$deed"
    ends 5 $both --project "$SHOP/rogue.json" --run
    says "validator v, check no_item_is_void" "reads only"
    unchanged shop
done
project validator check comment
ends 0 $both --project "$SHOP/rogue.json" --dry-run

echo "rejects of a plugin"
project source next reject
ends 20 $both --project "$SHOP/rogue.json" --run
is "rejects" "$(psql_t shop -c "SELECT DISTINCT stage, field, code, reason FROM mighost.reject
    ORDER BY 1")" "first|name|disliked|the rogue does not like it
second|name|disliked|the rogue does not like it"
unchanged shop

echo "a critical stage whose migrator leaves records out"
project migrator record skip
sed -i 's/"migrator": "rogue"/"critical": true, &/' "$SHOP/rogue.json"
ends 8 $both --project "$SHOP/rogue.json" --run
says "stage first is critical and would lose 2 of 2 records"
unchanged shop
sed -i 's/"critical": true, //' "$SHOP/rogue.json"
ends 0 $both --project "$SHOP/rogue.json" --dry-run

echo "reporters behind publish"
late() # DEED TEXT...: the run is published all the same
{
    late_deed=$1
    shift
    project reporter report "$late_deed"
    ends 12 $both --project "$SHOP/rogue.json" --run
    says "reporter:rogue" "the run is published" "$@"
    [ -f "$TEST_DIR/work/reports/run-$(sed -n 's/^run \([0-9]*\): .*/\1/p' "$OUT")/report.json" ] ||
        fail "the other reporters did not write"
    ends 0 $both --project "$SHOP/rogue.json" --rollback
    unchanged shop
}
late outcome "report() answered 77"
late silent "did not say why"
late leave "left a file open"
late climb "unfit name"
late twice "exists"
[ ! -e "$TEST_DIR/work/reports/climbed.txt" ] || fail "a reporter left its bundle"
is "half files" "$(find "$TEST_DIR/work" -name '.*.tmp')" ""

echo "crashes; what crashed is tried again only when one says so"
for call in "source create" "source ping" "source open" "source next" "source close" \
    "transform apply" "migrator describe" "migrator record" "validator check"; do
    does 1 ${call% *} ${call#* } segv "crashed with SIGSEGV in ${call#* }()" "$rogue/rogue.so" \
        "no live table was changed"
    does_options=--retry-plugin
done
does 1 transform apply abort "crashed with SIGABRT in apply()" "stage second"
does 1 transform apply stack "crashed with SIGSEGV in apply()"
does 1 migrator record exit "ended the program by exit() in record()" "stage first"
project source
ends 4 $both --project "$SHOP/rogue.json" --run
says "plugin $rogue/rogue.so crashed in record() and is as it was then" "--retry-plugin"
ends 4 $both --project "$SHOP/rogue.json" --run
cp "$rogue/rogue.so" "$TEST_DIR/rogue.so"
compile "$rogue/new.so" -I"$TEST_DIR/v1.0" -g
mv "$rogue/new.so" "$rogue/rogue.so"
ends 0 $both --project "$SHOP/rogue.json" --dry-run # another build is another plugin
mv "$TEST_DIR/rogue.so" "$rogue/rogue.so"
ends 4 $both --project "$SHOP/rogue.json" --dry-run
ends 0 $both --project "$SHOP/rogue.json" --dry-run --retry-plugin
ends 0 $both --project "$SHOP/rogue.json" --dry-run
does_options=
unchanged shop
project reporter report segv
ends 1 $both --project "$SHOP/rogue.json" --run
says "reporter:rogue (reporter r): crashed with SIGSEGV in report()" "the run is published"
project source
ends 0 $both --project "$SHOP/rogue.json" --run --retry-plugin # finishes what is published
ends 0 $both --project "$SHOP/rogue.json" --rollback
unchanged shop
mkdir "$TEST_DIR/early"
compile "$TEST_DIR/early/source-early.so" -DCRASH_AT_LOAD
sed 's/"use": "json"/"use": "early"/' "$SHOP/project.json" >"$SHOP/early.json"
ends 1 --plugins "$PLUGINS" --plugins "$TEST_DIR/early" $base --project "$SHOP/early.json" --run
says "crashed with SIGABRT in load()" "source-early.so"

echo "calls that do not come back"
for call in "source create" "source next" "transform apply" "validator check"; do
    project $call hang
    sed 's/"retries": 0,/& "timeouts": { "plugin": 1 },/' "$SHOP/rogue.json" >"$SHOP/hangs.json"
    ends 75 $both --project "$SHOP/hangs.json" --run
    says "${call% *}:rogue (" "has not come back within timeouts.plugin in ${call#* }()" \
        "$rogue/rogue.so" "no live table was changed"
    unchanged shop
done
if command -v python3 >/dev/null; then
    # Without that limit: a terminal says which call it is, and a second signal ends it.
    project source next hang
    status=0
    # shellcheck disable=SC2086
    TERM=xterm python3 "$top_srcdir/tests/fixtures/terminal.py" 100x24 "$TEST_DIR/frames" \
        "for a plugin:int" "for a plugin:int" -- "$MIGHOST" $both --project "$SHOP/rogue.json" --run || status=$?
    is "a hanging call with two signals ends" "$status" 130
    grep -q '^waits 0:0[0-9] for a plugin: next() of source:rogue, source r, stage first$' "$TEST_DIR/frames" ||
        fail "the screen does not say what is waited for"
    unchanged shop
fi
project source
sed -i 's/"retries": 0,/& "timeouts": { "plugin": 1 },/' "$SHOP/rogue.json"
ends 0 $both --project "$SHOP/rogue.json" --run # the half run goes on
ends 0 $both --project "$SHOP/rogue.json" --rollback
unchanged shop

echo "what a plugin changes in the process"
for call in "source create" "source open" "transform create" "migrator describe" \
    "validator check" "reporter report"; do
    for deed in "cwd working directory" "umask umask" "locale locale" "signals signal handlers"; do
        project $call "${deed%% *}"
        ends 0 $both --project "$SHOP/rogue.json" --dry-run
        says "${call% *}:rogue changed the ${deed#* } of the program; it is put back"
    done
done
is "modes" "$(find "$TEST_DIR/work" -type f ! -perm 0600 -o -type d ! -perm 0700)" ""
unchanged shop

echo "what a plugin prints"
for call in "source create" "source next" "transform apply" "validator check" "reporter report" \
    "source destroy"; do
    project $call stdout
    "$MIGHOST" $both --project "$SHOP/rogue.json" --dry-run --json >"$OUT" 2>"$ERR" ||
        fail "a plugin that prints in ${call#* } ends a run"
    json "$OUT" "(j -> 'success')::bool"
    grep -q '"by": "write"' "$ERR" && grep -q '"by": "printf"' "$ERR" ||
        fail "what the plugin printed is lost"
done
unchanged shop

echo "another plan or plugin on resume"
if "$MIGHOST" --list-faults | grep -q .; then
    rm -rf "$TEST_DIR/work"
    # Half a run, then another mapping: what was loaded by the old one must not be published.
    MIGHOST_FAULT=load.done:1:fail ends 75 --plugins "$PLUGINS" $base --project "$SHOP" --run
    sed 's/"name": "name"/"name": { "value": "all new" }/' "$SHOP/project.json" >"$SHOP/next.json"
    ends 0 --plugins "$PLUGINS" $base --project "$SHOP/next.json" --run
    says "the plan changed since the run began"
    is "rows" "$(psql_t shop -c 'SELECT id, name FROM items ORDER BY id')" "1|all new
2|all new
9|other"
    ends 0 --plugins "$PLUGINS" $base --project "$SHOP" --rollback
    unchanged shop
    # The same project, another plugin file.
    project source
    MIGHOST_FAULT=load.done:1:fail ends 75 $both --project "$SHOP/rogue.json" --run
    compile "$rogue/new.so" -O1 -DNEWER
    mv "$rogue/new.so" "$rogue/rogue.so"
    ends 0 $both --project "$SHOP/rogue.json" --run
    says "the plan changed since the run began"
    ends 0 $both --project "$SHOP/rogue.json" --rollback
    unchanged shop
fi
echo "done"
