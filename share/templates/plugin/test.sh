#!/bin/sh
# test.sh - tries the plugin: each of its calls in a test host, then in a run of two records, whose
# outcome the project's own validator looks at. The run is into a private PostgreSQL, or into
# DATABASE_URL where that is set. MIGHOST is the program, if it is not in the PATH.
set -eu
umask 022
: "${MIGHOST:=mighost}"
work=$(mktemp -d)
chmod 711 "$work" # the server that root starts is another user's, and lives in it
trap '$MIGHOST --project project.json --work-dir "$work" --stop-server >/dev/null 2>&1 || :; rm -rf "$work"' EXIT

run() # ARGUMENTS...: says nothing unless it goes wrong
{
    if ! $MIGHOST --plugins . "$@" >"$work/said" 2>&1; then
        cat "$work/said"
        echo "FAILED: mighost $*"
        exit 1
    fi
}

run --check-plugin @FILE@.so --unit-options options.json
echo "@FILE@: no fault found"
run --project project.json --work-dir "$work" --report-dir "$work" --run
echo "@FILE@: the run is as expected"
