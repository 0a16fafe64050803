# run-circles.sh - no circle between files: what a file calls never calls back into it, by whatever
# way round. Looks at the objects that were built, so that a call counts and not an include.
set -eu
: "${NM:=nm}"
command -v "${NM%% *}" >/dev/null || {
    echo "skipped: no nm"
    exit 77
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bad=0

# Lines "CALLER CALLEE" of the objects in a folder; libtool may have made two of each. One nm for
# all of them: started for each it takes most of the time of this test.
calls() # FOLDER
{
    find "$1" -maxdepth 2 -name '*.o' ! -path "$1/[!.]*/*" -exec $NM -A -P -g {} + | awk '{
        name = $1
        sub(/:$/, "", name); sub(/.*\//, "", name); sub(/\.o$/, "", name); sub(/.*-/, "", name)
        if ($3 == "U") { uses[name " " $2] = 1 } else if (!($2 in home)) { home[$2] = name }
    } END {
        for (u in uses) { split(u, p, " ")
            if ((p[2] in home) && home[p[2]] != p[1]) print p[1], home[p[2]] }
    }' | sort -u
}

for folder in "$top_builddir/core" "$top_builddir"/plugins/*/; do
    calls "${folder%/}" >"$scratch/calls"
    tsort "$scratch/calls" >/dev/null 2>"$scratch/circle" && continue
    echo "${folder#"$top_builddir/"}: circle of $(sed -n 's/^tsort: //p' "$scratch/circle" |
        grep -v 'input contains a loop' | tr '\n' ' ')"
    bad=1
done

# Where nothing was found at all, nothing was looked at.
[ "$(calls "$top_builddir/core" | wc -l)" -gt 100 ] || {
    echo "core: hardly a call among the objects: this test looks in the wrong place"
    bad=1
}
exit "$bad"
