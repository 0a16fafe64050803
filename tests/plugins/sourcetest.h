/* sourcetest.h - shared steps of tests of sources: files to read, one entity read to its end. */
#ifndef MIGHOST_TESTS_SOURCETEST_H
#define MIGHOST_TESTS_SOURCETEST_H

#include "plugintest.h"

/* A whole read: each record becomes one line of `text`, its values separated by '|', written
 * as "n:12" (number), "t:abc", "b:true", "j:{}", "-" (absent) and "N" (NULL); a reject becomes
 * "!code". */
struct sourcetest {
    char text[65536];
    size_t len;
    uint64_t records, rejects;
    uint32_t waits; /* times that next() asked to wait, and was waited for */
    int32_t status; /* MIG_END, or what ended it */
};

/* Opens the entity and reads it to its end; `fields` are names separated by blanks, so are
 * `keys` (NULL: none). */
void sourcetest_read(struct mockhost *m, const char *entity, const char *fields, const char *keys,
                     struct sourcetest *out);
/* The same behind a position. */
void sourcetest_read_from(struct mockhost *m, const char *entity, const char *fields,
                          const char *keys, mig_str_t position, struct sourcetest *out);
/* One more record into `out`: what next() gave. Waits where it must. */
int32_t sourcetest_next(struct mockhost *m, struct sourcetest *out);
const mig_source_ops_t *sourcetest_ops(const struct mockhost *m);

/* A directory of the test's own below TMPDIR, made once, removed at the end of the process;
 * only files in it. */
const char *sourcetest_dir(void);
/* Writes a file into it; gives its path, which lives until the next call but seven. */
const char *sourcetest_file(const char *name, const char *content, size_t len);

#endif
