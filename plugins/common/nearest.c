/*
 * nearest.c - edit distance (Levenshtein, two rows) for "did you mean".
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

void nearest_offer(struct nearest *best, const char *wanted, const char *candidate)
{
    size_t n = strlen(wanted), m = strlen(candidate);
    if (n > LONGEST || m > LONGEST)
        return;
    size_t d = distance(wanted, n, candidate, m);
    if (d * 3 > (n < 3 ? 3 : n) || (best->name && d >= best->distance))
        return;
    best->name = candidate;
    best->distance = d;
}
