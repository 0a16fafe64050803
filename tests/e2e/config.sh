# config.sh - project file, env file and variables through the program: what does not fit is
# refused with line, column and the nearest name, before a connection is opened; what is shown has
# its secrets masked.
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"

shop
shop_db shop
base="--plugins $PLUGINS --work-dir $TEST_DIR/work"
plain=$SHOP/project.json

bad() # CODE FILE TEXT...: a run of that project file is refused and says so
{
    bad_code=$1 bad_file=$2
    shift 2
    ends "$bad_code" $base --project "$bad_file" --run
    says "$@"
    is "a state schema" "$(psql_t shop -c "SELECT count(*) FROM pg_namespace WHERE nspname =
        'mighost'")" 0
}

edited() # SED: the project file with a change
{
    sed "$1" "$plain" >"$SHOP/bad.json"
    ! cmp -s "$plain" "$SHOP/bad.json" || fail "sed $1 changes nothing"
}

echo "the file itself"
(cd "$SHOP" && ends 3 $base --project missing/../none.json --run && says "missing/../none.json" "$SHOP/")
bad 3 "$SHOP/none.json" "$SHOP/none.json" "No such file"
mkdir "$SHOP/dir" "$SHOP/dir/project.json" "$SHOP/bare"
bad 3 "$SHOP/dir" "is a directory"
bad 3 "$SHOP/bare" "$SHOP/bare/project.json"
mkfifo "$SHOP/fifo.json"
bad 3 "$SHOP/fifo.json" "is a FIFO"
bad 3 /dev/null "is a character device"
cp "$plain" "$SHOP/bad.json"
chmod 666 "$SHOP/bad.json"
bad 3 "$SHOP/bad.json" "0666" "chmod o-w"
mkdir "$SHOP/open"
chmod 777 "$SHOP/open"
cp "$plain" "$SHOP/open"
bad 3 "$SHOP/open" "0777" "chmod o-w"
rm "$SHOP/bad.json"
: >"$SHOP/bad.json"
bad 3 "$SHOP/bad.json" "is empty" '"sources"'
printf ' \n\t\n' >"$SHOP/bad.json"
bad 3 "$SHOP/bad.json" "is empty"
printf '\357\273\277' | cat - "$plain" >"$SHOP/bom.json"
ends 0 $base --project "$SHOP/bom.json" --plan
printf '{\n  "name": "sh\377op"\n}\n' >"$SHOP/bad.json"
bad 3 "$SHOP/bad.json" "bad.json:2:14" "0xff is not UTF-8"
printf '{\n  "name": "shop",\n  "stages" [ ]\n}\n' >"$SHOP/bad.json"
bad 3 "$SHOP/bad.json" "bad.json:3:12" "no valid JSON"
head -c 200 "$plain" >"$SHOP/bad.json"
bad 3 "$SHOP/bad.json" "no valid JSON"
echo '[1]' >"$SHOP/bad.json"
bad 3 "$SHOP/bad.json" "due is an object"

echo "keys and values"
edited 's/"policy"/"polciy"/'
bad 3 "$SHOP/bad.json" 'bad.json:5:24: unknown key' 'polciy' 'did you mean "policy"?'
edited 's/"name": "shop",/&\n  "batchsize": 5,/'
bad 3 "$SHOP/bad.json" 'bad.json:3:3: unknown key "batchsize"' 'did you mean "batch_size"?'
edited 's/"name": "shop",/&\n  "name": "two",/'
bad 3 "$SHOP/bad.json" 'bad.json:3:3: key "name" is given twice, first in line 2'
edited 's/"update"/"upsert"/'
bad 3 "$SHOP/bad.json" 'stages.items.policy' 'upsert' 'insert'
for value in -5 0 1.5 1e9 '"many"' null '[1]' 10000001; do
    edited "s/\"name\": \"shop\",/&\n  \"batch_size\": $value,/"
    bad 3 "$SHOP/bad.json" "bad.json:3:17" "batch_size" "from 1 to"
