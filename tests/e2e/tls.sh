# tls.sh - a real PostgreSQL with TLS, as target and as source, under a name that is not this machine's:
# who proves that name is let in without a word, all others are refused, and told why. Weaker by option
# only, and then the report says so.
address=127.$(($$ / 250 % 250 + 1)).$(($$ % 250 + 1)).1
PGTMP_OPTIONS="-c listen_addresses=$address"
unset MIGHOST_TEST_SOCKET PGSSLMODE PGSSLROOTCERT PGSERVICE PGSERVICEFILE
. "$top_srcdir/tests/fixtures/pgtmp.sh"
. "$top_srcdir/tests/fixtures/refusals.sh"
command -v openssl >/dev/null || pgtmp_skip "no openssl"

shop
shop_db shop
chmod 700 "$SHOP"
url="postgresql://postgres@db.example/shop?hostaddr=$address"
root=$TEST_DIR/tls/root.pem
mkdir "$TEST_DIR/tls"
on="--plugins $PLUGINS --project $SHOP --work-dir $TEST_DIR/work"

pgtmp_as_server sh -c 'cd "$1" && { echo host all all all trust; cat pg_hba.conf; } >new && cat new >pg_hba.conf' \
    sh "$TEST_DIR/pg/data"
psql_t postgres -c 'SELECT pg_reload_conf()' >/dev/null

# key NAME HOST: a key, and the wish for a certificate of that name
key()
{
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -addext \
        "subjectAltName=DNS:$2" -keyout "$TEST_DIR/tls/$1.key" -out "$TEST_DIR/tls/$1.csr" 2>/dev/null
}
# certificate NAME HOST FROM TO [SIGNER]: by the authority, or by itself
certificate()
{
    key "$1" "$2"
    openssl ca -batch -notext -config "$TEST_DIR/tls/config" -startdate "$3" -enddate "$4" $5 \
        -in "$TEST_DIR/tls/$1.csr" -out "$TEST_DIR/tls/$1.pem" 2>/dev/null
}
: >"$TEST_DIR/tls/index"
cat >"$TEST_DIR/tls/config" <<CONFIG
[ca]
default_ca = own
[own]
database = $TEST_DIR/tls/index
new_certs_dir = $TEST_DIR/tls
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
CONFIG
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=authority -days 2 \
    -keyout "$TEST_DIR/tls/root.key" -out "$root" 2>/dev/null
by="-cert $root -keyfile $TEST_DIR/tls/root.key"
year=$(date -u +%Y)
last=$((year - 1))0101000000Z next=$((year + 1))1231000000Z
certificate right db.example "$last" "$next" "$by"
certificate other other.example "$last" "$next" "$by"
certificate old db.example 20200101000000Z 20200201000000Z "$by"
certificate own db.example "$last" "$next" "-selfsign -keyfile $TEST_DIR/tls/own.key"

# serves NAME: the server shows that certificate from now on
serves()
{
    cp "$TEST_DIR/tls/$1.key" "$TEST_DIR/tls/$1.pem" "$TEST_DIR/pg/"
    [ "$(id -u)" -ne 0 ] || chown postgres "$TEST_DIR/pg/$1.key" "$TEST_DIR/pg/$1.pem"
    psql_t postgres -c "ALTER SYSTEM SET ssl_cert_file = '$TEST_DIR/pg/$1.pem'" \
        -c "ALTER SYSTEM SET ssl_key_file = '$TEST_DIR/pg/$1.key'" -c 'ALTER SYSTEM SET ssl = on' \
        -c 'SELECT pg_reload_conf()' >/dev/null
    serves_tries=100
    until openssl s_client -starttls postgres -connect "$address:5432" </dev/null 2>/dev/null |
        openssl x509 2>/dev/null | cmp -s - "$TEST_DIR/tls/$1.pem"; do
        serves_tries=$((serves_tries - 1))
        [ "$serves_tries" -gt 0 ] || fail "the server does not show certificate $1"
        sleep 0.1
    done
}
to() # CODE URL ARGS...
{
    to_code=$1
    export DATABASE_URL="$2"
    shift 2
    ends "$to_code" $on "$@"
}

