/*
 * test_bubble.c - the pure parts of the source "bubble": moments, pages, pauses, sets of ids.
 */
#include "source-bubble/ids.h"
#include "source-bubble/moment.h"
#include "source-bubble/pace.h"
#include "source-bubble/page.h"
#include "unit.h"

/* ---- moments ------------------------------------------------------------------------------ */

static int64_t parsed(const char *text)
{
    return moment_parse(text, strlen(text));
}

static void moments_are_read_and_written(void)
{
    static const struct {
        const char *text;
        int64_t ms;
    } known[] = {{"1970-01-01T00:00:00.000Z", 0},
                 {"1969-12-31T23:59:59.999Z", -1},
                 {"2000-02-29T12:00:00.250Z", 951825600250},
                 {"2021-01-01T00:00:00.000Z", 1609459200000},
                 {"2100-02-28T23:59:59.001Z", 4107542399001},
                 {"9999-12-31T23:59:59.999Z", 253402300799999}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[MOMENT_TEXT];
        CU_ASSERT_EQUAL(parsed(known[i].text), known[i].ms);
        moment_format(known[i].ms, text);
        CU_ASSERT_STRING_EQUAL(text, known[i].text);
    }
    CU_ASSERT_EQUAL(parsed("2021-01-01T00:00:00Z"), 1609459200000);
    CU_ASSERT_EQUAL(parsed("2021-01-01T00:00:00.5Z"), 1609459200500);
    CU_ASSERT_EQUAL(parsed("2021-01-01T00:00:00.120000Z"), 1609459200120);
}

