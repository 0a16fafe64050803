#!/bin/sh
# compare.sh - does the target hold what the data says? Runs expected.sql against a database.
# usage: compare.sh [DATA_DIR [DATABASE_URL]]    ($MARKETPLACE_DATA and $DATABASE_URL when left out)
# Ends 0 when all rows agree, 1 when some differ, 2 when the comparison could not be made.
# A password belongs in PGPASSWORD or ~/.pgpass, not in the URL: arguments can be seen by others.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 2
MARKETPLACE_DATA=${1:-${MARKETPLACE_DATA:-$here/data}}
url=${2:-${DATABASE_URL:-}}
if [ $# -gt 2 ] || [ -z "$url" ]; then
    sed -n '3,5s/^# //p' "$0" >&2
    exit 2
fi
[ -r "$MARKETPLACE_DATA/user.jsonl" ] || {
    echo "compare.sh: there is no data in $MARKETPLACE_DATA" >&2
    exit 2
}
# expected.sql reads the files by itself.
export MARKETPLACE_DATA

out=$("${PSQL:-psql}" -X -d "$url" -f "$here/expected.sql") || exit 2
printf '%s\n' "$out"
case $out in
*"differences: 0") exit 0 ;;
*) exit 1 ;;
esac
