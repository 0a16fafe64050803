# docs.sh - what the manuals say is so: their command lines run, in a copy of the tree; options,
# files, make targets and error messages that they name are there. The lines of README.md under
# "Use it" are run by readme.sh.
. "$top_srcdir/tests/fixtures/pgtmp.sh"

# A line of a block ```sh, with the lines of its << document, must end with 0, or with what its comment
# says: "# ends with 20". One file each.
docs_lines() # FILE DIRECTORY
{
    rm -rf "$2"
    mkdir "$2"
    awk -v dir="$2" '
        /^ *```sh$/ { on = 1; next }
        /^ *```$/ { on = 0 }
        !on || (!here && !/[^ ]/) { next }
        !here { sub(/^ */, ""); file = sprintf("%s/%03d", dir, ++n) }
        { print >file }
        here && /^END$/ { here = 0; close(file) }
        /<<.END.$/ { here = 1 }' "$1"
}

fail()
{
    echo "FAIL: $1"
    exit 1
}

tree=$TEST_DIR/tree
mkdir -p "$tree/build" "$tree/share"
cp -R "$top_srcdir/docs" "$top_srcdir/README.md" "$tree"
cp -R "$top_srcdir/share/examples" "$tree/share"
cp "$top_srcdir/share/project.schema.json" "$tree/share"
chmod -R u+w "$tree"
cp -R "$PLUGINS" "$tree/build/plugins"
ln -s "$MIGHOST" "$tree/build/mighost"
ln -s "$top_builddir/share" "$tree/build/share"
classroom=$tree/share/examples/classroom
ln -s ../../../build/plugins "$classroom/plugins"