echo "no TLS: nobody beyond this machine is asked without it, this machine is"
to 5 "$url" --dry-run
says "target: no trusted TLS connection with db.example: it offers none" "state: nothing was written"
to 0 "postgresql://postgres@$address/shop" --preflight
to 3 "$url&sslmode=prefer" --preflight
says "target: sslmode=prefer does not prove which server it is" "--allow-insecure-tls"
to 0 "$url&sslmode=disable" --preflight --allow-insecure-tls

echo "the right one"
serves right
to 5 "$url" --preflight
says "there is no file of authorities to trust" "sslrootcert"
to 0 "$url&sslrootcert=$root" --run
json "$(ls -d "$TEST_DIR"/work/reports/run-*)/report.json" "j ->> 'warnings' NOT LIKE '%proven%'"
export PGSSLROOTCERT="$root" # pg_dump, too, gets it from here
to 0 "$url" --run
to 0 "$url" --rollback
to 0 "$url" --rollback
unchanged shop

echo "the wrong ones"
serves other
to 5 "$url" --run
says "target: no trusted TLS connection with db.example: its certificate is for another name"
serves old
to 5 "$url" --run
says "its certificate has expired, or no trusted authority vouches for it"
serves own
to 5 "$url" --run
says "its certificate has expired, or no trusted authority vouches for it"
unchanged shop

echo "less than that: by option only, and the report says so"
for mode in require verify-ca; do
    to 3 "$url&sslmode=$mode" --run
    says "sslmode=$mode does not prove which server it is" "state: nothing was written"
done
to 5 "$url" --run --allow-insecure-tls # weakens nothing by itself
(export PGSSLMODE=require && to 3 "$url" --run && says "sslmode=require")
unset PGSSLROOTCERT # with it, libpq takes require for verify-ca
to 0 "$url&sslmode=require" --run --allow-insecure-tls
report=$(ls -td "$TEST_DIR"/work/reports/run-* | head -n 1)
json "$report/report.json" "j ->> 'warnings' LIKE '%target: which server it is was not proven (sslmode=require%'"
grep -q "which server it is was not proven" "$report/summary.txt" || fail "summary.txt does not say so"
to 0 "$url&sslmode=require" --rollback --allow-insecure-tls
unchanged shop

echo "a host of a service file"
printf '[far]\nhost=db.example\nhostaddr=%s\nuser=postgres\n' "$address" >"$TEST_DIR/services"
export PGSERVICEFILE="$TEST_DIR/services"
to 5 "postgresql:///shop?service=far" --preflight
says "no trusted TLS connection with db.example"
echo sslmode=require >>"$TEST_DIR/services"
to 3 "postgresql:///shop?service=far" --preflight

echo "a source"
psql_t postgres -c 'CREATE DATABASE old' -c '\c old' -c 'CREATE TABLE items (id int PRIMARY KEY, name text)' \
    -c "INSERT INTO items VALUES (5, 'far')"
export DATABASE_URL="$(pg_url shop)" OLD_URL
cat >"$SHOP/far.json" <<'JSON'
{ "name": "far", "sources": { "old": { "use": "postgres", "options": { "url": "${OLD_URL}" } } },
  "stages": [ { "name": "items", "policy": "update", "ids": "keep", "options": { "table": "public.items",
    "fields": { "id": "id", "name": "name" } } } ] }
JSON
on="--plugins $PLUGINS --project $SHOP/far.json --work-dir $TEST_DIR/work"
url="postgresql://postgres@db.example/old?hostaddr=$address"
OLD_URL=$url
ends 6 $on --run
says "no encrypted connection could be made"
OLD_URL="$url&sslmode=require"
ends 3 $on --run
says "source old: sslmode=require does not prove which server it is"
ends 0 $on --dry-run --allow-insecure-tls
json "$(ls -td "$TEST_DIR"/work/reports/run-* | head -n 1)/report.json" \
    "j ->> 'warnings' LIKE '%source old: which server it is was not proven%'"
serves right
OLD_URL="$url&sslrootcert=$root"
ends 0 $on --dry-run
unchanged shop
echo "ok"
