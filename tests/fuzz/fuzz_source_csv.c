/* fuzz_source_csv.c - any bytes as the file of the source "csv", through its ABI.
 *
 * First byte: encoding and quote; the rest is the file, without a header, so that the first record
 * is one, too. fuzz_source.h says what holds for every input. Without quotes each line that is not
 * blank is a record.
 */
#include "fuzz.h"

#include <stdio.h>
#include <unistd.h>

#include "fuzz_source.h"

const char *const fuzz_seeds[] = {
    "01,2\n3,4\r\n\r\n5,\"6\"\"\n7\"\r8,9",
    "0\xef\xbb\xbf\"a\",\"\"\n,\n\"b\"x,c\n\xc3\xa9,\xff\n",
    "1\xe9,\x80\n1,2,3\n4\n",
    "3\"x,y\n1,2\rz,\"\n",
    "2a,b\n\x81,c\n",
    "0,\"never closed\n",
    NULL,
};

/* In UTF-16, which a seed cannot be: it has zero bytes. */
static size_t widen(const uint8_t *data, size_t n, uint8_t *out)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        out[len++] = data[i];
        /* Among them halves of surrogate pairs. */
        out[len++] = data[i] < 0xf0 ? 0 : (uint8_t)(0xd8 + (data[i] & 7));
    }
    return len;
}

static uint64_t lines_of(const uint8_t *data, size_t n)
{
    uint64_t lines = 0;
    int empty = 1;
    for (size_t i = 0; i < n; i++) {
        int ends = data[i] == '\n' || data[i] == '\r';
        lines += !ends && empty;
        empty = ends;
    }
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const encodings[] = {"auto", "latin1", "windows-1252", "latin1", "utf-16le"},
                             *const fields[] = {"b", "a", "b"};
    static uint8_t wide[65536];
    static struct sourcetest t;
    char files[128];
    if (n < 2 || n > sizeof wide / 2)
        return 0;
    size_t which = data[0] % 5, len = n - 1;
    const uint8_t *text = data + 1;
    if (which == 4) {
        len = widen(text, len, wide);
        text = wide;
    }
    int fd = fuzz_source_file(text, len);
    snprintf(files, sizeof files, "{\"x\": \"/proc/self/fd/%d\"}", fd);
    struct mockhost_option options[] = {
        {"files", files},         {"columns", "{\"x\": [\"a\", \"b\"]}"},
        {"header", "false"},      {"encoding", encodings[which]},
        {"allow_empty", "true"},  {"quote", which == 3 ? "" : "\""},
        {"record_limit", "1024"}, {NULL, NULL}};
    fuzz_source_check("csv", options, fields, 3, &t);
    options[6].name = NULL;
    fuzz_source_check("csv", options, fields, 3, &t);
    if (which == 3 && t.status == MIG_END)
        fuzz_source_require(t.records + t.rejects == lines_of(text, len));
    close(fd);
    return 0;
}
