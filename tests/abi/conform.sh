#!/bin/sh
# conform.sh - mighost --check-plugin finds each fault that is planted in tests/fixtures/rogue.c, with
# these words and no others; the rogue without a fault, and all plugins of this tree, pass.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
src=$(cd "$here/../.." && pwd)
: "${top_builddir:?run by "make check"}"
host=${MIGHOST:-$top_builddir/mighost}
plugins=${PLUGINS:-$top_builddir/plugins}
LC_ALL=C.UTF-8
export LC_ALL
umask 022
work=$(mktemp -d "${TMPDIR:-/tmp}/mighost-conform.XXXXXX")
work=$(cd "$work" && pwd -P)
trap 'rm -rf "$work"' EXIT
: >"$work/failed"
sanitized=0
! ${NM:-nm} "$host" | grep -q __asan_init || sanitized=1

compile() # OUTPUT FLAGS...
{
    output=$1
    shift
    ${CC:-cc} -std=gnu11 -w -O1 -fPIC -shared -fvisibility=hidden -I"$src/include" "$@" \
        "$src/tests/fixtures/rogue.c" -o "$work/$output.so"
}

check() # NAME ARGUMENTS...: what is said goes to NAME.said, without times
{
    name=$1
    shift
    status=0
    "$host" --check-plugin "$@" >"$work/$name.out" 2>&1 || status=$?
    sed -n 's/^\[[^]]*\] error: plugin [^:]*: //p' "$work/$name.out" >"$work/$name.said"
    return $status
}

fail()
{
    echo "FAILED: $1"
    echo "$1" >>"$work/failed"
}

# These faults alone must be found: a host that finds one more is wrong somewhere.
finds() # UNIT CALL DEED TEXT...
{
    finds_name=$1.$2.$3
    echo "{ \"$1\": { \"at\": \"$2\", \"do\": \"$3\" } }" >"$work/$finds_name.json"
    code=0
    check "$finds_name" "$work/rogue.so" --only "$1" --unit-options "$work/$finds_name.json" || code=$?
    finds_unit=$1
    shift 3
    printf "unit $finds_unit %s\n" "$@" >"$work/$finds_name.due"
    [ $code -eq 4 ] || fail "$finds_name ends with $code"
    sed -i -e 's/each of [0-9]* calls/each of N calls/' \
        -e '/not safe for threads/s/ with .*/ with TEXT/' "$work/$finds_name.said"
    diff "$work/$finds_name.due" "$work/$finds_name.said" >"$work/$finds_name.diff" ||
        fail "$finds_name: due (<) and said (>) differ: $(cat "$work/$finds_name.diff")"
}

compile rogue
check sound "$work/rogue.so" || fail "the sound rogue does not pass: $(cat "$work/sound.out")"

printed='"{ "by": "printf" }?{ "by": "write" }?"'
why="standard output and error are the host's"
everyone()
{
    finds transform:rogue create segv "crashed with SIGSEGV in create()"
    finds transform:rogue destroy abort "crashed with SIGABRT in destroy()"
    finds source:rogue next stack "crashed with SIGSEGV in next()"
    finds migrator:rogue record exit "ended the program by exit() in record() with an absent value"
    finds validator:rogue check hang "has not come back within 5 seconds from check()"
    finds reporter:rogue report stdout \
        "printed $printed in report() with the report of a run: $why"
    finds transform:rogue create cwd "changed the working directory of the program in create()"
    finds source:rogue open umask "changed the umask of the program in open()"
    finds migrator:rogue describe locale "changed the locale of the program in describe()"
    finds validator:rogue create signals "changed the signal handlers of the program in create()"
    finds reporter:rogue create stdout \
        "printed $printed in create(): $why"
    finds source:rogue create descriptor \
        "leaves descriptors open: 200 after 200 times create() and destroy()"
    finds transform:rogue create outcome "create() answered 77, which is none of its outcomes"
    finds transform:rogue create silent "create() answered -3 and did not say why"
    if [ $sanitized = 0 ]; then
        finds reporter:rogue create leak "loses memory: 112 bytes with each of 200 times create() and destroy()"
        finds reporter:rogue create thread "leaves threads running: 200 after 200 times create() and destroy()"
    fi
}

transforms()
{
    at="in apply() with an absent value"
    finds transform:rogue apply null "gave a value without data $at"
    finds transform:rogue apply kind "gave a value of unknown kind 99 $at"
    finds transform:rogue apply outcome "answered 77 $at, which is none of its outcomes"
    finds transform:rogue apply negative "answered -99 $at, which is none of its outcomes"
    finds transform:rogue apply silent "answered -3 $at and did not say why"
    finds transform:rogue apply mute "answered MIG_REJECT $at and did not say why"
    finds transform:rogue apply skip "answered 3 $at, which is none of its outcomes"
    finds transform:rogue.pure apply behind "reads behind the end of a value in apply() with an empty text"
    finds transform:rogue.pure apply scribble \
        "writes to a value that it was given in apply() with a text of one letter"
    finds transform:rogue.pure apply impure \
        "is not pure: it gives another result the second time in apply() with a JSON text of 1 MB" \
        "is not safe for threads: instances in several give another result in apply() with TEXT"
    [ $sanitized = 1 ] ||
        finds transform:rogue apply leak "loses memory: 112 bytes with each of N calls of apply()"
}