done
edited 's/"name": "shop",/&\n  "max_rejects": "150%",/'
bad 3 "$SHOP/bad.json" "max_rejects"
edited 's/"name": "shop",/&\n  "timeouts": {"connect": -1},/'
bad 3 "$SHOP/bad.json" "timeouts.connect"
edited 's/"name": "shop"/"name": "The Shop"/'
bad 3 "$SHOP/bad.json" "name"
edited 's/"sources": {/&"spare": {"use": "json", "options": {"file": "data.json"}}, /'
bad 3 "$SHOP/bad.json" 'says no source'
edited 's/"ids": "keep"/&, "source": "odl"/'
bad 3 "$SHOP/bad.json" 'no source "odl"' 'did you mean "old"?'
edited 's/"batch_size"//; s/"use": "json"/"use": "jsno"/'
bad 4 "$SHOP/bad.json" 'source:jsno'
edited 's/"file": "data.json"/"flie": "data.json"/'
bad 3 "$SHOP/bad.json" 'flie' 'did you mean "file"?'
edited 's/"name": "shop",/"Name": "shop", "batch_size": 0,/; s/"policy"/"polcy"/'
bad 3 "$SHOP/bad.json" '"Name"' 'batch_size' 'polcy' # all of them at once
(
    unset DATABASE_URL
    ends 2 $base --project "$plain" --plan --only itmes
    says 'itmes' 'did you mean "items"?'
)

echo "variables"
edited 's/"file": "data.json"/"file": "${SHOP_FILE}"/'
cp "$SHOP/bad.json" "$SHOP/var.json"
bad 3 "$SHOP/var.json" "SHOP_FILE is not set"
SHOP_FILE=data.json ends 0 $base --project "$SHOP/var.json" --plan
edited 's/"file": "data.json"/"file": "${SHOP_FILE:-data.json}"/'
ends 0 $base --project "$SHOP/bad.json" --plan
edited 's/"file": "data.json"/"file": "${SHOP FILE}"/'
bad 3 "$SHOP/bad.json" '${NAME}'
# The env file beside the project; a flag, then the environment, then the file, then the project.
setting() # KEY: value and origin as --show-config has them
{
    sed -n "s/^$1  *\(.*[^ ]\)  *(\(.*\))\$/\1 (\2)/p" "$OUT"
}
printf 'MIGRATION_BATCH_SIZE=7\nSHOP_FILE=data.json\n' >"$SHOP/.env"
edited 's/"name": "shop",/&\n  "batch_size": 5,/'
ends 0 $base --project "$SHOP/bad.json" --show-config
is "the batch size of .env" "$(setting batch_size)" "7 (env file $SHOP/.env MIGRATION_BATCH_SIZE)"
MIGRATION_BATCH_SIZE=8 ends 0 $base --project "$SHOP/bad.json" --show-config
is "of the environment" "$(setting batch_size)" "8 (environment MIGRATION_BATCH_SIZE)"
MIGRATION_BATCH_SIZE=8 ends 0 $base --project "$SHOP/bad.json" --show-config --batch-size 9
is "of the flag" "$(setting batch_size)" "9 (flag --batch-size)"
printf 'MIGRATION_BATCH_SIZE=6\nMIGRATION_REPORT_DIR=/srv/r\nLOG_LEVEL=DEBUG\n' >"$SHOP/other.env"
ends 0 $base --project "$SHOP/bad.json" --show-config --env-file "$SHOP/other.env"
is "of --env-file" "$(setting batch_size)" "6 (env file $SHOP/other.env MIGRATION_BATCH_SIZE)"
is "report_dir" "$(setting report_dir)" "/srv/r (env file $SHOP/other.env MIGRATION_REPORT_DIR)"
is "log_level" "$(setting log_level)" "debug (env file $SHOP/other.env LOG_LEVEL)"
MIGRATION_LOG_LEVEL=warning ends 0 $base --project "$SHOP/bad.json" --show-config
is "log_level" "$(setting log_level)" "warning (environment MIGRATION_LOG_LEVEL)"
DEBUG='migration:*' ends 0 $base --project "$SHOP/bad.json" --show-config
is "log_level" "$(setting log_level)" "debug (environment DEBUG)"
(
    unset DATABASE_URL
    V2_DB_HOST=new V2_DB_PORT=6 V2_DB_NAME=n V2_DB_USER=u V2_DB_PASSWORD=c4nary \
        ends 0 $base --project "$SHOP/bad.json" --show-config --env-file "$SHOP/other.env"
    is "target" "$(setting target.url)" \
        "postgresql://u:***@new:6/n (environment V2_DB_HOST and its set)"
    silent c4nary
)
rm "$SHOP/.env"
for env in 'MIGRATION_BATCH_SIZE=lots' '=x' 'A B=c' "A='open" 'MIGRATION_BATCH_SIZE=1
MIGRATION_BATCH_SIZE=2'; do
    echo "$env" >"$SHOP/bad.env"
    ends 3 $base --project "$plain" --run --env-file "$SHOP/bad.env"
done
ends 3 $base --project "$plain" --run --env-file "$SHOP/no.env"
says "no.env"
MIGRATION_BATCH_SIZE=0 ends 3 $base --project "$plain" --run
says "MIGRATION_BATCH_SIZE" "from 1 to"

