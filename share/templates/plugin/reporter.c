/* plugin.c - a plugin for mighost with one reporter, "@NAME@". As it stands, it writes one file
 * into the bundle: a line for each record that was rejected or left out, with its cause.
 * <mighost/plugin.h> says what each call has to do. */
#include <mighost/plugin.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const mig_host_t *host; /* lives until destroy() has returned */
    char *file;
    uint32_t handle;
};

static void destroy(void *self)
{
    free(self);
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
    u->file = host->alloc(host, (size_t)v.len + 1); /* freed with the instance */
    memcpy(u->file, v.data, v.len);
    u->file[v.len] = '\0';
    return MIG_OK;
}

static int32_t put(const struct unit *u, const char *text)
{
    return text ? u->host->file_write(u->host, u->handle, text, strlen(text)) : MIG_OK;
}

static int32_t one(void *ctx, const mig_reject_t *r)
{
    const struct unit *u = ctx;
    int32_t rc;
    if ((rc = put(u, r->stage)) != MIG_OK || (rc = put(u, " ")) != MIG_OK ||
        (rc = put(u, r->key)) != MIG_OK || (rc = put(u, ": ")) != MIG_OK ||
        (rc = put(u, r->reason)) != MIG_OK)
        return rc;
    return put(u, "\n");
}

/* A file that is not closed without error never appears in the bundle. */
static int32_t report(void *self, const mig_report_t *report)
{
    struct unit *u = self;
    const mig_host_t *h = u->host;
    int32_t rc = h->file_open(h, u->file, &u->handle);
    if (rc != MIG_OK)
        return rc;
    rc = report->rejects(report, u, one);
    if (rc != MIG_OK)
        return rc;
    return h->file_close(h, u->handle);
}

static const mig_option_t options[] = {
    {"file", MIG_OPT_TEXT, 0, "@NAME@.txt", NULL, "The file's name in the bundle."},
    {0, 0, 0, 0, 0, 0}};

static const mig_reporter_ops_t ops = {.size = sizeof ops, .report = report};

static const mig_unit_t unit = {.size = sizeof unit,
                                .kind = MIG_REPORTER,
                                .name = "@NAME@",
                                .summary = "Writes a line for each record that was lost.",
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
