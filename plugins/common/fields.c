/*
 * fields.c - from the members of a record to the fields that were asked for.
 *
 * Every name costs one comparison while records keep their order of members, else one look-up
 * in a hash table. Names that nobody reads are remembered up to a limit, so that each is
 * counted, and the first ones told, once; memory does not grow with the number of different
 * names: those beyond the limit are counted together.
 */
#include "common/fields.h"

#include <stdlib.h>
#include <string.h>

void fields_init(struct fields *f, const mig_host_t *host)
{
    *f = (struct fields){.host = host};
    buf_init(&f->key, (size_t)64 << 10);
}

void fields_clear(struct fields *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->items[i].name);
    free(f->items);
    free(f->slots);
    buf_clear(&f->key);
    fields_init(f, f->host);
}

/* FNV-1a. Crafted collisions make look-ups slow, by the number of fields at most. */
static uint32_t hash(const char *name, size_t len)
{
    uint32_t h = 2166136261U;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)name[i]) * 16777619U;
    return h;
}

static int is_name(const struct field *field, const char *name, size_t len)
{
    return field->len == len && memcmp(field->name, name, len) == 0;
}

/* The slot that holds the name, or the empty one where it belongs. */
static uint32_t *find_slot(const struct fields *f, const char *name, size_t len)
{
    for (size_t i = hash(name, len);; i++) {
        uint32_t *slot = &f->slots[i & (f->n_slots - 1)];
        if (!*slot || is_name(&f->items[*slot - 1], name, len))
            return slot;
    }
}

static struct field *add(struct fields *f, const char *name, size_t len, int32_t number)
{
    struct field *field = &f->items[f->n];
    *field = (struct field){.name = strndup(name, len), .len = len, .number = number, .twin = -1};
    if (!field->name)
        return NULL;
    field->plain = !memchr(name, '\\', len);
    f->n++;
    uint32_t *slot = find_slot(f, name, len);
    if (*slot)
        field->twin = (int32_t)(*slot - 1);
    else
        *slot = (uint32_t)f->n;
    return field;
}

int32_t fields_set(struct fields *f, const char *const *names, uint32_t n)
{
    fields_clear(f);
    f->n_slots = 16;
    while (f->n_slots < 2 * ((size_t)n + FIELDS_UNREAD))
        f->n_slots *= 2;
    f->items = calloc((size_t)n + FIELDS_UNREAD, sizeof *f->items);
    f->slots = calloc(f->n_slots, sizeof *f->slots);
    int failed = !f->items || !f->slots;
    for (uint32_t i = 0; i < n && !failed; i++)
        failed = !add(f, names[i], strlen(names[i]), (int32_t)i);
    if (failed)
        return say_fail(f->host, MIG_E_NOMEM, NULL, "no memory for %u fields", n);
    f->n_wanted = n;
    return MIG_OK;
}

/* A name that nobody asked for: told and remembered, while there is room. */
static struct field *met(struct fields *f, const char *name, size_t len)
{
    if (f->n - f->n_wanted == FIELDS_UNREAD || memchr(name, '\0', len))
        return NULL;
    struct field *field = add(f, name, len, -1);
    if (field && f->n - f->n_wanted <= FIELDS_TOLD)
        say_log(f->host, MIG_LOG_DEBUG, "the source has a field \"%.*s\" that nobody reads",
                (int)(len < 200 ? len : 200), name);
    return field;
}

static struct field *look_up(struct fields *f, const struct jsonscan_slice *key, size_t place)
{
    const char *name = key->data;
    size_t len = key->len;
    struct field **guess = &f->guesses[place % FIELDS_GUESSES];
    if (*guess && (*guess)->plain && is_name(*guess, name, len))
        return *guess;
    if (memchr(name, '\\', len)) {
        /* One that is too long is nobody's field; jansson still checks it. */
        if (buf_reserve(&f->key, len))
            return NULL;
        len = jsontext_unescape(name, len, f->key.data);
        if (len == JSONTEXT_BAD)
            return NULL;
        name = f->key.data;
    }
    uint32_t slot = *find_slot(f, name, len);
    *guess = slot ? &f->items[slot - 1] : met(f, name, len);
    return *guess;
}

/* Neither null nor "", as written. */
static int is_filled(const struct jsonscan_slice *value)
{
    return !(value->len == 4 && *value->data == 'n') && !(value->len == 2 && *value->data == '"');
}

static void note_unread(struct fields *f, struct field *field, const struct jsonscan_slice *value)
{
    if (is_filled(value))
        (field ? field : &f->others)->last = f->number;
}

const char *fields_take(struct fields *f, const char *text, size_t len, struct jsonscan_slice *raw)
{
    struct jsonscan_walk w;
    struct jsonscan_member m;
    memset(raw, 0, f->n_wanted * sizeof *raw);
    f->number++;
    jsonscan_walk(&w, text, len);
    int more;
    for (size_t place = 0; (more = jsonscan_next(&w, &m)) == 1; place++) {
        struct field *field = look_up(f, &m.key, place);
        if (!field || field->number < 0) {
            note_unread(f, field, &m.value);
            continue;
        }
        field->seen = 1;
        raw[field->number] = m.value;
    }
    for (size_t i = 0; i < f->n_wanted; i++)
        if (f->items[i].twin >= 0)
            raw[i] = raw[f->items[i].twin];
    return more == 0 ? w.at : NULL;
}

void fields_count(struct fields *f)
{
    for (size_t i = f->n_wanted; i < f->n; i++)
        f->items[i].filled += f->items[i].last == f->number;
    f->others.filled += f->others.last == f->number;
}

int32_t fields_unread(struct fields *f, void *ctx,
                      int32_t (*field)(void *ctx, mig_str_t name, uint64_t filled))
{
    int32_t status = MIG_OK;
    for (size_t i = f->n_wanted; i < f->n && status == MIG_OK; i++) {
        struct field *unread = &f->items[i];
        status = field(ctx, (mig_str_t){unread->name, unread->len}, unread->filled);
        unread->filled = 0;
    }
    if (status == MIG_OK && f->others.filled)
        status = field(ctx, (mig_str_t){"", 0}, f->others.filled);
    f->others.filled = 0;
    return status;
}

void fields_warn(const struct fields *f, const char *entity)
{
    for (size_t i = 0; i < f->n_wanted; i++)
        if (!f->items[i].seen && f->items[i].twin < 0)
            say_log(f->host, MIG_LOG_WARNING, "no record of \"%s\" has the field \"%s\"", entity,
                    f->items[i].name);
}