threads()
{
    finds transform:rogue.pure apply racy \
        "is not safe for threads: instances in several give another result in apply() with TEXT"
}

others()
{
    finds source:rogue next none "gave 4 values for 4 fields in next()"
    finds source:rogue next count "gave 1 value for 4 fields in next()"
    finds source:rogue next null "gave a value without data in next()"
    finds source:rogue next kind "gave a value of unknown kind 99 in next()"
    finds source:rogue raw null "gave a text without data in raw()"
    finds source:rogue identity null "gave a text without data in identity()"
    finds source:rogue identity other \
        "gave other records when an entity was read again, with the same identity()"
    finds source:rogue next mum "answered 3 in next(), which is none of its outcomes"
    finds migrator:rogue describe deaf "answered 0 in describe() though host->reads() gave -2"
    finds migrator:rogue record deaf "answered 0 in record() with a text though host->emit() gave 4"
    finds migrator:rogue record wide \
        "writes behind the columns that it declared in record() with an absent value"
    finds migrator:rogue record rowless "emits no row in record() with an absent value"
    finds migrator:rogue record table \
        "calls host->row() with an index that it was not given in record() with an absent value" \
        "emits no row in record() with an absent value"
    finds migrator:rogue record mum "answered MIG_SKIP in record() with an absent value and did not say why" \
        "answered 3 in record() with a text though host->emit() gave 4"
    finds validator:rogue check null \
        "gave check number 0 without kind, severity or a text that is due in check()"
    finds validator:rogue check endless "never says that it is at its end in check()"
    finds validator:rogue check fickle \
        "gave another check number 0 when it was asked again in check()"
    finds reporter:rogue report leave "left a file open in report() with the report of a run"
    finds reporter:rogue report climb \
        "opens a file with an unfit name in report() with the report of a run"
    finds reporter:rogue report deaf \
        "answered 0 in report() with the report of a run though host->file_open() gave -7"
}

# What happens while it is loaded; and what is asked for and is not there.
loading()
{
    compile crashing -DCRASH_AT_LOAD
    compile printing -DPRINT_AT_LOAD
    ! check crashing "$work/crashing.so" || fail "a crash at load is not found"
    grep -qx "crashed with SIGABRT in load()" "$work/crashing.said" || fail "crash at load: $(cat "$work/crashing.out")"
    ! check printing "$work/printing.so" || fail "what is printed at load is not found"
    grep -qx "printed \"hello from the rogue?\" in load(): $why" \
        "$work/printing.said" || fail "print at load: $(cat "$work/printing.out")"
    code=0
    check other "$work/rogue.so" --only transform:rouge || code=$?
    [ $code -eq 3 ] && grep -q 'has no unit "transform:rouge"' "$work/other.out" || fail "--only: $code"
    echo '{ "transform:rogue": { "ta": "x" } }' >"$work/typo.json"
    ! check typo "$work/rogue.so" --unit-options "$work/typo.json" || fail "an unknown option passes"
    grep -q '"ta"' "$work/typo.out" || fail "unknown option: $(cat "$work/typo.out")"
}

# Units that need options get some; each plugin passes.
shipped()
{
    printf '[{"id":1,"name":"a"},{"id":2}]' >"$work/data.json"
    printf 'id,name\n1,a\n2,"b\nc"\n' >"$work/data.csv"
    echo '{ "source:json": { "file": "data.json" } }' >"$work/source-json.options"
    echo '{ "source:csv": { "file": "data.csv" } }' >"$work/source-csv.options"
    cat >"$work/migrator-map.options" <<'JSON'
{ "migrator:map": { "table": "public.t", "fields": { "id": "id", "name": ["name", "text.trim"],
    "both": { "from": ["id", "name"] , "use": "concat" }, "parent_id": { "key": "parents", "from": "parentId" } } } }
JSON
    cat >"$work/transforms-password.options" <<'JSON'
{ "transform:password.bcrypt": { "secret": "0123456789abcdef0123456789abcdef", "cost": 4 } }
JSON
    cat >"$work/transforms-standard.options" <<'JSON'
{ "transform:map_null": { "values": ["x"] }, "transform:split": { "index": 1 },
  "transform:number.rescale": { "from": [0, 10], "to": [0, 1] },
  "transform:bool.all": { "are": ["true"] }, "transform:json.object": { "names": ["a"] } }
JSON
    for module in "$plugins"/*.so; do
        name=$(basename "$module" .so)
        set --
        [ ! -f "$work/$name.options" ] || set -- --unit-options "$work/$name.options"
        check "$name" "$module" "$@" || fail "$name: $(cat "$work/$name.out")"
    done
    grep -q '^transform:password.bcrypt: [0-9]* calls$' "$work/transforms-password.out" || fail "bcrypt is not tried"
    grep -q '^source:csv: [0-9]* calls$' "$work/source-csv.out" || fail "csv is not tried"
}

# Most of it is waiting: for a plugin that hangs, and for processes.
for part in everyone transforms others loading shipped threads; do
    ( $part ) >"$work/$part.log" 2>&1 &
    pids="${pids-} $!"
done
for pid in $pids; do wait "$pid" || fail "a part of the test broke off"; done
cat "$work"/*.log
[ ! -s "$work/failed" ] && echo "conform: all planted faults found"
[ ! -s "$work/failed" ]
