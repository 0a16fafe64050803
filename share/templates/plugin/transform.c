/* plugin.c - a plugin for mighost with one transform, "@NAME@". As it stands, it makes a word for
 * URLs from a text: "Hello, World 2" becomes "hello-world-2". ASCII letters and digits stay, in
 * lower case; what lies between becomes one separator; a text with neither is rejected.
 * <mighost/plugin.h> says what each call has to do. */
#include <mighost/plugin.h>
#include <stdlib.h>

struct unit {
    const mig_host_t *host; /* lives until destroy() has returned */
    char separator;
    uint32_t max; /* bytes */
};

static void destroy(void *self)
{
    free(self);
}

/* The host has checked type and range before create() is called. */
static uint32_t number(mig_str_t text)
{
    uint32_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n = n * 10 + (uint32_t)(text.data[i] - '0');
    return n;
}

static int32_t create(const mig_host_t *host, void **self)
{
    mig_value_t separator, max;
    *self = NULL;
    if (host->option(host, "separator", &separator) != MIG_OK ||
        host->option(host, "max", &max) != MIG_OK)
        return host->fail(host, MIG_E_BUG, "an option is missing from the table", NULL);
    struct unit *u = malloc(sizeof *u);
    if (!u)
        return host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    *u = (struct unit){host, separator.data[0], number((mig_str_t){max.data, max.len})};
    *self = u;
    return MIG_OK;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int keeps(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static uint32_t write_slug(const struct unit *u, const mig_value_t *in, char *out)
{
    uint32_t n = 0;
    int gap = 0;
    for (uint32_t i = 0; i < in->len && n < u->max; i++) {
        char c = lower(in->data[i]);
        if (!keeps(c)) {
            gap = n > 0;
            continue;
        }
        if (gap && n + 1 >= u->max)
            break; /* no room for the separator and a letter */
        if (gap)
            out[n++] = u->separator;
        out[n++] = c;
        gap = 0;
    }
    return n;
}

static int32_t apply(void *self, const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    const struct unit *u = self;
    const mig_host_t *host = u->host;
    if (n_in != 1)
        return host->fail(host, MIG_E_CONFIG, "@NAME@ takes one value",
                          "join several by the transform concat first");
    *out = *in;
    if (in->kind == MIG_NULL || in->kind == MIG_ABSENT)
        return MIG_OK;
    if (in->kind != MIG_TEXT)
        return host->reject(host, NULL, "not_text", "only a text can become a slug");
    char *text = host->alloc(host, (size_t)u->max + 1); /* freed with the record */
    uint32_t n = write_slug(u, in, text);
    if (n == 0)
        return host->reject(host, NULL, "empty_slug", "the text has no ASCII letter or digit");
    *out = (mig_value_t){text, n, MIG_TEXT};
    return MIG_OK;
}

static const mig_option_t options[] = {
    {"separator", MIG_OPT_TEXT, 0, "-", "-|_", "What stands between words."},
    {"max", MIG_OPT_INT, 0, "60", "1..200", "The greatest length in bytes."},
    {0, 0, 0, 0, 0, 0}};

static const mig_transform_ops_t ops = {
    .size = sizeof ops, .flags = MIG_TRANSFORM_PURE, .apply = apply};

static const mig_unit_t unit = {.size = sizeof unit,
                                .kind = MIG_TRANSFORM,
                                .name = "@NAME@",
                                .summary = "Makes a word for URLs from a text.",
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
