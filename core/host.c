/* host.c - instances of plugin units and the services they are given.
 * Arguments that are kept are copied; everything a unit gets from alloc() belongs to the
 * record or to the instance, never to the plugin. [main] thread. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "hostdescribe.h"
#include "hostfiles.h"
#include "hostrepairs.h"
#include "log.h"
#include "mask.h"
#include "waiting.h"

/* Plugins make these structs: nothing is written behind the members of the version that they know,
 * 1.0. A later member is written only where `size` reaches it. */
#define PLACE_SIZE (offsetof(mig_place_t, column) + sizeof(mig_str_t))
#define RECORDING_SIZE (offsetof(mig_recording_t, key_name) + sizeof(char *))

static _Atomic int cancel_flag; /* set by a signal, asked by any thread */

void host_cancel(void)
{
    cancel_flag = 1;
}

int host_is_cancelled(void)
{
    return cancel_flag;
}

static struct unit *unit_of(const mig_host_t *h)
{
    return h->impl;
}

static void copy_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text ? text : "");
}

/* ---- general services ---------------------------------------------------------------- */

static void service_log(const mig_host_t *h, int32_t level, const char *text)
{
    if (level < MIG_LOG_DEBUG || level > MIG_LOG_ERROR)
        level = MIG_LOG_INFO;
    log_write((enum log_level)level, "%s: %s", unit_of(h)->def->feature, text);
    waiting_said(text);
}

static int32_t service_fail(const mig_host_t *h, int32_t status, const char *text, const char *fix)
{
    static const int codes[] = {STATUS_BUG,       STATUS_BUG, STATUS_CONFIG,    STATUS_SOURCE,
                                STATUS_TEMPORARY, STATUS_BUG, STATUS_TEMPORARY, STATUS_BACKUP};
    struct unit *u = unit_of(h);
    int code = status < 0 && status >= -7 ? codes[-status] : STATUS_BUG;
    error_set(&u->host->failure, code, "%s (%s): %s", u->def->feature, u->where, text);
    if (fix)
        error_fix(&u->host->failure, "%s", fix);
    /* The report takes these texts as they are. */
    log_mask(u->host->failure.what);
    log_mask(u->host->failure.fix);
    return status;
}

static int32_t service_cancelled(const mig_host_t *h)
{
    (void)h;
    return cancel_flag;
}

static int32_t service_option(const mig_host_t *h, const char *name, mig_value_t *out)
{
    return options_get(&unit_of(h)->options, name, out);
}

static void *service_alloc(const mig_host_t *h, size_t bytes)
{
    struct unit *u = unit_of(h);
    return arena_alloc(u->host->in_record ? u->host->record : u->mem, bytes);
}

/* ---- outcome of a record -------------------------------------------------------------- */

static int32_t set_outcome(struct host *h, int32_t kind, const char *field, const char *code,
                           const char *reason)
{
    struct host_outcome *o = &h->outcome;
    if (o->kind)
        return o->kind;
    o->kind = kind;
    copy_text(o->field, sizeof o->field, field);
    copy_text(o->code, sizeof o->code, code && code[0] ? code : "unspecified");
    copy_text(o->reason, sizeof o->reason, reason);
    log_mask(o->reason);
    return kind;
}

static int32_t service_reject(const mig_host_t *h, const char *field, const char *code,
                              const char *reason)
{
    return set_outcome(unit_of(h)->host, MIG_REJECT, field, code, reason);
}

static int32_t service_skip(const mig_host_t *h, const char *code, const char *reason)
{
    return set_outcome(unit_of(h)->host, MIG_SKIP, NULL, code, reason);
}

void host_refuse(struct host *h, const char *field)
{
    set_outcome(h, MIG_REJECT, field, "unspecified", "a transform refused the value");
    if (!h->outcome.field[0])
        copy_text(h->outcome.field, sizeof h->outcome.field, field);
}

/* ---- rows ----------------------------------------------------------------------------- */

static int32_t key_too_early(const mig_host_t *h, const char *use)
{
    char text[200];
    snprintf(text, sizeof text, "%s a key that is not known before all records are read", use);
    return service_fail(h, MIG_E_CONFIG, text,
                        "keys of stages with ids \"sequence\" or \"natural\" can only be whole "
                        "values of columns; give that stage ids \"uuid5\" or \"keep\" otherwise");
}

