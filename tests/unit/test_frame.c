/* test_frame.c - the screen of a run at all sizes: never wider, never higher, and says what counts.
 */
#include "unit.h"

#include "frame.h"

static const char *const steps[] = {"plan",    "load",   "check", "backup",
                                    "publish", "verify", "report"};

static struct frame_stage many[40];

static struct frame make(size_t n)
{
    struct frame f = {.title = "run 3 of project shop",
                      .seconds = 83,
                      .steps = steps,
                      .n_steps = 7,
                      .step = 1,
                      .stages = many,
                      .n_stages = n};
    for (size_t i = 0; i < n; i++) {
        many[i] = (struct frame_stage){.total = -1, .parts = -1, .left = -1};
        snprintf(many[i].name, sizeof many[i].name, "stage-%zu", i);
        many[i].state = i < n / 2 ? FRAME_DONE : i == n / 2 ? FRAME_NOW : FRAME_COMING;
    }
    many[n / 2].read = 1234567;
    many[n / 2].rejected = 12;
    many[n / 2].total = 2000000;
    many[n / 2].parts = 617283;
    many[n / 2].rate = 45678;
    many[n / 2].left = 17;
    snprintf(f.cause, sizeof f.cause, "stage-%zu: bad_number in price", n / 2);
    f.wait.kind = WAITING_SOURCE;
    f.wait.seconds = 12;
    snprintf(f.wait.what, sizeof f.wait.what, "api");
    snprintf(f.wait.said, sizeof f.wait.said, "HTTP 429 \xe2\x98\x83; asked for again in 9000 ms");
    return f;
}

/* The widest line, and how many; colours take no column. */
static int measure(const struct str *text, size_t *widest)
{
    size_t width = 0;
    int lines = 0;
    *widest = 0;
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] == '\033')
            i += strcspn(text->data + i, "m");
        else if (text->data[i] == '\n') {
            *widest = width > *widest ? width : *widest;
            width = 0;
            lines++;
        } else {
            width++;
        }
    }
    CU_ASSERT_EQUAL(width, 0);
    return lines;
}

static void fits_every_size(void)
{
    for (int n = 0; n <= 40; n += 5)
        for (int cols = 20; cols <= 200; cols += 3)
            for (int rows = 2; rows <= 60; rows++)
                for (int color = 0; color < 2; color++) {
                    struct frame f = make((size_t)(n ? n : 1));
                    struct str out;
                    size_t widest;
                    f.color = color;
                    str_init(&out, 0);
                    frame_render(&f, cols, rows, &out);
                    int lines = measure(&out, &widest);
                    if (lines > rows - 1 || widest > (size_t)cols - 1 || lines < 1)
                        CU_FAIL("a screen is larger than its terminal");
                    str_clear(&out);
                }
}

static void says(int cols, int rows, size_t n, const char *const *wanted)
{
    struct frame f = make(n);
    struct str out;
    str_init(&out, 0);
    frame_render(&f, cols, rows, &out);
    for (; *wanted; wanted++)
        if (!strstr(out.data, *wanted)) {
            printf("\nno \"%s\" in:\n%s", *wanted, out.data);
            CU_FAIL("something is not said");
        }
    str_clear(&out);
}

static void says_all_at_80(void)
{
    static const char *const wanted[] = {
        "run 3 of project shop: load, 1:23\n",
        "[x] plan  [>] load  [ ] check  [ ] backup  [ ] publish  [ ] verify  [ ] report\n",
        "> stage-2     1,234,567    ~2,000,000   61 %     45,678      0:17        12\n",
        "rejected so far 12, first: stage-2: bad_number in price\n",
        "waits 0:12 for the source: api: HTTP 429 ???; asked for again in 9000 ms\n",
        NULL};
    says(80, 24, 4, wanted);
}

static void names_current_stage_when_low(void)
{
    static const char *const wanted[] = {"run 3", "> stage-20", "rejected so far 12", "waits 0:12",
                                         NULL};
    says(40, 6, 40, wanted);
}

static void names_what_is_left_out(void)
{
    static const char *const wanted[] = {"more above\n", "> stage-20", "more below\n", NULL};
    says(80, 16, 40, wanted);
}

static void counts_and_times(void)
{
    char out[32];
    CU_ASSERT_STRING_EQUAL(frame_count(0, out), "0");
    CU_ASSERT_STRING_EQUAL(frame_count(999, out), "999");
    CU_ASSERT_STRING_EQUAL(frame_count(1000, out), "1,000");
    CU_ASSERT_STRING_EQUAL(frame_count(18446744073709551615ULL, out), "18,446,744,073,709,551,615");
    CU_ASSERT_STRING_EQUAL(frame_time(59.6, out), "1:00");
    CU_ASSERT_STRING_EQUAL(frame_time(3725, out), "1:02:05");
    CU_ASSERT_STRING_EQUAL(frame_time(-5, out), "0:00");
}

static const struct unit_case cases[] = {
    {"fits_every_size", fits_every_size},
    {"says_all_at_80", says_all_at_80},
    {"names_current_stage_when_low", names_current_stage_when_low},
    {"names_what_is_left_out", names_what_is_left_out},
    {"counts_and_times", counts_and_times},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("frame", cases, argc, argv);
}
