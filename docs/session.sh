# session.sh - makes docs/session.md again: plan, rehearse, run, status, explain and rollback of the
# classroom as a person sees them, each on a wide terminal. What changes from time to time
# (moments, durations, directories) is made the same. Needs the build, python3 and PostgreSQL.
# Usage: top_srcdir=. top_builddir=build sh docs/session.sh >docs/session.md
. "$top_srcdir/tests/fixtures/pgtmp.sh"
exec 3>&1 >&2
today=$(date -u +%Y-%m-%d)

example=$TEST_DIR/classroom
cp -R "$top_srcdir/share/examples/classroom" "$example"
chmod -R u+w "$example"
pg_createdb school "$example/target.sql"
pg_createdb school_copy
DATABASE_URL=$(pg_url school) STAGING_DATABASE_URL=$(pg_url school_copy)
MIGHOST_PLUGIN_PATH=$PLUGINS
PATH=$(dirname "$MIGHOST"):$PATH
export DATABASE_URL STAGING_DATABASE_URL MIGHOST_PLUGIN_PATH PATH
cd "$example"

say()
{
    printf '%s\n' "$*" >&3
}

same() # what was seen at the end, without what is another each time
{
    sed -n '/^=* at the end$/,$p' "$TEST_DIR/frames" | sed 1d |
        sed -e '/warning: running as root/d' -e 's/^\[[-0-9T:.]*Z\]/[22:00:00]/' \
            -e "s|$TEST_DIR[^ ;]*/reports/|reports/|g" \
            -e "s|$TEST_DIR|…|g" \
            -e "s/\(backup\|rehearsal\)-${today}T[-0-9]*Z/\1-2026-11-28T22-00-00-000Z/g" \
            -e "s/$today[T ][0-9:.]*\(Z\|+00\)*/2026-11-28 22:00:00/g" -e 's/[0-9a-f]\{64\}/…/g'
}

shell() # EXIT [MOST-LINES] -- COMMAND...
{
    due=$1 most=400
    [ "$2" = -- ] || { most=$2; shift; }
    shift 2
    status=0
    TERM=xterm NO_COLOR=1 python3 "$top_srcdir/tests/fixtures/terminal.py" 300x90 "$TEST_DIR/frames" -- \
        "$@" || status=$?
    [ "$status" -eq "$due" ] || { cat "$TEST_DIR/frames"; echo "$* ends with $status"; exit 1; }
    say '```text'
    say "\$ $*"
    same | awk -v most="$most" 'NR <= most { print } END { if (NR > most) print "… " NR - most " more lines" }' >&3
    say '```'
    say
}

say '# A session'
say
say 'The classroom, moved as [operations.md](operations.md) tells it: what is typed and what is seen,'
say 'at a wide terminal. Made by `docs/session.sh`; moments, digests and directories are set to the'
say 'same each time.'
say
say '## What will be done'
say
shell 0 40 -- mighost --plan
say '## The whole of it on a copy'
say
shell 0 -- mighost --rehearse
say '## The run'
say
say 'While it works, the screen looks like this, and is drawn again four times a second:'
say
[ -z "$(mighost --list-faults)" ] || export MIGHOST_FAULT='chunk.read:*:sleep=700' # to see it
status=0
TERM=xterm NO_COLOR=1 python3 "$top_srcdir/tests/fixtures/terminal.py" 300x90 "$TEST_DIR/frames" -- \
    mighost --run || status=$?
unset MIGHOST_FAULT
[ "$status" -eq 20 ] || { cat "$TEST_DIR/frames"; exit 1; }
say '```text'
awk '/^=+$/ { if (block ~ /> classes/ && !shown) { printf "%s", block; shown = 1 } block = ""; next }
    /^\[[0-9]/ { next } { block = block $0 "\n" }' "$TEST_DIR/frames" | sed 's/, 0:[0-9]*$/, 0:03/' >&3
say '```'
say
say 'At the end the accounts stay; the last line is the verdict (exit code 20: published, some records are'
say 'kept aside):'
say
say '```text'
say '$ mighost --run'
same >&3
say '```'
say
say '## Where it stands'
say
shell 0 -- mighost --status
say '## One record on its way'
say
shell 0 -- mighost --explain students:s-1
say '## And back'
say
shell 0 -- mighost --rollback
