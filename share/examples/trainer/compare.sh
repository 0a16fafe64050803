#!/bin/sh
# compare.sh - does V2 hold what V1 and V2 before the run say? Runs expected.sql against all three.
# usage: compare.sh [V1_URL [V2_URL [BEFORE_URL]]]    (what is left out: $V1_DATABASE_URL,
#        $V2_DATABASE_URL, $BEFORE_DATABASE_URL; the last is a copy of V2 from before the run)
# Ends 0 when all rows agree, 1 when some differ, 2 when the comparison could not be made.
# A password belongs in PGPASSWORD or ~/.pgpass, not in the URL: arguments can be seen by others.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 2
V1_DATABASE_URL=${1:-${V1_DATABASE_URL:-}}
V2_DATABASE_URL=${2:-${V2_DATABASE_URL:-}}
BEFORE_DATABASE_URL=${3:-${BEFORE_DATABASE_URL:-}}
if [ $# -gt 3 ] || [ -z "$V1_DATABASE_URL" ] || [ -z "$V2_DATABASE_URL" ] || [ -z "$BEFORE_DATABASE_URL" ]; then
    sed -n '3,6s/^# //p' "$0" >&2
    exit 2
fi
# expected.sql reads the other two by a psql of its own.
export V1_DATABASE_URL BEFORE_DATABASE_URL

out=$("${PSQL:-psql}" -X -d "$V2_DATABASE_URL" -f "$here/expected.sql") || exit 2
printf '%s\n' "$out"
case $out in
*"differences: 0") exit 0 ;;
*) exit 1 ;;
esac
