# run-watch.sh - watch.sh runs its command once, and again when a file changes, is added or removed.
set -eu
here=$(mktemp -d)
watch=
end()
{
    [ -z "$watch" ] || kill "$watch" 2>/dev/null || :
    rm -rf "$here"
}
trap end EXIT
mkdir -p "$here/tree/in"
echo 1 >"$here/tree/in/file"
touch -d '1 minute ago' "$here/tree" "$here/tree/in" "$here/tree/in/file"

status=0
sh "$top_srcdir/tests/fixtures/watch.sh" "$here/tree" 2>/dev/null || status=$?
[ "$status" -eq 2 ] || { echo "without a command it ends with $status"; exit 1; }

: >"$here/runs"
sh "$top_srcdir/tests/fixtures/watch.sh" "$here/tree" -- \
    sh -c 'echo run >>"$1"; exit 3' sh "$here/runs" >"$here/out" &
watch=$!

has_run() # TIMES AFTER
{
    tries=0
    until [ "$(wc -l <"$here/runs")" -eq "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || { echo "not run $1 times after $2"; cat "$here/out"; exit 1; }
        sleep 0.2
    done
    sleep 1.2
    [ "$(wc -l <"$here/runs")" -eq "$1" ] || { echo "run again without a change"; exit 1; }
}
has_run 1 "the start"
echo 2 >"$here/tree/in/file"
has_run 2 "a change"
echo 3 >"$here/tree/new"
has_run 3 "a new file"
rm "$here/tree/new"
has_run 4 "a removed file"
grep -q "ended with 3" "$here/out" || { echo "how the command ended is not said"; exit 1; }