static int32_t service_key(const mig_host_t *h, uint32_t entity, const mig_value_t *source_key,
                           mig_value_t *out)
{
    struct unit *u = unit_of(h);
    if (entity >= u->n_entities)
        return service_fail(h, MIG_E_BUG, "asks for a key of an entity it did not declare", NULL);
    *out = *source_key;
    if (source_key->kind == MIG_ABSENT || source_key->kind == MIG_NULL)
        return MIG_OK;
    const struct host_entity *e = &u->entities[entity];
    if (source_key->kind == MIG_KEY)
        return key_too_early(h, "asks for the key of");
    if (project_ids_wait(e->ids)) {
        *out = token_make(u->host->record, u->host->key_mark, e->stage, source_key);
        return MIG_OK;
    }
    if (e->ids == ID_KEEP)
        return MIG_OK;
    char *text = arena_alloc(u->host->record, 37);
    digest_uuid5(e->uuid, source_key->data, source_key->len, text);
    if (source_key->data == u->host->key.data && source_key->len == u->host->key.len &&
        str_equal(e->stage, u->host->stage))
        u->host->own_key = text;
    *out = (mig_value_t){text, 36, MIG_TEXT};
    return MIG_OK;
}

static mig_value_t *service_row(const mig_host_t *h, uint32_t table)
{
    struct unit *u = unit_of(h);
    if (table >= u->n_tables) {
        service_fail(h, MIG_E_BUG, "asks for a row of a table it did not declare", NULL);
        return u->tables ? u->tables[0].row : NULL;
    }
    memset(u->tables[table].row, 0, u->tables[table].n_columns * sizeof *u->tables[table].row);
    return u->tables[table].row;
}

static int32_t service_emit(const mig_host_t *h, uint32_t table)
{
    struct unit *u = unit_of(h);
    if (!u->emit || table >= u->n_tables)
        return service_fail(h, MIG_E_BUG, "emits a row where none is expected", NULL);
    return u->emit(u->emit_ctx, table);
}

/* ---- transforms ----------------------------------------------------------------------- */

static int32_t service_transform(const mig_host_t *h, const char *name, mig_str_t options,
                                 uint32_t *handle)
{
    struct unit *u = unit_of(h);
    if (hostdescribe_outside(u))
        return MIG_E_BUG;
    char feature[160];
    snprintf(feature, sizeof feature, "transform:%s", name);
    char *text = arena_strndup(u->mem, options.len ? options.data : "", options.len);
    struct faults *faults = u->host->faults;
    size_t before = faults->n;
    u->describing = 0; /* the transform's create() is not part of this description */
    struct error own = u->host->failure; /* each transform says its own fault */
    error_clear(&u->host->failure);
    struct unit *t = host_unit(u->host, feature, text, u->where, faults);
    u->host->failure = own;
    u->describing = 1;
    if (!t)
        return service_fail(h, MIG_E_CONFIG,
                            faults->n > before ? "a transform does not fit, see above"
                                               : "a transform could not be made",
                            NULL);
    u->transforms = arena_heap(u->transforms, (u->n_transforms + 1) * sizeof *u->transforms);
    u->transforms[u->n_transforms] = t;
    *handle = (uint32_t)u->n_transforms++;
    return MIG_OK;
}

static int32_t check_input(struct unit *u, uint32_t handle, const mig_value_t *in, uint32_t n_in)
{
    if (handle >= u->n_transforms)
        return service_fail(&u->table, MIG_E_BUG, "applies a transform it did not make", NULL);
    for (uint32_t i = 0; i < n_in; i++) {
        if (in[i].kind == MIG_KEY)
            return key_too_early(&u->table, "transforms");
        if (in[i].kind == MIG_AWAITED)
            return service_fail(&u->table, MIG_E_BUG, "transforms a value of apply_to()", NULL);
    }
    return MIG_OK;
}

static int32_t service_apply(const mig_host_t *h, uint32_t handle, const char *field,
                             const mig_value_t *in, uint32_t n_in, mig_value_t *out)
{
    struct unit *u = unit_of(h);
    int32_t returned = check_input(u, handle, in, n_in);
    if (returned != MIG_OK)
        return returned;
    u->host->field = field; /* a repair that the transform counts belongs to it */
    returned = call_apply(u->transforms[handle], in, n_in, out);
    if (u->host->trace)
        u->host->trace(u->host->trace_ctx, u->transforms[handle],
                       &(struct host_step){field, in, n_in, out, returned});
    if (returned == MIG_REJECT)
        host_refuse(u->host, field);
    return returned;
}

int host_is_slow(const struct unit *transform)
{
    const mig_transform_ops_t *ops = transform->def->unit->ops;
    uint32_t both = MIG_TRANSFORM_PURE | MIG_TRANSFORM_SLOW;
    return (ops->flags & both) == both;
}

