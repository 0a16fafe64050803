/*
 * address.c - the transform "address.part": street, zip, city, country and the rest out of an
 * address, be it a text or a JSON object (also one inside of a text).
 *
 * Of a text, commas, semicolons and line breaks part the groups: the first is the street; the last
 * is the country where the option `countries` knows it; the one before it, if it is not the street,
 * the city, with the zip in front or behind; what is between is the rest. A zip is a run of words
 * with a digit in them (and, behind four digits, two capitals). Of an object, members of usual
 * names are taken; all others are the rest, as "name: value". No word is lost, none is in two
 * parts.
 */
#include <string.h>

#include "addressjson.h"
#include "common/keep.h"
#include "transform.h"
#include "units.h"
#include "words.h"

static const char *const PARTS[] = {"street", "city", "zip", "country", "rest"};
enum { STREET, CITY, ZIP, COUNTRY, REST };

struct address {
    const mig_host_t *host;
    int part;
    json_t *countries; /* or NULL */
    mig_str_t country; /* where none is named */
};

struct span {
    size_t from, end;
};

/* ---- a text ------------------------------------------------------------------------------ */

static struct span group_of(const struct words *w, size_t group)
{
    struct span s = {0, 0};
    while (s.from < w->n && w->at[s.from].group < group)
        s.from++;
    s.end = s.from;
    while (s.end < w->n && w->at[s.end].group == group)
        s.end++;
    return s;
}

static int has_digit(const struct word *w)
{
    for (size_t i = 0; i < w->len; i++)
        if (w->data[i] >= '0' && w->data[i] <= '9')
            return 1;
    return 0;
}

static int is_two_capitals(const struct word *w)
{
    return w->len == 2 && w->data[0] >= 'A' && w->data[0] <= 'Z' && w->data[1] >= 'A' &&
           w->data[1] <= 'Z';
}

/* The zip in the city's group; what it leaves is the city. */
static void split_zip(const struct words *w, struct span *city, struct span *zip)
{
    *zip = (struct span){city->from, city->from};
    while (zip->end < city->end && has_digit(&w->at[zip->end]))
        zip->end++;
    if (zip->end == zip->from + 1 && zip->end + 1 < city->end && w->at[zip->from].len == 4 &&
        is_two_capitals(&w->at[zip->end]))
        zip->end++;
    if (zip->end > zip->from) {
        city->from = zip->end;
        return;
    }
    *zip = (struct span){city->end, city->end};
    while (zip->from > city->from && has_digit(&w->at[zip->from - 1]))
        zip->from--;
    city->end = zip->from;
}

/* What a country is called in the target; NULL: the option does not know it. */
static const char *known_country(const struct address *a, const char *name, size_t len)
{
    const char *key;
    json_t *value;
    const struct word w = {name, len, 0};
    json_object_foreach(a->countries, key, value)
    {
        if (words_is(&w, key, strlen(key)))
            return json_string_value(value);
    }
    return NULL;
}

static int32_t text_value(const char *text, size_t len, mig_value_t *out)
{
    *out = (mig_value_t){text, (uint32_t)len, MIG_TEXT};
    return MIG_OK;
}

static int32_t take_country(const struct address *a, const char *found, mig_value_t *out)
{
    if (found)
        return text_value(found, strlen(found), out);
    *out = (mig_value_t){.kind = MIG_NULL};
    if (!a->country.len)
        return MIG_OK;
    a->host->repaired(a->host, NULL, "country_assumed");
    return text_value(a->country.data, a->country.len, out);
}

