/* words.h - a text as its words, in groups that commas part; for names and addresses. */
#ifndef MIGHOST_TRANSFORMS_WORDS_H
#define MIGHOST_TRANSFORMS_WORDS_H

#include <mighost/plugin.h>

struct word {
    const char *data; /* in the text */
    size_t len, group;
};

struct words {
    struct word *at; /* memory of the host */
    size_t n, n_groups;
};

/* Words are parted by white space; groups by commas (also the wide, the Arabic and the ideographic
 * one), and with `lines` by semicolons and line breaks too. Groups without a word do not
 * count, nor words of characters without width alone. */
void words_split(const mig_host_t *host, const char *text, size_t len, int lines,
                 struct words *out);
/* The words from..end as one text, a blank between, or a comma where a group ends; NULL without
 * any. */
void words_join(const mig_host_t *host, const struct words *w, size_t from, size_t end,
                mig_value_t *out);
/* Equal but for the case of ASCII letters. */
int words_is(const struct word *w, const char *text, size_t len);

#endif
