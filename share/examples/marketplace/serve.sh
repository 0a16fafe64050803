#!/bin/sh
# serve.sh - makes the data of the example, once, and serves it as Bubble would, until it is stopped.
# usage: serve.sh [--fault NAME[:ARGUMENT] ...]    or any other argument of server.py
# MARKETPLACE_DATA  directory of the data; what is there already is served as it is
# MARKETPLACE_SCALE  1 is 6,471 users, 0.05 when it is not set
# BUBBLE_API_KEY  the key that the server asks for
set -eu

here=$(cd "$(dirname "$0")" && pwd)
data=${MARKETPLACE_DATA:-$here/data}
[ -n "${BUBBLE_API_KEY:-}" ] || {
    sed -n '3,6s/^# //p' "$0" >&2
    echo "serve.sh: BUBBLE_API_KEY is not set; any word will do, the same for server and mighost" >&2
    exit 2
}
[ -r "$data/user.jsonl" ] || "$here/make_data.py" --scale "${MARKETPLACE_SCALE:-0.05}" --out "$data"
exec python3 "$here/server.py" --data "$data" --port 8040 "$@"
