/* test_checklist.c - which items of a checklist count, and when one is done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checklist.h"
#include "unit.h"

static struct arena *mem;

static int read_text(const char *text, struct checklist *out, struct error *err)
{
    char dir[] = "/tmp/checklist.XXXXXX", path[64];
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/list", dir);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    chmod(path, 0600);
    memset(err, 0, sizeof *err);
    int code = checklist_read(path, mem, out, err);
    unlink(path);
    rmdir(dir);
    return code;
}

static void shown(const char *text, const char *expected)
{
    struct checklist list;
    struct error err;
    struct str out;
    str_init(&out, 0);
    mem = arena_new();
    CU_ASSERT_EQUAL(read_text(text, &list, &err), 0);
    checklist_text(&list, &out);
    CU_ASSERT_STRING_EQUAL(out.data, expected);
    str_clear(&out);
    arena_free(mem);
}

static void cross_needs_a_name_and_a_date(void)
{
    shown("- [x] a (B, 2026-01-02)\n", "[x] a (B, 2026-01-02)\n");
    shown("* [X]  a (b) c (B C, 2026-01-02)  \r\n", "[x] a (b) c (B C, 2026-01-02)\n");
    shown("- [ ] a (B, 2026-01-02)\n", "[ ] a (B, 2026-01-02)\n");
    shown("- [x] a\n", "[ ] a\n");
    shown("- [x] a (2026-01-02)\n", "[ ] a (2026-01-02)\n");
    shown("- [x] a (B, 2026-1-2)\n", "[ ] a (B, 2026-1-2)\n");
    shown("- [x] (B, 2026-01-02)", "[ ] (B, 2026-01-02)\n");
}

static void other_lines_are_no_items(void)
{
    shown("- a\n-[ ] b\n- [] c\n- [ ]\n\n  + [ ] d", "[ ] d\n");
}

static void behind_the_run_comes_what_stands_below_after(void)
{
    shown("- [ ] a\n## Post-deployment\n- [ ] b\n# Before\n- [ ] c\n### AFTER it\n- [ ] d",
          "[ ] a\n[ ] after: b\n[ ] c\n[ ] after: d\n");
}

static void with_the_run_comes_what_stands_below_deployment(void)
{
    shown("## Pre-deployment Checklist\n- [ ] a\n### Deployment Steps\n- [ ] b\n## During the "
          "night\n- [ ] c\n"
          "### Post-deployment\n- [ ] d",
          "[ ] a\n[ ] during: b\n[ ] during: c\n[ ] after: d\n");
    shown("{\"during\": [\"b\"]}", "[ ] during: b\n");
}

static void json_is_read(void)
{
    shown("[\"a\", {\"text\": \"b\", \"done\": true, \"by\": \"B\", \"on\": \"2026-01-02\"}]",
          "[ ] a\n[x] b (B, 2026-01-02)\n");
    shown("{\"after\": [\"d\"], \"before\": [{\"text\": \"a\", \"done\": true, \"by\": \"B\"},"
          " {\"text\": \"b\", \"done\": false, \"by\": \"B\", \"on\": \"x\"}, 7]}",
          "[ ] a\n[ ] b\n[ ] after: d\n");
}

static void empty_ones_are_refused(void)
{
    static const char *const texts[] = {"", "# nothing\n", "[]", "{}", "{\"before\": 1}", "[7]",
                                        "{"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct checklist list;
        struct error err;
        mem = arena_new();
        CU_ASSERT_EQUAL(read_text(texts[i], &list, &err), STATUS_CONFIG);
        arena_free(mem);
    }
}

static void copies_take_over_what_is_done(void)
{
    struct checklist list, done;
    struct error err;
    mem = arena_new();
    read_text("- [ ] a\n- [ ] b\n# after\n- [ ] c", &list, &err);
    CU_ASSERT_EQUAL(checklist_open(&list), 2);
    read_text("- [x] b (B, 2026-01-02)\n- [ ] a\n- [x] z (B, 2026-01-02)", &done, &err);
    checklist_take(&list, &done);
    CU_ASSERT_EQUAL(checklist_open(&list), 1);
    CU_ASSERT_EQUAL(list.n, 3);
    arena_free(mem);
}

static const struct unit_case cases[] = {
    {"cross_needs_a_name_and_a_date", cross_needs_a_name_and_a_date},
    {"other_lines_are_no_items", other_lines_are_no_items},
    {"behind_the_run_comes_what_stands_below_after", behind_the_run_comes_what_stands_below_after},
    {"with_the_run_comes_what_stands_below_deployment",
     with_the_run_comes_what_stands_below_deployment},
    {"json_is_read", json_is_read},
    {"empty_ones_are_refused", empty_ones_are_refused},
    {"copies_take_over_what_is_done", copies_take_over_what_is_done},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("checklist", cases, argc, argv);
}
