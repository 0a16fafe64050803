# readme.sh - the command lines under "Use it" in README.md, as they stand there, in their order.
# Only the server's address and the place of the build are put in.
. "$top_srcdir/tests/fixtures/pgtmp.sh"

pg_createdb school "$top_srcdir/share/examples/classroom/target.sql"
fingerprint_db school >"$TEST_DIR/before"
mkdir "$TEST_DIR/bin"
ln -s "$MIGHOST" "$TEST_DIR/bin/mighost"
DATABASE_URL=$(pg_url school)
export DATABASE_URL

sed -n '/^## Use it/,/^## /s/^    //p' "$top_srcdir/README.md" |
    sed -e "s|^cd |cd $top_srcdir/|" -e "s|\$PWD/build/plugins|$PLUGINS|" \
        -e "s|\$PWD/build:|$TEST_DIR/bin:|" >"$TEST_DIR/lines"
[ "$(grep -c '^mighost' "$TEST_DIR/lines")" -ge 4 ] || { echo "README.md has lost its lines"; exit 1; }

while read -r line; do
    echo "\$ $line"
    status=0
    case $line in
    cd\ * | export\ *) eval "$line" ;;
    *) eval "$line" </dev/null || status=$? ;;
    esac
    case $line,$status in *,0 | *run*,20) ;; *) echo "FAILED: exit $status"; exit 1 ;; esac
    case $line in *--run*)
        fingerprint_db school >"$TEST_DIR/after"
        ! cmp -s "$TEST_DIR/before" "$TEST_DIR/after" || { echo "FAILED: nothing was written"; exit 1; } ;;
    esac
done <"$TEST_DIR/lines"
fingerprint_db school | diff "$TEST_DIR/before" -
