/* schema_compare.c - walks two sorted lists side by side. Knows no SQL. */
#include "schema_compare.h"

#include <string.h>

#include "jsonfile.h"

#define SHORT 160 /* bytes of a definition that fit on a line */

static int order(const struct schema_item *a, const struct schema_item *b)
{
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int same(const struct schema_item *a, const struct schema_item *b)
{
    return strcmp(a->definition, b->definition) == 0 && strcmp(a->table, b->table) == 0;
}

/* Tables come before their parts. */
static int of_missing_table(const struct schema_differences *d, const struct schema_item *item)
{
    if (!item->table[0])
        return 0;
    for (size_t i = 0; i < d->n; i++) {
        const struct schema_difference *one = &d->items[i];
        if ((!one->a || !one->b) && strcmp((one->a ? one->a : one->b)->kind, "table") == 0 &&
            strcmp((one->a ? one->a : one->b)->name, item->table) == 0)
            return 1;
    }
    return 0;
}

void schema_compare(const struct schema *a, const struct schema *b, struct arena *mem,
                    struct schema_differences *out)
{
    size_t i = 0, k = 0;
    memset(out, 0, sizeof *out);
    out->items = arena_alloc(mem, (a->n + b->n + 1) * sizeof *out->items);
    while (i < a->n || k < b->n) {
        int by = i == a->n ? 1 : k == b->n ? -1 : order(&a->items[i], &b->items[k]);
        struct schema_difference d = {by <= 0 ? &a->items[i] : NULL, by >= 0 ? &b->items[k] : NULL,
                                      0};
        i += by <= 0;
        k += by >= 0;
        if (d.a && d.b && same(d.a, d.b))
            continue;
        d.within = (!d.a || !d.b) && of_missing_table(out, d.a ? d.a : d.b);
        out->items[out->n++] = d;
        out->told += !d.within;
    }
}

/* What does not fit on a line is told as another one, with its first line that is different. */
static void differ(const struct schema_item *a, const struct schema_item *b, struct str *out)
{
    const char *x = a->definition, *y = b->definition;
    if (strlen(x) > SHORT || strlen(y) > SHORT || strchr(x, '\n') || strchr(y, '\n')) {
        size_t at = 0, line = 1;
        for (; x[at] && x[at] == y[at]; at++)
            line += x[at] == '\n';
        str_printf(out, "another definition, from line %zu on", line);
        return;
    }
    str_printf(out, "%s | %s", x, y);
}

void schema_compare_text(const struct schema_differences *d, const char *a, const char *b,
                         struct str *out)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct schema_difference *one = &d->items[i];
        const struct schema_item *item = one->a ? one->a : one->b;
        if (one->within)
            continue;
        str_printf(out, "%s %s: ", item->kind, item->name);
        if (one->a && one->b)
            differ(one->a, one->b, out);
        else
            str_printf(out, "only in %s", one->a ? a : b);
        str_add_char(out, '\n');
    }
}

static void member(struct str *out, const char *key, const char *value)
{
    str_printf(out, ", \"%s\": ", key);
    if (value)
        jsonfile_quote(out, value);
    else
        str_add(out, "null");
}

void schema_compare_json(const struct schema_differences *d, struct str *out)
{
    int first = 1;
    str_add_char(out, '[');
    for (size_t i = 0; i < d->n; i++) {
        const struct schema_difference *one = &d->items[i];
        const struct schema_item *item = one->a ? one->a : one->b;
        if (one->within)
            continue;
        str_add(out, first ? "\n  {\"kind\": " : ",\n  {\"kind\": ");
        jsonfile_quote(out, item->kind);
        member(out, "name", item->name);
        member(out, "a", one->a ? one->a->definition : NULL);
        member(out, "b", one->b ? one->b->definition : NULL);
        str_add_char(out, '}');
        first = 0;
    }
    str_add(out, first ? "]" : "\n]");
}
