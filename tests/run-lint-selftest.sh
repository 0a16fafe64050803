# run-lint-selftest.sh - each rule of lint.sh finds the fault it is for: a small clean tree is
# made, then broken in one way at a time.
set -eu
lint=$top_srcdir/tests/fixtures/lint.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree" "$tree.good" "$tree.clean"' EXIT
failed=0

put() # FILE TEXT
{
    file=$tree/$1
    mkdir -p "${file%/*}"
    printf '%s\n' "$2" >"$tree/$1"
}

clean_tree()
{
    put core/log.h '/* log.h - lines. */'
    put core/log.c '/* log.c - lines. */
#include "log.h"
#include <stdio.h>
void log_line(void)
{
    fputs("exit(1) and strcpy() in a text\n", stderr); /* sprintf() in a comment */
}'
    put core/plan.c '/* plan.c - order. */
#include "plan.h"
#include "plangraph.h"'
    put core/plan.h '/* plan.h - order. */'
    put core/plangraph.c '/* plangraph.c - of plan.c. */
#include "plan.h"'
    put core/plangraph.h '/* plangraph.h - of plan.c. */'
    put core/pg.c '/* pg.c - the server. */
#include <libpq-fe.h>
#include "plan.h"'
    put core/Makefile.inc 'core/log.c core/log.h core/plan.c core/plan.h core/pg.c
core/plangraph.c core/plangraph.h'
    mkdir -p "$tree/tests"
    put include/mighost/plugin.h '/* plugin.h */'
    put plugins/common/buf.h '/* buf.h */'
    put plugins/source-x/x.c '/* x.c - a source. */
#include <mighost/plugin.h>
#include <libpq-fe.h>
#include "../common/buf.h"
#include "x.h"'
    put plugins/source-x/x.h '/* x.h */'
    put plugins/source-x/README.md 'x'
    put plugins/source-x/Makefile.inc 'plugins/source-x/x.c plugins/source-x/x.h
plugins/common/buf.h plugins/source-x/README.md'
    put share/examples/zoo/target.sql 'CREATE TABLE park.elephants (
    id int,
    trunk_length int
);'
    put share/Makefile.inc 'share/examples/zoo/target.sql'
    put plugins/migrator-zoo/zoo.c '/* zoo.c - elephants and their trunk_length. */'
    put plugins/migrator-zoo/README.md 'x'
    put plugins/migrator-zoo/Makefile.inc 'plugins/migrator-zoo/zoo.c
plugins/migrator-zoo/README.md'
    put docs/hacking.md '`core/` `include/` `plugins/` `share/` `share/examples/` `docs/`
`tests/`'
    put docs/Makefile.inc 'docs/hacking.md'
    put Makefile.am 'include/mighost/plugin.h'
}

lint_says() # TEXT
{
    sh "$lint" "$tree" >"$tree.good" 2>&1 && status=0 || status=$?
    grep -qF -e "$1" "$tree.good" && [ "$status" -eq 1 ]
}

