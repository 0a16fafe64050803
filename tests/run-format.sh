# run-format.sh - every C file is as clang-format writes it; "make format" puts that right.
set -eu
: "${CLANG_FORMAT:=clang-format}"
command -v "$CLANG_FORMAT" >/dev/null || {
    echo "skipped: no clang-format"
    exit 77
}
cd "$top_srcdir"
find core include plugins share tests \( -name '*.[ch]' -o -name '*.cc' \) ! -path '*/abi/v[0-9]*' \
    -exec "$CLANG_FORMAT" --dry-run -Werror {} + 2>&1