static void other_texts_are_no_moments(void)
{
    static const char *const texts[] = {"",
                                        "2021-01-01",
                                        "2021-01-01T00:00:00.000",
                                        "2021-01-01T00:00:00.000+01:00",
                                        "2021-01-01T00:00:00.0001Z",
                                        "2021-01-01T00:00:00.Z",
                                        "2021-13-01T00:00:00.000Z",
                                        "2021-00-01T00:00:00.000Z",
                                        "2021-01-01T24:00:00.000Z",
                                        "2021-01-01T00:00:00.000Zx",
                                        "2021-1-01T00:00:00.000Z"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CU_ASSERT_EQUAL(parsed(texts[i]), MOMENT_NONE);
}

/* ---- pages -------------------------------------------------------------------------------- */

#define THING(id, at)                                                                              \
    "{\"_id\": \"" id "\", \"n\": 1e400, \"Created Date\": \"2021-01-01T00:00:" at "Z\"}"
#define PAGE(things, more) "{\"response\": {\"cursor\": 7, \"results\": [" things "], " more "}}"

static struct page page;

static const struct page_form form = {.list = "response.results",
                                      .cursor = "response.cursor",
                                      .remaining = "response.remaining",
                                      .is_keyed = 1};

static const char *fault_of(const char *body)
{
    return page_parse(&page, &form, body, strlen(body));
}

static void pages_are_cut_into_things(void)
{
    const char *body = PAGE(THING("1x1", "01.000") " , " THING("1x2", "01.000"),
                            "\"count\": 2, \"remaining\": 31");
    CU_ASSERT_PTR_NULL(fault_of(body));
    CU_ASSERT_EQUAL(page.n, 2);
    CU_ASSERT_EQUAL(page.cursor, 7);
    CU_ASSERT_EQUAL(page.remaining, 31);
    CU_ASSERT_EQUAL(page.things[1].made, 1609459201000);
    CU_ASSERT_EQUAL(strncmp(page.things[1].id.data, "1x2", page.things[1].id.len), 0);
    CU_ASSERT_EQUAL(
        strncmp(page.things[0].text.data, THING("1x1", "01.000"), page.things[0].text.len), 0);
    CU_ASSERT_PTR_NULL(fault_of(PAGE(" ", "\"count\": 0")));
    CU_ASSERT_EQUAL(page.n, 0);
    CU_ASSERT_EQUAL(page.remaining, -1);
}

static void every_cut_of_a_page_is_noticed(void)
{
    const char *body = PAGE(THING("1x1", "01.000") "," THING("1x2", "02.000"), "\"remaining\": 3");
    for (size_t n = 0; n < strlen(body); n++)
        CU_ASSERT_PTR_NOT_NULL(page_parse(&page, &form, body, n));
}

static void broken_pages_are_told(void)
{
    static const char *const bodies[] = {
        "[]",
        "{\"response\": {\"results\": {}}}",
        "{\"response\": null}",
        PAGE("", "\"remaining\": -4"),
        PAGE("", "\"remaining\": \"many\""),
        PAGE("", "\"remaining\": 1} , {"),
        PAGE(THING("1x1", "02.000") "," THING("1x2", "01.000"), "\"remaining\": 0"),
        PAGE("{\"Created Date\": \"2021-01-01T00:00:00.000Z\"}", "\"remaining\": 0"),
        PAGE("{\"_id\": \"1x1\"}", "\"remaining\": 0"),
        PAGE("{\"_id\": 5, \"Created Date\": \"2021-01-01T00:00:00.000Z\"}", "\"remaining\": 0"),
        PAGE("17", "\"remaining\": 0"),
        PAGE(THING("1x1", "01.000") ",", "\"remaining\": 0"),
        PAGE("", "\"remaining\": 0") "x]",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        CU_ASSERT_PTR_NOT_NULL(fault_of(bodies[i]));
    page_free(&page);
}

/* ---- pauses ------------------------------------------------------------------------------- */

static void pauses_double_up_to_their_limit(void)
{
    struct pace p;
    pace_begin(&p, 100, 4, 8000, 3);
    for (uint32_t tries = 0; tries < 200; tries++) {
        int64_t most = tries < 4 ? 500 << tries : 8000, ms = pace_wait(&p, tries, -1);
        CU_ASSERT(ms >= most / 2 && ms <= most);
    }
    int64_t asked = pace_wait(&p, 0, 3000), far = pace_wait(&p, 0, 86400000);
    CU_ASSERT(asked >= 3000 && asked <= 3100);
    CU_ASSERT(far >= 8000 && far <= 8100);
}

static void speed_falls_at_once_and_comes_back(void)
{
    struct pace p;
    pace_begin(&p, 100, 8, 8000, 3);
    pace_good(&p);
    pace_throttled(&p, 1000);
    pace_throttled(&p, 1001); /* of the same moment */
    CU_ASSERT_EQUAL(p.parallel, 4);
    CU_ASSERT_EQUAL(p.not_before, 1001);
    unsigned steps = 0;
    while (pace_smaller(&p))
        steps++;
    CU_ASSERT_EQUAL(steps, 6);
    CU_ASSERT_EQUAL(p.page_size, 1);
    for (int i = 0; i < 16 * 8; i++)
        pace_good(&p);
    CU_ASSERT_EQUAL(p.parallel, 8);
    CU_ASSERT_EQUAL(p.page_size, 100);
}

/* ---- ids ---------------------------------------------------------------------------------- */

static void ids_are_known_until_they_are_cleared(void)
{
    struct ids s = {.n = 0};
    char id[32];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5000; i++) {
            int n = snprintf(id, sizeof id, "%dx%d", i % 7, i);
            CU_ASSERT_EQUAL(ids_add(&s, id, (size_t)n), 1);
            CU_ASSERT_EQUAL(ids_add(&s, id, (size_t)n), 0);
        }
        CU_ASSERT_EQUAL(s.n, 5000);
        ids_clear(&s);
    }
    ids_free(&s);
}

static const struct unit_case cases[] = {
    {"moments_are_read_and_written", moments_are_read_and_written},
    {"other_texts_are_no_moments", other_texts_are_no_moments},
    {"pages_are_cut_into_things", pages_are_cut_into_things},
    {"every_cut_of_a_page_is_noticed", every_cut_of_a_page_is_noticed},
    {"broken_pages_are_told", broken_pages_are_told},
    {"pauses_double_up_to_their_limit", pauses_double_up_to_their_limit},
    {"speed_falls_at_once_and_comes_back", speed_falls_at_once_and_comes_back},
    {"ids_are_known_until_they_are_cleared", ids_are_known_until_they_are_cleared},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("bubble", cases, argc, argv);
}
