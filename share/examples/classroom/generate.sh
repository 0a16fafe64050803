#!/bin/sh
# generate.sh - prints a document like mock.json with N records, a known share of them dirty.
# usage: generate.sh N > document.json    (N: 1000 to 1000000)
# The same N gives the same bytes, on every machine. Of N records a twentieth are classes, a
# tenth tests, the rest students. Every 50th student, every 40th class and every 60th test has a
# fault; the kinds take turns. Few classes list faulty students (some of every 25th), so that most
# class lists stay whole.
set -eu

usage() {
    sed -n '3s/^# //p' "$0" >&2
    exit 2
}
[ $# -eq 1 ] || usage
case $1 in
'' | *[!0-9]* | ????????*) usage ;;
esac
[ "$1" -ge 1000 ] && [ "$1" -le 1000000 ] || usage

# Numbers beyond 2^31 are printed as %.0f: mawk cuts them off in %d.
LC_ALL=C exec awk -v N="$1" '
function put(text) { printf "%s%s", separator, text; separator = ",\n    " }
function open(name) { printf "%s\n  \"%s\": [\n    ", list, name; separator = ""; list = "\n  ]," }

function iso_day(i) {
    return sprintf("%04d-%02d-%02d", 2004 + i % 7, 1 + i % 12, 1 + i % 28)
}
function slash_day(i) {
    return sprintf("%02d/%02d/%04d", 1 + i % 28, 1 + i % 12, 2004 + i % 7)
}
# From 2022-09-01 on, one every seven minutes; in turn as text with a zone and as a number.
function moment(i) {
    if (i % 4 == 3)
        return sprintf("%.0f", 1661990400000 + (i % 100000) * 420000)
    return sprintf("\"%04d-%02d-%02dT%02d:%02d:%02d%s\"", 2020 + i % 5, 1 + i % 12, 1 + i % 28,
                   i % 24, i % 60, i * 7 % 60, i % 4 == 2 ? "+02:00" : (i % 4 ? ".125Z" : "Z"))
}

function student(i,    id, first, last, email, birth, status, contact, dirt) {
    id = i
    first = firsts[i % n_firsts + 1]
    last = lasts[int(i / n_firsts) % n_lasts + 1]
    email = "student." i "@example.org"
    birth = i % 3 ? iso_day(i) : slash_day(i)
    status = i % 10 == 9 ? "P" : (i % 10 == 8 ? "L" : "A")
    dirt = i % 50 ? 0 : 1 + i / 50 % 6
    if (dirt == 1)
        email = "student." i ".example.org"
    else if (dirt == 2)
        birth = "31/02/2008"
    else if (dirt == 3)
        last = "von und zu der mit dem sehr langen Namen aus dem Hause zu Beispielsdorf"
    else if (dirt == 4)
        status = "Z"
    else if (dirt == 5)
        id = i - 1
    else if (dirt == 6)
        email = "STUDENT." (i - 1) "@Example.org"
    contact = "null"
    if (i % 3 == 1)
        contact = "{\"phone\": \"+49 30 " i "\"}"
    else if (i % 3 == 2)
        contact = "{\"phone\": \"+46 8 " i "\", \"guardian\": {\"name\": \"" \
                  firsts[(i + 3) % n_firsts + 1] " " last "\"}}"
    put("{\"id\": \"s-" id "\", \"firstName\": \"" first "\", \"lastName\": \"" last \
        "\", \"email\": \"" email "\", \"birthDate\": \"" birth "\", \"joinedAt\": " moment(i) \
        ", \"status\": \"" status "\", \"tags\": [" tags[i % n_tags + 1] "], \"contact\": " \
        contact ", \"avatarUrl\": \"/img/s-" i ".png\"}")
}

# The students of a class follow those of the class before it.
function roster(c,    k, s, text, mark) {
    for (k = 0; k < 17; k++) {
        s = (c * 17 + k) % students + 1
        if (s % 50 == 0 && c % 25 != 1)
            continue
        text = text mark "\"s-" s "\""
        mark = ", "
    }
    return text
}

function class(c,    capacity, fee, day, end, extra, dirt) {
    capacity = 17 + c % 14
    fee = c % 90 "." c % 10 "5"
    day = days[c % 7 + 1]
    end = "10:30"
    dirt = c % 40 ? 0 : 1 + c / 40 % 5
    if (dirt == 1)
        capacity = -capacity
    else if (dirt == 2)
        fee = c % 90 ".125"
    else if (dirt == 3)
        end = "08:00"
    else if (dirt == 4)
        day = "Someday"
    else if (dirt == 5)
        extra = ", \"s-unknown\""
    put("{\"id\": \"c-" c "\", \"name\": \"Class " c "\", \"capacity\": " capacity ", \"fee\": " \
        fee ", \"startDate\": \"" (c % 2 ? iso_day(c) : slash_day(c)) \
        "\", \"color\": \"#3366cc\", \"schedule\": [{\"day\": \"" day \
        "\", \"start\": \"09:00\", \"end\": \"" end "\", \"room\": \"R" c % 100 \
        "\"}, {\"day\": \"" days[c % 7 + 1] "\", \"start\": \"14:00\", \"end\": \"15:30\", " \
        "\"room\": null}], \"studentIds\": [" roster(c) extra "]}")
}

function test(t,    of, date, points, dirt) {
    of = t % classes + 1
    date = moment(t)
    points = t % 100 + 1 "." t % 10
    dirt = t % 60 ? 0 : 1 + t / 60 % 3
    if (dirt == 1)
        of = "unknown"
    else if (dirt == 2)
        date = "\"2024-13-01T10:00:00Z\""
    else if (dirt == 3)
        points = "-1"
    put("{\"id\": \"t-" t "\", \"classId\": \"c-" of "\", \"title\": \"Test " t \
        "\", \"date\": " date ", \"maxPoints\": " points ", \"weights\": " \
        (t % 3 ? "{\"written\": 0.5, \"oral\": 0.5}" : "null") ", \"topics\": [\"topic " t % 20 \
        "\"]}")
}

BEGIN {
    n_firsts = split("Amina Bruno Chiara Daichi Eva Farid Grete Hana Ivan Jana Kofi Zoë", firsts)
    n_lasts = split("Okafor Lindqvist Mori Novak Haddad Müller Sato Petrov Nair Marín", lasts)
    split("Mon tuesday WED thu Friday Sat sun", days)
    n_tags = split("|\"chess\"|\"choir\", \"track\"|\"say \\\"hi\\\"\"|\"a, b\"", tags, "|")
    classes = int(N / 20)
    tests = int(N / 10)
    students = N - classes - tests
    printf "{"
    open("students")
    for (i = 1; i <= students; i++)
        student(i)
    open("classes")
    for (i = 1; i <= classes; i++)
        class(i)
    open("tests")
    for (i = 1; i <= tests; i++)
        test(i)
    printf "\n  ]\n}\n"
}'
