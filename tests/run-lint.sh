# run-lint.sh - the house rules hold; "make lint" runs the same.
exec sh "$top_srcdir/tests/fixtures/lint.sh" "$top_srcdir"