static int32_t part_of_text(const struct address *a, const mig_value_t *in, mig_value_t *out)
{
    struct words w;
    mig_value_t last;
    struct span parts[5] = {{0}};
    words_split(a->host, in->data, in->len, 1, &w);
    size_t groups = w.n_groups;
    struct span tail = group_of(&w, groups ? groups - 1 : 0);
    words_join(a->host, &w, tail.from, tail.end, &last);
    const char *country = last.kind == MIG_TEXT ? known_country(a, last.data, last.len) : NULL;
    if (country)
        groups--;
    if (a->part == COUNTRY)
        return take_country(a, country, out);
    if (groups > 0)
        parts[STREET] = group_of(&w, 0);
    if (groups > 1) {
        parts[CITY] = group_of(&w, groups - 1);
        parts[REST] = (struct span){parts[STREET].end, parts[CITY].from};
        split_zip(&w, &parts[CITY], &parts[ZIP]);
    }
    /* A group that is all zip leaves the one before it to the city. */
    if (groups > 2 && parts[CITY].from == parts[CITY].end) {
        parts[CITY] = group_of(&w, groups - 2);
        parts[REST].end = parts[CITY].from;
    }
    words_join(a->host, &w, parts[a->part].from, parts[a->part].end, out);
    return MIG_OK;
}

/* ---- all together ------------------------------------------------------------------------ */

static int32_t part_of_object(const struct address *a, const json_t *object, mig_value_t *out)
{
    char *text = addressjson_part(a->host, object, PARTS[a->part]);
    if (a->part == COUNTRY && text) {
        const char *known = known_country(a, text, strlen(text));
        return known ? take_country(a, known, out) : text_value(text, strlen(text), out);
    }
    if (a->part == COUNTRY)
        return take_country(a, NULL, out);
    *out = (mig_value_t){.kind = MIG_NULL};
    return text ? text_value(text, strlen(text), out) : MIG_OK;
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct address *a = self;
    int32_t rc;
    if (in->kind <= MIG_NULL && n_in == 1 && a->part == COUNTRY)
        return take_country(a, NULL, out);
    if (transform_settled(a->host, in, n_in, TRANSFORM_TAKES(MIG_TEXT) | TRANSFORM_TAKES(MIG_JSON),
                          out, &rc))
        return rc;
    size_t n = 0;
    while (n < in->len && (in->data[n] == ' ' || in->data[n] == '\n'))
        n++;
    json_t *object = n < in->len && in->data[n] == '{'
                         ? json_loadb(in->data, in->len, JSON_REJECT_DUPLICATES, NULL)
                         : NULL;
    if (!object && in->kind == MIG_JSON)
        return transform_reject(a->host, "bad_address", "an address is a text or a JSON object");
    rc = object ? part_of_object(a, object, out) : part_of_text(a, in, out);
    json_decref(object);
    return rc;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct address *a = transform_new(host, sizeof *a);
    int32_t rc = MIG_OK;
    const char *key;
    json_t *value;
    *self = a;
    a->host = host;
    for (int i = 0; i < 5; i++)
        if (transform_option_is(host, "part", PARTS[i]))
            a->part = i;
    a->country = transform_option_text(host, "country");
    a->countries = keep_option_json(host, "countries", &rc);
    int bad = a->countries && !json_is_object(a->countries);
    json_object_foreach(a->countries, key, value) bad |= !json_is_string(value);
    if (rc == MIG_OK && bad)
        rc = host->fail(host, MIG_E_CONFIG, "\"countries\" must be an object of texts",
                        "such as {\"United Kingdom\": \"GB\", \"UK\": \"GB\"}");
    return rc;
}

static void destroy(void *self)
{
    struct address *a = self;
    if (a)
        json_decref(a->countries);
}

static const mig_option_t OPTIONS[] = {
    {"part", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, "street|city|zip|country|rest", "Which part."},
    {"countries", MIG_OPT_JSON, 0, NULL, NULL,
     "Names of countries in the source, whatever their case, and what stands for them."},
    {"country", MIG_OPT_TEXT, 0, NULL, NULL, "The country where none is named, counted."},
    TRANSFORM_NO_MORE_OPTIONS,
};

TRANSFORM_UNIT(address_part_unit, "address.part",
               "Street, city, zip, country or the rest out of an address.", OPTIONS, create,
               destroy, apply);
