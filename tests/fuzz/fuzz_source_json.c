/* fuzz_source_json.c - any bytes as the file of the source "json", through its ABI.
 *
 * First byte: the option "format"; the rest is the file. What holds for every input: a read ends,
 * an error is said once, and going on from a position gives what a whole read gives. A list that
 * jansson takes whole gives exactly its elements.
 */
#include "fuzz.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sourcetest.h"

extern const mig_plugin_t mighost_plugin;

const char *const fuzz_seeds[] = {
    "0[{\"a\": 1, \"b\": \"x\\\"y\"}, {\"b\": [1, {}], \"a\": null} , {\"a\": 1} x, 7]",
    "0{\"x\": [{\"a\": 1}, {\"a\": \"\\ud83d\\ude00\"}], \"y\": {\"z\": []}, \"n\": 1}",
    "2{\"a\": 1}\n{\"a\": 2, \"b\": 0.10}\r\n\n{\"a\":\n{\"b\": true}",
    "1[{\"a\": {\"c\": \"]}\"}},{\"a\": [1,2]},,{\"\\u0061\": 3}]\n",
    "3{\"a\": 1,\n \"b\": 2}\n",
    "4{\"x\": [], \"x\": [{\"a\":1}]}",
    "0[]",
    NULL,
};

static void require(int condition)
{
    if (!condition)
        abort();
}

/* A file in memory: regular to the source, and nothing to clean up. */
static int write_file(const uint8_t *data, size_t n)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, n) == (ssize_t)n);
    return fd;
}

static void read_all(const struct mockhost_option *options, mig_str_t position, uint64_t stop,
                     struct sourcetest *t, char saved[64])
{
    static const char *const fields[] = {"a", "b", "a"};
    struct mockhost m;
    require(mockhost_start_unit(&m, &mighost_plugin, MIG_SOURCE, "json", options) == MIG_OK);
    memset(t, 0, sizeof *t);
    t->status = sourcetest_ops(&m)->open(m.self, "x", fields, 3, NULL, 0, position);
    while ((t->status == MIG_OK || t->status == MIG_REJECT) && t->records + t->rejects < stop) {
        mig_str_t raw, at;
        t->status = sourcetest_next(&m, t);
        if (t->status != MIG_OK && t->status != MIG_REJECT)
            break;
        require(sourcetest_ops(&m)->raw(m.self, &raw) == MIG_OK);
        json_t *json =
            raw.len ? json_loadb(raw.data, raw.len,
                                 JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL)
                    : json_null();
        require(json && (t->status == MIG_REJECT || json_is_object(json)));
        json_decref(json);
        require(sourcetest_ops(&m)->position(m.self, &at) == MIG_OK && at.len < 64);
        memcpy(saved, at.data, at.len);
        saved[at.len] = '\0';
    }
    require((t->status < 0) == (m.n_failed == 1) && m.n_failed <= 1);
    require(m.n_rejects == t->rejects);
    mockhost_stop(&m);
}

/* The list as jansson sees it whole: every element an object without a name twice. */
static void check_list(const char *text, size_t n, const struct sourcetest *t)
{
    json_t *list = json_loadb(
        text, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    size_t i, objects = 0;
    json_t *element;
    if (json_is_array(list)) {
        json_array_foreach(list, i, element)
        {
            objects += json_is_object(element);
        }
        require(t->status == MIG_END);
        require(t->records == objects && t->rejects == json_array_size(list) - objects);
    }
    json_decref(list);
}

static void check_restart(const struct mockhost_option *options, const struct sourcetest *whole)
{
    static struct sourcetest first, rest;
    char position[64] = "";
    uint64_t half = (whole->records + whole->rejects) / 2;
    if (!half)
        return;
    read_all(options, (mig_str_t){"", 0}, half, &first, position);
    read_all(options, (mig_str_t){position, strlen(position)}, UINT64_MAX, &rest, position);
    require(rest.status == whole->status && first.len + rest.len == whole->len);
    require(strcmp(whole->text + first.len, rest.text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const formats[] = {"auto", "array", "ndjson", "object", "document"};
    static struct sourcetest t;
    char files[128], position[64] = "";
    if (n < 2)
        return 0;
    int fd = write_file(data + 1, n - 1);
    snprintf(files, sizeof files, "{\"x\": \"/proc/self/fd/%d\"}", fd);
    struct mockhost_option options[] = {{"files", files},        {"format", formats[data[0] % 5]},
                                        {"allow_empty", "true"}, {"record_limit", "1024"},
                                        {"value_limit", "16"},   {NULL, NULL}};
    read_all(options, (mig_str_t){"", 0}, UINT64_MAX, &t, position);
    check_restart(options, &t);
    options[3].name = NULL; /* without limits */
    read_all(options, (mig_str_t){"", 0}, UINT64_MAX, &t, position);
    if (data[0] % 5 == 1)
        check_list((const char *)data + 1, n - 1, &t);
    close(fd);
    return 0;
}
