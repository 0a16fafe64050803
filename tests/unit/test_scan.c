/* test_scan.c - texts that must not be in a file are found in it, wherever they stand and however
 * the file's form writes them; what could stand anywhere is not looked for. */
#include "scan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

/* What is found in these bytes; "" for nothing. */
static const char *found(const struct scan *s, const char *data, size_t n)
{
    const char *what = NULL;
    int fd = memfd_create("scan", MFD_CLOEXEC);
    CU_ASSERT_FATAL(fd >= 0);
    for (size_t done = 0; done < n;) {
        ssize_t k = write(fd, data + done, n - done);
        CU_ASSERT_FATAL(k > 0);
        done += (size_t)k;
    }
    CU_ASSERT_EQUAL(scan_fd(s, fd, &what), 0);
    close(fd);
    return what ? what : "";
}

static struct scan *made(const char *text)
{
    struct scan *s = scan_new();
    scan_add(s, "it", text, strlen(text), 0);
    return s;
}

static void is_found_at_every_place(void)
{
    static const char text[] = "pass-word 1";
    size_t n = sizeof text - 1, size = 3 * 65536 + 2048;
    struct scan *s = made(text);
    char *data = malloc(size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    memset(data, 'p', size); /* its own first byte: every place has to be looked at */
    CU_ASSERT_STRING_EQUAL(found(s, data, size), "");
    const size_t places[] = {0, 65536 - 5, 65536, 65536 + 512 - 3, 2 * 65536 - 1, size - n};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        memcpy(data + places[i], text, n);
        CU_ASSERT_STRING_EQUAL(found(s, data, size), "it");
        memset(data + places[i], 'p', n);
    }
    memcpy(data + size - n + 1, text, n - 1);
    CU_ASSERT_STRING_EQUAL(found(s, data, size), "");
    CU_ASSERT_STRING_EQUAL(found(s, "", 0), "");
    CU_ASSERT_STRING_EQUAL(found(s, text, n - 1), "");
    free(data);
    scan_free(s);
}

static void is_found_as_files_write_it(void)
{
    static const char *const lines[] = {
        "x it's \"7\" & <b>\\ y", "{\"a\": \"it's \\\"7\\\" & <b>\\\\\"}",
        "\"it's \"\"7\"\" & <b>\\\"", "<td>it&#39;s &quot;7&quot; &amp; &lt;b&gt;\\</td>",
        "SELECT 'it''s \"7\" & <b>\\'"};
    struct scan *s = made("it's \"7\" & <b>\\");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        CU_ASSERT_STRING_EQUAL(found(s, lines[i], strlen(lines[i])), "it");
    CU_ASSERT_STRING_EQUAL(found(s, "it's 7 & <b>\\", 13), "");
    scan_free(s);
}

static void what_stands_anywhere_is_left_out(void)
{
    static const char *const texts[] = {"postgres", "12345678", "a-1", "short 7", ""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct scan *s = made(texts[i]);
        CU_ASSERT_EQUAL(scan_count(s), 0);
        scan_add(s, "planted", texts[i], strlen(texts[i]), 1);
        CU_ASSERT_EQUAL(scan_count(s) > 0, strlen(texts[i]) >= 4);
        scan_free(s);
    }
}

static void many_are_told_apart(void)
{
    struct scan *s = scan_new();
    char text[64], what[64];
    for (int i = 0; i < 30000; i++) {
        snprintf(text, sizeof text, "same begin %d.", i % 25000);
        snprintf(what, sizeof what, "number %d", i % 25000);
        scan_add(s, what, text, strlen(text), 0);
    }
    CU_ASSERT_EQUAL(scan_count(s), 20000);
    CU_ASSERT_STRING_EQUAL(found(s, "x same begin 19999. y", 21), "number 19999");
    CU_ASSERT_STRING_EQUAL(found(s, "x same begin 20000. y", 21), "");
    scan_free(s);
}

static const struct unit_case cases[] = {
    {"is_found_at_every_place", is_found_at_every_place},
    {"is_found_as_files_write_it", is_found_as_files_write_it},
    {"what_stands_anywhere_is_left_out", what_stands_anywhere_is_left_out},
    {"many_are_told_apart", many_are_told_apart},
};

int main(int argc, char **argv)
{
    return UNIT_MAIN("scan", cases, argc, argv);
}
