/* conform_migrator.c - what is tried of migrators: records of all kinds of values, services that
 * fail in each call, many records. In the child process of a trial. */
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "trial.h"

#define MAX_FIELDS 256U
#define MAX_COLUMNS 256U
#define MAX_TABLES (sizeof((struct conform *)0)->tables / sizeof(struct conform_table))

static struct conform *of(const mig_host_t *h)
{
    return h->impl;
}

static int32_t bad_index(struct conform *c, const char *service)
{
    trial_fault("use the indexes that the host gave in describe()",
                "calls host->%s() with an index that it was not given in %s", service,
                trial_where());
    return c->m.host.fail(&c->m.host, MIG_E_BUG, "unknown index", NULL);
}

static int32_t next_index(struct conform *c, const char *service, uint32_t *counter, uint32_t most,
                          uint32_t *index)
{
    if (conform_refuses(c, service))
        return c->refusal;
    if (*counter == most)
        return c->m.host.fail(&c->m.host, MIG_E_CONFIG, "more than the test has room for", NULL);
    *index = (*counter)++;
    return MIG_OK;
}

static int32_t reads(const mig_host_t *h, const char *field, uint32_t *index)
{
    (void)field;
    return next_index(of(h), "reads", &of(h)->n_fields, MAX_FIELDS, index);
}

static int32_t writes(const mig_host_t *h, const char *table, uint32_t *index)
{
    (void)table;
    return next_index(of(h), "writes", &of(h)->n_tables, MAX_TABLES, index);
}

static int32_t column(const mig_host_t *h, uint32_t table, const char *name, uint32_t *index)
{
    struct conform *c = of(h);
    (void)name;
    if (table >= c->n_tables)
        return bad_index(c, "column");
    return next_index(c, "column", &c->tables[table].n_columns, MAX_COLUMNS, index);
}

static int32_t entity(const mig_host_t *h, const char *stage, uint32_t *index)
{
    (void)stage;
    return next_index(of(h), "entity", &of(h)->n_entities, UINT32_MAX, index);
}

static int32_t transform(const mig_host_t *h, const char *name, mig_str_t options, uint32_t *handle)
{
    (void)name;
    (void)options;
    return next_index(of(h), "transform", &of(h)->n_transforms, UINT32_MAX, handle);
}

static int32_t takes_key(const mig_host_t *h, uint32_t table, uint32_t col, uint32_t ent)
{
    struct conform *c = of(h);
    if (table >= c->n_tables || col >= c->tables[table].n_columns || ent >= c->n_entities)
        return bad_index(c, "takes_key");
    return conform_refuses(c, "takes_key") ? c->refusal : MIG_OK;
}

static int32_t ignores(const mig_host_t *h, const char *field)
{
    (void)field;
    return conform_refuses(of(h), "ignores") ? of(h)->refusal : MIG_OK;
}

static int32_t made_of(const mig_host_t *h, uint32_t table, uint32_t col, const char *const *fields,
                       uint32_t n_fields, mig_str_t steps)
{
    struct conform *c = of(h);
    (void)fields;
    (void)n_fields;
    (void)steps;
    if (table >= c->n_tables || col >= c->tables[table].n_columns)
        return bad_index(c, "made_of");
    return conform_refuses(c, "made_of") ? c->refusal : MIG_OK;
}

static int32_t key(const mig_host_t *h, uint32_t ent, const mig_value_t *source, mig_value_t *out)
{
    struct conform *c = of(h);
    if (ent >= c->n_entities)
        return bad_index(c, "key");
    if (conform_refuses(c, "key"))
        return c->refusal;
    *out = source->kind <= MIG_NULL ? *source : (mig_value_t){"k-1", 3, MIG_TEXT};
    return MIG_OK;
}

static int32_t given(struct conform *c, const char *service, uint32_t handle, const mig_value_t *in,
                     uint32_t n_in, mig_value_t *out)
{
    if (handle >= c->n_transforms || n_in == 0)
        return bad_index(c, service);
    if (conform_refuses(c, service))
        return c->refusal;
    *out = in[0];
    return MIG_OK;
}

static int32_t apply(const mig_host_t *h, uint32_t handle, const char *field, const mig_value_t *in,
                     uint32_t n_in, mig_value_t *out)
{
    (void)field;
    return given(of(h), "apply", handle, in, n_in, out);
}

static int32_t apply_to(const mig_host_t *h, uint32_t handle, uint32_t table, uint32_t col,
                        const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    struct conform *c = of(h);
    if (table >= c->n_tables || col >= c->tables[table].n_columns)
        return bad_index(c, "apply_to");
    return given(c, "apply_to", handle, in, n_in, out);
}

static mig_value_t *row(const mig_host_t *h, uint32_t table)
{
    struct conform *c = of(h);
    static mig_value_t none[MAX_COLUMNS];
    if (table >= c->n_tables) {
        bad_index(c, "row");
        return none;
    }
    struct conform_table *t = &c->tables[table];
    if (!t->row)
        t->row = malloc(MAX_COLUMNS * sizeof *t->row);
    if (!t->row)
        abort();
    for (uint32_t i = 0; i < MAX_COLUMNS; i++)
        t->row[i] = (mig_value_t){NULL, 0, i < t->n_columns ? MIG_ABSENT : UINT32_MAX};
    t->is_open = 1;
    return t->row;
}

