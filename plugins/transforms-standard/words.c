/*
 * words.c - words and groups of a text, as slices of it.
 */
#include "words.h"

#include <string.h>

#include "utf8.h"

static int parts_groups(uint32_t c, int lines)
{
    if (c == ',' || c == 0xFF0C || c == 0x060C || c == 0x3001)
        return 1;
    return lines && (c == ';' || c == '\n' || c == '\r');
}

static int is_visible(const char *text, size_t len)
{
    uint32_t c;
    for (size_t i = 0; i < len;) {
        i += utf8_decode(text + i, len - i, &c);
        if (!utf8_is_invisible(c))
            return 1;
    }
    return 0;
}

/* A word that nobody sees is none. */
static void drop_invisible(struct words *w)
{
    size_t n = 0, was = 0;
    for (size_t i = 0; i < w->n; i++) {
        struct word word = w->at[i];
        if (!is_visible(word.data, word.len))
            continue;
        size_t group = n ? w->at[n - 1].group + (word.group != was) : 0;
        was = word.group;
        word.group = group;
        w->at[n++] = word;
    }
    w->n = n;
}

void words_split(const mig_host_t *host, const char *text, size_t len, int lines, struct words *out)
{
    uint32_t c;
    int in_word = 0, new_group = 0;
    out->at = host->alloc(host, (len + 1) * sizeof *out->at); /* a word has a byte at least */
    out->n = 0;
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_decode(text + i, len - i, &c);
        if (parts_groups(c, lines) || utf8_is_space(c)) {
            new_group |= parts_groups(c, lines);
            in_word = 0;
            continue;
        }
        if (!in_word) {
            size_t group = out->n ? out->at[out->n - 1].group + (new_group ? 1 : 0) : 0;
            out->at[out->n++] = (struct word){text + i, 0, group};
            new_group = 0;
        }
        in_word = 1;
        out->at[out->n - 1].len += n;
    }
    drop_invisible(out);
    out->n_groups = out->n ? out->at[out->n - 1].group + 1 : 0;
}

void words_join(const mig_host_t *host, const struct words *w, size_t from, size_t end,
                mig_value_t *out)
{
    size_t room = 0, len = 0;
    *out = (mig_value_t){.kind = MIG_NULL};
    for (size_t i = from; i < end; i++)
        room += w->at[i].len + 2;
    if (!room)
        return;
    char *text = host->alloc(host, room);
    for (size_t i = from; i < end; i++) {
        if (i > from && w->at[i].group != w->at[i - 1].group)
            text[len++] = ',';
        if (i > from)
            text[len++] = ' ';
        memcpy(text + len, w->at[i].data, w->at[i].len);
        len += w->at[i].len;
    }
    *out = (mig_value_t){text, (uint32_t)len, MIG_TEXT};
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int words_is(const struct word *w, const char *text, size_t len)
{
    if (w->len != len)
        return 0;
    for (size_t i = 0; i < len; i++)
        if (lower(w->data[i]) != lower(text[i]))
            return 0;
    return 1;
}
