# man.awk - a manual page out of a page of docs/: what is written there stands nowhere else. Takes
# the Markdown that the pages use: headings, paragraphs, lists, tables, blocks of code, `code`,
# *words*, [links](...). Usage: awk -v title=NAME -v section=5 -v about=TEXT -f docs/man.awk PAGE
function plain(s)
{
    gsub(/\\/, "\001", s)
    gsub(/\001/, "\\e", s)
    return s
}

# Between backquotes is bold, between asterisks italic; a link is its words.
function inline(s,    out, piece, n, i, parts)
{
    while (match(s, /\[[^]]*\]\([^)]*\)/)) {
        piece = substr(s, RSTART + 1, RLENGTH - 1)
        sub(/\]\(.*/, "", piece)
        s = substr(s, 1, RSTART - 1) piece substr(s, RSTART + RLENGTH)
    }
    s = plain(s)
    n = split(s, parts, "`")
    for (i = 1; i <= n; i++) {
        if (i % 2 == 0) {
            gsub(/-/, "\\-", parts[i])
            out = out "\\fB" parts[i] "\\fR"
        } else {
            gsub(/\*\*/, "", parts[i])
            while (match(parts[i], /(^|[ (])\*[^* ][^*]*\*/)) {
                piece = substr(parts[i], RSTART, RLENGTH)
                sub(/\*/, "\\fI", piece)
                sub(/\*$/, "\\fR", piece)
                parts[i] = substr(parts[i], 1, RSTART - 1) piece substr(parts[i], RSTART + RLENGTH)
            }
            out = out parts[i]
        }
    }
    if (out ~ /^['.]/)
        out = "\\&" out
    return out
}

function flush_text()
{
    if (text != "")
        print inline(text)
    text = ""
}

function end_block()
{
    flush_text()
    if (in_list)
        print ".RE"
    in_list = in_table = 0
}

# | a | b | into cells[1..]; a bar behind a backslash is none.
function split_row(row, cells,    n)
{
    gsub(/\\\|/, "\001", row)
    sub(/^\| */, "", row)
    sub(/ *\|[ \t]*$/, "", row)
    n = split(row, cells, / *\| */)
    for (i = 1; i <= n; i++)
        gsub(/\001/, "|", cells[i])
    return n
}

BEGIN {
    print ".\\\" " title "." section " - made by docs/man.awk; change the page in docs/ instead."
    print ".TH " toupper(title) " " section " \"\" \"mighost\""
    print ".SH NAME"
    print title " \\- " about
    print ".SH DESCRIPTION"
}

/^```/ {
    if (in_code)
        print ".EE\n.RE"
    else {
        end_block()
        print ".PP\n.RS 4\n.EX"
    }
    in_code = !in_code
    next
}
in_code {
    line = plain($0)
    gsub(/-/, "\\-", line)
    print (line ~ /^['.]/ ? "\\&" : "") line
    next
}
# Code by its indent, which goes on as long as the indent does.
/^    / && (in_indent || (!in_list && text == "")) {
    if (!in_indent)
        end_block()
    print (in_indent ? "" : ".PP\n.RS 4\n.EX\n") (plain(substr($0, 5)))
    in_indent = 1
    next
}
in_indent {
    print ".EE\n.RE"
    in_indent = 0
}
/^# / { next }
/^## / {
    end_block()
    heading = substr($0, 4)
    gsub(/`/, "", heading)
    print ".SH " toupper(plain(heading))
    next
}
/^###+ / {
    end_block()
    heading = $0
    sub(/^#+ /, "", heading)
    gsub(/`/, "", heading)
    print ".SS " plain(heading)
    next
}
# A row is an entry: the first cell, what the middle ones say, and the last as its text.
/^\|/ {
    n = split_row($0, cells)
    if (!in_table) {
        end_block()
        for (i = 1; i <= n; i++)
            names[i] = cells[i]
        in_table = 1
        next
    }
    if ($0 ~ /^\|[ :|-]*$/)
        next
    print ".TP\n" inline(cells[1])
    about_it = ""
    for (i = 2; i < n; i++)
        if (cells[i] != "")
            about_it = about_it (about_it == "" ? "" : "; ") tolower(names[i]) " " cells[i]
    if (about_it != "")
        print inline(about_it) ".\n.br"
    print inline(cells[n] == "" ? "-" : cells[n])
    next
}
/^[-*] |^[0-9]+\. / {
    flush_text()
    if (!in_list)
        print ".RS 2"
    in_list = 1
    in_table = 0
    mark = $0 ~ /^[0-9]/ ? $1 : "\\(bu"
    line = $0
    sub(/^([-*]|[0-9]+\.) +/, "", line)
    print ".IP " mark " 3"
    text = line
    next
}
/^[ \t]*$/ {
    flush_text()
    blank = 1
    next
}
{
    if (text == "" && !(in_list && /^ /)) {
        end_block()
        print ".PP"
    }
    line = $0
    sub(/^ +/, "", line)
    text = text (text == "" ? "" : " ") line
}
END {
    end_block()
    print ".SH \"SEE ALSO\"\n.BR mighost (1),\n" (section == 5 ? ".BR mighost\\-plugin (7)" : ".BR mighost\\-project (5)")
}