static int32_t emit(const mig_host_t *h, uint32_t table)
{
    struct conform *c = of(h);
    if (table >= c->n_tables)
        return bad_index(c, "emit");
    struct conform_table *t = &c->tables[table];
    if (!t->is_open) {
        trial_fault("call host->row() before each emit()", "emits no row in %s", trial_where());
        return c->m.host.fail(&c->m.host, MIG_E_BUG, "no row", NULL);
    }
    for (uint32_t i = 0; i < MAX_COLUMNS; i++)
        if (i < t->n_columns)
            conform_value(&t->row[i], MIG_AWAITED);
        else if (t->row[i].kind != UINT32_MAX)
            trial_fault("declare each column by host->column()",
                        "writes behind the columns that it declared in %s", trial_where());
    t->is_open = 0;
    return conform_refuses(c, "emit") ? c->refusal : MIG_OK;
}

/* ---- calls ------------------------------------------------------------------------------ */

static const mig_migrator_ops_t *ops_of(const struct conform *c)
{
    return c->unit->ops;
}

/* An instance that has described itself; 0: it has. */
static int ready(struct conform *c)
{
    mig_host_t *h = &c->m.host;
    h->reads = reads, h->writes = writes, h->column = column, h->entity = entity;
    h->takes_key = takes_key, h->transform = transform, h->ignores = ignores, h->made_of = made_of;
    h->key = key, h->row = row, h->emit = emit, h->apply = apply, h->apply_to = apply_to;
    c->n_fields = c->n_tables = c->n_entities = c->n_transforms = 0;
    memset(c->tables, 0, sizeof c->tables);
    if (conform_create(c) != MIG_OK)
        return 1;
    trial_enter("describe", "");
    int32_t got = ops_of(c)->describe(c->self);
    trial_leave();
    if (got < 0 && c->m.n_failed && !c->refused)
        trial_remark("describe() says: %s", c->m.text);
    c->is_deaf |= conform_handed_on(c, got);
    mockhost_lasts(&c->m);
    return conform_outcome(c, got, 0) != MIG_OK || c->is_deaf;
}

static int32_t record(struct conform *c, const char *name, const mig_value_t *values,
                      uint64_t number)
{
    const mig_record_t r = {.size = sizeof r,
                            .n_values = c->n_fields,
                            .values = values,
                            .number = number,
                            .key = {"k\x1f"
                                    "1",
                                    3}};
    for (uint32_t i = 0; i < c->n_tables; i++) {
        free(c->tables[i].row);
        c->tables[i].row = NULL;
        c->tables[i].is_open = 0;
    }
    trial_enter("record", name);
    int32_t got = ops_of(c)->record(c->self, &r);
    trial_leave();
    c->is_deaf |= conform_handed_on(c, got);
    return conform_outcome(c, got, 1U << MIG_REJECT | 1U << MIG_SKIP);
}

static void fill(mig_value_t *values, uint32_t from, uint32_t step)
{
    for (uint32_t i = 0; i < MAX_FIELDS; i++)
        values[i] = conform_inputs()[(from + i * step) % CONFORM_INPUTS].value;
}

static void values(struct conform *c)
{
    static mig_value_t list[MAX_FIELDS];
    if (ready(c))
        return;
    for (uint32_t i = 0; i < CONFORM_INPUTS; i++) {
        fill(list, i, 0);
        record(c, conform_inputs()[i].name, list, i + 1);
    }
    for (uint32_t i = 0; i < CONFORM_INPUTS; i++) {
        fill(list, i, 7);
        record(c, "values of several kinds", list, i + 1);
    }
    conform_destroy(c);
}

static void often(struct conform *c)
{
    static mig_value_t lists[4][MAX_FIELDS];
    struct conform_growth g;
    if (ready(c))
        return;
    for (uint32_t i = 0; i < 4; i++)
        fill(lists[i], 3 + i, 0);
    for (uint32_t i = 0; i < 40; i++)
        record(c, "a text", lists[i % 4], i + 1);
    conform_grow_begin(&g);
    while (conform_grow_on(&g, CONFORM_OFTEN))
        record(c, "a text", lists[g.n % 4], g.n);
    conform_grow_end(&g, "calls of record()");
    conform_destroy(c);
}

/* Each service fails, each in an instance of its own, until one is not heeded. */
static void failing(struct conform *c)
{
    static const struct {
        const char *service;
        int32_t gives;
    } failures[] = {
        {"reads", MIG_E_CONFIG},       {"writes", MIG_E_CONFIG},    {"column", MIG_E_CONFIG},
        {"entity", MIG_E_CONFIG},      {"transform", MIG_E_CONFIG}, {"takes_key", MIG_E_BUG},
        {"ignores", MIG_E_CONFIG},     {"made_of", MIG_E_BUG},      {"key", MIG_E_CONFIG},
        {"apply", MIG_REJECT},         {"apply_to", MIG_REJECT},    {"apply", MIG_E_TEMPORARY},
        {"apply_to", MIG_E_TEMPORARY}, {"emit", MIG_REJECT},        {"emit", MIG_E_TEMPORARY}};
    static mig_value_t list[MAX_FIELDS];
    fill(list, 4, 0);
    for (size_t i = 0; i < sizeof failures / sizeof *failures && !c->is_deaf; i++) {
        c->refused = failures[i].service;
        c->refusal = failures[i].gives;
        c->was_refused = 0;
        int is_ready = ready(c) == 0;
        if (is_ready)
            record(c, "a text", list, 1);
        conform_destroy(c);
    }
}

const struct conform_try conform_migrator[] = {{values}, {often}, {failing}, {NULL}};
