/*
 * nearest.c - edit distance (Levenshtein, two rows) for "did you mean". The same words in another
 * order are as near as one letter.
 *
 * Names over 64 bytes are not compared: the cost stays bounded and nobody mistypes those.
 */
#include "common/nearest.h"

#include <string.h>
#include <strings.h>

#define LONGEST 64U

static int same_letter(char a, char b)
{
    return strncasecmp(&a, &b, 1) == 0;
}

static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = diagonal + !same_letter(a[i - 1], b[j - 1]);
            size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = change < least ? change : least;
        }
    }
    return row[m];
}

/* The end of the word that begins here. */
static const char *word_end(const char *at)
{
    return at + strcspn(at, "_-. ");
}

static int has_word(const char *name, const char *word, size_t n)
{
    for (const char *at = name;; at++) {
        const char *end = word_end(at);
        if ((size_t)(end - at) == n && strncasecmp(at, word, n) == 0)
            return 1;
        at = end;
        if (*at == '\0')
            return 0;
    }
}

/* Names of one length, each word of the one in the other: name_of_id and id_of_name. */
static int same_words(const char *a, const char *b)
{
    for (const char *at = a;; at++) {
        const char *end = word_end(at);
        if (!has_word(b, at, (size_t)(end - at)))
            return 0;
        at = end;
        if (*at == '\0')
            return 1;
    }
}

void nearest_offer(struct nearest *best, const char *wanted, const char *candidate)
{
    size_t n = strlen(wanted), m = strlen(candidate);
    if (n > LONGEST || m > LONGEST)
        return;
    size_t d = distance(wanted, n, candidate, m);
    if (d > 1 && n == m && same_words(wanted, candidate))
        d = 1;
    if (d * 3 > (n < 3 ? 3 : n) || (best->name && d >= best->distance))
        return;
    best->name = candidate;
    best->distance = d;
}
