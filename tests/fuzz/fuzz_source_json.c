/* fuzz_source_json.c - any bytes as the file of the source "json", through its ABI.
 *
 * First byte: the option "format"; the rest is the file. fuzz_source.h says what holds for every
 * input. A list that jansson takes whole gives exactly its elements.
 */
#include "fuzz.h"

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "fuzz_source.h"

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
        fuzz_source_require(t->status == MIG_END);
        fuzz_source_require(t->records == objects && t->rejects == json_array_size(list) - objects);
    }
    json_decref(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const formats[] = {"auto", "array", "ndjson", "object", "document"};
    static const char *const fields[] = {"a", "b", "a"};
    static struct sourcetest t;
    char files[128];
    if (n < 2)
        return 0;
    int fd = fuzz_source_file(data + 1, n - 1);
    snprintf(files, sizeof files, "{\"x\": \"/proc/self/fd/%d\"}", fd);
    struct mockhost_option options[] = {{"files", files},        {"format", formats[data[0] % 5]},
                                        {"allow_empty", "true"}, {"record_limit", "1024"},
                                        {"value_limit", "16"},   {NULL, NULL}};
    fuzz_source_check("json", options, fields, 3, &t);
    options[3].name = NULL; /* without limits */
    fuzz_source_check("json", options, fields, 3, &t);
    if (data[0] % 5 == 1)
        check_list((const char *)data + 1, n - 1, &t);
    close(fd);
    return 0;
}