int host_can_record(const struct unit *source)
{
    const mig_source_ops_t *ops = source->def->unit->ops;
    return (ops->flags & MIG_SOURCE_RECORDS) != 0;
}

int host_takes_secrets(const struct unit *transform)
{
    const mig_transform_ops_t *ops = transform->def->unit->ops;
    return (ops->flags & MIG_TRANSFORM_SECRET) != 0;
}

static int32_t await_value(struct unit *u, const struct host_value *v, mig_value_t *out)
{
    u->host->field = u->tables[v->table].columns[v->column];
    int32_t returned = call_quick(v->transform, v->in, v->n_in, out);
    if (returned == MIG_LATER)
        returned = u->await(u->emit_ctx, v, out);
    if (returned == MIG_LATER)
        returned = call_slow(v->transform, v->in, v->n_in, out);
    if (returned == MIG_REJECT)
        host_refuse(u->host, u->host->field);
    return returned;
}

static int32_t service_apply_to(const mig_host_t *h, uint32_t handle, uint32_t table,
                                uint32_t column, const mig_value_t *in, uint32_t n_in,
                                mig_value_t *out)
{
    struct unit *u = unit_of(h);
    if (table >= u->n_tables || column >= u->tables[table].n_columns)
        return service_fail(h, MIG_E_BUG, "names a column that it did not declare", NULL);
    if (check_input(u, handle, in, n_in))
        return MIG_E_BUG;
    const struct host_value v = {u->transforms[handle], table, column, in, n_in};
    if (!u->has_login && call_can_open(v.transform)) {
        u->has_login = 1;
        u->login_table = table;
        u->login_column = column;
    }
    if (!u->await || !host_is_slow(v.transform))
        return service_apply(h, handle, u->tables[table].columns[column], in, n_in, out);
    return await_value(u, &v, out);
}

static int32_t service_place(const mig_host_t *h, mig_place_t *out)
{
    const struct host *host = unit_of(h)->host;
    if (out->size < PLACE_SIZE || !host->key.data || !host->stage)
        return service_fail(h, MIG_E_BUG, "asks for a place where there is none", NULL);
    const char *column = host->field ? host->field : "";
    const mig_place_t place = {.size = out->size,
                               .project = {host->project->name, strlen(host->project->name)},
                               .stage = {host->stage, strlen(host->stage)},
                               .key = host->key,
                               .column = {column, strlen(column)}};
    memcpy(out, &place, PLACE_SIZE);
    return MIG_OK;
}

/* ---- recordings ----------------------------------------------------------------------- */

static const char *source_name(const struct unit *u)
{
    return u->where + strlen("source ");
}

static int32_t service_recording(const mig_host_t *h, mig_recording_t *out)
{
    struct unit *u = unit_of(h);
    const struct host_recording *r = &u->host->recording;
    if (out->size < RECORDING_SIZE || u->def->unit->kind != MIG_SOURCE)
        return service_fail(h, MIG_E_BUG, "asks for a recording where there is none", NULL);
    const mig_recording_t recording = {
        .size = out->size,
        .mode = r->mode,
        .dir = r->mode ? arena_printf(u->mem, "%s/%s", r->dir, source_name(u)) : NULL,
        .key = r->has_key ? r->key : NULL,
        .key_name = HOST_KEY_VARIABLE};
    memcpy(out, &recording, RECORDING_SIZE);
    return MIG_OK;
}

static int32_t service_is_secret(const mig_host_t *h, const char *entity, mig_str_t field)
{
    const struct unit *u = unit_of(h);
    return u->def->unit->kind == MIG_SOURCE &&
           mask_is_secret(u->host->project, source_name(u), entity, field.data, field.len);
}

static const void *service_extension(const mig_host_t *h, const char *id)
{
    (void)h;
    (void)id;
    return NULL;
}

/* ---- instances ------------------------------------------------------------------------ */

static const mig_host_t services = {
    .size = sizeof(mig_host_t),
    .abi_major = MIG_ABI_MAJOR,
    .abi_minor = MIG_ABI_MINOR,
    .log = service_log,
    .fail = service_fail,
    .cancelled = service_cancelled,
    .option = service_option,
    .alloc = service_alloc,
    .reject = service_reject,
    .skip = service_skip,
    .repaired = hostrepairs_count,
    .reads = hostdescribe_reads,
    .writes = hostdescribe_writes,
    .column = hostdescribe_column,
    .entity = hostdescribe_entity,
    .key = service_key,
    .row = service_row,
    .emit = service_emit,
    .transform = service_transform,
    .apply = service_apply,
    .file_open = hostfiles_open,
    .file_write = hostfiles_write,
    .file_close = hostfiles_close,
    .extension = service_extension,
    .takes_key = hostdescribe_takes_key,
    .apply_to = service_apply_to,
    .place = service_place,
    .recording = service_recording,
    .is_secret = service_is_secret,
    .ignores = hostdescribe_ignores,
    .made_of = hostdescribe_made_of,
};

