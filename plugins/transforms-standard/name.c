/*
 * name.c - the transform "name.part": first, middle and last name out of a full name.
 *
 *   Ana                     first Ana
 *   Ana Maria Silva         first Ana, middle Maria, last Silva
 *   Ludwig van der Rohe     first Ludwig, last van der Rohe: a last name begins at its particles
 *   Silva, Ana Maria        the same as Ana Maria Silva
 *   Martin King, Jr.        last King Jr.: what follows a name stays with the last one
 *
 * Every word is in exactly one part, as it was written; nothing is guessed from its script: a name
 * without blanks is one word. Where the family's name comes first without a comma, the option
 * `order` says so.
 */
#include <string.h>

#include "transform.h"
#include "units.h"
#include "words.h"

enum part { FIRST, MIDDLE, LAST };

struct name {
    const mig_host_t *host;
    enum part part;
    int family_first;
    const mig_value_t *particles;
    uint32_t n_particles;
};

/* The words in their order of speech, and where the parts begin. */
struct split {
    struct words words;
    size_t last, last_end; /* of the words from..end; the rest is first and middle */
    size_t given, given_end;
};

static int is_particle(const struct name *n, const struct word *w)
{
    for (uint32_t i = 0; i < n->n_particles; i++)
        if (words_is(w, n->particles[i].data, n->particles[i].len))
            return 1;
    return 0;
}

static int is_suffix(const struct word *w)
{
    static const char *const suffixes[] = {"jr", "jr.", "sr", "sr.", "ii", "iii", "iv"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (words_is(w, suffixes[i], strlen(suffixes[i])))
            return 1;
    return 0;
}

static size_t group_end(const struct words *w, size_t group)
{
    size_t end = 0;
    while (end < w->n && w->at[end].group <= group)
        end++;
    return end;
}

/* Words that follow a whole name, such as Jr.; two words are left at least. */
static size_t without_suffixes(const struct words *w)
{
    size_t end = w->n;
    while (end > 2 && is_suffix(&w->at[end - 1]))
        end--;
    return end;
}

/* Given names first: the last one begins at the first particle that is neither the first word nor
 * the last, else it is one word. */
static void split_given_first(const struct name *n, struct split *s)
{
    size_t core = without_suffixes(&s->words);
    s->last = core - 1;
    for (size_t i = 1; i + 1 < core; i++)
        if (is_particle(n, &s->words.at[i])) {
            s->last = i;
            break;
        }
    s->last_end = s->words.n;
    s->given = 0;
    s->given_end = s->last;
}

/* The family's name is the first `family` words; the suffixes, from `core` on, come behind it. */
static void take_family(struct split *s, size_t family, size_t core)
{
    struct word *at = s->words.at;
    for (; core < s->words.n; core++, family++) {
        const struct word suffix = at[core];
        memmove(&at[family + 1], &at[family], (core - family) * sizeof *at);
        at[family] = suffix;
    }
    s->last = 0;
    s->last_end = s->given = family;
    s->given_end = s->words.n;
}

static void split_family_first(const struct name *n, struct split *s)
{
    size_t family = 1, core = without_suffixes(&s->words);
    while (family + 1 < core && is_particle(n, &s->words.at[family - 1]))
        family++;
    take_family(s, family, core);
}

static void split_words(const struct name *n, struct split *s)
{
    size_t family = group_end(&s->words, 0);
    size_t core = without_suffixes(&s->words);
    if (s->words.n == 1) {
        s->last = s->last_end = 1;
        s->given = 0;
        s->given_end = 1;
    } else if (s->words.at[core - 1].group == 1) {
        take_family(s, family, core);
    } else if (n->family_first) {
        split_family_first(n, s);
    } else {
        split_given_first(n, s);
    }
    for (size_t i = 0; i < s->words.n; i++) /* commas have said what they had to say */
        s->words.at[i].group = 0;
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct name *n = self;
    struct split s;
    int32_t rc;
    if (transform_settled(n->host, in, n_in, TRANSFORM_TAKES(MIG_TEXT), out, &rc))
        return rc;
    words_split(n->host, in->data, in->len, 0, &s.words);
    *out = (mig_value_t){.kind = MIG_NULL};
    if (!s.words.n)
        return MIG_OK;
    split_words(n, &s);
    if (n->part == FIRST && s.words.n == 1)
        n->host->repaired(n->host, NULL, "single_name");
    if (n->part == LAST)
        words_join(n->host, &s.words, s.last, s.last_end, out);
    else if (n->part == FIRST)
        words_join(n->host, &s.words, s.given, s.given + 1, out);
    else
        words_join(n->host, &s.words, s.given + 1, s.given_end, out);
    return MIG_OK;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct name *n = transform_new(host, sizeof *n);
    int32_t rc = MIG_OK;
    *self = n;
    n->host = host;
    n->part = transform_option_is(host, "part", "first")  ? FIRST
              : transform_option_is(host, "part", "last") ? LAST
                                                          : MIDDLE;
    n->family_first = transform_option_is(host, "order", "family_first");
    n->particles = transform_option_list(host, "particles", &n->n_particles, &rc);
    return rc;
}

#define PARTICLES                                                                                  \
    "[\"van\",\"von\",\"der\",\"den\",\"de\",\"del\",\"della\",\"di\",\"da\",\"do\",\"dos\","      \
    "\"das\",\"du\",\"la\",\"le\",\"las\",\"los\",\"bin\",\"ibn\",\"binti\",\"bint\",\"al\","      \
    "\"el\",\"ter\",\"ten\",\"zu\",\"zum\",\"zur\",\"af\",\"av\"]"

static const mig_option_t OPTIONS[] = {
    {"part", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, "first|middle|last", "Which part."},
    {"order", MIG_OPT_TEXT, 0, "given_first", "given_first|family_first",
     "What a name without a comma begins with."},
    {"particles", MIG_OPT_JSON, 0, PARTICLES, NULL,
     "Words that a last name begins with, whatever their case."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(name_part_unit, "name.part", "First, middle or last name out of a full name.",
               OPTIONS, create, transform_destroy_nothing, apply);
