/* check.c - tests the plugin without mighost: a host of its own that has just the calls which
 * the transform uses. Linked with slug.c; "make check". */
#include <mighost/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const mig_plugin_t mighost_plugin;

static const char *max = "60";
static const char *said; /* the code of the last reject, or the text of the last failure */
static char memory[256];

static int32_t fail(const mig_host_t *h, int32_t status, const char *text, const char *fix)
{
    (void)h, (void)fix;
    said = text;
    return status;
}

static int32_t option(const mig_host_t *h, const char *name, mig_value_t *out)
{
    const char *value = strcmp(name, "max") == 0 ? max : "-";
    (void)h;
    *out = (mig_value_t){value, (uint32_t)strlen(value), MIG_TEXT};
    return MIG_OK;
}

static void *alloc(const mig_host_t *h, size_t bytes)
{
    (void)h;
    return bytes <= sizeof memory ? memory : NULL;
}

static int32_t reject(const mig_host_t *h, const char *field, const char *code, const char *reason)
{
    (void)h, (void)field, (void)reason;
    said = code;
    return MIG_REJECT;
}

static const mig_host_t host = {.size = sizeof host,
                                .abi_major = MIG_ABI_MAJOR,
                                .abi_minor = MIG_ABI_MINOR,
                                .fail = fail,
                                .option = option,
                                .alloc = alloc,
                                .reject = reject};

/* What the transform makes of a text: its result, or what it said. */
static const char *slug_of(const char *text, uint32_t kind, uint32_t n_in)
{
    static char result[256];
    void *self;
    const mig_unit_t *unit = mighost_plugin.units[0];
    const mig_transform_ops_t *ops = unit->ops;
    mig_value_t in = {text, (uint32_t)strlen(text), kind}, out = {0};
    if (unit->create(&host, &self) != MIG_OK)
        return said;
    int32_t status = ops->apply(self, &in, n_in, &out);
    unit->destroy(self);
    if (status != MIG_OK)
        return said;
    if (out.kind == MIG_NULL)
        return "NULL";
    snprintf(result, sizeof result, "%.*s", (int)out.len, out.data);
    return result;
}

static int differs(const char *got, const char *expected)
{
    if (strcmp(got, expected) == 0)
        return 0;
    printf("FAILED: \"%s\" instead of \"%s\"\n", got, expected);
    return 1;
}

int main(void)
{
    int failed = 0;
    failed |= differs(slug_of("Hello, World 2", MIG_TEXT, 1), "hello-world-2");
    failed |= differs(slug_of("  -- a -- ", MIG_TEXT, 1), "a");
    failed |= differs(slug_of("", MIG_NULL, 1), "NULL");
    failed |= differs(slug_of("\xc3\xbc!", MIG_TEXT, 1), "empty_slug");
    failed |= differs(slug_of("12", MIG_NUMBER, 1), "not_text");
    failed |= differs(slug_of("a", MIG_TEXT, 2), "slug takes one value");
    max = "3";
    failed |= differs(slug_of("ab cd", MIG_TEXT, 1), "ab");
    failed |= differs(slug_of("abcd", MIG_TEXT, 1), "abc");
    if (!failed)
        printf("slug: all as expected\n");
    return failed;
}