void host_init(struct host *h, const struct project *project, const struct registry *registry)
{
    memset(h, 0, sizeof *h);
    h->project = project;
    h->registry = registry;
    h->record = arena_new();
    token_mark(h->key_mark);
}

static void unit_free(struct unit *u)
{
    if (u->self)
        call_destroy(u);
    for (size_t i = 0; i < u->n_entities; i++)
        digest_uuid_free(u->entities[i].uuid);
    for (size_t i = 0; i < u->n_tables; i++) {
        free(u->tables[i].columns);
        free(u->tables[i].made);
    }
    free(u->fields);
    free(u->ignored);
    free(u->tables);
    free(u->entities);
    free(u->key_columns);
    free(u->transforms);
    arena_free(u->mem);
    free(u);
}

void host_clear(struct host *h)
{
    while (h->units) {
        struct unit *u = h->units;
        h->units = u->next;
        unit_free(u);
    }
    hostrepairs_clear(h);
    arena_free(h->record);
    memset(h, 0, sizeof *h);
}

int host_error(struct unit *u, int32_t returned, const char *call, struct error *err)
{
    struct host *h = u->host;
    if (!h->failure.code) {
        error_set(&h->failure, returned == MIG_E_CANCELLED ? STATUS_INTERRUPTED : STATUS_BUG,
                  "%s (%s): %s() returned %d and did not say why", u->def->feature, u->where, call,
                  returned);
        error_fix(&h->failure, "this is a mistake in the plugin %s", u->def->path);
    }
    if (!err->code)
        *err = h->failure;
    error_clear(&h->failure);
    return err->code;
}

struct unit *host_unit(struct host *h, const char *feature, const char *options, const char *where,
                       struct faults *faults)
{
    const struct registry_unit *found = registry_find(h->registry, feature);
    struct error err = {0};
    size_t before = faults->n;
    if (!found && h->load) {
        h->load(h->load_ctx, feature, faults);
        found = registry_find(h->registry, feature);
    }
    if (!found && faults->n > before)
        return NULL; /* the loader said why */
    if (!found) {
        error_set(&err, STATUS_PLUGIN, "%s: nobody provides \"%s\"", where, feature);
        error_fix(&err, "correct the name, or add the plugin's directory with --plugins");
        faults_add(faults, &err);
        return NULL;
    }
    struct unit *u = arena_heap(NULL, sizeof *u);
    memset(u, 0, sizeof *u);
    u->table = services;
    u->table.impl = u;
    u->host = h;
    u->mem = arena_new();
    u->where = arena_strdup(u->mem, where);
    u->options_text = arena_strdup(u->mem, options);
    struct registry_unit *def = arena_alloc(u->mem, sizeof *def);
    *def = *found;
    u->def = def;
    if (options_parse(def->unit->options, options, feature, where, h->project->dir, u->mem,
                      &u->options, faults)) {
        unit_free(u);
        return NULL;
    }
    h->faults = faults;
    u->who = (struct crash_unit){def->feature, u->where, def->path, def->sha256};
    int32_t returned = call_create(u);
    if (returned != MIG_OK) {
        host_error(u, returned, "create", &err);
        faults_add(faults, &err);
        unit_free(u);
        return NULL;
    }
    u->next = h->units;
    h->units = u;
    return u;
}

int host_describe(struct unit *u, struct faults *faults)
{
    u->host->faults = faults;
    u->describing = 1;
    int32_t returned = call_describe(u);
    u->describing = 0;
    if (returned != MIG_OK) {
        struct error err = {0};
        host_error(u, returned, "describe", &err);
        faults_add(faults, &err);
        return STATUS_PLUGIN;
    }
    for (size_t i = 0; i < u->n_tables; i++)
        u->tables[i].row = arena_alloc(u->mem, (u->tables[i].n_columns + 1) * sizeof(mig_value_t));
    return 0;
}

void host_record_done(struct host *h)
{
    h->outcome.kind = 0;
    h->outcome.field[0] = h->outcome.code[0] = h->outcome.reason[0] = h->outcome.table[0] = '\0';
    h->field = NULL;
    h->key = (mig_str_t){NULL, 0};
    h->own_key = NULL;
    if (h->secret)
        arena_wipe(h->record);
    else
        arena_reset(h->record);
}