# Breaks the tree by adding a line to a file, expects the fault, mends it.
finds() # FAULT FILE LINE
{
    file=$tree/$2
    mkdir -p "${file%/*}"
    printf '%s\n' "$3" >>"$tree/$2"
    lint_says "$1" || {
        echo "not found in $2: $1; lint said:"
        cat "$tree.good"
        failed=1
    }
    rm -rf "${tree:?}"/*
    cp -R "$tree.clean"/. "$tree"
}

clean_tree
cp -R "$tree" "$tree.clean"
sh "$lint" "$tree" || { echo "the clean tree is not clean"; exit 1; }

body=$(yes '    x();' | head -n 61)
finds 'core/log.c: layer 2 includes "pg.h" of layer 4' core/log.c '#include "pg.h"'
finds 'core/plan.h: layer 3 includes "main.h" of layer 6' core/plan.h '#include "main.h"'
finds 'core/new.c: has no layer' core/new.c '/* new.c */'
put core/str.h '/* str.h */
#include "log.h"'
finds 'core: circle of headers: ' core/log.h '#include "str.h"'
finds 'core/plan.c: includes "../core/log.h": core/ is flat' core/plan.c '#include "../core/log.h"'
finds 'core/plan.c: includes <libpq-fe.h>' core/plan.c '#include <libpq-fe.h>'
finds 'core/pg.c: includes <dlfcn.h>' core/pg.c '#include <dlfcn.h>'
finds 'core/pg.c: includes <ltdl.h>' core/pg.c ' # include <ltdl.h>'
finds 'core/pg.c: includes <openssl/evp.h>' core/pg.c '#include <openssl/evp.h>'
finds 'core/pg.c: includes <jansson.h>' core/pg.c '#include <jansson.h>'
finds 'core/pg.c: includes <mighost/more.h>' core/pg.c '#include <mighost/more.h>'
finds 'core/plan.c: includes <time.h>: files of layer 3 are pure' core/plan.c '#include <time.h>'
finds 'plugins/source-x/x.c: includes "log.h"' plugins/source-x/x.c '#include "log.h"'
finds 'plugins/source-x/x.c: includes "../../core/log.h"' plugins/source-x/x.c \
    '#include "../../core/log.h"'
finds 'plugins/source-x/x.c: includes "../migrator-zoo/zoo.c"' plugins/source-x/x.c \
    '#include "../migrator-zoo/zoo.c"'
finds 'plugins/source-x/x.c: includes <mighost/more.h>' plugins/source-x/x.c \
    '#include <mighost/more.h>'
for call in strcpy strcat sprintf vsprintf atoi atol strtok gets; do
    finds 'core/plan.c:4: banned call' core/plan.c "void f(void) { $call(a); }"
    finds 'plugins/source-x/x.c:6: banned call' plugins/source-x/x.c "int i = $call (a);"
done
finds 'core/plan.c:4: exit outside' core/plan.c 'void f(void) { exit(1); }'
finds 'core/plan.c:4: stderr outside' core/plan.c 'void f(void) { fprintf(stderr, "x"); }'
finds 'plugins/source-x/x.c:6: stderr outside' plugins/source-x/x.c 'void f(void) { perror("x"); }'
finds 'core/plan.c: has 604 lines' core/plan.c "$(yes '' | head -n 600; echo '//')"
finds 'core/plan.c:5: function of more than 60 lines: 61' core/plan.c "void f(void)
{
$body
}"
finds 'core/plan.c:4: unfinished work' core/plan.c "/* TOD""O */"
finds 'core/plan.c:4: unfinished work' core/plan.c "/* FIX""ME */"
finds 'core/plan.c:4: longer than 100' core/plan.c "// $(printf '%099d' 0)"
finds 'share/run.sh:1: longer than 120' share/run.sh "# $(printf '%0119d' 0)"
finds 'core/plan.c:4: blanks at the end' core/plan.c 'int x; '
rm "$tree/core/plan.c"
finds 'core/plan.c: does not open with' core/plan.c '#include "plan.h"'
finds 'core/plan.c:4: names "elephants" of share/examples/zoo' core/plan.c '/* an elephants */'
finds 'plugins/source-x/x.c:6: names "trunk_length"' plugins/source-x/x.c 'int trunk_length;'
finds 'core/plan.c:4: names "zoo"' core/plan.c 'int x; /* zoo */'
put share/examples/zoo/target.sql 'CREATE TABLE tests (
    id int
);'
finds 'core/plan.c:4: names "tests"' core/plan.c 'const char *tests = "tests";'
finds 'core/str.c: is in no Makefile.inc' core/str.c '/* str.c */'
finds 'docs/new.md: is in no Makefile.inc' docs/new.md 'x'
finds 'lib: is a folder that docs/hacking.md does not name' lib/x 'x'
finds 'tests/new: is a folder that' tests/new/x 'x'
rm "$tree/plugins/source-x/README.md"
finds 'plugins/source-x: a plugin has a README.md' Makefile.am ''

exit "$failed"
