/*
 * test_csvscan.c - the state machine of the source "csv".
 *
 * Each text is scanned whole and cut in two at every byte: a stream must give what the whole gives.
 * Records are written down as "[a][b]"; q: has quotes, !: a quote stands where none may be.
 */
#include <stdlib.h>

#include "source-csv/scan.h"
#include "unit.h"

static char said[1024];

static void say_record(const struct scan *s, const char *record)
{
    char text[256];
    size_t n = strlen(said);
    for (size_t i = 0; i < s->n_fields && i < s->most; i++) {
        const struct scan_field *f = &s->fields[i];
        size_t len = f->len;
        if (f->doubled)
            len = scan_unquote(s, f, record, text);
        else
            memcpy(text, record + f->from, len);
        n += (size_t)snprintf(said + n, sizeof said - n, "[%s%.*s]", f->quoted ? "q" : "", (int)len,
                              text);
    }
    snprintf(said + n, sizeof said - n, "%s%s\n", s->bad_quote ? "!" : "",
             s->n_fields > s->most ? "+" : "");
}

/* Feeds `cut` bytes of what is left, then all of it. */
static enum scan_result next_record(struct scan *s, const char *text, size_t len, size_t cut)
{
    enum scan_result result = SCAN_MORE;
    scan_begin(s, 4);
    if (cut < len)
        result = scan_feed(s, text, cut, 0);
    return result == SCAN_MORE ? scan_feed(s, text, len, 1) : result;
}

/* `cut` is a place in the whole text. */
static enum scan_result scan_all(struct scan *s, const char *text, size_t len, size_t cut)
{
    size_t at = 0;
    enum scan_result result;
    *said = '\0';
    while ((result = next_record(s, text + at, len - at, cut > at ? cut - at : 0)) == SCAN_ENDED) {
        say_record(s, text + at);
        at += s->at;
    }
    if (result == SCAN_OPEN)
        snprintf(said + strlen(said), sizeof said - strlen(said), "open\n");
    return result;
}

static const struct {
    const char *text, *records;
} texts[] = {
    {"a,b\nc,d\n", "[a][b]\n[c][d]\n"},
    {"a,b\r\nc,d", "[a][b]\n[c][d]\n"},
    {"a,b\rc,d\r", "[a][b]\n[c][d]\n"},
    {"a,b\n\r\n\rc\r\n", "[a][b]\n[]\n[]\n[c]\n"},
    {",\n,,\n\n,", "[][]\n[][][]\n[]\n[][]\n"},
    {"\"a\",\"b,c\",\"d\ne\r\nf\"\ng", "[qa][qb,c][qd\ne\r\nf]\n[g]\n"},
    {"\"a\"\"b\",\"\"\"\",\"\",x\r\n", "[qa\"b][q\"][q][x]\n"},
    {"a\"b,c\nd", "[a\"b][c]!\n[d]\n"},
    {"\"a\"b,c\n\"d\" \ne", "[qa][c]!\n[qd]!\n[e]\n"},
    {"\"a\"b\"c,\"d\"", "[qa][qd]!\n"},
    {" \"a\", b \n", "[ \"a\"][ b ]!\n"},
    {"a,b,c,d,e,\"f\"\ng\n", "[a][b][c][d]+\n[g]\n"},
    {"a,\"b\n\nc", "open\n"},
    {"\"", "open\n"},
    {"a\n\"\"\"\n", "[a]\nopen\n"},
    {"", ""},
    {"\n", "[]\n"},
    {"\"a\"", "[qa]\n"},
    {"\"\"", "[q]\n"},
};

static void records_are_the_same_wherever_they_are_cut(void)
{
    struct scan s;
    scan_init(&s, ',', '"');
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t n = strlen(texts[i].text);
        for (size_t cut = 0; cut <= n; cut++) {
            scan_all(&s, texts[i].text, n, cut);
            if (strcmp(said, texts[i].records) != 0)
                printf("\n%s\ngave\n%s", texts[i].text, said);
            CU_ASSERT_STRING_EQUAL(said, texts[i].records);
        }
    }
    scan_clear(&s);
}

static void delimiter_and_quote_can_be_others(void)
{
    struct scan s;
    scan_init(&s, ';', '\'');
    scan_all(&s, "a,b;'c;''d'\n\"x\"", 15, 0);
    CU_ASSERT_STRING_EQUAL(said, "[a,b][qc;'d]\n[\"x\"]\n");
    scan_clear(&s);
    scan_init(&s, '\t', '\0');
    scan_all(&s, "\"a\tb\"\n'", 7, 0);
    CU_ASSERT_STRING_EQUAL(said, "[\"a][b\"]\n[']\n");
    scan_clear(&s);
}

static void lines_are_counted_inside_of_quotes(void)
{
    static const char text[] = "a,\"1\n2\r\n3\r4\n\",\"\r\r\n\n\"\r\nb";
    struct scan s;
    scan_init(&s, ',', '"');
    for (size_t cut = 0; cut < sizeof text; cut++) {
        CU_ASSERT_EQUAL(next_record(&s, text, sizeof text - 1, cut), SCAN_ENDED);
        CU_ASSERT_EQUAL(s.lines, 8);
        CU_ASSERT_EQUAL(s.quote_in, 4);
        CU_ASSERT_EQUAL(s.at, sizeof text - 2);
        CU_ASSERT_EQUAL(s.len, sizeof text - 4);
    }
    scan_clear(&s);
}

static void dropped_record_still_has_its_end_and_fields(void)
{
    static const char text[] = "a,\"bb\nb\"\"\n\",c,d,e,f\ng";
    struct scan s;
    scan_init(&s, ',', '"');
    for (size_t cut = 1; cut < sizeof text - 3; cut++) {
        scan_begin(&s, 4);
        CU_ASSERT_EQUAL(scan_feed(&s, text, cut, 0), SCAN_MORE);
        scan_drop(&s);
        CU_ASSERT_EQUAL(scan_feed(&s, text + cut, sizeof text - 1 - cut, 0), SCAN_ENDED);
        CU_ASSERT_EQUAL(cut + s.at, sizeof text - 2);
        CU_ASSERT_EQUAL(s.n_fields, 6);
        CU_ASSERT_EQUAL(s.lines, 3);
    }
    scan_clear(&s);
}

#define CASE(function) #function, function
static const struct unit_case cases[] = {
    {CASE(records_are_the_same_wherever_they_are_cut)},
    {CASE(delimiter_and_quote_can_be_others)},
    {CASE(lines_are_counted_inside_of_quotes)},
    {CASE(dropped_record_still_has_its_end_and_fields)},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("csvscan", cases, argc, argv);
}
