/* plugin.c - a plugin for mighost with one validator, "@NAME@". As it stands, it has one check: a
 * text column may not begin or end with a blank. The server runs the check; rows that break it
 * reject their records before anything is published. <mighost/plugin.h> says what each call has to
 * do. */
#include <mighost/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    char *table, *column, *sql; /* live until destroy(): the host's alloc() in create() */
};

static void destroy(void *self)
{
    free(self);
}

/* The option's text with a NUL byte behind it, between two others. */
static char *text(const mig_host_t *h, const char *before, const char *option, const char *behind)
{
    mig_value_t v = {NULL, 0, MIG_ABSENT};
    h->option(h, option, &v);
    size_t n = strlen(before), size = n + v.len + strlen(behind) + 1;
    char *out = h->alloc(h, size);
    memcpy(out, before, n);
    if (v.len)
        memcpy(out + n, v.data, v.len);
    memcpy(out + n + v.len, behind, strlen(behind) + 1);
    return out;
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct unit *u = calloc(1, sizeof *u);
    *self = u;
    if (!u)
        return host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    u->table = text(host, "", "table", "");
    u->column = text(host, "", "column", "");
    if (strchr(u->column, '"'))
        return host->fail(host, MIG_E_CONFIG, "the name of a column holds a quote", NULL);
    const char *quoted = text(host, "\"", "column", "\"");
    size_t size = 2 * strlen(quoted) + sizeof "btrim() <> ";
    u->sql = host->alloc(host, size);
    snprintf(u->sql, size, "btrim(%s) <> %s", quoted, quoted);
    return MIG_OK;
}

static int32_t check(void *self, uint32_t number, mig_check_t *out)
{
    const struct unit *u = self;
    if (number > 0)
        return MIG_END;
    out->kind = MIG_CHECK_ROW;
    out->severity = MIG_SEVERITY_ERROR;
    out->name = "no_outer_blanks";
    out->code = "outer_blanks";
    out->message = "the text must not begin or end with a blank";
    out->table = u->table;
    out->column = u->column;
    out->sql = u->sql; /* true for a bad row */
    return MIG_OK;
}

static const mig_option_t options[] = {
    {"table", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, "The table to look at."},
    {"column", MIG_OPT_TEXT, MIG_OPTF_REQUIRED, NULL, NULL, "The column to look at."},
    {0, 0, 0, 0, 0, 0}};

static const mig_validator_ops_t ops = {.size = sizeof ops, .check = check};

static const mig_unit_t unit = {.size = sizeof unit,
                                .kind = MIG_VALIDATOR,
                                .name = "@NAME@",
                                .summary = "Refuses texts that begin or end with a blank.",
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
