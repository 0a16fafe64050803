/* plugin.c - a plugin for mighost with one migrator, "@NAME@". As it stands, it makes one row with
 * id and name from each record, and leaves out records without a name. A migrator that does only
 * this needs no plugin, "map" does it; it is the place for what no mapping can say.
 * <mighost/plugin.h> says what each call has to do. */
#include <mighost/plugin.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const mig_host_t *host; /* lives until destroy() has returned */
    uint32_t id, name;      /* fields of the record */
    uint32_t table, row_id, row_name;
};

static void destroy(void *self)
{
    free(self);
}

static int32_t create(const mig_host_t *host, void **self)
{
    struct unit *u = calloc(1, sizeof *u);
    *self = u;
    if (!u)
        return host->fail(host, MIG_E_NOMEM, "out of memory", NULL);
    u->host = host;
    return MIG_OK;
}

/* What the migrator reads and writes. What the host refuses, it has said why: hand it on. */
static int32_t describe(void *self)
{
    struct unit *u = self;
    const mig_host_t *h = u->host;
    mig_value_t v;
    int32_t rc = h->option(h, "table", &v);
    if (rc != MIG_OK)
        return rc;
    char *table = h->alloc(h, (size_t)v.len + 1); /* freed with the instance */
    memcpy(table, v.data, v.len);
    table[v.len] = '\0';
    if ((rc = h->reads(h, "id", &u->id)) != MIG_OK ||
        (rc = h->reads(h, "name", &u->name)) != MIG_OK ||
        (rc = h->writes(h, table, &u->table)) != MIG_OK ||
        (rc = h->column(h, u->table, "id", &u->row_id)) != MIG_OK ||
        (rc = h->column(h, u->table, "name", &u->row_name)) != MIG_OK)
        return rc;
    return MIG_OK;
}

static int32_t record(void *self, const mig_record_t *r)
{
    const struct unit *u = self;
    const mig_host_t *h = u->host;
    if (r->values[u->name].kind <= MIG_NULL) /* absent or NULL */
        return h->skip(h, "no_name", "a record without a name is not wanted");
    mig_value_t *row = h->row(h, u->table);
    row[u->row_id] = r->values[u->id];
    row[u->row_name] = r->values[u->name];
    return h->emit(h, u->table);
}

static const mig_option_t options[] = {
    {"table", MIG_OPT_TEXT, 0, "item", NULL, "The table that gets the rows."}, {0, 0, 0, 0, 0, 0}};

static const mig_migrator_ops_t ops = {.size = sizeof ops, .describe = describe, .record = record};

static const mig_unit_t unit = {.size = sizeof unit,
                                .kind = MIG_MIGRATOR,
                                .name = "@NAME@",
                                .summary = "Makes one row of each record that has a name.",
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