# DATABASE is the target, made from the example's schema; each document has one of its own.
run_document() # FILE DIRECTORY DATABASE
{
    echo "--- $1"
    pg_createdb "$3" "$classroom/target.sql"
    docs_lines "$tree/$1" "$TEST_DIR/commands"
    [ "$(ls "$TEST_DIR/commands" | wc -l)" -ge 4 ] || fail "$1 has lost its command lines"
    DATABASE_URL=$(pg_url "$3")
    export DATABASE_URL
    cd "$2"
    for command in "$TEST_DIR/commands"/*; do
        line=$(cat "$command")
        due=$(expr "$line" : '.*# ends with \([0-9]*\)' || :)
        status=0
        eval "$line" >"$TEST_DIR/out" 2>&1 </dev/null || status=$?
        [ "$status" -eq "${due:-0}" ] || {
            cat "$TEST_DIR/out"
            fail "$1: \"$line\" ends with $status, not ${due:-0}"
        }
    done
    unset DATABASE_URL
    cd "$tree"
}

unset MAKEFLAGS MFLAGS MAKELEVEL
own_mighost=$MIGHOST
at_exit "[ ! -f '$HOME/members/project.json' ] || '$MIGHOST' --project '$HOME/members' --stop-server >/dev/null 2>&1"
run_document docs/tutorial.md "$tree" tutorial
MIGHOST=$own_mighost
unset PKG_CONFIG_PATH
ln -s "$tree/build" "$TEST_DIR/bin"
PATH=$TEST_DIR/bin:$PATH
MIGHOST_PLUGIN_PATH=$tree/build/plugins
export MIGHOST_PLUGIN_PATH
run_document docs/operations.md "$classroom" operations
is_left=$(psql_t operations -c "SELECT count(*) FROM school.students")
[ "$is_left" -gt 0 ] || fail "the night of docs/operations.md leaves no rows"

# Its examples: plain lines, so that 20 is as good as 0 for a run.
echo "--- docs/mighost.1"
pg_createdb page "$classroom/target.sql"
cd "$classroom"
sed -n '/^\.SH EXAMPLES/,/^\.SH "SEE/p' "$tree/docs/mighost.1" | sed -n '/^\.nf/,/^\.fi/p' |
    sed -e '/^\./d' -e 's/\\-/-/g' -e "s|^export DATABASE_URL=.*|export DATABASE_URL='$(pg_url page)'|" \
        -e 's|/srv/school|.|' >"$TEST_DIR/lines"
[ "$(wc -l <"$TEST_DIR/lines")" -ge 7 ] || fail "docs/mighost.1 has lost its examples"
while read -r line; do
    status=0
    eval "$line" >"$TEST_DIR/out" 2>&1 </dev/null || status=$?
    case $line,$status in
    *,0 | *-run*,20) ;;
    *)
        cat "$TEST_DIR/out"
        fail "docs/mighost.1: \"$line\" ends with $status"
        ;;
    esac
done <"$TEST_DIR/lines"
unset DATABASE_URL MIGHOST_PLUGIN_PATH
cd "$tree"

echo "--- options"
"$MIGHOST" --help >"$TEST_DIR/help"
sed -n 's/^ *\(--[a-z-]*\).*/\1/p' "$TEST_DIR/help" | sort >"$TEST_DIR/options"
page=$top_srcdir/docs/mighost.1
sed -n -e 's/\\-/-/g' -e '/^\.TP/{n' -e 's/\\-/-/g' -e 's/^\.B[IR]* \(--[a-z-]*\).*/\1/p' -e '}' "$page" |
    sort >"$TEST_DIR/page"
diff "$TEST_DIR/options" "$TEST_DIR/page" || fail "mighost --help (<) and docs/mighost.1 (>) differ"
# Groups, order and arguments too: the table of core/cli.c says them once.
sed -n -e 's/^\([A-Z][A-Za-z ]*\)$/\1/p' -e 's/^  \(--[a-z-]* *\[*[A-Z][A-Z:]*\]*\)  .*/\1/p' \
    -e 's/^  \(--[a-z-]*\)  .*/\1/p' -e 's/^  \(--[a-z-]* [A-Z][A-Z:]*\) [a-z].*/\1/p' "$TEST_DIR/help" |
    sed 's/^Other actions$/Other/' >"$TEST_DIR/table"
sed -n -e '/^\.SH "EXIT/q' -e 's/^\.SS //p' -e '/^\.TP/{n' -e 's/\\-/-/g' \
    -e 's/^\.B[IR]* \(--.*\)/\1/p' -e '}' "$page" |
    tr -d '"' | sed -e 's/  */ /g' -e 's/\\f[IR]//g' >"$TEST_DIR/page"
diff "$TEST_DIR/table" "$TEST_DIR/page" || fail "order, groups or arguments differ from docs/mighost.1 (>)"
{
    cat "$TEST_DIR/options"
    "$top_srcdir/configure" --help 2>/dev/null | grep -o -e '--[a-z-]*' || :
    sh "$top_srcdir/autogen.sh" --help | grep -o -e '--[a-z-]*'
    sed -n 's/^ *\(--[a-z-]*\)).*/\1/p' "$top_srcdir"/tests/bench/*.sh
    printf '%s\n' --cflags --variable
} | sort -u >"$TEST_DIR/known"
for document in README.md docs/*.md; do
    sed 's/\]([^)]*)//g' "$document" | grep -o -e '--[a-z][a-z-]*[a-z]' | sort -u |
        comm -23 - "$TEST_DIR/known" >"$TEST_DIR/unknown"
    [ ! -s "$TEST_DIR/unknown" ] || fail "$document: no such option: $(cat "$TEST_DIR/unknown")"
done

echo "--- manual pages"
for page_of in mighost.1:"$top_srcdir" mighost-project.5:"$top_builddir" mighost-plugin.7:"$top_builddir"; do
    file=${page_of#*:}/docs/${page_of%%:*}
    [ -s "$file" ] || fail "there is no $file"
    if command -v man >/dev/null; then
        LC_ALL=C.UTF-8 MANWIDTH=80 MANROFFSEQ='' man --warnings -l "$file" 2>&1 >"$TEST_DIR/shown" |
            grep -v "can't break line\|cannot break line\|cannot adjust line" >"$TEST_DIR/warnings" || :
        [ ! -s "$TEST_DIR/warnings" ] || fail "$file: $(cat "$TEST_DIR/warnings")"
        [ "$(wc -l <"$TEST_DIR/shown")" -gt 200 ] || fail "$file is nearly empty"
    fi
    if command -v mandoc >/dev/null; then
        mandoc -Tlint -W error "$file" >"$TEST_DIR/warnings" || fail "$file: $(cat "$TEST_DIR/warnings")"
    fi
done
sed -n 's/^| `\([a-z_$]*\)` |.*/\1/p' docs/project.md | sort -u >"$TEST_DIR/keys"
sed -n '/^\.TP/{n;s/^\\fB\([a-z_$]*\)\\fR$/\1/p;}' "$top_builddir/docs/mighost-project.5" |
    sort -u >"$TEST_DIR/page"
[ "$(wc -l <"$TEST_DIR/keys")" -gt 60 ] || fail "docs/project.md has lost its keys"
missing=$(comm -23 "$TEST_DIR/keys" "$TEST_DIR/page")
[ -z "$missing" ] || fail "mighost-project(5) lacks $missing"

echo "--- exit codes"
sed -n 's/^ *STATUS_[A-Z]* = \([0-9]*\).*/\1/p' "$top_srcdir/core/status.h" | sort >"$TEST_DIR/codes"
sed -n '/^\.SH "EXIT STATUS"/,/^\.SH FILES/s/^\.B[R]* \([0-9][0-9", ]*\).*/\1/p' "$page" |
    tr -cs '0-9' '\n' | grep . | sort >"$TEST_DIR/page"
diff "$TEST_DIR/codes" "$TEST_DIR/page" || fail "core/status.h (<) and docs/mighost.1 (>) differ"

echo "--- tables of schema mighost"
psql_t page -c "SELECT relname FROM pg_class WHERE relnamespace = 'mighost'::regnamespace AND
    relkind = 'r' AND relname !~ '_[0-9]+_[0-9]+$'" | sort >"$TEST_DIR/tables"
sed -n '/^## Schema/,/^With run/s/^| `\([a-z_]*\)` .*/\1/p' "$top_srcdir/docs/how-it-works.md" |
    sort >"$TEST_DIR/page"
diff "$TEST_DIR/tables" "$TEST_DIR/page" ||
    fail "schema mighost (<) and docs/how-it-works.md (>) differ"

echo "--- files"
for document in README.md NEWS SECURITY.md CONTRIBUTING.md docs/*.md docs/mighost.1; do
    [ -f "$top_srcdir/$document" ] || fail "there is no $document"
    folder=$(dirname "$document")
    {
        grep -o '](\([^)#:]*\)[#)]' "$top_srcdir/$document" | sed "s|^](\(.*\).$|$folder/\1|"
        grep -o '`[^`]*`' "$top_srcdir/$document" | tr -d '`' |
            grep -E '^(core|docs|include|plugins|share|tests|\.ci)/[A-Za-z0-9_./-]+$'
    } >"$TEST_DIR/named" || :
    while read -r name; do
        [ -e "$top_srcdir/$name" ] || fail "$document names $name, which is not there"
    done <"$TEST_DIR/named"
done

echo "--- make targets"
for document in README.md docs/hacking.md CONTRIBUTING.md; do
    grep -o 'make [a-z][a-z-]*' "$top_srcdir/$document" | sort -u | while read -r make target; do
        case $target in automake | it | sure) continue ;; esac
        grep -q "^$target:" "$top_builddir/Makefile" || fail "$document: no target \"$make $target\""
    done
done

# Each piece of a message of docs/troubleshooting.md between its "…" must stand in the source.
echo "--- messages"
find "$top_srcdir/core" "$top_srcdir/plugins" -name '*.c' -exec cat {} + |
    awk '{ printf "%s ", $0 }' | sed -e 's/" *\(PRI[a-zA-Z0-9]* *\)*"//g' -e 's/\\"/"/g' >"$TEST_DIR/source"
sed -n 's/^| \(.*`\)[^`|]* | [0-9, ]* | .*/\1/p' "$top_srcdir/docs/troubleshooting.md" |
    grep -o '`[^`]*`' | tr -d '`' >"$TEST_DIR/messages"
[ "$(wc -l <"$TEST_DIR/messages")" -ge 100 ] || fail "docs/troubleshooting.md has lost its messages"
awk -v source="$TEST_DIR/source" '
    BEGIN { while ((getline line <source) > 0) all = all line }
    {
        text = $0
        sub(/^env file/, "", text)
        n = split(text, pieces, "…")
        for (i = 1; i <= n; i++) {
            sub(/^[ :,."()]+/, "", pieces[i])
            sub(/[ :,."()]+$/, "", pieces[i])
            if (length(pieces[i]) > 1 && !index(all, pieces[i]))
                print "no message has \"" pieces[i] "\": " $0
        }
    }' "$TEST_DIR/messages" >"$TEST_DIR/unknown"
[ ! -s "$TEST_DIR/unknown" ] || fail "$(cat "$TEST_DIR/unknown")"

echo "--- guarantees"
sed -n 's/^| .* | \(`tests\/.*`\) |$/\1/p' "$top_srcdir/docs/guarantees.md" | grep -o '`[^`]*`' | tr -d '`' |
    sort -u >"$TEST_DIR/named"
[ "$(wc -l <"$TEST_DIR/named")" -ge 30 ] || fail "docs/guarantees.md has lost its tests"
while read -r name; do
    [ -f "$top_srcdir/$name" ] || fail "docs/guarantees.md names $name, which is not there"
    grep -q "$(echo "${name%.c}" | sed 's/\./\\./g')" "$top_srcdir"/tests/*/Makefile.inc ||
        fail "docs/guarantees.md names $name, which nobody runs"
done <"$TEST_DIR/named"
! sed -n '/^| guarantee/,$p' "$top_srcdir/docs/guarantees.md" | grep '^| [A-Za-z0-9`]' | grep -v '^| guarantee' |
    grep -v '`tests/[^`]*` |$' || fail "a guarantee without a test"
