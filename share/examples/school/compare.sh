#!/bin/sh
# compare.sh - does the target hold what the source says? Runs expected.sql against both databases.
# usage: compare.sh [SOURCE_URL [TARGET_URL]]    ($V1_DATABASE_URL and $V2_DATABASE_URL when left out)
# Ends 0 when all rows agree, 1 when some differ, 2 when the comparison could not be made.
# A password belongs in PGPASSWORD or ~/.pgpass, not in the URL: arguments can be seen by others.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 2
V1_DATABASE_URL=${1:-${V1_DATABASE_URL:-}}
V2_DATABASE_URL=${2:-${V2_DATABASE_URL:-}}
if [ $# -gt 2 ] || [ -z "$V1_DATABASE_URL" ] || [ -z "$V2_DATABASE_URL" ]; then
    sed -n '3,5s/^# //p' "$0" >&2
    exit 2
fi
# expected.sql reads the source by a psql of its own, and the reference data by itself.
SCHOOL_REFERENCE=$here/reference.json
export V1_DATABASE_URL SCHOOL_REFERENCE

out=$("${PSQL:-psql}" -X -d "$V2_DATABASE_URL" -f "$here/expected.sql") || exit 2
printf '%s\n' "$out"
case $out in
*"differences: 0") exit 0 ;;
*) exit 1 ;;
esac
