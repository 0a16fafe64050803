/*
 * fuzz_source.c - reads a source through its ABI, whole and in two halves.
 */
#include "fuzz_source.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define POSITION 128U /* bytes */

struct asked {
    const char *unit;
    const struct mockhost_option *options;
    const char *const *fields;
    uint32_t n_fields;
};

extern const mig_plugin_t mighost_plugin;

void fuzz_source_require(int condition)
{
    if (!condition)
        abort();
}

int fuzz_source_file(const uint8_t *data, size_t n)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    fuzz_source_require(fd >= 0 && write(fd, data, n) == (ssize_t)n);
    return fd;
}

static void check_raw(struct mockhost *m, int32_t status)
{
    mig_str_t raw;
    fuzz_source_require(sourcetest_ops(m)->raw(m->self, &raw) == MIG_OK);
    json_t *json =
        raw.len ? json_loadb(raw.data, raw.len,
                             JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL)
                : json_null();
    fuzz_source_require(json && (status == MIG_REJECT || json_is_object(json)));
    json_decref(json);
}

static void read_records(const struct asked *a, mig_str_t position, uint64_t stop,
                         struct sourcetest *t, char saved[POSITION])
{
    struct mockhost m;
    fuzz_source_require(
        plugintest_start_unit(&m, &mighost_plugin, MIG_SOURCE, a->unit, a->options) == MIG_OK);
    memset(t, 0, sizeof *t);
    t->status = sourcetest_ops(&m)->open(m.self, "x", a->fields, a->n_fields, NULL, 0, position);
    while ((t->status == MIG_OK || t->status == MIG_REJECT) && t->records + t->rejects < stop) {
        mig_str_t at;
        t->status = sourcetest_next(&m, t);
        if (t->status != MIG_OK && t->status != MIG_REJECT)
            break;
        check_raw(&m, t->status);
        fuzz_source_require(sourcetest_ops(&m)->position(m.self, &at) == MIG_OK &&
                            at.len < POSITION);
        memcpy(saved, at.data, at.len);
        saved[at.len] = '\0';
    }
    fuzz_source_require((t->status < 0) == (m.n_failed == 1) && m.n_failed <= 1);
    fuzz_source_require(m.n_rejects == t->rejects);
    plugintest_stop(&m);
}

static void check_restart(const struct asked *a, const struct sourcetest *whole)
{
    static struct sourcetest first, rest;
    char position[POSITION] = "";
    uint64_t half = (whole->records + whole->rejects) / 2;
    if (!half)
        return;
    read_records(a, (mig_str_t){"", 0}, half, &first, position);
    read_records(a, (mig_str_t){position, strlen(position)}, UINT64_MAX, &rest, position);
    fuzz_source_require(rest.status == whole->status && first.len + rest.len == whole->len);
    fuzz_source_require(strcmp(whole->text + first.len, rest.text) == 0);
}

void fuzz_source_check(const char *unit, const struct mockhost_option *options,
                       const char *const *fields, uint32_t n_fields, struct sourcetest *whole)
{
    const struct asked asked = {unit, options, fields, n_fields};
    char position[POSITION] = "";
    read_records(&asked, (mig_str_t){"", 0}, UINT64_MAX, whole, position);
    check_restart(&asked, whole);
}
