/* plugin.c - a plugin for mighost with one source, "@NAME@". As it stands, it reads a text file:
 * its one entity "lines" has a record a line, with the fields "number" and "text". It holds one
 * line at a time. <mighost/plugin.h> says what each call has to do. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <mighost/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FIELDS 64

struct unit {
    const mig_host_t *host; /* lives until destroy() has returned */
    char *path;
    FILE *file; /* NULL: no entity is open */
    char *line;
    size_t size, len; /* of the line: what it has room for, and its text */
    unsigned long number;
    char digits[24], identity[64];
    char *raw;
    uint32_t n_fields;
    char kinds[MAX_FIELDS]; /* of the wanted fields: 'n' number, 't' text, '-' there is none */
    mig_value_t values[MAX_FIELDS];
};

static void destroy(void *self)
{
    struct unit *u = self;
    if (!u)
        return;
    if (u->file)
        fclose(u->file);
    free(u->line);
    free(u->raw);
    free(u);
}

static int32_t create(const mig_host_t *host, void **self)
{
    mig_value_t v;
    struct unit *u = calloc(1, sizeof *u);
    *self = u;
    if (!u)
        return host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    u->host = host;
    int32_t rc = host->option(host, "file", &v);
    if (rc != MIG_OK)
        return rc;
    u->path = host->alloc(host, (size_t)v.len + 1); /* freed with the instance */
    memcpy(u->path, v.data, v.len);
    u->path[v.len] = '\0';
    return MIG_OK;
}

static int32_t unreadable(const struct unit *u)
{
    char text[200];
    snprintf(text, sizeof text, "the file cannot be read: %s", strerror(errno));
    return u->host->fail(u->host, MIG_E_SOURCE, text, "look at the option \"file\"");
}

static int32_t ping(void *self)
{
    const struct unit *u = self;
    FILE *file = fopen(u->path, "re");
    if (!file)
        return unreadable(u);
    fclose(file);
    return MIG_OK;
}

static int32_t entities(void *self, void *ctx, int32_t (*row)(void *ctx, const char *entity))
{
    (void)self;
    return row(ctx, "lines");
}

/* Size and time: another text where the content may be another. */
static int32_t identity(void *self, const char *entity, mig_str_t *out)
{
    struct unit *u = self;
    struct stat st;
    (void)entity;
    if (stat(u->path, &st) != 0)
        return unreadable(u);
    int n = snprintf(u->identity, sizeof u->identity, "%lld-%lld.%09ld", (long long)st.st_size,
                     (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    *out = (mig_str_t){u->identity, (size_t)n};
    return MIG_OK;
}

static int32_t open_entity(void *self, const char *entity, const char *const *fields,
                           uint32_t n_fields, const char *const *key_fields, uint32_t n_key_fields,
                           mig_str_t position)
{
    struct unit *u = self;
    const mig_host_t *h = u->host;
    (void)key_fields, (void)n_key_fields, (void)position; /* a file has an order of its own */
    if (strcmp(entity, "lines") != 0)
        return h->fail(h, MIG_E_SOURCE, "there is no such entity", "the file has the entity lines");
    if (n_fields > MAX_FIELDS)
        return h->fail(h, MIG_E_CONFIG, "too many fields are wanted", NULL);
    for (uint32_t i = 0; i < n_fields; i++)
        u->kinds[i] = strcmp(fields[i], "number") == 0 ? 'n'
                      : strcmp(fields[i], "text") == 0 ? 't'
                                                       : '-';
    u->n_fields = n_fields;
    u->number = 0;
    u->file = fopen(u->path, "re");
    return u->file ? MIG_OK : unreadable(u);
}

static int32_t next(void *self, mig_record_t *rec, mig_wait_t *wait)
{
    struct unit *u = self;
    (void)wait; /* it never has to */
    if (u->host->cancelled(u->host))
        return u->host->fail(u->host, MIG_E_CANCELLED, "stopped", NULL);
    ssize_t n = getline(&u->line, &u->size, u->file);
    if (n < 0)
        return ferror(u->file) ? unreadable(u) : MIG_END;
    u->len = (size_t)n - (u->line[n - 1] == '\n');
    u->number++;
    if (u->len > UINT32_MAX)
        return u->host->reject(u->host, "text", "too_long", "the line has more than 4 GB");
    int digits = snprintf(u->digits, sizeof u->digits, "%lu", u->number);
    for (uint32_t i = 0; i < u->n_fields; i++)
        u->values[i] = u->kinds[i] == 'n'   ? (mig_value_t){u->digits, (uint32_t)digits, MIG_NUMBER}
                       : u->kinds[i] == 't' ? (mig_value_t){u->line, (uint32_t)u->len, MIG_TEXT}
                                            : (mig_value_t){NULL, 0, MIG_ABSENT};
    rec->values = u->values;
    rec->n_values = u->n_fields;
    return MIG_OK;
}

/* As JSON: what is no plain ASCII stands as its code, byte by byte. */
static int32_t raw(void *self, mig_str_t *out)
{
    struct unit *u = self;
    char *text = realloc(u->raw, u->len * 6 + 80);
    if (!text)
        return u->host->fail(u->host, MIG_E_NOMEM, "out of memory", NULL);
    u->raw = text;
    int n = snprintf(text, 64, "{\"number\":%lu,\"text\":\"", u->number);
    char *at = text + n;
    for (size_t i = 0; i < u->len; i++) {
        unsigned char c = (unsigned char)u->line[i];
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
            at += snprintf(at, 7, "\\u%04x", c);
        else
            *at++ = (char)c;
    }
    memcpy(at, "\"}", 3);
    *out = (mig_str_t){text, (size_t)(at + 2 - text)};
    return MIG_OK;
}

static int32_t close_entity(void *self)
{
    struct unit *u = self;
    if (u->file)
        fclose(u->file);
    u->file = NULL;
    return MIG_OK;
}

static const mig_option_t options[] = {
    {"file", MIG_OPT_PATH, MIG_OPTF_REQUIRED, NULL, NULL, "The text file."}, {0, 0, 0, 0, 0, 0}};

static const mig_source_ops_t ops = {.size = sizeof ops,
                                     .ping = ping,
                                     .entities = entities,
                                     .identity = identity,
                                     .open = open_entity,
                                     .next = next,
                                     .raw = raw,
                                     .close = close_entity};

static const mig_unit_t unit = {.size = sizeof unit,
                                .kind = MIG_SOURCE,
                                .name = "@NAME@",
                                .summary = "Reads the lines of a text file.",
                                .options = options,
                                .create = create,
                                .destroy = destroy,
                                .ops = &ops};

static const mig_unit_t *const units[] = {&unit, NULL};

MIG_EXPORT const mig_plugin_t mighost_plugin = {.magic = MIG_MAGIC,
                                                .abi_major = MIG_ABI_MAJOR,
                                                .abi_minor = MIG_ABI_MINOR,
                                                .size = sizeof mighost_plugin,
                                                .id = "@ID@",
                                                .version = "1.0",
                                                .units = units};