echo "secrets"
# URLs that libpq would quote in its errors, by every way in.
for url in 'postgresql://u:c4n@ry@[::1/d' 'postgresql://u:c4%zznary@h/d' 'postgresql://u:c4nary@h:p0rt/d' \
    'postgresql://u:c4nary@h/d?sslmode' 'host=h password=c4nary port' "host=h password='c4nary" \
    'postgresql://u:c4nary@h/d?bogus=1' 'c4nary' 'mysql://u:c4nary@h/d'; do
    DATABASE_URL=$url ends 3 $base --project "$plain" --run
    says DATABASE_URL
    silent c4n nary ry@ %zz
    (
        unset DATABASE_URL
        printf 'DATABASE_URL="%s"\n' "$url" >"$SHOP/bad.env"
        chmod 600 "$SHOP/bad.env"
        ends 3 $base --project "$plain" --run --verbose --env-file "$SHOP/bad.env"
        silent c4n nary ry@ %zz
        edited 's/"name": "shop",/&\n  "target": {"url": "${ELSEWHERE}"},/'
        ELSEWHERE=$url ends 3 $base --project "$SHOP/bad.json" --run
        grep -qE "ELSEWHERE|target.url" "$ERR" || fail "neither variable nor key is named"
        silent c4n nary ry@ %zz
    )
done
(
    unset DATABASE_URL
    for mode in 640 604 644; do
        rm -f "$SHOP/bad.env"
        printf 'DATABASE_URL=postgresql://u:c4nary@h/d\n' >"$SHOP/bad.env"
        chmod "$mode" "$SHOP/bad.env"
        ends 3 $base --project "$plain" --run --env-file "$SHOP/bad.env"
        says "0$mode" "chmod"
        silent c4nary
        printf 'c4nary' >"$SHOP/key"
        chmod "$mode" "$SHOP/key"
        edited 's/"name": "shop",/&\n  "target": {"url": "postgresql:\/\/u:${SHOP_PASSWORD}@h\/d"},/'
        SHOP_PASSWORD_FILE=$SHOP/key ends 3 $base --project "$SHOP/bad.json" --run
        says "0$mode" "SHOP_PASSWORD_FILE"
    done
    chmod 600 "$SHOP/key"
    SHOP_PASSWORD_FILE=$SHOP/key ends 0 $base --project "$SHOP/bad.json" --show-config
    is "target" "$(setting target.url)" "postgresql://u:***@h/d (project)"
)
edited 's/"file": "data.json"/&, "api_key": "c4nary-1"/'
ends 3 $base --project "$SHOP/bad.json" --run
says '"sources.old.options.api_key" stands in the project file' 'write "${NAME}" here'
silent c4nary
edited 's/"file": "data.json"/&, "api_key": "${SHOP_KEY}", "token": "c4nary-2", "password": "c4nary-3"/'
SHOP_KEY=c4nary-1 ends 0 $base --project "$SHOP/bad.json" --show-config
silent c4nary
SHOP_KEY=c4nary-1 ends 0 $base --project "$SHOP/bad.json" --show-config --json
silent c4nary
json "$OUT" "j @> '[{\"key\": \"sources.old.options\", \"origin\": \"project\"}]'"
DATABASE_URL='postgresql://u:c4nary@h/d?sslpassword=c4nary-2' ends 0 $base --project "$plain" --show-config
silent c4nary
says 'u:***@h'

echo "source and target in one database"
cat >"$SHOP/same.json" <<'JSON'
{ "name": "same", "sources": { "old": { "use": "postgres", "options": { "url": "${DATABASE_URL}" } } },
  "stages": [ { "name": "items", "entity": "public.items", "ids": "keep", "policy": "update",
    "options": { "table": "public.items", "fields": { "id": "id", "name": "name" } } } ] }
JSON
for url in "$DATABASE_URL" "${DATABASE_URL}\&application_name=x"; do
    sed "s|\${DATABASE_URL}|$url|" "$SHOP/same.json" >"$SHOP/bad.json"
    ends 5 $base --project "$SHOP/bad.json" --run
    says "stage items reads table public.items of the target itself" "--same-database"
done
ends 0 $base --project "$SHOP/same.json" --dry-run --same-database
pg_createdb other "$SHOP/items.sql"
sed "s|\${DATABASE_URL}|$(pg_url other)|" "$SHOP/same.json" >"$SHOP/bad.json"
ends 0 $base --project "$SHOP/bad.json" --dry-run
unchanged shop
echo "done"
